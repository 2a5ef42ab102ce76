"""What `deploy/` ships: nothing open that should not be, nothing named that does not exist."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from pipeline.broker.jars import KAFKA_VERSION
from pipeline.cli import main

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
PROMETHEUS = DEPLOY / "prometheus"
DOCKER_PIN = re.compile(r"[\w./-]+:v?\d[\w.-]+")
OWN = "devspm:local"  # the image that compose builds

each_service = pytest.mark.parametrize("name", SERVICES)


def instructions(text: str) -> list[tuple[str, str]]:
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def is_command_line(arguments: list[str]) -> bool:
    """Whether `devspm` takes these arguments."""
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        _, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command = found
    command.make_context(command.name, arguments, parent=context)
    return True


@each_service
def test_no_container_can_do_more_than_it_must(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].partition(":")[0]) > 0
    assert not service.keys() & {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"}


@each_service
def test_only_loopback_ports_are_opened(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


@each_service
def test_images_are_pinned(name: str) -> None:
    image = SERVICES[name]["image"]

    assert image == OWN or DOCKER_PIN.fullmatch(image)
    assert (image == OWN) == ("build" in SERVICES[name])


def test_compose_runs_the_kafka_that_the_tests_run() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


@each_service
def test_services_wait_for_what_they_need(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        match how["condition"]:
            case "service_healthy":
                assert "healthcheck" in SERVICES[needed]
            case "service_completed_successfully":
                assert SERVICES[needed]["restart"] == "no"
            case condition:
                assert condition == "service_started"
    assert "healthcheck" in SERVICES[name] or SERVICES[name]["restart"] == "no"


@each_service
def test_every_mounted_file_and_volume_exists(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source, _, rest = mount.partition(":")
        if source.startswith("."):
            assert (DEPLOY / source).exists()
            assert rest.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]
    assert set(SERVICES[name]["networks"]) <= COMPOSE["networks"].keys()


def test_kafka_and_workers_have_no_way_out() -> None:
    for name in ("topics", "worker"):
        assert all(
            COMPOSE["networks"][network]["internal"] for network in SERVICES[name]["networks"]
        )


@pytest.mark.parametrize("name", [name for name in SERVICES if SERVICES[name]["image"] == OWN])
def test_the_program_knows_its_containers_commands_and_settings(name: str) -> None:
    service = SERVICES[name]
    documented = (ROOT / "docs/settings.md").read_text()

    assert is_command_line([*service["command"]])
    assert all(f"`{variable}`" in documented for variable in service["environment"])
    for path in ("context", "dockerfile"):
        assert (DEPLOY / service["build"]["context"] / service["build"][path]).exists()


def test_all_meet_at_the_same_addresses() -> None:
    worker = SERVICES["worker"]["environment"]
    scrape = yaml.safe_load((PROMETHEUS / "prometheus.compose.yml").read_text())["scrape_configs"]
    found = scrape[0]["dns_sd_configs"][0]
    provisioned = DEPLOY / "grafana/provisioning"
    source = yaml.safe_load((provisioned / "datasources/prometheus.yaml").read_text())
    provider = yaml.safe_load((provisioned / "dashboards/devspm.yaml").read_text())
    mounts = {mount.split(":")[1] for mount in SERVICES["grafana"]["volumes"]}

    assert found["names"] == ["worker"]
    assert str(found["port"]) == worker["DEVSPM_HTTP_PORT"]
    assert f":{found['port']}/health/ready" in SERVICES["worker"]["healthcheck"]["test"][-1]
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    assert provider["providers"][0]["options"]["path"] in mounts
    listeners = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert f"INTERNAL://{worker['DEVSPM_BOOTSTRAP']}" in listeners.split(",")
    for reader, server in (
        ("prometheus", "worker"),
        ("grafana", "prometheus"),
        ("worker", "kafka"),
    ):
        assert set(SERVICES[reader]["networks"]) & set(SERVICES[server]["networks"])


def test_the_image_is_made_of_hashed_packages_and_runs_without_root() -> None:
    steps = instructions(DOCKERFILE)
    stages = [index for index, (word, _) in enumerate(steps) if word == "FROM"]
    build, final = steps[: stages[-1]], steps[stages[-1] :]
    last = dict(final)

    assert all(DOCKER_PIN.match(rest) for word, rest in steps if word == "FROM")
    runs = " && ".join(rest for word, rest in build if word == "RUN").split("&&")
    fetching = [run for run in runs if re.search(r"\bpip (install|download|wheel)\b", run)]
    assert any("--require-hashes" in run for run in fetching)
    assert all("--require-hashes" in run or "--no-index" in run for run in fetching)
    assert not any(word == "RUN" for word, _ in final)
    assert int(last["USER"].partition(":")[0]) > 0
    assert shlex.split(last["ENTRYPOINT"].strip("[]")) == ["devspm"]
    assert is_command_line(yaml.safe_load(last["CMD"]))


def test_the_build_gets_what_it_copies_and_no_more() -> None:
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    copied = [
        source
        for word, rest in instructions(DOCKERFILE)
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]

    assert "*" in kept
    assert {line.removeprefix("!") for line in kept if line.startswith("!")} == {
        source.removeprefix("./") for source in copied
    }
    assert [source for source in copied if not (ROOT / source).exists()] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "config", "prometheus.compose.yml"),
        ("check", "rules", "--lint=all", "--lint-fatal", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_accepts_what_is_shipped(
    arguments: tuple[str, ...], need: Callable[[str, list[str]], None]
) -> None:
    if shutil.which("promtool") is None:
        need(
            "Prometheus configuration and alert rules",
            ["promtool is missing. Install it: sudo apt-get install prometheus"],
        )

    done = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_and_tells_what_to_do() -> None:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    alerts = {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]

    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts.keys()
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} >= {
        name for name in alerts if name not in {"DevspmLagGrowing", "DevspmActivitiesNotJudged"}
    }
    for rule in alerts.values():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}
