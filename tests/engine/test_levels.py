"""What a detector knows of peer groups: bounded, and the same after restarts."""

from msgspec.structs import replace

from pipeline.engine import Engine
from pipeline.engine.levels import MAX_GROUPS, PREFIX
from pipeline.stages.local import apply
from schemas.activity import Activity
from tests.engine.probe import Probe, push

GROUPS = MAX_GROUPS + 20


def of_group(number: int) -> Activity:
    activity = push(number, identity=f"mara-{number % GROUPS}")
    return replace(activity, actor=replace(activity.actor, peers=f"team-{number % GROUPS}"))


def entries(*, restarts: bool) -> dict[bytes, bytes]:
    stored: dict[bytes, bytes] = {}
    engine = Engine([Probe()], stored)
    numbers = [*range(GROUPS), *reversed(range(GROUPS, 3 * GROUPS))]
    for offset, number in enumerate(numbers):
        activity = of_group(number)
        engine.judge(f"identity:{activity.actor.identity}".encode(), activity, offset)
        if offset % 10 == 0 or offset == len(numbers) - 1:
            apply(engine.flush(), stored)
            if restarts:
                engine = Engine([Probe()], stored)
    return stored


def test_there_are_as_many_levels_as_allowed_and_the_rest_share_the_organisations() -> None:
    levels = [key for key in entries(restarts=False) if key.startswith(PREFIX)]

    assert len(levels) == MAX_GROUPS


def test_restarts_change_no_level() -> None:
    assert entries(restarts=True) == entries(restarts=False)
