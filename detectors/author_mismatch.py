"""Commits pushed whose author line contradicts who pushes."""

from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import DAY, HOUR, MINUTE, touch
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.categories import Categories, CategoryModel
from detectors.toolbox.levels import levels_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Fact
from schemas.signal import Feature, bits

SITTING = 6 * HOUR  # a branch of others' commits is one occasion, however many wrote them
NORMAL = Score(1.0)


class AuthorState(msgspec.Struct, array_like=True):
    """One identity: addresses it commits under; when one was last new, whole seconds."""

    addresses: Categories = msgspec.field(default_factory=Categories)
    judged: int = 0


class AuthorMismatch(Detector[AuthorState, Categories]):
    """Novelty of the author's address among those in commits that this login pushes.

    Only commits count whose author and committer are one: a rebase, a cherry-pick, an applied
    patch or a merge on the web names two, and a co-author stands in the message.
    """

    meta = Metadata(
        id="author_mismatch",
        title="Commit under another's name",
        description=(
            "A login pushes a commit that names as author and committer an address it never commits"
            " under, though it has committed often enough to be known. Who often pushes colleagues'"
            " branches is expected to; rebases, patches applied for others and merges on the web"
            " name two people and are not looked at. Judged once in six hours."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.COMMIT}),
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        phrase="under another's name",
        judged_per_day=2.0,
        attack=("T1036", "T1195.002"),
        runbook=(
            "Compare the author line with the login that pushed, and see if the commit is signed.",
            "Ask both, over a second channel: whose commit is it.",
            "Read the change, build scripts and workflows first; see whether anything ran on it.",
        ),
        blind_spots=(
            "A commit that names the login's own address, or an author other than its committer;"
            " plain git history, which knows no login. A new machine with another address looks the"
            " same once."
        ),
    )
    State = AuthorState
    Shared = Categories

    _model = CategoryModel(half_life=180 * DAY, cap=6, repeat=6 * HOUR)

    def judge(
        self, activity: Activity, state: AuthorState, context: Context[Categories]
    ) -> Score | None:
        """P-value of the author's address."""
        address = _address(activity)
        if not address:
            return None
        own = state.addresses
        if own.knows(address) or _is_own(address, activity):
            return NORMAL
        if 0.0 <= activity.time - state.judged < SITTING or self._model.cold(own, activity.time):
            return None
        p = self._model.judge(address, activity.time, levels_of(own, context))
        if p > context.signal_below:
            return Score(p)
        feature = Feature("author of the commit", address, own.usual(), bits(p))
        title = f"{activity.actor.account} pushed a commit in the name of {address}"
        return Score(p, (feature,), title=title)

    def observe(
        self,
        activity: Activity,
        state: AuthorState,
        context: Context[Categories],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember when a new address was judged."""
        address = _address(activity)
        if (
            address
            and not state.addresses.knows(address)
            and not _is_own(address, activity)
            and not 0.0 <= activity.time - state.judged < SITTING
        ):
            state.judged = int(activity.time)

    def learn(self, activity: Activity, state: AuthorState, context: Context[Categories]) -> None:
        """The login pushes commits of this address."""
        if address := _address(activity):
            levels = levels_of(state.addresses, context)
            self._model.learn(address, activity.time, levels)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A forged line, and honest ones."""
        mara, jonas = "mara@example.com", "jonas@example.com"
        bot = "29139614+renovate[bot]@users.noreply.github.com"

        def commit(time: float, author: str, committer: str = "", who: str = "mara") -> Activity:
            values: dict[str, Fact] = {facts.AUTHOR: author, facts.COMMITTER: committer or author}
            repository = "github.com/example/left"
            return touch(Action.COMMIT, f"github:{who}", time, repository, values=values)

        def past(*others: str) -> list[Activity]:
            return [
                event
                for day in range(120)
                for event in (
                    commit(day * DAY, mara),
                    *(commit(day * DAY + 7 * HOUR + i, o) for i, o in enumerate(others)),
                )
            ]

        maintainer = [
            event
            for day in range(120)
            for event in (
                commit(day * DAY, mara),
                *([commit(day * DAY + MINUTE, f"c{day}@example.com")] if day % 4 == 0 else []),
            )
        ]
        now = 120 * DAY
        return (
            Example("a commit in a bot's name", lambda: [*past(), commit(now, bot)], True),
            Example("a commit under the usual name", lambda: [*past(), commit(now, mara)], False),
            Example(
                "a colleague's commit, rebased", lambda: [*past(), commit(now, jonas, mara)], False
            ),
            Example(
                "a pull request merged on the web",
                lambda: [*past(), commit(now, jonas, "noreply@github.com")],
                False,
            ),
            Example(
                "a maintainer who pushes contributors' branches",
                lambda: [*maintainer, commit(now, jonas)],
                False,
            ),
            Example(
                "the login's own hidden address",
                lambda: [*past(), commit(now, "1001+mara@users.noreply.github.com")],
                False,
            ),
            Example("the first commits of somebody new", lambda: [commit(now, jonas)], False),
        )


def _address(activity: Activity) -> str:
    """The author's address where it is the committer's too, and the source knows a login."""
    author = activity.facts.get(facts.AUTHOR)
    committer = activity.facts.get(facts.COMMITTER)
    if not isinstance(author, str) or (committer and committer != author):
        return ""
    return "" if activity.actor.account.startswith("git:") else author


def _is_own(address: str, activity: Activity) -> bool:
    """The address the vendor knows for the login, or the one GitHub and GitLab make of it."""
    actor = activity.actor
    if address == actor.email:
        return True
    name, _, host = address.partition("@")
    login = actor.account.partition(":")[2]
    return "noreply" in host and name.rpartition("+")[2] == login
