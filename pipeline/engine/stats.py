"""What the engine counts; plain integers, so that counting costs next to nothing."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class EngineStats:
    """Totals since the start of the process. Keys are detector ids, a closed set."""

    activities: int = 0  # delivered under some key
    reruns: int = 0  # sent again by upstream after a crash
    duplicates: int = 0  # the event's own id was seen before
    late: int = 0  # older than the clock by more than the allowed lateness
    undecodable: int = 0  # not written by this pipeline
    timers: int = 0
    handed_over: int = 0  # entries sent to another key, as their identity was linked
    adopted: int = 0  # entries that came from another key
    held: int = 0  # not learned at once, as suspicious
    discarded: int = 0  # held and never learned, as confirmed by another detector
    judged: Counter[str] = field(default_factory=Counter)
    signals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    disabled: set[str] = field(default_factory=set)
