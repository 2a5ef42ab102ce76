"""A detector for tests of the engine: counts what it learns, fires on words."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from detectors.base import Context, Detector, Metadata, Scope, Score, Stage, Technique
from schemas.action import Action
from schemas.activity import Activity, Actor, Fact, Position, Target, TargetKind, digest
from schemas.signal import Feature

START = 1_750_000_000.0


class ProbeState(msgspec.Struct, array_like=True):
    learned: int = 0
    last: float = 0.0


class ProbeShared(msgspec.Struct, array_like=True):
    learned: int = 0


class Probe(Detector[ProbeState, ProbeShared]):
    """Fires on facts `alarm`, raises on `raise`, wakes on `wake`."""

    meta = Metadata(
        id="probe",
        title="Probe",
        description="A probe.",
        scope=Scope.IDENTITY,
        actions=frozenset({Action.PUSH}),
        technique=Technique.RULE,
        stage=Stage.ACCESS,
        attack=("T1078",),
        runbook=("Look.",),
    )
    State = ProbeState
    Shared = ProbeShared

    def judge(
        self, activity: Activity, state: ProbeState, context: Context[ProbeShared]
    ) -> Score | None:
        if activity.facts.get("raise"):
            raise RuntimeError("as told")
        if activity.facts.get("nonsense"):
            return Score(p=float("nan"))
        if wake := activity.facts.get("wake"):
            context.wake(activity.time + float(str(wake)), activity)
        p = 1e-6 if activity.facts.get("alarm") else 0.5
        shared = context.organization.learned, context.peers.learned
        return Score(
            p=p,
            features=(Feature("seen", str(state.learned), str(shared), 1.0),),
            title=f"after {state.learned}",
        )

    def learn(self, activity: Activity, state: ProbeState, context: Context[ProbeShared]) -> None:
        state.learned += 1
        state.last = activity.time
        context.organization.learned += 1
        context.peers.learned += 1

    def due(
        self,
        activity: Activity,  # noqa: ARG002
        state: ProbeState,
        context: Context[ProbeShared],  # noqa: ARG002
    ) -> Score | None:
        return Score(p=1e-5, title=f"absent after {state.learned}")


class Confirmer(Probe):
    """Another detector that fires on the same word."""

    meta = replace(Probe.meta, id="confirmer")


def push(
    number: int,
    *,
    identity: str = "mara",
    time: float | None = None,
    position: Position | None = None,
    received: float = 0.0,
    alarm: bool = False,
    wake: float = 0.0,
    facts: dict[str, Fact] | None = None,
) -> Activity:
    return Activity(
        uid=digest("test", str(number)),
        time=START + number * 60.0 if time is None else time,
        received=received,
        source="github.audit",
        action=Action.PUSH,
        native="git.push",
        actor=Actor(account=f"github:{identity}", identity=identity),
        target=Target(TargetKind.REPOSITORY, repository="github.com/example/app"),
        facts={"alarm": alarm, "wake": wake, **(facts or {})},
        position=position or Position("audit.vcs", 0, number),
    )


def pushes(numbers: Iterable[int], identity: str = "mara") -> list[Activity]:
    return [push(number, identity=identity) for number in numbers]
