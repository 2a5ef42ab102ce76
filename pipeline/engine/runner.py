"""A detector with all that the engine keeps about it in one partition."""

from typing import Any

from detectors.base import Context, Detector
from pipeline.engine.calibration import DetectorRate
from pipeline.engine.guard import Guard
from pipeline.engine.keystate import KeyState, slot_of
from pipeline.engine.levels import ORGANIZATION, Levels
from pipeline.engine.stats import EngineStats
from pipeline.state.partition import PartitionState
from schemas.activity import Activity


class Runner:
    """Lends the detector its context and learns into its levels."""

    __slots__ = ("context", "detector", "guard", "id", "levels", "rate", "saves", "slot")

    def __init__(
        self,
        detector: Detector[Any, Any],
        state: PartitionState[KeyState],
        stats: EngineStats,
        rate: DetectorRate,
    ) -> None:
        self.detector = detector
        self.id = detector.meta.id
        self.slot = slot_of(detector.meta.id, detector.meta.version)
        self.levels = Levels(detector, f"{detector.meta.id}@{detector.meta.version}", state)
        self.guard = Guard(self.id, stats, lambda: state.meta.clock)
        self.rate = rate
        organization = self.levels.of(ORGANIZATION)
        self.context: Context[Any] = Context(
            "", organization, organization, detector.meta.signal_below
        )
        self.saves: set[str] = set()

    def context_of(self, key: str, activity: Activity) -> Context[Any]:
        """The context for one activity, valid until the next call."""
        context = self.context
        context.key = key
        context.peers = self.levels.of(activity.actor.peers or activity.actor.kind)
        return context

    def learn(self, own: Any, activity: Activity) -> None:
        """Take the activity into the key's state and the levels; the context is set."""
        self.detector.learn(activity, own, self.context)
        self.saves.add(activity.actor.peers or activity.actor.kind)
        self.saves.add(ORGANIZATION)

    def save(self) -> None:
        """Put the levels that changed among what the next flush writes."""
        for group in sorted(self.saves):
            self.levels.save(group)
        self.saves.clear()
