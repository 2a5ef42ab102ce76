import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river.stats import EWMean

from detectors.toolbox.categories import Categories, CategoryModel, brief, key_of
from detectors.toolbox.decay import DAY
from detectors.toolbox.proportion import Proportion

START = 1_700_000_000.0
MODEL = CategoryModel(half_life=90 * DAY)
VALUES = st.sampled_from([f"AS{64496 + i}" for i in range(10)])


def three() -> list[Categories]:
    return [Categories(), Categories(), Categories()]


def fed(values: list[str], model: CategoryModel = MODEL) -> list[Categories]:
    levels = three()
    for index, value in enumerate(values):
        model.learn(value, START + index * DAY, levels)
    return levels


@given(st.lists(VALUES, max_size=60))
def test_probabilities_and_the_unseen_sum_to_one(values: list[str]) -> None:
    levels, now = fed(values), START + 60 * DAY
    known = {key for level in levels for key in level.weights}
    total = sum(MODEL.probability(key, now, levels) for key in known)
    assert total + MODEL.unseen(now, levels) == pytest.approx(1.0)


@given(st.lists(VALUES, min_size=1, max_size=60), st.lists(VALUES, max_size=40), VALUES)
def test_p_is_the_mass_of_what_is_at_most_as_likely(
    mine: list[str], theirs: list[str], value: str
) -> None:
    levels, now = fed(mine), START + 60 * DAY
    for other in theirs:
        MODEL.learn(other, START, [Categories(), *levels[1:]])
    known = {key for level in levels for key in level.weights}
    chance = {key: MODEL.probability(key, now, levels) for key in known}
    mine_at_most = chance.get(value, 0.0) * (1 + 1e-9)
    handed_down = MODEL.unseen(now, levels[:1])  # what ranks by the levels above can shift

    def mass(limit: float) -> float:
        return MODEL.unseen(now, levels) + sum(p for p in chance.values() if p <= limit)

    p = MODEL.judge(value, now, levels)
    assert mass(mine_at_most) * (1 - 1e-6) <= p
    # A frequent value is compared by the entity's own counts alone. What is handed down may then
    # shift either of two values, and the likelier ones' share of it counts as unlikely.
    assert p <= (mass(mine_at_most + 2 * handed_down) + handed_down) * (1 + 1e-6)


@given(st.lists(st.text(), unique=True, max_size=50))
def test_brief_categories_are_short_and_told_from_each_other(texts: list[str]) -> None:
    short = {brief(text) for text in texts}
    assert len(short) == len(texts)
    assert all(len(msgspec.msgpack.encode(text)) <= 5 for text in short)


@given(st.lists(VALUES, max_size=40), st.lists(st.text(max_size=60), max_size=40))
def test_state_stays_within_its_cap_and_survives_the_wire(
    first: list[str], texts: list[str]
) -> None:
    model = CategoryModel(half_life=90 * DAY, cap=6, shared_cap=9)
    levels = fed(first + texts, model)
    assert [len(level.weights) <= cap for level, cap in zip(levels, (6, 9, 9), strict=True)]
    packed = msgspec.msgpack.encode(levels[0])
    assert len(packed) < 6 * 140 + 32
    assert msgspec.msgpack.decode(packed, type=Categories) == levels[0]


def test_evicted_categories_keep_their_weight_as_expectation_of_something_else() -> None:
    model = CategoryModel(half_life=9000 * DAY, cap=4)
    roamer, settled = Categories(), Categories()
    for index in range(200):
        model.learn(f"AS{index}", START + index * DAY, [roamer])
        model.learn("AS64496", START + index * DAY, [settled])
    now = START + 200 * DAY
    assert roamer.count() == pytest.approx(settled.count(), rel=0.05)
    assert model.judge("new", now, [roamer]) > 0.9
    assert model.judge("new", now, [settled]) < 0.01


def test_the_long_unseen_becomes_new_again() -> None:
    (own, *_) = levels = fed(["old"] + ["usual"] * 50)
    assert own.knows("old")
    MODEL.learn("usual", START + 900 * DAY, levels)
    assert not own.knows("old")


def test_a_newcomer_is_judged_by_what_peers_come_up_with() -> None:
    peers, everybody = Categories(), Categories()
    for person in range(40):
        own = Categories()
        for day in range(10):
            MODEL.learn("DE", START + day * DAY, [own, peers, everybody])
            MODEL.learn(f"home {person}", START + day * DAY + 1, [own, peers, everybody])
    newcomer, now = Categories(), START + 10 * DAY
    assert MODEL.cold(newcomer, now)
    assert MODEL.judge("DE", now, [newcomer, peers, everybody]) > 0.5
    # Everybody has a home of their own: another unheard-of one is what is to be expected.
    assert MODEL.judge("home of the newcomer", now, [newcomer, peers, everybody]) > 0.2


def test_a_country_that_no_newcomer_came_from_is_unusual_for_a_newcomer() -> None:
    peers, everybody = Categories(), Categories()
    for _ in range(60):
        MODEL.learn("DE", START, [Categories(), peers, everybody])
    assert MODEL.judge("BR", START, [Categories(), peers, everybody]) < 0.03


def test_repetitions_within_one_sitting_count_once() -> None:
    model = CategoryModel(half_life=90 * DAY, repeat=6 * 3600.0)
    own = Categories()
    for minute in range(100):
        model.learn("AS64496", START + 60 * minute, [own])
    assert own.count() == 1.0


def test_long_texts_are_stored_short_and_apart() -> None:
    one, other = key_of("x" * 100 + "1"), key_of("x" * 100 + "2")
    assert one != other
    assert len(one) <= 32


@pytest.mark.parametrize("seed", range(3))
def test_p_values_are_valid_on_draws_from_the_modelled_process(seed: int) -> None:
    """Identities of one organisation, each with few own and many one-off values."""
    rng = np.random.default_rng(seed)
    model = CategoryModel(half_life=1e9 * DAY, cap=64, shared_cap=4096)
    peers, everybody = Categories(), Categories()
    people: list[tuple[Categories, list[str]]] = [(Categories(), []) for _ in range(40)]
    ps = []
    fresh = 0
    for step in range(8000):
        own, past = people[rng.integers(40)]
        if rng.random() < (1 + 0.3 * len(set(past))) / (1 + len(past)):
            fresh += 1
            value = f"shared {rng.integers(20)}" if rng.random() < 0.5 else f"own {fresh}"
        else:
            value = past[rng.integers(len(past))]
        levels = [own, peers, everybody]
        ps.append(model.judge(value, START + step, levels))
        model.learn(value, START + step, levels)
        past.append(value)
    for k in (2, 4, 7):
        share = np.mean(np.array(ps) <= 2.0**-k)
        assert share <= 1.3 * 2.0**-k


def test_a_decayed_share_is_rivers_exponential_mean() -> None:
    """River's EWMean with fading f is the limit of our weighted mean with decay 1 - f a step."""
    rng = np.random.default_rng(4)
    fading = 0.05
    half_life = float(np.log(2) / -np.log(1 - fading))
    share, mean = Proportion(), EWMean(fading_factor=fading)
    for step in range(400):
        hit = bool(rng.random() < 0.3)
        share.learn(hit, float(step), half_life)
        mean.update(float(hit))
    assert share.hits / share.trials == pytest.approx(mean.get(), abs=1e-6)


@given(
    st.lists(VALUES, min_size=40, max_size=200),
    st.lists(VALUES, max_size=40),
    st.floats(0.0, 20 * DAY),
)
def test_the_shortcut_for_what_is_plainly_usual_changes_no_p(
    mine: list[str], theirs: list[str], later: float
) -> None:
    class Thorough(CategoryModel):
        def _is_plainly_usual(self, *_: object) -> bool:
            return False

    levels = fed(["AS64496"] * 30 + mine)
    for other in theirs:
        MODEL.learn(other, START, [Categories(), *levels[1:]])
    thorough = Thorough(MODEL.half_life, MODEL.concentration, MODEL.cap, MODEL.shared_cap)
    now = levels[0].time + later
    for value in {*mine, *theirs, "AS64496"}:
        assert MODEL.judge(value, now, levels) == pytest.approx(thorough.judge(value, now, levels))
