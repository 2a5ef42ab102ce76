"""A worker that dies between any two steps of a flush: the next one makes it good.

The order of a flush is: output acknowledged, state written, offsets committed.
"""

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.broker import Broker
from pipeline.generator import demo_scenario
from tests.chaos.fleet import chaos_worker
from tests.integration.flow import Installation, assert_stages_agree, wait_for

pytestmark = pytest.mark.broker

BEFORE = 900.0  # event seconds before the attack from where on the replay is paced
AFTER = 1800.0  # event seconds after the last bad version at which the recording ends
SPEED = "1800"  # event seconds per second
# Steps as `worker.py` names them; a topic goes by its field in `Topics`.
STEPS = {
    "normalise": (
        "sent-some:activity:4",
        "sent:activity:2",
        "commit:audit.vcs:1",
        "committed:audit.vcs:1",
    ),
    "detect": (
        "sent-some:signals:2",
        "sent:signals:2",
        "written:detect:3",
        "commit:activity:1",
        "committed:activity:1",
    ),
    "correlate": (
        "sent:alerts:1",
        "written:correlate:2",
        "commit:signals:1",
        "committed:signals:1",
    ),
}


def die_step_by_step(installation: Installation, stage: str) -> None:
    """One worker after the other dies at its step; the last one finishes the work."""
    for step in STEPS[stage]:
        place = step.split(":")[1]
        topic = place if place == stage else installation.topics.prefix + place
        worker = chaos_worker(installation, step, fault=f"SIGKILL:{step.replace(place, topic)}")
        worker.launch()
        try:
            wait_for(
                lambda: worker.exit_status() is not None,  # noqa: B023 - called here
                lambda: f"the worker to die at {step}, behind {installation.behind()}",  # noqa: B023
            )
        finally:
            worker.kill()
        assert worker.exit_status() == -signal.SIGKILL, worker.log.read_text()
    with chaos_worker(installation, "last") as worker:
        installation.wait_until_committed([worker])
        assert worker.terminate() == 0, worker.log.read_text()


def test_a_crash_at_any_step_of_a_flush_changes_nothing(
    kafka: Broker,
    unique_name: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEVSPM_ALERT_BUDGET", "1000")  # alerts enough, however workers interleave
    scenario = demo_scenario(seed=1, identities=24, days=10, shift_to=time.time())
    paced, end = scenario.attack_began - BEFORE, scenario.incident.publishes[-1].at + AFTER
    history = [record for at, record in scenario.timed() if at < paced]
    attack = [record for at, record in scenario.timed() if paced <= at < end]
    installations = {}
    for stage in STEPS:
        (tmp_path / stage).mkdir()
        installations[stage] = Installation(
            kafka, unique_name(stage), tmp_path / stage, scenario.identities()
        )
        installations[stage].create_topics()
        installations[stage].replay(history)
        installations[stage].replay(attack, "--speed", SPEED)
    with ThreadPoolExecutor() as pool:  # most of the time a dead worker's session runs out
        for done in [pool.submit(die_step_by_step, installations[s], s) for s in STEPS]:
            done.result()
    for installation in installations.values():
        detected = assert_stages_agree(installation)
        assert sum(len(part.records) for part in detected) > 0
