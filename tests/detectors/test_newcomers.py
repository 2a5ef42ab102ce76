"""Who is known somewhere, and acts of rare kinds."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from detectors.toolbox.decay import DAY, HOUR
from detectors.toolbox.newcomers import FRESH, KNOWN, Newcomers
from detectors.toolbox.rare_kind import Kinds, RareKindModel


def settled() -> Newcomers:
    place = Newcomers()
    for day in range(20):
        place.act(1, day * DAY)
    return place


def test_a_day_makes_an_account_known() -> None:
    place = settled()
    place.meet(2, 20 * DAY)
    place.meet(2, 20 * DAY + 23 * HOUR)
    assert not place.knows(2, 20 * DAY + 23 * HOUR)
    assert place.knows(2, 21 * DAY)


def test_nobody_is_new_where_nobody_is_known() -> None:
    place = Newcomers()
    assert not place.is_news(1, 0.0)
    assert place.act(1, 0.0) is None
    assert place.share.trials == 0.0


def test_a_newcomer_is_judged_and_counted_once_though_learned_a_day_late() -> None:
    place = settled()
    assert place.is_news(2, 20 * DAY)
    place.note(2, 20 * DAY)
    assert not place.is_news(2, 20 * DAY + 60)
    place.act(1, 21 * DAY)
    assert place.act(2, 20 * DAY) is True
    assert place.act(2, 20 * DAY + 60) is False
    assert 0.9 < place.share.hits <= 1.0


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.floats(0, 1e7), st.booleans()), min_size=1, max_size=400
    )
)
def test_whatever_comes_it_stays_small(events: list[tuple[int, float, bool]]) -> None:
    place = Newcomers()
    for label, time, acts in events:
        place.note(label, time)
        if acts:
            place.act(label, time)
        else:
            place.meet(label, time)
    assert len(place.known) <= KNOWN
    assert max(len(place.fresh), len(place.judged), len(place.counted)) <= FRESH
    assert place.share.hits <= place.share.trials
    assert len(msgspec.msgpack.encode(place)) < 500


def test_an_act_of_a_rare_kind_is_rarer_than_one_of_the_usual() -> None:
    model = RareKindModel()
    me, everybody = Kinds(), Kinds()
    for day in range(200):
        model.learn("webhook" if day % 10 == 0 else "", day * DAY, [me, everybody])
    daily, usual = model.judge("webhook", 200 * DAY, [me, everybody])
    same, odd = model.judge("runner", 200 * DAY, [me, everybody])
    assert daily == same
    assert model.within(daily * odd) < model.within(daily * usual) / 4


def test_what_is_done_every_day_is_never_rare() -> None:
    model = RareKindModel()
    bot = Kinds()
    for day in range(100):
        model.learn("runner", day * DAY, [bot])
    daily, kind = model.judge("runner", 100 * DAY, [bot])
    assert model.within(daily * kind) > 0.95
