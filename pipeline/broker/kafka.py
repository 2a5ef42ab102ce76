"""Apache Kafka: one node in KRaft mode, broker and controller in one process."""

import base64
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

from pipeline.broker import jars
from pipeline.broker.base import HOST, Broker, BrokerError, free_port

JAVA_MINIMUM = 17
INSTALL_JAVA = (
    f"Java {JAVA_MINIMUM} or newer is missing. "
    f"Install it: sudo apt-get install openjdk-{JAVA_MINIMUM}-jre-headless"
)


def find_java() -> str | None:
    """Return the path of a Java runtime that can run Kafka: `$JAVA_HOME`'s, else PATH's."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None:
        return None
    said = subprocess.run(  # noqa: S603 (the path comes from PATH or JAVA_HOME)
        [java, "-version"], capture_output=True, text=True, check=False, timeout=60
    ).stderr
    version = re.search(r'version "(\d+)', said)
    return java if version and int(version[1]) >= JAVA_MINIMUM else None


def missing_prerequisites() -> list[str]:
    """Return what Apache Kafka lacks on this machine, each with the line that installs it."""
    missing = [] if find_java() else [INSTALL_JAVA]
    if not jars.are_cached() and shutil.which("mvn") is None:
        missing.append(jars.INSTALL_MAVEN)
    return missing


class KafkaBroker(Broker):
    """Apache Kafka in the version that `deploy/kafka/pom.xml` pins; see `Broker` for the use.

    It needs Java 17, and Maven for the first start. Records survive a stop and a kill.

    Listeners, encryption and authorisation can be others in a class of its own: override
    `_properties`, `_java_options` and `_client_config`.
    """

    name = f"Apache Kafka {jars.KAFKA_VERSION}"

    def _command(self) -> list[str]:
        if missing := missing_prerequisites():
            raise BrokerError("\n".join(missing))
        libs = jars.fetch(self._progress)
        config = self._write_config()
        java = [
            find_java() or "java",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # starts in 1.7 s instead of 2.2 s
            f"-Dlog4j2.configurationFile={config.with_name('log4j2.xml')}",
            *self._java_options(),
            "-cp",
            f"{libs}/*",
        ]
        self._format_storage(java, config)
        return [*java, "kafka.Kafka", str(config)]

    def _write_config(self) -> Path:
        directory = self.data_dir / "config"
        directory.mkdir(exist_ok=True)
        (directory / "log4j2.xml").write_text((jars.RESOURCES / "log4j2.xml").read_text())
        path = directory / "server.properties"
        own = {"log.dirs": str(self.data_dir / "data"), **self._properties(free_port())}
        # The last of two lines for one property counts.
        path.write_text(
            (jars.RESOURCES / "server.properties").read_text()
            + "".join(f"{name}={value}\n" for name, value in own.items())
        )
        path.chmod(0o600)
        return path

    def _properties(self, controller: int) -> dict[str, str]:
        """Return what is added to `deploy/kafka/server.properties`, given the controller's port."""
        return {
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
        }

    def _java_options(self) -> list[str]:
        """Return further options of the Java runtime."""
        return []

    def _format_storage(self, java: list[str], config: Path) -> None:
        if (self.data_dir / "data" / "meta.properties").exists():
            return
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}"]
        done = subprocess.run(  # noqa: S603 (the project's own command)
            [*java, *tool, "--config", str(config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode != 0:
            raise BrokerError(
                f"{self.name} cannot use the directory {self.data_dir}. Give an empty or an "
                f"earlier one of its own.\n{done.stdout}{done.stderr}"
            )
