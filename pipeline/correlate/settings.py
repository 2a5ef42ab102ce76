"""What an operator may set about incidents. Times in seconds of event time, evidence in bits."""

import msgspec

HOUR = 3600.0
DAY = 24 * HOUR


class CorrelationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How evidence is weighed and when an incident opens and closes.

    Attributes:
        alerts_per_1000_identities_per_day: false alerts that the team is ready to look at; the
            opening threshold is learned for it (`pipeline.correlate.threshold`).
        threshold_bits: opens an incident; set it to override what is learned for the budget.
        half_life: evidence loses half of its weight in this time.
        min_bits: a signal that weighs less says nothing.
        cap_bits: no single signal weighs more: the far tail of a learned model is a guess.
        repeat_cap_bits: what repeats of one detector can add at most.
        same_stage_share: what the second and further detectors of one stage count.
        stage_bits: evidence that a stage needs to count for the severity.
        clear_bits: so far above the threshold an incident can be more than medium.
        far_bits: this far above the threshold two detectors of one stage are high.
        chain_window: access or persistence, then publication or tampering within it: critical.
        grown_bits: report again when the evidence has grown by so much.
        quiet: close after this time without a signal.
        max_age: close after this time in any case; what follows is a new incident.
    """

    alerts_per_1000_identities_per_day: float = 1.0
    threshold_bits: float | None = None
    half_life: float = 6 * HOUR
    min_bits: float = 1.0
    cap_bits: float = 24.0
    repeat_cap_bits: float = 3.0
    same_stage_share: float = 0.5
    stage_bits: float = 4.0
    clear_bits: float = 4.0
    far_bits: float = 10.0
    chain_window: float = DAY
    grown_bits: float = 8.0
    quiet: float = DAY
    max_age: float = 7 * DAY

    def __post_init__(self) -> None:
        """Refuse what cannot work. Raises ValueError."""
        positive = (
            "alerts_per_1000_identities_per_day",
            "half_life",
            "quiet",
            "max_age",
            "chain_window",
            "min_bits",
            "grown_bits",
        )
        for name in positive:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be greater than 0")
        if self.threshold_bits is not None and not self.threshold_bits > 0:
            raise ValueError("threshold_bits must be greater than 0")
        if not 0 <= self.same_stage_share <= 1:
            raise ValueError("same_stage_share must be between 0 and 1")
