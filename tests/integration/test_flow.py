"""Raw audit events in, alerts out, through a worker on a real broker."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Message
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from detectors.registry import DETECTORS
from pipeline.broker import Broker
from pipeline.demo.outcome import judge
from pipeline.faust_adapter import partition_for
from pipeline.generator import Scenario, demo_scenario
from schemas import ocsf, signal
from tests.integration.flow import (
    PARTITIONS,
    Expected,
    Installation,
    Json,
    Log,
    assert_stages_agree,
    devspm,
    is_internal,
    is_tick,
    total,
    wait_for,
)

pytestmark = pytest.mark.broker

BEFORE = 900.0  # event seconds before the attack from where on the replay is paced
AFTER = 1800.0  # event seconds after the last bad version at which the recording ends
SPEED = "1800"  # event seconds per second: what is written together stays together


@dataclass(frozen=True)
class Flow:
    """A scenario that has gone through a worker, which has stopped in good order."""

    installation: Installation
    scenario: Scenario
    metrics: dict[str, float]
    events: int
    alerts: list[Json]


@pytest.fixture(scope="module", params=["kafka", "embedded"])
def flow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flow:
    broker: Broker = request.getfixturevalue(request.param)
    scenario = demo_scenario(seed=1, identities=24, days=10, shift_to=time.time())
    end = scenario.incident.publishes[-1].at + AFTER
    timed = list(takewhile(lambda timed: timed[0] < end, scenario.timed()))
    paced = scenario.attack_began - BEFORE
    directory = tmp_path_factory.mktemp("flow")
    installation = Installation(broker, "test-flow", directory, scenario.identities())
    installation.create_topics()
    events = installation.replay(record for at, record in timed if at < paced)
    with installation.worker(tick_seconds=1.0) as worker:
        installation.wait_until_calm(worker, events)
        events += installation.replay(
            (record for at, record in timed if at >= paced), "--speed", SPEED
        )
        installation.wait_until_calm(worker, events)
        wait_for(
            lambda: all(map(is_tick, map(last, installation.read(installation.topics.activity)))),
            "a tick on every partition",
        )
        installation.wait_until_calm(worker, events)
        metrics = worker.metrics()
        assert worker.terminate() == 0, worker.log.read_text()
    alerts = [orjson.loads(m.value() or b"") for m in installation.all(installation.topics.alerts)]
    return Flow(installation, scenario, metrics, events, alerts)


def last(log: Log) -> Message:
    return log[-1]


@pytest.fixture(scope="module")
def detected(flow: Flow) -> list[Expected]:
    return assert_stages_agree(flow.installation)


def of_the_attack(flow: Flow) -> list[Json]:
    return [
        alert
        for alert in flow.alerts
        if alert["unmapped"]["devspm"]["identity"] == flow.scenario.incident.identity
        and alert["end_time"] >= flow.scenario.attack_began * 1000
    ]


def test_the_incident_is_one_finding_and_early(flow: Flow) -> None:
    outcome = judge(
        flow.alerts,
        flow.scenario.incident,
        flow.scenario.attack_began,
        events=flow.events,
        broker=flow.installation.broker.name,
    )

    assert (outcome.detected, outcome.incidents) == (True, 1)
    assert outcome.publishes_before_alert is not None
    assert outcome.publishes_before_alert <= 3
    assert len({alert["finding_info"]["uid"] for alert in of_the_attack(flow)}) == 1
    severities = [alert["severity_id"] for alert in of_the_attack(flow)]
    assert severities == sorted(severities)
    assert severities[-1] >= 4  # high


def test_the_finding_joins_the_chain(flow: Flow) -> None:
    last = of_the_attack(flow)[-1]
    detail = last["unmapped"]["devspm"]

    stages = {detector["stage"] for detector in detail["detectors"]}
    assert {"access", "publication"} <= stages
    systems = {account.partition(":")[0] for account in detail["accounts"]}
    assert {"okta", "npm"} <= systems
    assert last["finding_info"]["attacks"]
    assert last["remediation"]["desc"]


def test_alerts_are_valid_detection_findings(flow: Flow) -> None:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=ocsf.VERSION))
    validator = Draft202012Validator(schema.get_class_schema(class_name="detection_finding"))

    assert flow.alerts
    for alert in flow.alerts:
        assert [error.message for error in validator.iter_errors(alert)] == []


def test_evidence_leads_back_to_the_raw_records(flow: Flow) -> None:
    evidences = [evidence for alert in flow.alerts for evidence in alert["evidences"]]

    assert {e["data"]["source"] for e in evidences} >= {"okta.system_log", "npm.registry"}
    for evidence in evidences:
        data = evidence["data"]
        activity = flow.installation.activity_of(data["position"], evidence["uid"])
        assert activity.source == data["source"]
        assert activity.action == data["action"]
        assert round(activity.time * 1000) == data["time"]
        assert activity.event_id == data.get("event_id", "")


def test_records_are_keyed_and_placed_as_the_topics_say(flow: Flow) -> None:
    topics = flow.installation.topics
    for topic in (topics.activity, topics.signals, topics.alerts):
        for message in flow.installation.all(topic):
            if not is_internal(message):
                key = message.key() or b""
                assert message.partition() == partition_for(key, PARTITIONS)
    scopes = {
        (message.key() or b"").partition(b":")[0]
        for message in flow.installation.all(topics.activity)
        if not is_internal(message)
    }
    # The scenario has no tool server; every other scope has keys.
    assert {scope.decode() for scope in scopes} | {"server"} == {
        detector.meta.scope.value for detector in DETECTORS
    }
    for message in flow.installation.all(topics.signals):
        if not is_internal(message):
            assert (message.key() or b"").decode() == signal.decode(message.value() or b"").identity
    for message in flow.installation.all(topics.alerts):
        alert = orjson.loads(message.value() or b"")
        assert (message.key() or b"").decode() == alert["unmapped"]["devspm"]["identity"]


def test_topics_and_states_are_what_the_stages_make_of_the_logs(detected: list[Expected]) -> None:
    assert sum(len(stage.records) for stage in detected) > 18
    for stage in detected:
        assert stage.skipped["rerun"] == 0


def test_time_goes_on_while_no_events_come(flow: Flow) -> None:
    ticks = [m for m in flow.installation.all(flow.installation.topics.activity) if is_tick(m)]

    assert {m.partition() for m in ticks} == set(range(PARTITIONS))


def test_nothing_was_rejected_late_or_read_twice(flow: Flow) -> None:
    metrics = flow.metrics

    assert total(metrics, "devspm_events_total") == flow.events
    assert total(metrics, "devspm_dead_letters_total") == 0
    assert total(metrics, "devspm_detector_errors_total") == 0
    for reason in ("rerun", "late", "undecodable"):
        assert metrics[f'devspm_activities_skipped_total{{reason="{reason}"}}'] == 0
    assert total(metrics, "devspm_findings_total") == len(flow.alerts)
    assert flow.installation.all(flow.installation.topics.dead_letters) == []


def test_the_log_has_no_escape_sequences(flow: Flow) -> None:
    log = (flow.installation.directory / "worker" / "worker.log").read_bytes()

    assert b"metrics on" in log
    assert b"\x1b" not in log


def test_the_alerts_command_shows_the_finding(flow: Flow) -> None:
    command = ("alerts", *flow.installation.reach, "--no-follow", "--from-beginning")

    readable, raw = devspm(*command), devspm(*command, "--json")

    title = of_the_attack(flow)[0]["finding_info"]["title"]
    assert readable.returncode == 0, readable.stderr.decode()
    assert title.split()[0] in readable.stdout.decode()
    assert "NEW" in readable.stdout.decode()
    assert b"\x1b" not in readable.stdout
    lines = [orjson.loads(line) for line in raw.stdout.splitlines()]
    uids = sorted(alert["metadata"]["uid"] for alert in flow.alerts)
    assert sorted(alert["metadata"]["uid"] for alert in lines) == uids


def test_the_doctor_finds_the_installation_in_order(flow: Flow) -> None:
    done = devspm("doctor", *flow.installation.reach, "--app-id", flow.installation.name, "--json")

    checks = {check["check"]: check for check in map(orjson.loads, done.stdout.splitlines())}
    assert done.returncode == 0, done.stdout.decode()
    assert checks["topics"]["status"] == "good"
    assert f"{PARTITIONS} partitions" in checks["topics"]["detail"]


def test_a_graceful_stop_under_load_commits_everything(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    scenario = demo_scenario(seed=2, identities=24, days=10, shift_to=time.time())
    installation = Installation(kafka, unique_name("stop"), tmp_path, scenario.identities())
    installation.create_topics()
    events = installation.replay(scenario.events())

    with installation.worker("first") as first:
        wait_for(lambda: first.total("devspm_events_total") > 0, "the first chunk")
        assert first.terminate() == 0, first.log.read_text()
    done = sum(map(len, installation.read(installation.topics.activity)))
    with installation.worker("second") as second:
        installation.wait_until_committed([second])
        metrics = second.metrics()
        assert second.terminate() == 0, second.log.read_text()

    assert 0 < total(metrics, "devspm_events_total") < events  # the first one left some
    assert done > 0
    assert metrics['devspm_activities_skipped_total{reason="rerun"}'] == 0
    assert metrics['devspm_signals_correlated_total{outcome="rerun"}'] == 0
    log = [m for m in installation.all(installation.topics.activity) if not is_internal(m)]
    assert len({(m.key(), m.value()) for m in log}) == len(log)
    assert_stages_agree(installation)
