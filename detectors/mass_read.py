"""Many repositories cloned, fetched or downloaded that the identity never reads."""

from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import DAY, MINUTE, touch
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox import burst
from detectors.toolbox.burst import Bursts
from detectors.toolbox.levels import levels_of, shared_levels
from detectors.toolbox.occasions import OccasionModel, Occasions
from detectors.toolbox.sessions import Sessions
from detectors.toolbox.window import label_of
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome
from schemas.signal import Feature, bits

GAP = 30 * MINUTE  # the usual timeout that separates two sessions of one user
HALF_LIFE = 180 * DAY
KEEP = 2 * DAY  # a held-out read is learned a day late and looks for its session then
SEEN = 64  # repositories the identity is known to read
NEW_FOR = 14 * DAY  # as long is everything new to somebody, and sessions are larger
# Chance that a second new repository follows the first, and one more each further one, before
# anybody has been watched. In their first days people fetch what their team works on, a dozen or
# so, and automation whatever there is.
SETTLED = (0.5, 0.6)
NEWCOMER = (0.9, 0.9, 0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5)
AUTOMATION = (0.9,)
OWN_DAYS = 10.0
NORMAL = Score(1.0)


class ReadState(msgspec.Struct, array_like=True):
    """One identity.

    Attributes:
        sessions: of repositories that were new to it.
        seen: labels of repositories it reads, latest last.
        since: when it first read one, whole seconds.
        days: those with a new repository among its active days, once it has settled.
    """

    sessions: Sessions = msgspec.field(default_factory=Sessions)
    seen: list[int] = []
    since: int = 0
    days: Occasions = msgspec.field(default_factory=Occasions)


class ReadShared(msgspec.Struct, array_like=True):
    """Sizes of a group's sessions, of its settled members and of its newcomers; days as above."""

    settled: Bursts = msgspec.field(default_factory=Bursts)
    newcomers: Bursts = msgspec.field(default_factory=Bursts)
    days: Occasions = msgspec.field(default_factory=Occasions)


class MassRead(Detector[ReadState, ReadShared]):
    """Judges each repository new to the identity by how many such there are in the session.

    The p-value is that of a day: the chance that one brings a new repository at all, times the
    chance that a session of them grows so large. Newcomers have only the latter.
    """

    meta = Metadata(
        id="mass_read",
        title="Many unfamiliar repositories read at once",
        description=(
            "One identity clones, fetches or downloads many repositories within minutes that it"
            " does not usually read. What it reads all the time does not count, so CI that clones"
            " its forty repositories every night is quiet and is noticed when it takes the others."
            " Newcomers, to whom everything is new, are measured by newcomers."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.CLONE, Action.FETCH, Action.DOWNLOAD}),
        technique=Technique.STATISTICAL,
        stage=Stage.COLLECTION,
        phrase="many repositories it never reads",
        judged_per_day=1.0,
        attack=("T1213.003", "T1119"),
        runbook=(
            "Ask the account's owner, or the integration's vendor, what the reads are for.",
            "Find the token or key used (the event names its hash) and where it came from.",
            "If nobody can say, revoke it, and rotate the secrets in the repositories taken.",
            "Look for the same address or token with other accounts.",
        ),
        blind_spots=(
            "Repositories that the identity reads anyway; a thief who takes one every hour; sources"
            " that do not log reads (GitHub's webhooks do not, its audit log does). Of an identity"
            " that reads more than 64 repositories some are forgotten and count as new."
        ),
        version=2,
    )
    State = ReadState
    Shared = ReadShared

    _days = OccasionModel()

    def judge(
        self, activity: Activity, state: ReadState, context: Context[ReadShared]
    ) -> Score | None:
        """P-value of the session's size, for a repository new to the identity."""
        label = _label(activity)
        if not label or label in state.seen:
            return None
        size = state.sessions.size_with(activity.time, label, GAP)
        if not size:
            return None
        if size == 1:
            return NORMAL
        settled = _settled(state, activity.time)
        person = activity.actor.kind in (ActorKind.PERSON, ActorKind.UNKNOWN)
        peers = context.peers
        # Most of an organisation are people, whose sessions say nothing of automation.
        organization = context.organization if person else peers
        if settled:
            prior = burst.of_group(peers.settled, organization.settled, SETTLED)
            so_many = state.sessions.sizes.at_least(size, prior)
            past = _without_today(state.days, activity.time)
            daily = self._days.chance([past, peers.days, organization.days])
        else:
            enough = peers.newcomers.count >= burst.GROUP_STRENGTH
            others = peers.newcomers if enough else organization.newcomers
            so_many = others.at_least(size, NEWCOMER if person else AUTOMATION)
            daily = 1.0
        p = daily * so_many
        cold = not settled or state.days.trials < OWN_DAYS
        if p > context.signal_below:
            return Score(p, cold=cold)
        minutes = (activity.time - state.sessions.began(activity.time, GAP)) / MINUTE
        observed = f"{size} within {minutes:.0f} min"
        known = state.sessions.sizes.count
        features = [
            Feature(
                "repositories new to the identity",
                observed,
                f"{known:.0f} earlier sessions, few so large; {len(state.seen)} read before",
                bits(so_many),
            )
        ]
        if settled:
            features.append(Feature("any new repository", "today", past.usual(), bits(daily)))
        verb = activity.action.partition(".")[2]
        title = (
            f"{activity.actor.account} read {size} repositories new to it within {minutes:.0f}"
            f" minutes, latest {verb} of {_where(activity)}"
        )
        return Score(p, tuple(features), cold, title)

    def observe(
        self,
        activity: Activity,
        state: ReadState,
        context: Context[ReadShared],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """A new repository belongs to the open session, normal or not."""
        label = _label(activity)
        if label and label not in state.seen:
            state.sessions.observe(activity.time, label, KEEP)

    def learn(self, activity: Activity, state: ReadState, context: Context[ReadShared]) -> None:
        """The repository is read as a habit now; the session's size counts as normal."""
        label = _label(activity)
        if not label:
            return
        time, seen, groups = activity.time, state.seen, shared_levels(context)
        if not state.since:
            state.since = int(time)
        settled = _settled(state, time)
        known = label in seen
        if settled:
            self._days.learn(not known, time, [level.days for level in levels_of(state, context)])
        if known:
            if seen[-1] != label:
                seen.remove(label)
                seen.append(label)
            return
        own = state.sessions
        before = _settled(state, own.last)  # of the session that this read may close
        growth = own.learn(time, label, GAP, KEEP, HALF_LIFE)
        if not before:
            own.sizes = Bursts()
        seen.append(label)
        if len(seen) > SEEN:
            del seen[0]
        if growth:
            for group in groups:
                (group.settled if before else group.newcomers).learn(*growth, time, HALF_LIFE)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A stolen token's evening, CI's nights, a newcomer's first day."""

        def read(account: str, time: float, number: int, *, bot: bool = False) -> Activity:
            repository = f"github.com/example/service-{number}"
            return touch(Action.CLONE, account, time, repository, bot=bot)

        daily = [
            read("github:mara", day * DAY + MINUTE * i, (day + i) % 5)
            for day in range(120)
            for i in range(4)
        ]
        others = [read("github:mara", day * DAY, 10 + day) for day in range(20, 120, 10)]
        past = sorted([*daily, *others], key=lambda event: event.time)
        now = 120 * DAY
        nightly = [
            read("github:ci", day * DAY + 3.0 * i, i, bot=True)
            for day in range(60)
            for i in range(40)
        ]
        bots = [
            read(f"github:bot-{bot}", day * DAY + bot, day // 3 % 9, bot=True)
            for bot in range(8)
            for day in range(60)
        ]
        return (
            Example(
                "twenty repositories never read before, within a minute",
                lambda: past + [read("github:mara", now + 3.0 * i, 100 + i) for i in range(20)],
                True,
            ),
            Example(
                "CI takes twenty repositories besides its own",
                lambda: (
                    sorted([*nightly, *bots], key=lambda event: event.time)
                    + [read("github:ci", 60 * DAY + 3.0 * i, 100 + i, bot=True) for i in range(20)]
                ),
                True,
            ),
            Example(
                "CI clones its forty repositories, as every night",
                lambda: (
                    nightly
                    + [read("github:ci", 60 * DAY + 3.0 * i, i, bot=True) for i in range(40)]
                ),
                False,
            ),
            Example(
                "all the usual repositories onto a new laptop",
                lambda: past + [read("github:mara", now + 3.0 * i, i) for i in range(5)],
                False,
            ),
            Example(
                "a newcomer clones twelve repositories on the first day",
                lambda: [read("github:newcomer", 5.0 * i, i) for i in range(12)],
                False,
            ),
        )


def _without_today(days: Occasions, time: float) -> Occasions:
    """The days as they stood before today's first new repository, which is never reported."""
    if days.hit != int(time // DAY):
        return days
    return Occasions(max(days.hits - 1.0, 0.0), days.trials, days.at)


def _settled(state: ReadState, time: float) -> bool:
    return bool(state.since) and time - state.since >= NEW_FOR


def _where(activity: Activity) -> str:
    target = activity.target
    return (target.repository or target.name) if target else ""


def _label(activity: Activity) -> int:
    """Label of the repository; 0 without one, or if it was refused."""
    if activity.outcome is Outcome.FAILURE:
        return 0
    where = _where(activity)
    return (label_of(where) or 1) if where else 0
