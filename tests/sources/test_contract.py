"""What every source owes the pipeline, shown over all sources and all samples."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.action import Action
from schemas.activity import Activity, Position, decode, encode
from schemas.sources import SOURCES, Raw, RejectedError, recognise
from schemas.sources.base import REASONS

SAMPLES = Path(__file__).parent / "samples"
RECEIVED = 1_757_337_365.25
# Shaped like a credential, recognisable as none.
PLANTED = "not-a-secret-only-a-planted-marker-0123456789abcdef"
TOKEN_FIELDS = frozenset(
    {
        "access_token",
        "api_key",
        "authorization",
        "client_secret",
        "credential",
        "dtHash",
        "externalSessionId",
        "hashed_token",
        "password",
        "secret",
        "session.id",
        "token",
        "token_id",
    }
)


def load_sample(path: Path) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(path.read_text())
    return sample


# Exports and log shippers change the case of keys here. Elsewhere keys are data (npm's versions).
ANY_CASE = frozenset({"github.audit", "github.webhook", "git.log"})
PATHS = {f"{path.parent.name}/{path.stem}": path for path in sorted(SAMPLES.glob("*/*.json"))}
CASES = [pytest.param(name, id=name) for name in PATHS]
FULL = [pytest.param(name, id=name) for name in PATHS if not name.endswith(".none")]


def raw_of(sample: dict[str, Any], event: object | None = None) -> Raw:
    body = sample["event"] if event is None else event
    return Raw(
        orjson.dumps(body), sample["received"], sample["headers"], Position("audit.test", 3, 41)
    )


def run(source: str, raw: Raw) -> list[Activity]:
    """What the pipeline does with a record; every activity survives the wire."""
    activities = list(SOURCES[source].parse(raw))
    for activity in activities:
        assert decode(encode(activity)) == activity
        assert activity.source == source
        assert 0 <= activity.uid < 1 << 64
        assert 631_152_000 <= activity.time < 4_102_444_800
    return activities


def rejection(source: str, raw: Raw) -> RejectedError | None:
    """Why the record became nothing; None when it became activities."""
    try:
        run(source, raw)
    except RejectedError as error:
        return error
    return None


def run_or_reject(source: str, raw: Raw) -> None:
    error = rejection(source, raw)
    assert error is None or error.reason in REASONS
    assert error is None or error.reason != "parser_error"


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_has_samples(source: str) -> None:
    assert any(name.startswith(f"{source}/") for name in PATHS)


def test_every_sample_belongs_to_a_source() -> None:
    assert {name.partition("/")[0] for name in PATHS} == set(SOURCES)


@pytest.mark.parametrize("name", FULL)
def test_a_sample_becomes_activities(name: str) -> None:
    sample = load_sample(PATHS[name])
    source = name.partition("/")[0]
    activities = run(source, raw_of(sample))
    assert activities
    for activity in activities:
        assert activity.native
        assert activity.action in set(Action) or activity.action.startswith(f"{source}/")
        where = activity.position
        assert (where.topic, where.partition, where.offset) == ("audit.test", 3, 41)
        assert activity.actor.account == activity.actor.account.lower()


@pytest.mark.parametrize("name", [c for c in PATHS if c.endswith(".none")])
def test_a_none_sample_becomes_nothing(name: str) -> None:
    assert run(name.partition("/")[0], raw_of(load_sample(PATHS[name]))) == []


@pytest.mark.parametrize("name", FULL)
def test_the_same_record_has_the_same_uids(name: str) -> None:
    sample, source = load_sample(PATHS[name]), name.partition("/")[0]
    first = [activity.uid for activity in run(source, raw_of(sample))]
    again = Raw(
        json.dumps(sample["event"], indent=1).encode(),
        sample["received"] and sample["received"] + 60,
        sample["headers"],
        Position("audit.test", 5, 99),
    )
    assert [activity.uid for activity in run(source, again)] == first


def test_uids_are_distinct_but_for_one_event_told_by_two_sources() -> None:
    seen: dict[int, tuple[str, Activity]] = {}
    for name, path in PATHS.items():
        source = name.partition("/")[0]
        for activity in run(source, raw_of(load_sample(path))):
            other, first = seen.setdefault(activity.uid, (name, activity))
            if first is not activity:
                assert first.source != source, f"{name} and {other}"
                assert (first.action, first.target) == (activity.action, activity.target)


@pytest.mark.parametrize("name", CASES)
def test_a_sample_is_recognised_by_its_own_source_alone(name: str) -> None:
    event = orjson.dumps(load_sample(PATHS[name])["event"])
    assert recognise(event).name == name.partition("/")[0]


def with_keys(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {change(key): with_keys(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_keys(inner, change) for inner in value]
    return value


@pytest.mark.parametrize("name", FULL)
def test_upper_case_keys_are_read_or_rejected_but_not_misread(name: str) -> None:
    sample, source = load_sample(PATHS[name]), name.partition("/")[0]
    loud = raw_of(sample, with_keys(sample["event"], str.upper))
    if source not in ANY_CASE and rejection(source, loud):
        return
    expected = [(a.action, a.actor) for a in run(source, raw_of(sample))]
    assert [(a.action, a.actor) for a in run(source, loud)] == expected


def test_a_record_that_no_source_would_read_is_not_looked_at() -> None:
    with pytest.raises(RejectedError) as rejected:
        recognise(b'{"a": "' + b"x" * (8 << 20) + b'"}')
    assert rejected.value.reason == "too_large"


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_bytes_that_are_no_record_are_rejected(source: str) -> None:
    for event in (b"", b"\xff\xfe", b"[]", b"1", b"null", b'{"a": NaN}', b"{"):
        with pytest.raises(RejectedError) as rejected:
            list(SOURCES[source].parse(Raw(event, RECEIVED)))
        assert rejected.value.reason == "not_json"
    for event in (b"[" * 100_000, b'{"a":' * 70 + b"1" + b"}" * 70):
        with pytest.raises(RejectedError) as rejected:
            list(SOURCES[source].parse(Raw(event, RECEIVED)))
        assert rejected.value.reason == "too_deep"
    with pytest.raises(RejectedError) as rejected:
        list(SOURCES[source].parse(Raw(b'{"a": "' + b"x" * (8 << 20) + b'"}', RECEIVED)))
    assert rejected.value.reason == "too_large"


def planted(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: PLANTED if key in TOKEN_FIELDS and isinstance(inner, str) else planted(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [planted(inner) for inner in value]
    return value


@pytest.mark.parametrize("name", FULL)
def test_tokens_do_not_get_through(name: str) -> None:
    sample, source = load_sample(PATHS[name]), name.partition("/")[0]
    event = planted(sample["event"])
    event.update(dict.fromkeys(TOKEN_FIELDS - event.keys() - {"session.id"}, PLANTED))
    raw = raw_of(sample, event)
    error = rejection(source, raw)
    assert error is None or PLANTED not in error.detail
    for activity in [] if error else run(source, raw):
        assert PLANTED.encode() not in encode(activity)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("source", sorted(SOURCES))
@given(event=st.binary(max_size=200), received=st.floats())
@settings(max_examples=50, deadline=None)
def test_any_bytes_give_activities_or_a_reason(source: str, event: bytes, received: float) -> None:
    run_or_reject(source, Raw(event, received))


@pytest.mark.parametrize("source", sorted(SOURCES))
@given(value=JSON)
@settings(max_examples=50, deadline=None)
def test_any_json_gives_activities_or_a_reason(source: str, value: Any) -> None:
    run_or_reject(source, Raw(json.dumps(value).encode("utf-8", "replace"), RECEIVED))


ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e300, 2**64 - 1, "", " ", "x", "\x00", "9" * 400, "é" * 2000,
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", [], [None], [[]], {}, {"": {}},
    ["a", 1, {}], {"login": ["x"]},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutate(event: dict[str, Any], seed: int, odd: Any) -> dict[str, Any]:
    """Deletes, replaces or nests one to three values at any depth."""
    rng = random.Random(seed)  # noqa: S311 - a test's dice
    changed = copy.deepcopy(event)
    for _ in range(rng.randint(1, 3)):
        all_places = list(places(changed))
        if not all_places:
            break
        *path, last = rng.choice(all_places)
        holder: Any = changed
        for step in path:
            holder = holder[step]
        how = rng.choice(("delete", "replace", "nest", "list"))
        if how == "delete":
            del holder[last]
        elif how == "replace":
            holder[last] = copy.deepcopy(odd)
        else:
            holder[last] = {"value": holder[last]} if how == "nest" else [holder[last]]
    return changed


@pytest.mark.parametrize("name", CASES)
@given(seed=st.integers(0, 2**32), odd=st.sampled_from(ODD) | JSON)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_change_of_a_sample_gives_activities_or_a_reason(
    name: str, seed: int, odd: Any
) -> None:
    sample = load_sample(PATHS[name])
    event = mutate(sample["event"], seed, odd)
    data = json.dumps(event).encode("utf-8", "replace")
    headers: dict[str, str]
    for headers in (sample["headers"], {}):
        run_or_reject(name.partition("/")[0], Raw(data, sample["received"], headers))


@pytest.mark.parametrize("name", CASES)
@given(seed=st.integers(0, 2**32), byte=st.integers(0, 255))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_byte_of_a_sample_may_be_another(name: str, seed: int, byte: int) -> None:
    sample = load_sample(PATHS[name])
    data = bytearray(orjson.dumps(sample["event"]))
    data[seed % len(data)] = byte
    run_or_reject(name.partition("/")[0], Raw(bytes(data), sample["received"], sample["headers"]))


@pytest.mark.parametrize("name", FULL)
def test_a_text_that_is_no_utf_8_is_a_reason(name: str) -> None:
    sample = load_sample(PATHS[name])
    data = orjson.dumps(sample["event"])
    for at in [at for at, byte in enumerate(data) if byte == ord('"')][:-1]:
        broken = data[: at + 1] + b"\xff" + data[at + 1 :]
        error = rejection(name.partition("/")[0], Raw(broken, sample["received"]))
        assert error is None or error.reason in REASONS


@pytest.mark.parametrize("name", FULL)
def test_every_key_of_a_sample_may_be_missing(name: str) -> None:
    sample, source = load_sample(PATHS[name]), name.partition("/")[0]
    for *path, last in places(sample["event"]):
        event = copy.deepcopy(sample["event"])
        holder = event
        for step in path:
            holder = holder[step]
        del holder[last]
        run_or_reject(source, raw_of(sample, event))
