"""The systemd unit: accepted by systemd, closed, and with settings that the program knows."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_deploy import DEPLOY, ROOT, is_command_line

SYSTEMD = DEPLOY / "systemd"
UNIT = SYSTEMD / "devspm-worker@.service"
DROP_IN = SYSTEMD / "kafka.conf"
EXPOSURE = 15  # tenths; systemd calls anything below 20 all right
Need = Callable[[str, list[str]], None]


def settings(path: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", path.read_text(), re.MULTILINE)


@pytest.fixture
def installed(tmp_path: Path, need: Need) -> Path:
    """The unit and its drop-in as on a machine, but with a program that is there."""
    if shutil.which("systemd-analyze") is None:
        need("systemd unit", ["systemd-analyze is missing. Install it: apt-get install systemd"])
    unit = tmp_path / "devspm-worker@1.service"
    program = settings(UNIT, "ExecStart")[0].split()[0]
    unit.write_text(UNIT.read_text().replace(program, sys.executable))
    (tmp_path / f"{unit.name}.d").mkdir()
    shutil.copy(DROP_IN, tmp_path / f"{unit.name}.d")
    return unit


def analyse(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )


def test_systemd_accepts_the_unit_and_its_drop_in(installed: Path) -> None:
    done = analyse("verify", "--man=no", str(installed))

    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_finds_the_unit_closed(installed: Path) -> None:
    done = analyse("security", "--offline=yes", f"--threshold={EXPOSURE}", str(installed))

    assert done.returncode == 0, done.stdout


def test_the_unit_runs_without_root_and_has_nothing_to_write_to() -> None:
    assert settings(UNIT, "DynamicUser") == ["yes"]
    assert settings(UNIT, "ProtectSystem") == ["strict"]
    assert settings(UNIT, "CapabilityBoundingSet") == [""]
    assert settings(UNIT, "NoNewPrivileges") == ["yes"]
    for path in (UNIT, DROP_IN):
        assert "ReadWritePaths" not in path.read_text()
        assert "StateDirectory" not in path.read_text()


def test_the_unit_listens_on_loopback_and_its_settings_exist() -> None:
    documented = (ROOT / "docs/settings.md").read_text()
    given = dict(
        line.split("=", 1) for path in (UNIT, DROP_IN) for line in settings(path, "Environment")
    )

    assert given["DEVSPM_HTTP_ADDRESS"] == "127.0.0.1"
    assert all(f"`{name}`" in documented for name in given if name.startswith("DEVSPM_"))
    assert is_command_line(settings(UNIT, "ExecStart")[0].split()[1:])


def test_the_password_comes_from_a_credential_and_stands_nowhere() -> None:
    text = DROP_IN.read_text()
    name = settings(DROP_IN, "LoadCredential")[0].partition(":")[0]

    assert f"DEVSPM_KAFKA_PASSWORD_FILE=%d/{name}" in text
    assert "DEVSPM_KAFKA_PASSWORD=" not in text + UNIT.read_text()
