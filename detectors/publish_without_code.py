"""A package version that no commit, tag, release or CI run of its repository accounts for."""

from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import MINUTE, change_ref, publish
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.decay import DAY, HOUR, factor
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.matches import Match, Matches, of_group
from detectors.toolbox.versions import mark_label, version_labels
from detectors.toolbox.window import Window, label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

BEFORE = 6 * HOUR  # a working day's stretch: the code of a release is pushed, built, published
AFTER = 15 * MINUTE  # people who publish first push the tag with the next command
TAG_AGE = 30 * DAY  # some tag first and publish when the notes are written
HALF_LIFE = 365 * DAY  # releases are rare: a year of them is a habit
RUNS = 16  # code events remembered: one within the window is all that is asked for
MARKS = 32  # tags and releases remembered: a monorepo's train makes one a package
PUBLISHES = 32
PENDING = 32  # as many as there are timers
FORGET = 0.999  # per publish at shared levels: about the last thousand
STRENGTH = 1.0  # own publishes speak at once: one matched publish halves the doubt
# Nobody knows at first whether a repository's code events reach this pipeline at all: one half.
UNKNOWN = 0.5
OWN_PUBLISHES = 5.0

CODE = frozenset({Action.PUSH, Action.COMMIT, Action.WORKFLOW_RUN})
TAGS = frozenset({Action.TAG_CREATE, Action.TAG_MOVE, Action.RELEASE_PUBLISH})


class CodeState(msgspec.Struct, array_like=True):
    """One repository.

    Attributes:
        code: commits, pushes, runs and any tag.
        marks: tags and releases, label of their version or `name@version`.
        publishes: by package, to tell code of this release from that of the last.
        pending: learned publishes whose time for late tags is not over: (second, labels).
        early: matches as they stood at the publish.
        late: matches after the wait.
        at: when something was last counted.
    """

    code: Window = msgspec.field(default_factory=Window)
    marks: Window = msgspec.field(default_factory=Window)
    publishes: Window = msgspec.field(default_factory=Window)
    pending: list[tuple[int, list[int]]] = []
    early: Matches = msgspec.field(default_factory=Matches)
    late: Matches = msgspec.field(default_factory=Matches)
    at: float = 0.0


class CodeShared(msgspec.Struct, array_like=True):
    """Matches of all repositories of a group."""

    early: Matches = msgspec.field(default_factory=Matches)
    late: Matches = msgspec.field(default_factory=Matches)


class PublishWithoutCode(Detector[CodeState, CodeShared]):
    """Judges a publish when it happens, and again when the time for a late tag is over."""

    meta = Metadata(
        id="publish_without_code",
        title="Publish without matching code",
        description=(
            "A package version appears for which the repository shows no tag or release of that"
            " version, or no commit, tag, release or CI run at all, within six hours before and 15"
            " minutes after, while earlier publishes had one. Repositories whose code events are"
            " not seen, or whose publishes usually go unmatched, stay quiet."
        ),
        scope=Scope.REPOSITORY,
        actions=frozenset({Action.PACKAGE_PUBLISH}) | CODE | TAGS,
        technique=Technique.STATISTICAL,
        stage=Stage.PUBLICATION,
        phrase="without matching code",
        judged_per_day=1 / 4,
        attack=("T1195.002", "T1554"),
        severity_floor=3,
        runbook=(
            "Compare the published files with the repository at the commit the version claims.",
            "Ask the publisher over a second channel whether they released this version.",
            "Look for new logins, tokens and second factors of the publishing account.",
            "If nobody released it, have the registry remove the version and revoke the token.",
        ),
        blind_spots=(
            "A busy repository has some code in every six hours; there only the missing tag shows."
            " Code pushed by the attacker matches. If the audit source of the repository falls"
            " silent, its publishes look unmatched."
        ),
    )
    State = CodeState
    Shared = CodeShared

    def judge(
        self, activity: Activity, state: CodeState, context: Context[CodeShared]
    ) -> Score | None:
        """P-value of the match so far; the same publish is judged again by `due`."""
        if not _is_publish(activity):
            return None
        if state.code.events:
            context.wake(activity.time + AFTER, activity)
        prior = of_group(context.peers.early, context.organization.early, UNKNOWN)
        found = _match(activity, state, activity.time)
        return _score(
            found,
            activity,
            state=state,
            matches=state.early,
            prior=prior,
            signal_below=context.signal_below,
        )

    def due(
        self, activity: Activity, state: CodeState, context: Context[CodeShared]
    ) -> Score | None:
        """P-value of what has turned up by the end of the wait."""
        prior = of_group(context.peers.late, context.organization.late, UNKNOWN)
        found = _match(activity, state, activity.time + AFTER)
        return _score(
            found,
            activity,
            state=state,
            matches=state.late,
            prior=prior,
            signal_below=context.signal_below,
        )

    def observe(
        self,
        activity: Activity,
        state: CodeState,
        context: Context[CodeShared],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember what happened in the repository, normal or not."""
        target = activity.target
        if target is None or activity.outcome == Outcome.FAILURE:
            return
        time = activity.time
        if _is_publish(activity):
            state.publishes.add(time, label_of(target.package or target.name), PUBLISHES, 2 * DAY)
        elif activity.facts.get(facts.TRIGGER) == "schedule":
            return  # a nightly run is no sign of a release
        else:
            state.code.add(time, label_of(activity.action), RUNS, 365 * DAY)
            if activity.action in TAGS:
                state.marks.add(time, mark_label(target.version or target.name), MARKS, TAG_AGE)

    def learn(self, activity: Activity, state: CodeState, context: Context[CodeShared]) -> None:
        """Count how this publish, and earlier ones whose wait is over, were matched."""
        self.observe(activity, state, context)
        now = activity.time
        if _is_publish(activity):
            self._count(_match(activity, state, now), now, state, context, early=True)
            labels = _labels(activity)
            state.pending = [*state.pending, (int(now), labels)][-PENDING:]
        newest = max(
            (w.events[-1][0] for w in (state.code, state.publishes) if w.events), default=0
        )
        waiting = []
        for time, labels in state.pending:
            if time + AFTER < newest:
                found = _match_at(time, labels, state, time + AFTER)
                self._count(found, time, state, context, early=False)
            else:
                waiting.append((time, labels))
        state.pending = waiting

    def _count(
        self,
        found: Match,
        time: float,
        state: CodeState,
        context: Context[CodeShared],
        *,
        early: bool,
    ) -> None:
        keep = factor(time - state.at, HALF_LIFE) if state.at and early else 1.0
        if early:
            state.at = max(state.at, time)
        (state.early if early else state.late).add(found, keep)
        for group in shared_levels(context):
            (group.early if early else group.late).add(found, FORGET)

    @staticmethod
    def examples() -> Iterable[Example]:
        """Releases with code before, and one without."""
        repository = "github.com/example/left"

        def release(day: float, minor: int) -> list[Activity]:
            version = f"1.{minor}.0"
            at = day * DAY
            return [
                change_ref(Action.PUSH, "github:mara", at - HOUR, repository, "refs/heads/main"),
                change_ref(
                    Action.TAG_CREATE, "github:mara", at - 60, repository, f"refs/tags/v{version}"
                ),
                publish("npm:mara", at, "npm/left", version, repository=repository),
            ]

        history = [event for i in range(1, 31) for event in release(i * 7.0, i)]
        bare = publish("npm:mara", 214 * DAY, "npm/left", "1.31.1", repository=repository)
        unseen = [
            publish("npm:mara", i * DAY, "npm/left", f"1.{i}.0", repository=repository)
            for i in range(20)
        ]
        return (
            Example("no code for the thirty-first version", lambda: [*history, bare], True),
            Example(
                "still none after the wait", lambda: [*history, bare], True, advance=20 * MINUTE
            ),
            Example("a release as always", lambda: history + release(214.0, 31), False, HOUR),
            Example("a repository whose code is never seen", lambda: unseen, False, HOUR),
        )


def _is_publish(activity: Activity) -> bool:
    return (
        activity.action == Action.PACKAGE_PUBLISH
        and activity.target is not None
        and activity.outcome != Outcome.FAILURE
    )


def _labels(activity: Activity) -> list[int]:
    target = activity.target
    if target is None:
        return []
    package = target.package or target.name
    return [label_of(package), *version_labels(package, target.version)]


def _match(activity: Activity, state: CodeState, until: float) -> Match:
    return _match_at(activity.time, _labels(activity), state, until)


def _match_at(time: float, labels: list[int], state: CodeState, until: float) -> Match:
    package, *versions = labels
    marks = state.marks.since(time - TAG_AGE, until)
    if any(label in versions for _, label in marks):
        return Match.MARK
    start = time - BEFORE
    for second, label in state.publishes.since(start, time):
        if label == package and second < int(time):
            start = second + 1.0
    return Match.CODE if state.code.since(start, until) else Match.NOTHING


def _score(
    found: Match,
    activity: Activity,
    *,
    state: CodeState,
    matches: Matches,
    prior: tuple[float, float],
    signal_below: float,
) -> Score | None:
    if not state.code.events:
        return None  # its code has never been seen here: nothing can be missing
    cold = matches.total < OWN_PUBLISHES
    p = min(1.0, matches.at_most(found, prior, STRENGTH))
    if p > signal_below:
        return Score(p, cold=cold)
    missing = "code at all" if found is Match.NOTHING else "tag or release of this version"
    count = matches.nothing if found is Match.NOTHING else matches.unmarked
    expected = f"one in {matches.total - count:.0f} of {matches.total:.0f} publishes"
    name = f"{activity.target.package}@{activity.target.version}" if activity.target else ""
    feature = Feature("code for this publish", f"no {missing}", expected, bits(p))
    return Score(p, (feature,), cold, f"{name} was published with no {missing} to match")
