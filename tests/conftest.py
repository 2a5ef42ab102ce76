"""Brokers for the tests, and a loud word about what could not be tested."""

import os
import re
import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest

from pipeline.broker import Broker, start_broker
from pipeline.broker.embedded import missing_prerequisites as embedded_lacks
from pipeline.broker.kafka import missing_prerequisites as kafka_lacks

Need = Callable[[str, Sequence[str]], None]

_not_tested: dict[str, list[str]] = {}


@pytest.fixture(scope="session")
def need() -> Need:
    """Skip, and say so loudly, what lacks a prerequisite; in CI that is a failure.

    Called with what would be tested, and what is missing, each with the line that installs it.
    """

    def _need(what: str, missing: Sequence[str]) -> None:
        if not missing:
            return
        reason = f"NOT TESTED: {what}. {' '.join(missing)}"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason, pytrace=False)
        _not_tested[what] = list(missing)
        pytest.skip(reason)

    return _need


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _not_tested:
        return
    terminalreporter.section("NOT TESTED, because something is missing", sep="!", red=True)
    for what, missing in _not_tested.items():
        terminalreporter.line(what, red=True, bold=True)
        for line in missing:
            terminalreporter.line(f"    {line}")


@pytest.fixture(scope="session")
def need_kafka(need: Need) -> None:
    """Skip without what Apache Kafka needs, for tests that start one of their own."""
    need("everything on Apache Kafka", kafka_lacks())


@pytest.fixture(scope="session")
def need_embedded(need: Need) -> None:
    """Skip without the embedded broker, for tests that start one of their own."""
    need("everything on the embedded broker", embedded_lacks())


@pytest.fixture(scope="session")
def show_progress(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Print a line at once, past pytest's capture: the first start downloads Kafka."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def _show(message: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{message}", flush=True)  # noqa: T201 (a person is watching)

    return _show


@pytest.fixture(scope="session")
def kafka(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    show_progress: Callable[[str], None],
) -> Iterator[Broker]:
    """One Apache Kafka for the whole run."""
    request.getfixturevalue("need_kafka")
    directory = tmp_path_factory.mktemp("kafka")
    with start_broker("kafka", directory, on_progress=show_progress) as broker:
        yield broker


@pytest.fixture(scope="session")
def embedded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """One embedded broker for the whole run."""
    request.getfixturevalue("need_embedded")
    with start_broker("embedded", tmp_path_factory.mktemp("embedded")) as broker:
        yield broker


@pytest.fixture(params=["kafka", "embedded"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each kind of broker in turn, shared by the whole run."""
    shared: Broker = request.getfixturevalue(request.param)
    return shared


@pytest.fixture
def unique_name(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Make names of topics, groups and apps that no other test uses on the shared broker."""
    test = re.sub(r"[^a-z0-9]+", "-", request.node.originalname.lower())[:40].strip("-")
    prefix = f"{test}-{uuid.uuid4().hex[:8]}"
    return lambda name: f"{prefix}-{name}"
