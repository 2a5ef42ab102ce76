"""What an installation's topics say, against what its logs give."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from schemas import signal
from tests.integration.flow import (
    Entries,
    Expected,
    Installation,
    Log,
    adoptions_on,
    alert_uid,
    correlate,
    detect,
    is_internal,
    signal_uid,
    worked_on,
)

Uid = Callable[[bytes], object]


@dataclass
class Verdict:
    """The comparison, and how much there was to compare.

    Attributes:
        lost: activities, signals and findings that are due and not there.
        double: those that are there and not due, or that say two things under one uid.
        repeats: alerts that came again under their uid, to the letter.
        signals: those of the detect stage, without repeats.
        findings: different uids on the alert topic.
        findings_equal: the alert topic says what is due, in order.
        states_equal: every entry of both tables is what is due, to the letter.
        reruns: records that the stages recognised as seen.
    """

    lost: int = 0
    double: int = 0
    repeats: int = 0
    signals: int = 0
    findings: int = 0
    findings_equal: bool = True
    states_equal: bool = True
    reruns: int = 0

    def _compare(self, there: set[object], due: set[object]) -> None:
        self.lost += len(due - there)
        self.double += len(there - due)

    def _compare_values(self, told: Iterable[bytes], due: Iterable[bytes], uid: Uid) -> bool:
        first: dict[object, bytes] = {}
        for value in told:
            self.double += first.setdefault(uid(value), value) != value
        wanted = {uid(value): value for value in due}
        self._compare(set(first.items()), set(wanted.items()))
        return list(first.items()) == list(wanted.items())


def judge(installation: Installation) -> Verdict:
    """Run both stages over their logs, undisturbed, and compare."""
    verdict = Verdict()
    topics = installation.topics
    detect_entries = installation.folded("detect")
    correlate_entries = installation.folded("correlate")
    activity_log = worked_on(installation.read(topics.activity), detect_entries)
    signal_log = worked_on(installation.read(topics.signals), correlate_entries)

    found = {(m.key(), m.value()) for log in activity_log for m in log if not is_internal(m)}
    verdict._compare(set(found), set(installation.expected_activities()))

    detected = [detect(log, partition) for partition, log in enumerate(activity_log)]
    for target, log in enumerate(signal_log):
        values = [m.value() or b"" for m in log if not is_internal(m)]
        for partition, stage in enumerate(detected):
            told = [v for v in values if signal.decode(v).origin[0] == partition]
            due = [value for at, _, value in stage.records if at == target]
            verdict._compare_values(told, due, signal_uid)
    verdict.signals = sum(len(stage.records) for stage in detected)
    _compare_tables(verdict, activity_log, detected, detect_entries)

    correlated = [correlate(log, partition) for partition, log in enumerate(signal_log)]
    for log, stage in zip(installation.read(topics.alerts), correlated, strict=True):
        alerts = [m.value() or b"" for m in log]
        due = [value for _, _, value in stage.records]
        verdict.findings_equal &= verdict._compare_values(alerts, due, alert_uid)
        verdict.findings += len(set(map(alert_uid, alerts)))
        verdict.repeats += len(alerts) - len(set(map(alert_uid, alerts)))
    _compare_tables(verdict, signal_log, correlated, correlate_entries)
    return verdict


def _compare_tables(
    verdict: Verdict, logs: list[Log], stages: list[Expected], entries: list[Entries]
) -> None:
    adopted: set[tuple[int, bytes]] = set().union(*(stage.adoptions for stage in stages))
    verdict._compare(set(adoptions_on(logs)), set(adopted))
    verdict.states_equal &= entries == [stage.entries for stage in stages]
    verdict.reruns += sum(stage.skipped["rerun"] for stage in stages)
