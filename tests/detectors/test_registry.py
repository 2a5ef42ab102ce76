"""What is shipped, and what other distributions may add."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from detectors import registry
from detectors.agent_unguarded import AgentUnguarded
from detectors.registry import DETECTORS, RegistryError, by_id
from pipeline.engine.keystate import slot_of

BENCH = "detectors.agent_unguarded:AgentUnguarded"


def offer(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    """Have installed distributions offer these entry points."""
    points = EntryPoints(
        EntryPoint(f"point-{i}", value, registry.GROUP) for i, value in enumerate(values)
    )
    monkeypatch.setattr(registry, "entry_points", lambda group: points.select(group=group))


def test_shipped_detectors_cover_the_chain() -> None:
    assert {d.meta.id for d in DETECTORS} >= {
        "login_novelty",
        "session_moved",
        "factor_change",
        "token_creation",
        "commit_habit",
        "ref_rewrite",
        "agent_unguarded",
        "publish_burst",
        "publish_without_code",
        "package_trust_drop",
        "young_dependency",
    }


def test_ids_lead_to_their_detectors() -> None:
    found = by_id()
    assert list(found)[: len(DETECTORS)] == [d.meta.id for d in DETECTORS]
    assert isinstance(found["agent_unguarded"], AgentUnguarded)


def test_another_distribution_adds_a_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "DETECTORS", ())
    offer(monkeypatch, BENCH)
    assert list(by_id()) == ["agent_unguarded"]


def test_an_id_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, BENCH)
    with pytest.raises(RegistryError, match="agent_unguarded"):
        by_id()


@pytest.mark.parametrize("value", ["no_such_module:Detector", "math:pi", "collections:Counter"])
def test_a_broken_entry_point_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    offer(monkeypatch, value)
    with pytest.raises(RegistryError, match=value):
        registry.external()


def test_no_two_detectors_keep_their_state_under_the_same_number() -> None:
    slots = {slot_of(detector.meta.id, detector.meta.version) for detector in DETECTORS}
    assert len(slots) == len(DETECTORS)
