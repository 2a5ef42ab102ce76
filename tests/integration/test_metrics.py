"""A real Prometheus scrapes a running worker with the configuration, rules and panels of `deploy/`.

An expression of a panel or a recording rule "returns data" if at least one of its samples is a
number at some time during the run. An alert must return nothing while all is well; there each of
its vector selectors must return data, so that none of them names a metric, label or value that
does not exist. That the alerts fire when they should is what `rules_test.yml` shows.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, groupby
from math import isnan
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml
from confluent_kafka import Producer

from detectors.registry import by_id
from pipeline.broker import Broker
from pipeline.broker.base import free_port
from pipeline.demo.worker_process import WorkerProcess
from pipeline.generator import Scenario, demo_scenario
from pipeline.identities.directory import CONFLICTS, ORIGINS
from pipeline.metrics import OTHER, STAGES
from pipeline.topics import Topics
from schemas.finding import FindingActivity, Severity
from schemas.sources import SOURCES
from schemas.sources.base import REASONS

pytestmark = pytest.mark.broker

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
RULES = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/devspm.json").read_text())
PATIENCE = 120.0  # seconds after which a test gives up waiting; none asserts how long it took
PARTITIONS = 4
PORTION = 3 * 86_400.0  # seconds of events that are replayed at once
MARKER = "from-the-input"  # in every field of the bad records; must be in no label
VARIABLES = {"$job": ".+", "$instance": ".+", "$__rate_interval": "5m", "$__range": "1h"}
SELECTOR = re.compile(r"\b((?:up|devspm_\w+|job\w*:[\w:]+)(?:\{[^}]*\})?)")


@pytest.fixture(scope="module", autouse=True)
def prometheus_installed(need: Callable[[str, list[str]], None]) -> None:
    need(
        "metrics, rules and dashboard under a real Prometheus",
        [
            f"{program} is missing. Install it: sudo apt-get install prometheus"
            for program in ("prometheus", "promtool")
            if shutil.which(program) is None
        ],
    )


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        body: bytes = answer.read()
    return body


def status(url: str) -> int:
    try:
        fetch(url)
    except HTTPError as error:
        return error.code
    return 200


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus that scrapes the worker every second."""

    url: str

    def get(self, path: str, **parameters: Any) -> Any:
        query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        return json.loads(fetch(f"{self.url}/api/v1/{path}{query}"))["data"]

    def numbers(self, expression: str) -> list[float]:
        samples = self.get("query", query=expression)["result"]
        values = [float(sample["value"][1]) for sample in samples]
        return [value for value in values if not isnan(value)]

    def without_data(self, expressions: list[str]) -> list[str]:
        """Those of the expressions that return no data, however long one waits."""
        deadline = time.monotonic() + PATIENCE
        missing = expressions
        while missing and time.monotonic() < deadline:
            missing = [expression for expression in missing if not self.numbers(expression)]
            time.sleep(0.5)
        return missing


@dataclass(frozen=True, slots=True)
class Run:
    worker: WorkerProcess
    prometheus: Server
    topics: Topics


def devspm(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def bad_records(scenario: Scenario) -> Iterator[tuple[str, bytes, bytes]]:
    """Source, key, value: unreadable for several reasons, and one that is a month late."""
    late = next(
        record["event"] for record in scenario.events() if record["source"] == "okta.system_log"
    )
    published = datetime.now(UTC) - timedelta(days=30)
    late |= {"uuid": "00000000-0000-4000-8000-000000000000", "published": published.isoformat()}
    late["eventType"] = "user.session.start"
    key = MARKER.encode()
    yield "okta.system_log", key, json.dumps(late).encode()
    yield "okta.system_log", key, b"{" + key
    yield "okta.system_log", key, json.dumps({"uuid": MARKER, "eventType": MARKER}).encode()
    yield "okta.system_log", key, json.dumps(late | {"published": 1, "uuid": MARKER}).encode()
    yield f"{MARKER}.audit", key, json.dumps({"action": MARKER}).encode()


def produce_bad(broker: Broker, topics: Topics, scenario: Scenario) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for source, key, value in bad_records(scenario):
        headers: list[tuple[str, str | bytes | None]] = [("source", source), (MARKER, MARKER)]
        producer.produce(topics.audit["idp"], value, key, headers=headers)
    assert producer.flush(PATIENCE) == 0


def configure(directory: Path, target: str) -> Path:
    """The shipped configuration, with the worker's address and quicker scrapes."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(PROMETHEUS / name) for name in config["rule_files"]]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
    path = directory / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail(f"waited in vain: {what}")


def in_portions(scenario: Scenario, path: Path) -> Iterator[tuple[Path, int]]:
    """Some days at a time in a file, and how many records these are with those before.

    Topics are read side by side: all at once, one of them would be read weeks ahead of another.
    """
    begin = next(scenario.timed())[0]
    sent = 0
    for _, portion in groupby(scenario.timed(), lambda timed: (timed[0] - begin) // PORTION):
        lines = [f"{json.dumps(record)}\n" for _, record in portion]
        sent += len(lines)
        path.write_text("".join(lines))
        yield path, sent


def is_done(worker: WorkerProcess, sent: int) -> bool:
    return (
        worker.total("devspm_events_total") >= sent
        and worker.total("devspm_consumer_lag_records") == 0
    )


@pytest.fixture(scope="module")
def run(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    directory = tmp_path_factory.mktemp("metrics")
    prefix, app_id = "test-metrics.", "test-metrics"
    topics = Topics(prefix)
    scenario = demo_scenario(identities=40, days=14, shift_to=time.time())
    reach = ("--bootstrap", kafka.bootstrap, "--prefix", prefix)
    devspm("topics", "create", *reach, "--app-id", app_id, "--partitions", str(PARTITIONS))
    with WorkerProcess(
        kafka.bootstrap,
        prefix=prefix,
        app_id=app_id,
        identities=scenario.identities(),
        directory=directory,
        idempotent=True,
    ) as worker:
        config = configure(directory, worker.url.removeprefix("http://"))
        address = f"127.0.0.1:{free_port()}"
        with (directory / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--web.listen-address={address}",
                 f"--storage.tsdb.path={directory / 'tsdb'}"],
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            server = Server(f"http://{address}")
            wait_for(lambda: bool(server.numbers("devspm_build_info")), "the first scrape")
            for events, sent in in_portions(scenario, directory / "events.jsonl"):
                devspm("replay", *reach, str(events))
                wait_for(partial(is_done, worker, sent), "the worker to catch up")
            wait_for(lambda: worker.total("devspm_findings_total") > 0, "a finding")
            produce_bad(kafka, topics, scenario)
            yield Run(worker, server, topics)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def substituted(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def test_every_panel_and_annotation_shows_data(run: Run) -> None:
    targets = chain.from_iterable(panel.get("targets", []) for panel in DASHBOARD["panels"])
    annotations = DASHBOARD["annotations"]["list"]
    expressions = [substituted(target["expr"]) for target in chain(targets, annotations)]

    assert run.prometheus.without_data(expressions) == []


def test_every_variable_finds_values(run: Run) -> None:
    variables = [v for v in DASHBOARD["templating"]["list"] if v["type"] == "query"]
    for variable in variables:
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
        assert found is not None
        series = run.prometheus.get("series", **{"match[]": substituted(found[1])})
        assert {one[found[2]] for one in series}
    assert {v["name"] for v in variables} == {"job", "instance"}


def test_every_recording_rule_returns_data(run: Run) -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"] if "record" in rule]
    expressions = [text for rule in rules for text in (rule["expr"], rule["record"])]

    assert run.prometheus.without_data(expressions) == []


def test_every_selector_of_every_alert_returns_data(run: Run) -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]
    selectors = {rule["alert"]: SELECTOR.findall(rule["expr"]) for rule in rules}

    assert all(selectors.values())
    assert run.prometheus.without_data([*chain.from_iterable(selectors.values())]) == []
    groups = run.prometheus.get("rules")["groups"]
    health = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert set(health.values()) == {"ok"}


def test_only_what_went_wrong_is_alerted(run: Run) -> None:
    run.prometheus.without_data(['ALERTS{alertstate="firing"}'])

    alerts = run.prometheus.get("alerts")["alerts"]

    firing = {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}
    assert firing == {"DevspmActivitiesNotJudged"}  # the record that came a month late


def test_dead_letters_are_counted_by_reason_and_source(run: Run) -> None:
    wait_for(lambda: run.worker.total("devspm_dead_letters_total") >= 4, "dead letters")

    metrics = run.worker.metrics()

    for reason in ("not_json", "missing_field", "wrong_type", "unknown_source"):
        assert metrics[f'devspm_dead_letters_total{{reason="{reason}"}}'] == 1
    assert metrics['devspm_events_total{outcome="rejected",source="okta.system_log"}'] == 3
    assert metrics['devspm_events_total{outcome="rejected",source="unknown"}'] == 1


def test_labels_come_from_closed_sets_and_never_from_the_input(run: Run) -> None:
    detectors = set(by_id())
    topics = run.topics
    closed = {
        "job": {"devspm"},
        "instance": {run.worker.url.removeprefix("http://")},
        "source": {*SOURCES, "unknown"},
        "outcome": {"accepted", "rejected", "held", "discarded", "new", "rerun", "undecodable"},
        "reason": {*REASONS, "rerun", "duplicate", "late", "undecodable"},
        "stage": set(STAGES),
        "detector": detectors | {OTHER},
        "activity": {activity.name.lower() for activity in FindingActivity},
        "severity": {severity.name.lower() for severity in Severity},
        "origin": set(ORIGINS),
        "conflict": set(CONFLICTS),
        "direction": {"out", "in"},
        "topic": {*topics.audit.values(), topics.activity, topics.signals},
        "partition": {str(partition) for partition in range(PARTITIONS)},
        "generation": {"0", "1", "2"},
    }  # fmt: skip
    by_version = {"devspm_build_info", "python_info"}
    series = run.prometheus.get("series", **{"match[]": '{job="devspm"}'})

    assert MARKER not in json.dumps(series)
    for one in series:
        name = one.pop("__name__")
        if name in by_version or name.startswith(("ALERTS", "job")):
            continue
        if name.endswith("_bucket"):
            float(one.pop("le"))
        assert {label: value for label, value in one.items() if value not in closed[label]} == {}


def test_promtool_has_no_complaint_about_the_metrics(run: Run) -> None:
    exposition = fetch(f"{run.worker.url}/metrics")

    done = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition, capture_output=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def listening(pid: int) -> list[tuple[str, int]]:
    """Address (hexadecimal, as the kernel prints it) and port of a process's TCP listeners."""
    links = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link.removeprefix("socket:[").removesuffix("]") for link in links}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address, _, port = fields[1].partition(":")
                found.append((address, int(port, 16)))
    return found


def test_the_worker_listens_on_one_loopback_port_and_nowhere_else(run: Run) -> None:
    assert run.worker._process is not None

    port = int(run.worker.url.rpartition(":")[2])

    assert listening(run.worker._process.pid) == [("0100007F", port)]  # 127.0.0.1


def test_the_worker_serves_metrics_and_health_and_nothing_else(run: Run) -> None:
    url = run.worker.url

    assert fetch(f"{url}/health/live") == b"alive\n"
    assert fetch(f"{url}/health/ready") == b"ready\n"
    for path in ("/", "/tables", "/metrics/x", "/health", "/../etc/passwd", "/stats"):
        assert status(url + path) == 404
