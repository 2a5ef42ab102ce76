"""Trouble of every kind: nothing is lost, nothing counts twice, nothing differs."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.generator import demo_scenario
from tests.chaos.kafka import proxied_kafka
from tests.chaos.run import survive

pytestmark = pytest.mark.broker

SEED = 5
# The long form draws them by lot, all kinds, any number.
TROUBLES = ("kill", "cut", "join", "freeze", "broker_kill", "slow", "leave", "kill")


@pytest.mark.usefixtures("need_kafka")
def test_workers_networks_and_broker_in_trouble_change_nothing(
    unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    scenario = demo_scenario(seed=1, identities=24, days=10, shift_to=time.time())
    with proxied_kafka(tmp_path / "kafka", networks=3) as broker:
        outcome = survive(
            broker,
            tmp_path,
            name=unique_name("chaos"),
            seed=SEED,
            troubles=TROUBLES,
            scenario=scenario,
        )
    assert outcome.is_clean, outcome.line()
    assert outcome.storm.kills == 3
    assert outcome.verdict.reruns > 0, "no work was lost, so none was done twice"
    assert outcome.verdict.signals > 0
