"""Two identities turn out to be one: the evidence against both becomes one incident."""

from collections.abc import Iterable

from msgspec.structs import replace

from pipeline.correlate import Correlator, IncidentState
from pipeline.correlate.state import MAX_BYTES, raw_size
from pipeline.engine.handover import Adoption, adoption_value, hand_over_value
from pipeline.stages.correlate import CorrelateStage
from pipeline.stages.local import apply
from schemas.finding import Finding, FindingActivity
from schemas.signal import Signal, encode
from tests.test_correlate import BARS, DETECTORS, SETTINGS, incident, run, signal

OLD, NEW = "github:mara-k", "mara"


def of(identity: str, signals: Iterable[Signal]) -> list[Signal]:
    return [replace(one, identity=identity) for one in signals]


def states(
    own: list[Signal], arrived: list[Signal]
) -> tuple[Correlator, IncidentState | None, IncidentState]:
    correlator = Correlator(SETTINGS, DETECTORS)
    mine, _ = run(correlator, of(NEW, own))
    other, _ = run(correlator, of(OLD, arrived))
    assert other is not None
    return correlator, mine, other


def test_an_open_incident_goes_on_under_the_new_name() -> None:
    correlator, _, other = states([], incident())
    state, [report] = correlator.adopt(None, other, NEW, BARS)
    assert (report.activity, report.uid, report.identity) == (
        FindingActivity.UPDATE,
        other.uid,
        NEW,
    )
    assert report.sequence == other.sequence + 1
    assert "github:mara-k is known to be mara" in report.reason
    assert state.evidence == other.evidence


def test_weak_evidence_against_both_together_opens_an_incident() -> None:
    correlator, own, other = states([signal("login", 0, 12.0)], [signal("burst", 300, 12.0)])
    assert own is not None
    assert not own.is_open
    assert not other.is_open
    state, [report] = correlator.adopt(own, other, NEW, BARS)
    assert (report.activity, report.identity, report.uid) == (
        FindingActivity.CREATE,
        NEW,
        state.uid,
    )
    assert {d.id for d in report.detections} == {"login", "burst"}
    assert report.count == 2


def test_weak_evidence_joins_the_open_incident_of_either() -> None:
    for own, arrived in (
        (incident(), [signal("clone", 900, 9.0)]),
        ([signal("clone", 900, 9.0)], incident()),
    ):
        correlator, mine, other = states(own, arrived)
        assert mine is not None
        state, reports = correlator.adopt(mine, other, NEW, BARS)
        assert [report.activity for report in reports] == [FindingActivity.UPDATE]
        assert state.uid == (mine.uid or other.uid)
        assert "clone" in {d.id for d in reports[0].detections}
        assert state.count == mine.count + other.count


def test_of_two_incidents_the_first_goes_on_and_the_other_is_closed() -> None:
    second = [signal("session", 7200, 12.0), signal("tags", 7300, 12.0)]
    for own, arrived in ((incident(), second), (second, incident())):
        correlator, mine, other = states(own, arrived)
        assert mine is not None
        first, later = sorted((mine, other), key=lambda state: state.opened)
        state, [update, close] = correlator.adopt(mine, other, NEW, BARS)
        assert (update.activity, update.uid, state.uid) == (
            FindingActivity.UPDATE,
            first.uid,
            first.uid,
        )
        assert (close.activity, close.uid) == (FindingActivity.CLOSE, later.uid)
        assert f"{first.uid:016x}" in close.reason
        assert {update.identity, close.identity} == {NEW}


def test_the_joined_state_keeps_to_its_limits() -> None:
    correlator, own, other = states(incident(), incident()[3:])
    assert own is not None
    state, _ = correlator.adopt(own, other, NEW, BARS)
    assert raw_size(state) <= MAX_BYTES
    assert len(state.evidence) == len({e.signal for e in state.evidence})


class Stage:
    """A correlate stage with its store."""

    def __init__(self) -> None:
        self.stored: dict[bytes, bytes] = {}
        self.offset = -1
        self.restart()

    def restart(self) -> None:
        self.stage = CorrelateStage(Correlator(SETTINGS, DETECTORS), self.stored)

    def feed(self, signals: Iterable[Signal]) -> list[Finding]:
        for one in signals:
            self.offset += 1
            origin = replace(one, origin=(0, self.offset, 0))
            self.stage.process(encode(origin), self.offset)
        return self.reports()

    def reports(self) -> list[Finding]:
        return [finding for finding, _ in self.stage.take_reports()]

    def hand_over(self) -> list[Adoption]:
        self.offset += 1
        self.stage.hand_over(hand_over_value(OLD.encode(), NEW.encode()), self.offset)
        return self.stage.take_adoptions()

    def adopt(self, adoption: Adoption) -> list[Finding]:
        self.offset += 1
        self.stage.adopt(adoption_value(adoption), self.offset)
        return self.reports()


def test_the_stage_moves_an_incident_once() -> None:
    stage = Stage()
    opened = stage.feed(of(OLD, incident()))
    [adoption] = stage.hand_over()
    assert stage.hand_over() == []
    [update] = stage.adopt(adoption)
    assert (update.uid, update.identity) == (opened[0].uid, NEW)
    assert stage.adopt(adoption) == []
    apply(stage.stage.flush(), stage.stored)
    assert [key for key in stage.stored if key[:1] != b"\x00"] == [NEW.encode()]
    [more] = stage.feed(of(NEW, [signal("clone", 5300, 9.0)]))
    assert (more.uid, more.activity) == (opened[0].uid, FindingActivity.UPDATE)


def test_a_replay_after_a_crash_says_the_same() -> None:
    stage = Stage()
    stage.feed(of(OLD, incident()))
    apply(stage.stage.flush(), stage.stored)
    flushed = stage.offset
    first = stage.hand_over()
    reports = stage.adopt(first[0])
    stage.restart()
    stage.offset = flushed
    again = stage.hand_over()
    assert again == first
    assert stage.adopt(again[0]) == reports


def test_nonsense_is_counted() -> None:
    stage = Stage()
    stage.stage.hand_over(b"nonsense", 0)
    stage.stage.adopt(b"nonsense", 1)
    stage.stage.adopt(adoption_value(Adoption(b"a", b"b", b"nonsense", 0.0, 0, 0)), 2)
    assert stage.stage.stats.undecodable == 3
    assert stage.stage.position == 2
