"""What a detector is: the contract that the engine runs and the contract suite checks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import ClassVar, Generic, TypeVar

import msgspec

from schemas.activity import Activity
from schemas.signal import Feature


class Scope(StrEnum):
    """What a detector keeps state about. The value is the prefix of the state key."""

    IDENTITY = "identity"
    REPOSITORY = "repository"
    PACKAGE = "package"
    DEPENDENCY = "dependency"  # a package as others depend on it, and its own publishes
    SESSION = "session"
    ORIGIN = "origin"
    ORGANIZATION = "organization"
    SOURCE = "source"  # an audit source; of frequent actions a sample, see `detectors.keys`
    SERVER = "server"  # a tool server (MCP)


class Technique(IntEnum):
    """How a detector knows; values of OCSF `analytic.type_id`."""

    RULE = 1
    BEHAVIORAL = 2
    STATISTICAL = 3
    LEARNING = 4


class Stage(StrEnum):
    """Where in an attack's course the signal belongs; chains are ordered by it."""

    ACCESS = "access"
    PERSISTENCE = "persistence"
    COLLECTION = "collection"
    TAMPERING = "tampering"
    PUBLICATION = "publication"


@dataclass(frozen=True, slots=True)
class Example:
    """Named events and what the detector must say of the last one.

    Attributes:
        name: a sentence that says what happens.
        events: in time order, all of them judged and learned.
        fires: whether the last event (or a timer after it) must give a signal. If not, one weaker
            than 7 bits may come all the same: it weighs little and pages nobody.
        advance: seconds of event time to let pass after the last event.
    """

    name: str
    events: Callable[[], Iterable[Activity]]
    fires: bool
    advance: float = 0.0


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a person needs to know of a detector.

    Attributes:
        id: stable, snake case; part of signal ids and stored state.
        title: a few words.
        description: what it recognises and how, for the analyst.
        scope: what its state is about.
        actions: the actions it wants to see.
        technique: how it knows.
        stage: where in an attack it belongs.
        attack: MITRE ATT&CK technique ids.
        severity_floor: OCSF severity id a lone signal has at least (1 info … 5 critical).
        runbook: steps for the analyst, one sentence each.
        blind_spots: what it cannot see.
        judged_per_day: activities it scores per identity and day, to the order of magnitude. Says
            how often chance makes it report, and so what a report weighs.
        echo: it sees what other detectors see, as one picture: its evidence never adds to theirs.
        phrase: put behind what happened in an incident's title: "published a package …".
        version: raise it when `State` changes in a way that old bytes would be misread.
    """

    id: str
    title: str
    description: str
    scope: Scope
    actions: frozenset[str]
    technique: Technique
    stage: Stage
    attack: tuple[str, ...]
    runbook: tuple[str, ...]
    severity_floor: int = 2
    blind_spots: str = ""
    judged_per_day: float = 4.0
    phrase: str = ""
    echo: bool = False
    version: int = 1

    @property
    def signal_below(self) -> float:
        """Scores at most this become signals: by chance, one in 32 identity-days.

        A detector that judges rarely may report weaker scores than one that judges all day. The
        correlator weighs them all; this only bounds the traffic.
        """
        return min(WEAKEST_SIGNAL, SIGNALS_PER_DAY / self.judged_per_day)


MAX_TIMERS = 32
SIGNALS_PER_DAY = 1 / 32  # by chance, per identity and detector
WEAKEST_SIGNAL = 1 / 16


class NoState(msgspec.Struct, array_like=True):
    """For a detector, or a level of it, that keeps nothing."""


StateT = TypeVar("StateT", bound=msgspec.Struct)
SharedT = TypeVar("SharedT", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Score:
    """What `judge` found.

    Attributes:
        p: probability, under what is normal here, of something at least this unusual. In (0, 1].
        features: the reasons. Built only when `p` is small: strings cost more than the judgement.
        cold: judged by the peers, for want of own history.
        title: one sentence in plain words; needed when `p` is at most `Context.signal_below`.
    """

    p: float
    features: tuple[Feature, ...] = ()
    cold: bool = False
    title: str = ""


class Context(Generic[SharedT]):
    """What the engine lends a detector for one activity; valid during the call only.

    Attributes:
        key: the state key, e.g. `identity:mara`.
        peers: shared level of the actor's peer group.
        organization: shared level of the whole organisation.
        signal_below: scores with a larger p are not reported; no need to explain them.
        timers: filled by `wake`, emptied by the engine.
    """

    __slots__ = ("key", "organization", "peers", "signal_below", "timers")

    def __init__(
        self, key: str, peers: SharedT, organization: SharedT, signal_below: float
    ) -> None:
        self.key = key
        self.peers = peers
        self.organization = organization
        self.signal_below = signal_below
        self.timers: list[tuple[float, Activity]] = []

    def wake(self, at: float, activity: Activity) -> None:
        """Have `Detector.due` called with this activity once event time has passed `at`.

        At most `MAX_TIMERS` wait per key; the newest gives way.
        """
        self.timers.append((at, activity))


class Detector(ABC, Generic[StateT, SharedT]):
    """Recognises one kind of trouble.

    A detector has no state of its own: the engine keeps one `State` per key and one `Shared` per
    peer group and for the organisation, and hands them in. No wall clock, no randomness: time is
    `activity.time`. Per activity the engine calls `judge`, `observe` and, unless the activity is
    held out as suspicious, `learn`.

    Both structs must be `msgspec.Struct` with `array_like=True`; append fields with defaults, or
    raise `Metadata.version`.
    """

    meta: ClassVar[Metadata]
    State: type[StateT]
    Shared: type[SharedT]

    @abstractmethod
    def judge(self, activity: Activity, state: StateT, context: Context[SharedT]) -> Score | None:
        """Score an activity without changing any state. None: nothing to say of this one."""

    @abstractmethod
    def learn(self, activity: Activity, state: StateT, context: Context[SharedT]) -> None:
        """Take the activity into `state` and the shared levels.

        May be called a day of event time late, with an activity that was held out as suspicious.
        """

    def observe(self, activity: Activity, state: StateT, context: Context[SharedT]) -> None:
        """Note that the activity happened, normal or not; called after `judge` for every one.

        A burst must grow although each event of it is held out. Must not touch the shared levels,
        and `learn` may follow, now or a day later.
        """

    def due(self, activity: Activity, state: StateT, context: Context[SharedT]) -> Score | None:  # noqa: ARG002
        """Judge an absence: the time set by `Context.wake` for `activity` has passed."""
        return None

    def subject(self, activity: Activity) -> str:
        """Identity the signal concerns; the actor's, unless the detector knows better."""
        return activity.actor.identity

    @staticmethod
    def examples() -> Iterable[Example]:
        """Named samples that the contract suite runs."""
        return ()
