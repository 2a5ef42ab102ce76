"""A day of an identity as a point: how much of what, in how many places, over how many hours."""

from collections.abc import Sequence
from math import log2

import msgspec

from detectors.toolbox.decay import DAY, HOUR
from detectors.toolbox.window import label_of
from schemas.action import Action
from schemas.activity import Activity, Outcome

NAMES = (
    "logins",
    "reads",
    "changes and reviews",
    "publishes and releases",
    "changes of access and settings",
    "agent activities",
    "refused or failed",
    "repositories and packages",
    "networks",
    "hours",
)
FAILED, THINGS, NETWORKS, HOURS = 6, 7, 8, 9
BITS = {THINGS: 32, NETWORKS: 16, HOURS: 24}
MOST = 1023  # of one kind a day; more is all the same
STEPS = 10  # between none and most, by the logarithm
LEVELS = tuple(round(STEPS * log2(1 + n) / log2(1 + MOST)) for n in range(MOST + 1))

_GROUPS: tuple[frozenset[Action], ...] = (
    frozenset({Action.LOGIN, Action.SSO, Action.MFA_CHALLENGE}),
    frozenset({Action.CLONE, Action.FETCH, Action.DOWNLOAD, Action.PACKAGE_DOWNLOAD}),
    frozenset(
        {
            Action.COMMIT,
            Action.PUSH,
            Action.BRANCH_CREATE,
            Action.BRANCH_DELETE,
            Action.TAG_CREATE,
            Action.TAG_MOVE,
            Action.TAG_DELETE,
            Action.PULL_REQUEST_OPEN,
            Action.PULL_REQUEST_CLOSE,
            Action.PULL_REQUEST_MERGE,
            Action.REVIEW,
            Action.ISSUE_OPEN,
            Action.COMMENT,
        }
    ),
    frozenset(
        {
            Action.PACKAGE_PUBLISH,
            Action.PACKAGE_UNPUBLISH,
            Action.PACKAGE_DEPRECATE,
            Action.PACKAGE_TAG,
            Action.RELEASE_PUBLISH,
            Action.RELEASE_EDIT,
            Action.RELEASE_DELETE,
        }
    ),
    frozenset(
        {
            Action.FACTOR_ENROLL,
            Action.FACTOR_REMOVE,
            Action.FACTOR_RESET,
            Action.PASSWORD_CHANGE,
            Action.TOKEN_CREATE,
            Action.TOKEN_REVOKE,
            Action.PRIVILEGE_GRANT,
            Action.PRIVILEGE_REVOKE,
            Action.MEMBER_ADD,
            Action.MEMBER_REMOVE,
            Action.POLICY_CHANGE,
            Action.AUDIT_CHANGE,
            Action.REPOSITORY_CREATE,
            Action.REPOSITORY_DELETE,
            Action.REPOSITORY_TRANSFER,
            Action.REPOSITORY_ARCHIVE,
            Action.VISIBILITY_CHANGE,
            Action.PROTECTION_CHANGE,
            Action.KEY_ADD,
            Action.KEY_REMOVE,
            Action.WEBHOOK_CHANGE,
            Action.APP_INSTALL,
            Action.RUNNER_CHANGE,
            Action.SECRET_CHANGE,
            Action.ALERT_CHANGE,
            Action.PACKAGE_OWNER,
        }
    ),
    frozenset(
        {
            Action.AGENT_PROMPT,
            Action.AGENT_TOOL,
            Action.AGENT_PERMISSION,
            Action.AGENT_CONNECT,
            Action.AGENT_EXTEND,
        }
    ),
)
KINDS: dict[str, int] = {action: number for number, group in enumerate(_GROUPS) for action in group}


class DayCounts(msgspec.Struct, array_like=True):
    """What an identity has done on one day.

    Attributes:
        day: since the epoch; -1 before the first.
        counts: of the first seven of `NAMES`.
        things, networks, hours: a bit for each, by hash.
    """

    day: int = -1
    counts: list[int] = []
    things: int = 0
    networks: int = 0
    hours: int = 0

    def is_over(self, time: float) -> bool:
        """Whether `time` falls on an earlier day."""
        return int(time // DAY) < self.day

    def changes(self, activity: Activity) -> bool:
        """Whether one more activity makes it another day; never on a day that is over.

        Another hour or network alone does not: they count, at the next that does.
        """
        day = int(activity.time // DAY)
        if day != self.day:
            return day > self.day
        count = self.counts[KINDS[activity.action]]
        return (
            LEVELS[min(count + 1, MOST)] != LEVELS[count]
            or (activity.outcome is Outcome.FAILURE and self._fails())
            or bool(_bit(_thing(activity), BITS[THINGS]) & ~self.things)
        )

    def _fails(self) -> bool:
        failed = self.counts[FAILED]
        return LEVELS[min(failed + 1, MOST)] != LEVELS[failed]

    def add(self, activity: Activity) -> None:
        """Count an activity; the first of a later day begins it, one of an earlier is left out."""
        day = int(activity.time // DAY)
        if day < self.day:
            return
        if day > self.day:
            self.day, self.counts = day, [0] * THINGS
            self.things = self.networks = self.hours = 0
        kind = KINDS[activity.action]
        self.counts[kind] = min(self.counts[kind] + 1, MOST)
        if activity.outcome is Outcome.FAILURE:
            self.counts[FAILED] = min(self.counts[FAILED] + 1, MOST)
        self.things |= _bit(_thing(activity), BITS[THINGS])
        self.networks |= _bit(activity.origin.network, BITS[NETWORKS])
        self.hours |= 1 << int(activity.time % DAY // HOUR)

    def after(self, activity: Activity) -> "DayCounts":
        """A copy with one more activity."""
        copy = DayCounts(self.day, list(self.counts), self.things, self.networks, self.hours)
        copy.add(activity)
        return copy

    def number(self, feature: int) -> int:
        """How many of a feature, the last three at least."""
        bits = {THINGS: self.things, NETWORKS: self.networks, HOURS: self.hours}
        return bits[feature].bit_count() if feature in bits else self.counts[feature]

    def levels(self) -> list[int]:
        """The day as small integers, one a feature; `point` makes them comparable."""
        return [
            *(LEVELS[count] for count in self.counts),
            *(self.number(feature) for feature in BITS),
        ]


def point(levels: Sequence[float], means: Sequence[float]) -> tuple[float, ...]:
    """Levels as a point in the unit cube, 1/2 at one more than the group's mean level.

    So what a group hardly ever does fills half of the cube as well as what it does all day.

    >>> point([3, 1, 0], [0, 2, 5])
    (0.9, 0.1, 0.0)
    """
    return tuple(
        level * level / (level * level + (mean + 1.0) ** 2)
        for level, mean in zip(levels, means, strict=True)
    )


def describe(feature: int, level: float) -> str:
    """A level as about how many that is.

    >>> describe(0, LEVELS[31]), describe(HOURS, 3)
    ('31', '3')
    """
    count = level if feature in BITS else 2 ** (level * log2(1 + MOST) / STEPS) - 1
    return f"{count:.0f}"


def _bit(name: str, bits: int) -> int:
    return 1 << label_of(name) % bits if name else 0


def _thing(activity: Activity) -> str:
    target = activity.target
    return (target.repository or target.package) if target else ""
