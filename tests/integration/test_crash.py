"""Workers that are killed: nothing is lost, nothing counts twice, nothing differs."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from pipeline.broker import Broker
from pipeline.generator import demo_scenario
from tests.integration.flow import Installation, assert_stages_agree, is_tick, wait_for

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("seed", [1, 2])
def test_two_workers_killed_under_load_change_nothing(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path, seed: int
) -> None:
    rng = Random(seed)  # noqa: S311 (a moment to kill at)
    scenario = demo_scenario(seed=seed, identities=40, days=14, shift_to=time.time())
    installation = Installation(kafka, unique_name("crash"), tmp_path, scenario.identities())
    installation.create_topics()
    with ExitStack() as stack:
        first = stack.enter_context(installation.worker("first"))
        second = stack.enter_context(installation.worker("second"))
        events = installation.replay(scenario.events())

        def done() -> float:
            return first.total("devspm_events_total") + second.total("devspm_events_total")

        at = rng.uniform(0.1, 0.3) * events
        wait_for(lambda: done() > at, f"{at:.0f} of {events} events")
        first.kill()
        half = installation.ends(installation.topics.activity)
        third = stack.enter_context(installation.worker("third"))
        second.kill()
        fourth = stack.enter_context(installation.worker("fourth"))
        installation.wait_until_committed([third, fourth])
        for worker in (third, fourth):
            assert worker.terminate() == 0, worker.log.read_text()

    whole = installation.ends(installation.topics.activity)
    assert any(before < after for before, after in zip(half, whole, strict=True))
    assert installation.behind() == {}
    log = [m for m in installation.all(installation.topics.activity) if not is_tick(m)]
    print(f"{events} events, repeats {len(log) - len({(m.key(), m.value()) for m in log})}")
    assert_stages_agree(installation)
