"""`--places`, `--networks` and `--identities`: files that are read at start."""

import os
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from tests.mmdb import mmdb

EVENT = {
    "uuid": "00000000-0000-0000-0000-000000000001",
    "published": "2025-09-08T13:16:00Z",
    "eventType": "user.session.start",
    "actor": {"type": "User", "alternateId": "mara@example.com"},
    "client": {"ipAddress": "192.0.2.33"},
    "outcome": {"result": "SUCCESS"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "events.jsonl").write_bytes(orjson.dumps(EVENT))
    (tmp_path / "asn.mmdb").write_bytes(mmdb({"192.0.2.0/24": {"autonomous_system_number": 64496}}))
    (tmp_path / "country.mmdb").write_bytes(mmdb({"192.0.2.0/24": {"country": {"iso_code": "DE"}}}))
    (tmp_path / "networks.yaml").write_text(
        "networks: [{name: company-vpn, kind: vpn, cidrs: [192.0.2.32/28]}]"
    )
    return tmp_path


def origin(folder: Path, *options: str, **variables: str) -> object:
    result = CliRunner().invoke(
        main, ["normalize", *options, str(folder / "events.jsonl")], env=variables
    )
    assert result.exit_code == 0, result.output
    return orjson.loads(result.stdout)["origin"]


def test_databases_and_networks_are_options(folder: Path) -> None:
    asn, country = str(folder / "asn.mmdb"), str(folder / "country.mmdb")
    networks = str(folder / "networks.yaml")
    source = ("--source", "okta.system_log")

    assert origin(folder, *source) == {"ip": "192.0.2.33", "network": "192.0.2.0/24"}
    assert origin(folder, *source, "--places", asn, "--places", country) == {
        "ip": "192.0.2.33",
        "network": "AS64496",
        "country": "DE",
    }
    assert origin(folder, *source, "--networks", networks) == {
        "ip": "192.0.2.33",
        "network": "company-vpn",
        "proxy": True,
    }


def test_they_come_from_the_environment(folder: Path) -> None:
    files = os.pathsep.join(str(folder / name) for name in ("asn.mmdb", "country.mmdb"))

    found = origin(
        folder,
        *("--source", "okta.system_log"),
        DEVSPM_PLACES=files,
        DEVSPM_NETWORKS=str(folder / "networks.yaml"),
    )

    assert found == {
        "ip": "192.0.2.33",
        "network": "company-vpn",
        "country": "DE",
        "proxy": True,
    }


@pytest.mark.parametrize("command", ["normalize", "scan", "worker"])
@pytest.mark.parametrize("option", ["--places", "--networks", "--identities"])
def test_a_file_that_cannot_be_used_ends_the_command(
    folder: Path, command: str, option: str
) -> None:
    bad = folder / "bad"
    bad.write_text("- no such thing")
    files = [] if command == "worker" else [str(folder / "events.jsonl")]

    result = CliRunner().invoke(main, [command, option, str(bad), *files])

    assert result.exit_code == 2
    assert str(bad) in result.stderr
    assert "Traceback" not in result.output
