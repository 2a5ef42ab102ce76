"""Places and tools that somebody is known by."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.toolbox.decay import DAY, HOUR
from detectors.toolbox.familiar import MAX_FRESH, MAX_KNOWN, Crowd, Familiar, FamiliarModel, seen_in
from schemas.activity import Origin

MODEL = FamiliarModel()
START = 1_700_000_000.0
HOME = Origin(network="AS64496", country="DE", device="laptop", client="Chrome/139", system="macOS")
ELSEWHERE = Origin(network="AS64511", country="NL", device="other", client="Edge/1", system="Linux")


def employee(group: Crowd, days: int = 100, origin: Origin = HOME) -> Familiar:
    own = Familiar()
    for day in range(days):
        MODEL.learn(origin, START + day * DAY, own, [group])
    return own


def test_a_stranger_is_unusual_and_a_trip_or_a_new_laptop_is_not() -> None:
    group = Crowd()
    own, now = employee(group), START + 100 * DAY
    trip = msgspec.structs.replace(ELSEWHERE, device="laptop")
    laptop = msgspec.structs.replace(HOME, device="new")
    assert MODEL.judge(ELSEWHERE, now, own, [group]).both < 2**-10
    assert MODEL.judge(trip, now, own, [group]).both == 1.0
    assert MODEL.judge(laptop, now, own, [group]).both == 1.0
    assert MODEL.judge(HOME, now, own, [group]) == (1.0, 1.0, 1.0)


def test_what_was_first_seen_today_is_no_alibi_and_what_came_again_a_day_later_is_known() -> None:
    group = Crowd()
    own, now = employee(group), START + 100 * DAY
    for hour in range(3):
        MODEL.learn(ELSEWHERE, now + hour * HOUR, own, [group])
    assert MODEL.judge(ELSEWHERE, now + 3 * HOUR, own, [group]).both < 2**-10
    MODEL.learn(ELSEWHERE, now + DAY, own, [group])
    assert MODEL.judge(ELSEWHERE, now + DAY, own, [group]).both == 1.0


def test_who_travels_is_less_surprising_in_a_new_place() -> None:
    group = Crowd()
    homebody, traveller = employee(group), employee(group, 1)
    for week in range(14):
        there = Origin(network=f"AS{64600 + week}", device="laptop")
        for day in range(1, 8):
            MODEL.learn(there, START + (7 * week + day) * DAY, traveller, [group])
    now = START + 100 * DAY
    usual = MODEL.judge(ELSEWHERE, now, traveller, [group]).place
    assert usual > 5 * MODEL.judge(ELSEWHERE, now, homebody, [group]).place


def test_a_newcomer_from_where_newcomers_come_from_is_usual() -> None:
    group = Crowd()
    for number in range(30):
        employee(group, 5, msgspec.structs.replace(HOME, device=f"laptop {number}"))
    now, newcomer = START + 5 * DAY, Familiar()
    first_day = msgspec.structs.replace(HOME, device="another laptop")
    assert MODEL.judge(first_day, now, newcomer, [group]).both > 0.2
    assert MODEL.judge(ELSEWHERE, now, newcomer, [group]).place < 0.2


def test_a_vendor_that_tells_the_country_only_is_not_taken_for_a_new_place() -> None:
    group = Crowd()
    own = employee(group)
    told = Origin(country="DE", client="Chrome/140", system="macOS")
    assert MODEL.judge(told, START + 100 * DAY, own, [group]).both == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_p_values_of_first_sights_are_valid(seed: int) -> None:
    """People who come to know new places and tools now and then, each at a rate of their own."""
    rng = np.random.default_rng(seed)
    group, ps, people = Crowd(), [], 40
    everybody = [Familiar() for _ in range(people)]
    rates = rng.gamma(1.0, 0.03, (people, 2))
    at = [[f"AS{n}", f"device {n}"] for n in range(people)]
    count = 1000
    for day in range(300):
        for who, own in enumerate(everybody):
            for kind in range(2):
                if rng.random() < rates[who, kind]:
                    count += 1
                    common = rng.random() < 0.5
                    at[who][kind] = f"common {rng.integers(20)}" if common else f"own {count}"
            origin = Origin(network=at[who][0], device=at[who][1])
            time = START + day * DAY + who
            seen = seen_in(origin)
            if day > 50 and not {*seen.labels} & own.fresh.keys():
                judged = MODEL.judge(origin, time, own, [group])
                ps += [(judged.place, judged.tool, judged.both)]
            MODEL.learn(origin, time, own, [group])
    for alpha in (0.1, 0.05, 0.01):
        assert (np.array(ps) <= alpha).mean(axis=0).max() <= 1.3 * alpha


@given(
    st.lists(
        st.tuples(
            st.builds(
                Origin,
                network=st.sampled_from(["", *(f"AS{n}" for n in range(40))]),
                country=st.sampled_from(["", "DE", "NL"]),
                device=st.sampled_from(["", *(f"d{n}" for n in range(40))]),
                client=st.sampled_from(["", "Chrome/1", "Edge/2"]),
            ),
            st.floats(-2 * DAY, 400 * DAY),
        ),
        max_size=80,
    )
)
def test_state_is_bounded_and_survives_the_wire(events: list[tuple[Origin, float]]) -> None:
    own, group, time = Familiar(), Crowd(), START
    for origin, pause in events:
        time += pause
        judged = MODEL.judge(origin, time, own, [group])
        assert all(0.0 < p <= 1.0 for p in judged)
        copy = msgspec.msgpack.decode(msgspec.msgpack.encode(own), type=Familiar)
        crowd = msgspec.msgpack.decode(msgspec.msgpack.encode(group), type=Crowd)
        for kept, shared in ((own, group), (copy, crowd)):
            MODEL.learn(origin, time, kept, [shared])
        assert msgspec.msgpack.encode((copy, crowd)) == msgspec.msgpack.encode((own, group))
    assert all(len(labels) <= MAX_KNOWN for labels in own.known)
    assert len(own.fresh) <= MAX_FRESH
    assert own.new_places <= own.trials
    assert own.new_tools <= own.trials
