"""Commands over files, without a broker: `scan`, `normalize`, `import`, `detectors`."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from detectors.registry import by_id
from pipeline.cli import main
from pipeline.generator import Scenario, demo_scenario
from pipeline.records import to_line

MARA = "mara@example.com"


def devspm(*words: str | Path, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=stdin)


def lines(output: bytes) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return demo_scenario(seed=1, identities=24, days=10)


@pytest.fixture(scope="module")
def recording(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "events.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(map(to_line, scenario.events())), 1))
    return path


@pytest.fixture(scope="module")
def identities(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identities") / "identities.json"
    path.write_bytes(orjson.dumps(scenario.identities()))
    return path


@pytest.fixture
def quiet(recording: Path, tmp_path: Path) -> Path:
    """The first lines of the recording: too little to find anything in."""
    path = tmp_path / "quiet.jsonl"
    path.write_bytes(b"\n".join(gzip.decompress(recording.read_bytes()).splitlines()[:50]))
    return path


# scan


def test_scan_prints_findings_as_json_lines_where_there_is_no_terminal(
    scenario: Scenario, recording: Path, identities: Path
) -> None:
    done = devspm("scan", recording, "--identities", identities, "--summary")

    assert done.exit_code == 1
    findings = lines(done.stdout_bytes)
    assert {finding["class_uid"] for finding in findings} == {2004}
    assert scenario.incident.identity in {
        finding["unmapped"]["devspm"]["identity"]  # type: ignore[index]
        for finding in findings
    }
    summary = orjson.loads(done.stderr_bytes.splitlines()[-1])
    assert summary["records"] == sum(1 for _ in scenario.events())
    assert summary["rejected"] == summary["late"] == 0
    assert summary["findings"] == len([f for f in findings if f["activity_id"] == 1])


def test_scan_prints_a_table_without_colours_where_there_is_no_terminal(
    scenario: Scenario, recording: Path, identities: Path
) -> None:
    done = devspm("scan", recording, "--identities", identities, "--format", "table")

    assert done.exit_code == 1
    assert scenario.incident.identity in done.stdout
    assert "1. " in done.stdout  # of what to do
    assert "\x1b" not in done.stdout


def test_scan_gives_every_judgement(quiet: Path) -> None:
    done = devspm("scan", quiet, "--scores")

    assert done.exit_code == 0
    judged = lines(done.stdout_bytes)
    assert {"login_novelty", "commit_habit"} & {name for one in judged for name in one["p"]}  # type: ignore[attr-defined]
    for one in judged:
        assert set(one) >= {"time", "event", "identity", "action", "record", "p"}
        assert all(0 < p <= 1 for p in one["p"].values())  # type: ignore[attr-defined]


def test_scan_reads_standard_input(recording: Path, identities: Path) -> None:
    from_file = devspm("scan", recording, "--identities", identities)
    from_pipe = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "scan", "-", "--identities", str(identities)],
        input=gzip.decompress(recording.read_bytes()),
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip

    assert from_pipe.returncode == 1
    assert [f["finding_info"]["uid"] for f in lines(from_pipe.stdout)] == [  # type: ignore[index]
        f["finding_info"]["uid"]  # type: ignore[index]
        for f in lines(from_file.stdout_bytes)
    ]
    assert from_pipe.stderr == b""


def test_scan_of_nothing_unusual_ends_with_status_zero(quiet: Path) -> None:
    done = devspm("scan", quiet)

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_scan_counts_only_findings_of_the_severity_asked_for(
    recording: Path, identities: Path
) -> None:
    done = devspm("scan", recording, "--identities", identities, "--min-severity", "high")

    # It opened at a lower severity and grew.
    assert {finding["severity_id"] for finding in lines(done.stdout_bytes)} <= {4, 5}
    assert done.stdout
    assert done.exit_code == 1


def test_scan_says_which_lines_it_could_not_use(quiet: Path) -> None:
    with quiet.open("ab") as file:
        file.write(b"\n{\n" + to_line({"source": "github.audit", "event": {"action": "x"}}))

    done = devspm("scan", quiet)

    assert done.exit_code == 0
    assert "1 lines rejected: not_json" in done.stderr
    assert "1 lines rejected: missing_field" in done.stderr


def test_a_source_that_no_parser_has_is_refused_before_anything_is_read(quiet: Path) -> None:
    for command in ("scan", "normalize", "replay"):
        done = devspm(command, quiet, "--source", "github.audits")

        assert done.exit_code == 2
        assert "no source is named 'github.audits'; see `devspm sources`" in done.stderr


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "damaged.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"event": {}}\n' * 99)[:40])

    for command in ("scan", "normalize"):
        done = devspm(command, path)

        assert done.exit_code == 2
        assert done.stderr.splitlines()[-1].startswith(f"devspm: {path}: damaged archive")
        assert "Traceback" not in done.stderr


def test_a_missing_file_and_bad_identities_end_with_status_two(quiet: Path, tmp_path: Path) -> None:
    bad = tmp_path / "identities.yaml"
    bad.write_text("- identity: mara\n  accounts: ['github:*']\n")

    missing = devspm("scan", tmp_path / "nothing.jsonl")
    refused = devspm("scan", quiet, "--identities", bad)

    assert (missing.exit_code, refused.exit_code) == (2, 2)
    assert "does not exist" in missing.stderr
    assert "github:*" in refused.stderr
    assert "Traceback" not in refused.stderr


# normalize


def test_normalize_prints_an_activity_a_line(recording: Path, identities: Path) -> None:
    done = devspm("normalize", recording, "--identities", identities)

    assert (done.exit_code, done.stderr) == (0, "")
    activities = lines(done.stdout_bytes)
    assert len(activities) >= len(gzip.decompress(recording.read_bytes()).splitlines())
    for activity in activities[:100]:
        assert {"uid", "time", "source", "action", "actor"} <= activity.keys()
        assert activity["actor"]["identity"]  # type: ignore[index]


def test_normalize_takes_bare_events_of_a_source(scenario: Scenario) -> None:
    events = [r["event"] for r in scenario.events() if r["source"] == "okta.system_log"][:20]

    done = devspm(
        "normalize", "-", "--source", "okta.system_log", stdin=b"".join(map(to_line, events))
    )

    assert done.exit_code == 0, done.stderr
    assert {a["source"] for a in lines(done.stdout_bytes)} == {"okta.system_log"}
    assert [a["event_id"] for a in lines(done.stdout_bytes)] == [e["uuid"] for e in events]


def test_normalize_tells_of_every_rejected_line_with_its_place(quiet: Path) -> None:
    with quiet.open("ab") as file:
        file.write(b"\nnothing\n" + to_line({"source": "github.audit", "event": {"action": "x"}}))

    done = devspm("normalize", quiet)

    assert done.exit_code == 1
    told = done.stderr.splitlines()
    assert len(told) == 2
    assert f"{quiet}:51" in told[0]
    assert "not_json" in told[0]
    assert f"{quiet}:52" in told[1]
    assert "missing_field" in told[1]
    assert len(lines(done.stdout_bytes)) >= 50


def test_a_reader_that_goes_away_ends_the_command_quietly(recording: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "normalize", str(recording)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        orjson.loads(process.stdout.readline())
        process.stdout.close()
        told = process.stderr.read()

    assert (process.wait(120), told) == (0, b"")


# import


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    path.mkdir()
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Mara", "GIT_AUTHOR_EMAIL": MARA,
        "GIT_COMMITTER_NAME": "Mara", "GIT_COMMITTER_EMAIL": MARA,
    }  # fmt: skip
    for words in (
        ("init", "--quiet"),
        ("commit", "--quiet", "--allow-empty", "-m", "one"),
        ("commit", "--quiet", "--allow-empty", "-m", "two"),
        ("tag", "v1"),
    ):
        subprocess.run(["git", *words], cwd=path, env=environment, check=True, timeout=60)
    return path


def test_import_git_gives_events_that_normalize_takes(repository: Path) -> None:
    history = devspm("import", "git", repository)

    assert history.exit_code == 0, history.stderr
    assert {record["source"] for record in lines(history.stdout_bytes)} == {"git.log"}
    done = devspm("normalize", "-", stdin=history.stdout_bytes)
    assert done.exit_code == 0, done.stderr
    accounts = {a["actor"]["account"] for a in lines(done.stdout_bytes)}  # type: ignore[index]
    assert accounts == {f"git:{MARA}"}
    assert len(lines(done.stdout_bytes)) >= 2


def test_import_git_can_hide_who_it_was(repository: Path) -> None:
    done = devspm("import", "git", repository, "--pseudonymise")

    assert done.exit_code == 0
    assert MARA not in done.stdout
    assert len(lines(done.stdout_bytes)) >= 2


def test_import_git_of_no_repository_ends_with_status_two(tmp_path: Path) -> None:
    done = devspm("import", "git", tmp_path)

    assert done.exit_code == 2
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


# detectors


def test_detectors_list_has_every_detector_for_people_and_for_programs() -> None:
    readable, raw = devspm("detectors", "list"), devspm("detectors", "list", "--json")

    assert readable.exit_code == raw.exit_code == 0
    assert [line.split()[0] for line in readable.stdout.splitlines()] == sorted(by_id())
    assert [entry["id"] for entry in lines(raw.stdout_bytes)] == sorted(by_id())
    for entry in lines(raw.stdout_bytes):
        assert {"title", "description", "attack", "runbook", "blind_spots"} <= entry.keys()


@pytest.mark.parametrize("name", sorted(by_id()))
def test_detectors_show_explains_one(name: str) -> None:
    done = devspm("detectors", "show", name)

    meta = by_id()[name].meta
    assert done.exit_code == 0
    assert meta.title in done.stdout
    for step in meta.runbook:
        assert step in done.stdout
    assert "fires" in done.stdout
    assert "quiet" in done.stdout


def test_an_unknown_detector_ends_with_status_two_and_says_where_to_look() -> None:
    done = devspm("detectors", "show", "nothing")

    assert done.exit_code == 2
    assert "devspm detectors list" in done.stderr
