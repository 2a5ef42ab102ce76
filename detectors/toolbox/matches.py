"""Matches: how well publishes were accounted for by code, as ordered classes.

The chance of a class at most as good as the one seen is a p-value, the classes being ordered:

    p = (Σ count(c), c <= seen  +  s·prior) / (total + s)

the Beta-Bernoulli predictive of `detectors.toolbox.proportion` for "no better than this".
"""

from enum import IntEnum

import msgspec

GROUP_STRENGTH = 10.0  # repositories differ: ten publishes of others tell as much as one


class Match(IntEnum):
    """What accounts for a publish, from nothing to the best."""

    NOTHING = 0
    CODE = 1  # a commit, push or run, or a tag of another version
    MARK = 2  # a tag or release of this very version


class Matches(msgspec.Struct, array_like=True):
    """Decayed number of publishes by their match: all, without a mark, without anything.

    The chance of a match at most as good is a p-value, the classes being ordered; with a prior
    as in `detectors.toolbox.proportion`.
    """

    total: float = 0.0
    unmarked: float = 0.0
    nothing: float = 0.0

    def at_most(self, match: Match, prior: tuple[float, float], strength: float) -> float:
        """P(a publish's match is at most this good)."""
        if match is Match.MARK:
            return 1.0
        count = self.nothing if match is Match.NOTHING else self.unmarked
        return (count + strength * prior[match]) / (self.total + strength)

    def add(self, match: Match, keep: float) -> None:
        """Fade by `keep`, then count a publish."""
        self.total = self.total * keep + 1.0
        self.unmarked = self.unmarked * keep + (match < Match.MARK)
        self.nothing = self.nothing * keep + (match is Match.NOTHING)


def of_group(peers: Matches, organization: Matches, default: float) -> tuple[float, float]:
    """Chances of `Match.NOTHING` and `Match.CODE` at most, that a group lends a member.

    The peers', or the organisation's until they have enough: never one upon the other, for the
    organisation's publishes contain the peers'.
    """
    level = peers if peers.total >= GROUP_STRENGTH else organization
    unknown = (default, default)
    return (
        level.at_most(Match.NOTHING, unknown, GROUP_STRENGTH),
        level.at_most(Match.CODE, unknown, GROUP_STRENGTH),
    )
