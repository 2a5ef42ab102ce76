"""A commit that does not fit its author: hour, time zone, repository, long silence before it."""

from collections.abc import Iterable
from itertools import chain

import msgspec

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import DAY, HOUR, MONDAY, commit, working_days
from detectors.toolbox.categories import Categories, CategoryModel, brief
from detectors.toolbox.combine import cauchy
from detectors.toolbox.gaps import GapModel, Gaps
from detectors.toolbox.hours import HourModel, Hours, cell_of, describe
from detectors.toolbox.levels import levels_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity
from schemas.signal import Feature, bits

# Clocks change twice a year: last winter's offset is to be known still in autumn.
_HALF_LIFE = 180 * DAY
_MINUTE = 60.0


class CommitHabits(msgspec.Struct, array_like=True):
    """When, in which zone and where one author, or a group, commits."""

    hours: Hours = msgspec.field(default_factory=Hours)
    offsets: Categories = msgspec.field(default_factory=Categories)
    repositories: Categories = msgspec.field(default_factory=Categories)
    gaps: Gaps = msgspec.field(default_factory=Gaps)


class CommitHabit(Detector[CommitHabits, CommitHabits]):
    """Four dependent p-values by Cauchy's combination.

    They hang together for good reasons (who comes back after a year has moved, joined another
    project, or both), so they are not added up. Hours are the author's own local time, as the
    committing machine's offset says.
    """

    meta = Metadata(
        id="commit_habit",
        title="Commit out of habit",
        description=(
            "The hour in the author's local time, the time zone of the machine, the repository, "
            "and the silence before, against the author's own past. Weak evidence by design: it "
            "adds to a chain and never makes a finding of its own."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.COMMIT}),
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        judged_per_day=2.0,
        attack=("T1078", "T1195.001"),
        severity_floor=2,
        runbook=(
            "Compare the commit's author, committer and signature with who pushed it.",
            "Ask the author whether the commit is theirs.",
            "Read the change: build scripts, workflows and dependencies first.",
        ),
        blind_spots=(
            "Author, time and zone are what the commit claims; whoever forges them well is not "
            "seen here. Commits made by another person than the author (a merge, a rebase) are "
            "judged by their repository only."
        ),
        version=2,
    )
    State = CommitHabits
    Shared = CommitHabits

    _hours = HourModel(half_life=_HALF_LIFE)
    _offsets = CategoryModel(half_life=_HALF_LIFE, cap=6, shared_cap=48, repeat=6 * HOUR)
    _repositories = CategoryModel(half_life=_HALF_LIFE, cap=12, repeat=6 * HOUR)
    _gaps = GapModel(half_life=_HALF_LIFE)

    def judge(
        self, activity: Activity, state: CommitHabits, context: Context[CommitHabits]
    ) -> Score | None:
        """Score a commit."""
        time = activity.time
        levels = levels_of(state, context)
        judged: list[tuple[float, str, str, str]] = []
        offset = _own_offset(activity)
        if offset is not None:
            cell = cell_of(time, offset * _MINUTE)
            p = self._hours.judge(cell, time, [level.hours for level in levels])
            judged.append((p, "local hour", describe(cell), ""))
            zone = zone_of(offset)
            p = self._offsets.judge(zone, time, [level.offsets for level in levels])
            judged.append((p, "UTC offset", zone, state.offsets.usual()))
            p = self._gaps.judge(time, [level.gaps for level in levels])
            judged.append((p, "silence before", _days(time, state.gaps), "shorter"))
        if repository := _repository(activity):
            p = self._repositories.judge(repository, time, [level.repositories for level in levels])
            known = f"{len(state.repositories.weights)} known"
            judged.append((p, "repository", _name(activity), known))
        if not judged:
            return None
        p = cauchy([part[0] for part in judged])
        if p > context.signal_below:
            return Score(p)
        features = tuple(
            Feature(name, observed, expected or state.hours.usual(), bits(part))
            for part, name, observed, expected in judged
        )
        foremost = min(judged)
        cold = self._repositories.cold(state.repositories, time)
        return Score(p, features, cold, f"Commit out of habit: {foremost[1]} {foremost[2]}")

    def learn(
        self, activity: Activity, state: CommitHabits, context: Context[CommitHabits]
    ) -> None:
        """Learn what was judged."""
        time = activity.time
        levels = levels_of(state, context)
        offset = _own_offset(activity)
        if offset is not None:
            cell = cell_of(time, offset * _MINUTE)
            self._hours.learn(cell, time, [level.hours for level in levels])
            self._offsets.learn(zone_of(offset), time, [level.offsets for level in levels])
            self._gaps.learn(time, [level.gaps for level in levels])
        if repository := _repository(activity):
            repositories = [level.repositories for level in levels]
            self._repositories.learn(repository, time, repositories)

    @staticmethod
    def examples() -> Iterable[Example]:
        """Work as usual is quiet; a stranger's night in a repository never touched is not."""

        def habit() -> Iterable[Activity]:
            for midnight in working_days(80):
                for hour in (7, 9, 13):
                    yield commit(midnight + hour * HOUR, "shop")

        def after(*last: Activity) -> Iterable[Activity]:
            return chain(habit(), last)

        yield Example(
            "a commit in the usual repository at the usual hour",
            lambda: after(commit(MONDAY + 9 * HOUR, "shop")),
            fires=False,
        )
        yield Example(
            "the clocks change to winter time",
            lambda: after(commit(MONDAY + 9 * HOUR, "shop", 60)),
            fires=False,
        )
        yield Example(
            "a first commit to another repository",
            lambda: after(commit(MONDAY + 9 * HOUR, "infrastructure")),
            fires=False,
        )
        yield Example(
            "at night, on a machine in another zone, in a repository new to the author",
            lambda: after(commit(MONDAY + 11 * HOUR, "infrastructure", -480)),
            fires=True,
        )


def zone_of(offset: int) -> str:
    """Text of a UTC offset in minutes.

    >>> zone_of(-450)
    '-0730'
    """
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}{minutes:02d}"


def _name(activity: Activity) -> str:
    """Owner and name; the host is the same for nearly all."""
    full = activity.target.repository if activity.target else ""
    return full.partition("/")[2] or full


def _repository(activity: Activity) -> str:
    """What a repository is counted under: it only has to be told from others."""
    return brief(_name(activity))


def _own_offset(activity: Activity) -> int | None:
    """The offset, if it is the author's own machine that committed."""
    values = activity.facts
    author, committer = values.get(facts.AUTHOR), values.get(facts.COMMITTER)
    offset = values.get(facts.UTC_OFFSET)
    if isinstance(offset, bool) or not isinstance(offset, int):
        return None
    return offset if not author or not committer or author == committer else None


def _days(time: float, gaps: Gaps) -> str:
    return f"{(time - gaps.time) / DAY:.1f} days" if gaps.time else "nothing known"
