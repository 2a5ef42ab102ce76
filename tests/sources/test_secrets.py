"""Credentials in any field of any sample: nothing that keeps or shows anything gets to see them."""

import copy
import logging
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.registry import DETECTORS
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.stages.local import LocalPipeline, apply
from schemas.activity import Position, encode
from schemas.identity import IdentityMap
from schemas.signal import Signal
from schemas.sources import SOURCES, Raw, source_named
from schemas.sources.base import RejectedError
from schemas.sources.secrets import redacted
from tests.sources.credentials import LETTERS, PLANTED

SAMPLES = Path(__file__).parent / "samples"
Plant = Callable[[str, str], str]
# Alone in the field, and within what else stands there.
PLANTS: dict[str, Plant] = {
    "alone": lambda _, whole: whole,
    "after": lambda old, whole: f"{old} {whole}",
    "before": lambda old, whole: f"{whole}/{old}",
    "within": lambda old, whole: f"see ({whole}), {old}",
}


@cache
def samples(source: str) -> dict[str, dict[str, Any]]:
    return {
        path.stem: orjson.loads(path.read_bytes())
        for path in sorted((SAMPLES / source).glob("*.json"))
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from places(inner, (*path, key))


def planted(content: dict[str, Any], place: tuple[Any, ...], plant: Plant, whole: str) -> Raw:
    """The sample with the credential at one place, or at all of them."""
    changed = copy.deepcopy({"event": content["event"], "headers": content["headers"]})
    for *path, last in [place] if place else list(places(changed)):
        holder: Any = changed
        for step in path:
            holder = holder[step]
        holder[last] = plant(holder[last], whole)
    return Raw(
        orjson.dumps(changed["event"]),
        content["received"],
        changed["headers"],
        Position("audit.test", 0, 0),
    )


def leaks(data: bytes, part: str) -> bool:
    """Is the credential in there, in any case, or so much of it that it could be used."""
    return part[: max(16, len(part) * 3 // 4)].lower().encode() in data.lower()


def seen(source: str, raw: Raw) -> bytes:
    """Everything that comes out of a parser."""
    out = bytearray()
    try:
        for activity in SOURCES[source].parse(raw):
            out += encode(activity)
    except RejectedError as error:
        out += f"{error.reason} {error.detail}".encode("utf-8", "replace")
    return bytes(out)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_no_credential_in_any_field_gets_through_a_parser(source: str) -> None:
    kinds, ways, found = list(PLANTED.values()), list(PLANTS.values()), []
    turn = 0
    for name, content in samples(source).items():
        strings = {"event": content["event"], "headers": content["headers"]}
        for place in places(strings):
            # Every place gets every way; the kinds take turns, so that all are in every source.
            for plant in ways:
                whole, part = kinds[turn % len(kinds)]
                turn += 1
                if leaks(seen(source, planted(content, place, plant, whole)), part):
                    found.append((name, place, part[:12]))
    assert found == []
    assert turn > len(kinds)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_kind_in_all_fields_at_once(source: str) -> None:
    for content in samples(source).values():
        for whole, part in PLANTED.values():
            for plant in PLANTS.values():
                assert not leaks(seen(source, planted(content, (), plant, whole)), part)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_neither_signals_nor_state_nor_findings_nor_logs_hold_one(
    source: str, caplog: pytest.LogCaptureFixture
) -> None:
    signals: list[Signal] = []
    correlator = Correlator(CorrelationSettings(), {d.meta.id: d.meta for d in DETECTORS})
    pipeline = LocalPipeline(DETECTORS, IdentityMap(), correlator, on_signals=signals.extend)
    findings: list[Any] = []
    reasons: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for content in samples(source).values():
            for whole, _ in PLANTED.values():
                for plant in (PLANTS["after"], PLANTS["within"]):
                    raw = planted(content, (), plant, whole)
                    for name in (source, ""):
                        activities, rejected = pipeline.normaliser.normalise(raw, name)
                        reasons += [rejected.detail] if rejected else []
                        findings += pipeline.feed(activities)
        findings += pipeline.finish(3 * 86_400.0)
    stored: dict[bytes, bytes] = {}
    apply(pipeline.engine.flush(), stored)
    apply(pipeline.correlate.flush(), stored)
    out = b"".join(
        (
            *(key + value for key, value in stored.items()),
            msgspec.msgpack.encode(signals),
            orjson.dumps([repr(finding) for finding in findings]),
            repr(reasons).encode(),
            caplog.text.encode(),
        )
    )
    for _, part in PLANTED.values():
        assert not leaks(out, part)


def test_a_credential_as_the_name_of_a_source_is_not_repeated() -> None:
    for whole, part in PLANTED.values():
        with pytest.raises(RejectedError) as rejected:
            source_named(whole)
        assert not leaks(rejected.value.detail.encode(), part)


@pytest.mark.parametrize("kind", sorted(PLANTED))
@given(before=st.text(max_size=40), after=st.text(max_size=40))
@settings(max_examples=25, deadline=None)
def test_a_credential_is_found_in_any_text(kind: str, before: str, after: str) -> None:
    whole, part = PLANTED[kind]
    assert not leaks(redacted(f"{before} {whole} {after}").encode("utf-8", "replace"), part)


@given(text=st.text(max_size=200) | st.text(alphabet=f"{LETTERS}-_./:@= ", max_size=120))
@settings(max_examples=300, deadline=None)
def test_what_was_redacted_stays_as_it_is(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once


def test_two_credentials_stay_two_and_passwords_are_not_hashed() -> None:
    one, other = PLANTED["github"][0], PLANTED["github_app"][0]
    assert redacted(f"use {one}") != redacted(f"use {other}")
    assert redacted(f"use {one}") == redacted(f"use {one}")
    assert redacted("https://mara:hunter2-x@example.com/a") == "https://redacted@example.com/a"
    assert redacted("login?password=hunter2-x&next=/") == "login?password=redacted&next=/"


@pytest.mark.parametrize(
    "name",
    [
        "github.com/example-org/npm_config_registry-mirror",
        "refs/heads/feature/sk-learn-classifier-with-a-long-name",
        "pypi-package-index-mirror-and-proxy",
        "risk-management-service-of-example-org",
        "glibc-compatibility-layer-for-musl",
        "Set up basic authentication for the bearer of the token",
        "ssh://git@example.com/example-org/widget.git",
        "https://example.com:8443/a@b",
        "1001+mara-k@users.noreply.github.com",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36",
        "Z2VuZXJhdGVkLW5vLXRva2VuLW9ubHktYS1oYXNoIQ==",
        "arn:aws:iam::000000000000:role/example",
        "0" * 40,
        "00u1generatedMARA000",
        "@scope/eyJ-parser@1.2.3",
    ],
)
def test_names_survive(name: str) -> None:
    assert redacted(name) == name
