"""Workers that are killed: nothing is lost, nothing counts twice, nothing differs."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from pipeline.broker import Broker
from pipeline.generator import demo_scenario
from tests.integration.flow import Installation, assert_stages_agree, wait_for

pytestmark = pytest.mark.broker

SEED = 7


def test_workers_killed_under_load_change_nothing(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    rng = Random(SEED)  # noqa: S311 - moments to kill at
    scenario = demo_scenario(seed=SEED, identities=40, days=14, shift_to=time.time())
    records = list(scenario.events())
    installation = Installation(kafka, unique_name("crash"), tmp_path, scenario.identities())
    installation.create_topics()
    first, second, third, fourth = map(installation.worker, ("first", "second", "third", "fourth"))
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        list(pool.map(stack.enter_context, (first, second)))
        replay = pool.submit(installation.replay, records)
        for number, (worker, successor) in enumerate(((first, third), (second, fourth))):
            share = rng.uniform(0.1, 0.2) * (1 + number) * len(records)
            wait_for(
                lambda: worker.total("devspm_events_total") >= share,  # noqa: B023 - called here
                f"{share:.0f} of {len(records)} events by worker {number}",
            )
            worker.kill()
            left = sum(end - at for at, end in installation.behind().values())
            assert left > 0, "the worker was killed after the work was done"
            pool.submit(stack.enter_context, successor)
        assert replay.result() == len(records)
        installation.wait_until_committed()
        wait_for(lambda: bool(third.url and fourth.url), "workers that are up")
        for worker in (third, fourth):
            assert worker.terminate() == 0, worker.log.read_text()

    assert installation.behind() == {}
    detected = assert_stages_agree(installation)
    assert sum(stage.skipped["rerun"] for stage in detected) > 0, "the kills lost no work"
    assert sum(len(stage.records) for stage in detected) > 0
