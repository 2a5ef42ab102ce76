"""The jars of Apache Kafka: fetched once by Maven, checked against pinned sums, kept in a cache."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path

from pipeline.broker.base import BrokerError, Progress
from pipeline.broker.process import spawn

CACHE_VARIABLE = "DEVSPM_CACHE_DIR"
INSTALL_MAVEN = "Maven is missing. Install it: sudo apt-get install maven"

RESOURCES = files("deploy.kafka")


def _pinned_version() -> str:
    found = re.search(
        r"<kafka\.version>(.+?)</kafka\.version>", (RESOURCES / "pom.xml").read_text()
    )
    if found is None:
        raise BrokerError("deploy/kafka/pom.xml does not set kafka.version.")
    return found[1]


def _pinned_sums() -> dict[str, str]:
    lines = (RESOURCES / "jars.properties").read_text().split()
    return dict(line.split("=", 1) for line in lines)


KAFKA_VERSION = _pinned_version()


def jars_dir() -> Path:
    """Return where the jars are, or will be once they are fetched.

    `$DEVSPM_CACHE_DIR`, else `devspm` under `$XDG_CACHE_HOME`, else `~/.cache/devspm`.
    """
    root = os.environ.get(CACHE_VARIABLE)
    if root:
        cache = Path(root)
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "devspm"
    return cache.absolute() / f"kafka-{KAFKA_VERSION}" / "libs"


def are_cached() -> bool:
    """Tell whether every pinned jar, and nothing else, is in the cache."""
    return {path.name for path in jars_dir().glob("*")} == _pinned_sums().keys()


def fetch(progress: Progress) -> Path:
    """Return the directory of the jars, after fetching them if they are not in the cache.

    They are checked in a directory of their own and moved into place as a whole, so an
    interrupted or doctored download never looks complete.

    Args:
        progress: Called with a line of text as the download goes on.

    Returns:
        The directory that holds all jars and nothing else.

    Raises:
        BrokerError: Maven is missing or fails, or a jar is not the pinned one.
    """
    target = jars_dir()
    if are_cached():
        return target
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError(INSTALL_MAVEN)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="download-") as name:
        work = Path(name)
        fresh = work / "libs"
        _run_maven(maven, work, fresh, progress)
        _check(fresh)
        if target.exists() and not are_cached():  # jars of an earlier pin
            shutil.rmtree(target, ignore_errors=True)
        try:
            fresh.rename(target)
        except OSError:  # another process was faster
            if not are_cached():
                raise
    progress(f"Apache Kafka {KAFKA_VERSION} is kept in {target}")
    return target


def _run_maven(maven: str, work: Path, fresh: Path, progress: Progress) -> None:
    shutil.copyfileobj((RESOURCES / "pom.xml").open("rb"), (work / "pom.xml").open("wb"))
    pinned = _pinned_sums().keys()
    total = len(pinned)
    progress(f"Downloading Apache Kafka {KAFKA_VERSION} ({total} jars, once; about 41 MB)")
    command = [maven, "--batch-mode", "--strict-checksums", "dependency:copy-dependencies"]
    process = spawn([*command, f"-DoutputDirectory={fresh}"], stdout=subprocess.PIPE, cwd=work)
    done, errors = 0, list[str]()
    try:
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            if "ERROR" in line:
                errors.append(line)
            jar = re.search(r"Downloaded from .*/([^/ ]+\.jar) \((.+?) at", line)
            if jar and jar[1] in pinned:
                done += 1
                progress(f"Downloading Apache Kafka: {done}/{total} {jar[1]} ({jar[2]})")
        status = process.wait()
    finally:
        process.kill()
        process.wait()
    if status != 0:
        raise BrokerError(
            "Maven could not fetch Apache Kafka. Check the network and Maven's settings "
            "(proxy, mirror), then try again.\n" + "\n".join(errors[:10])
        )


def _check(directory: Path) -> None:
    pinned = _pinned_sums()
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()
    }
    if wrong := sorted(name for name, _ in pinned.items() ^ found.items()):
        raise BrokerError(
            f"These jars are not the pinned ones: {', '.join(dict.fromkeys(wrong))}. Nothing was "
            "kept. If you trust the source, update deploy/kafka/jars.properties as the comment "
            "in deploy/kafka/pom.xml says; else remove them from Maven's local repository "
            "(~/.m2/repository) and try again."
        )
