"""How much evidence there is: decay, repeats, dependence, and what severity it deserves."""

from collections.abc import Callable, Collection, Iterable, Mapping
from math import log2

from detectors.base import Stage
from pipeline.correlate.settings import CorrelationSettings
from schemas.finding import Evidence, Severity
from schemas.reach import FAR, Reach

_BEFORE = (Stage.ACCESS, Stage.PERSISTENCE)
_AFTER = (Stage.TAMPERING, Stage.PUBLICATION)

StageOf = Callable[[str], Stage]


def peak_bits(
    evidence: Iterable[Evidence],
    counts: Mapping[str, int],
    stage_of: StageOf,
    settings: CorrelationSettings,
    echoes: Collection[str] = (),
) -> float:
    """Most evidence that there was at one time, in bits.

    The signals are replayed in event time, so the order of arrival does not matter. Per detector
    the heaviest signal counts in full and repeats add log2(count), capped; all of it decays. Per
    stage the heaviest detector counts in full, further ones a share. Stages add up. Detectors in
    `echoes` see what others see: the heaviest counts only where it exceeds all that.
    """
    heaviest: dict[str, float] = {}
    repeats: dict[str, float] = {}
    peak = 0.0
    now: float | None = None
    for entry in sorted(evidence, key=lambda e: (e.noticed, e.signal)):
        if now is not None and entry.noticed > now:
            left = 2 ** ((now - entry.noticed) / settings.half_life)
            heaviest = {detector: bits * left for detector, bits in heaviest.items()}
            repeats = {detector: bits * left for detector, bits in repeats.items()}
        now = entry.noticed
        detector = entry.detector
        heaviest[detector] = max(heaviest.get(detector, 0.0), entry.bits)
        repeats[detector] = min(settings.repeat_cap_bits, log2(max(1, counts[detector])))
        peak = max(peak, _combine(heaviest, repeats, stage_of, settings.same_stage_share, echoes))
    return peak


def _combine(
    heaviest: Mapping[str, float],
    repeats: Mapping[str, float],
    stage_of: StageOf,
    share: float,
    echoes: Collection[str],
) -> float:
    stages: dict[Stage, list[float]] = {}
    echo = 0.0
    for detector, bits in heaviest.items():
        total = bits + min(bits, repeats[detector])
        if detector in echoes:
            echo = max(echo, total)
        else:
            stages.setdefault(stage_of(detector), []).append(total)
    voices = sum(share * sum(parts) + (1 - share) * max(parts) for parts in stages.values())
    return max(voices, echo)


def severity(
    evidence: Iterable[Evidence],
    *,
    margin: float,
    floor: int,
    reach: Reach,
    stage_of: StageOf,
    settings: CorrelationSettings,
    echoes: Collection[str] = (),
) -> Severity:
    """Severity of an incident.

    `margin` is how far the evidence is above what opens one, in bits; `floor` the highest severity
    that its detectors ask for by themselves.

    A single detector never makes it higher than medium: the far tail of one model is a guess. Two
    of one stage do if they are far above the threshold, or if the identity reaches far: the same
    doubt about somebody who publishes packages or administers rights is worth more effort.
    """
    if margin < 0.0:
        return Severity(floor)
    if margin < settings.clear_bits:
        return Severity(max(floor, Severity.MEDIUM))
    telling = [e for e in evidence if e.bits >= settings.stage_bits and e.detector not in echoes]
    detectors = {e.detector for e in telling}
    stages = {stage_of(detector) for detector in detectors}
    before = [e.time for e in telling if stage_of(e.detector) in _BEFORE]
    after = [e.time for e in telling if stage_of(e.detector) in _AFTER]
    reached = Severity.MEDIUM
    if any(0 <= end - start <= settings.chain_window for start in before for end in after):
        reached = Severity.CRITICAL
    elif len(stages) > 1 or (len(detectors) > 1 and (reach & FAR or margin >= settings.far_bits)):
        reached = Severity.HIGH
    return Severity(max(floor, reached))


def confidence(margin: float, cold_share: float, floor: int) -> int:
    """0 to 100: how sure that this is not chance.

    Half at the threshold, where the budget lets as many chance findings through; each 4 bits
    above it halve the doubt. What was judged by the peers for want of own history counts half.
    A rule that opens by itself is as sure as its event: never less than half.
    """
    sure = 1 - 2 ** -(1 + margin / 4)
    return max(floor, min(99, round(100 * sure * (1 - cold_share / 2))))
