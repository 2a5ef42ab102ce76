"""Freeman et al.'s risk of a login, written from the paper.

Freeman, Jain, Duermuth, Biggio, Giacinto, "Who Are You? A Statistical Approach to Measuring User
Authenticity", NDSS 2016, doi:10.14722/ndss.2016.23240. The risk of a login x of user u is the
likelihood ratio of attack and owner, features taken as independent, an attacker's features
distributed as everybody's:

    S(u, x) = p(u | attack) / p(u | owner) * product over features of p(x_k) / p(x_k | u)

with p(u | attack) = 1 / users and p(u | owner) the user's share of all logins. Counts are smoothed
by interpolating over levels, from the finest (address; browser with version) over coarser ones
(network, country; browser, system) to anything at all. As p(value | its level) is taken to be the
same for all users, it cancels, and of each feature remains

    p(x | u) / p(x) = sum over levels of weight * p(level of x | u) / p(level of x)

where p(level of x) counts one more than was seen, so that what nobody has had is possible. The
reputation of addresses, a further factor in the paper, needs data that nobody publishes.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log2

from schemas.activity import Activity

Levels = tuple[str, ...]


def levels_of(activity: Activity) -> tuple[Levels, Levels]:
    """Values of both features, finest level first."""
    origin = activity.origin
    browser, _, _ = origin.client.partition("/")
    place = (origin.ip, f"{origin.network}/{origin.country}", origin.country)
    tool = (f"{origin.client} {origin.system}", f"{browser} {origin.system}", origin.system)
    return place, tool


class Freeman:
    """Online: score a login, then learn it.

    Args:
        weights: by feature (place, tool), of its levels, the finest first, and of anything at all.
    """

    def __init__(self, weights: Sequence[Sequence[float]]) -> None:
        self._weights = weights
        self._everybody: Counter[tuple[int, int, str]] = Counter()
        self._own: defaultdict[str, Counter[tuple[int, int, str]]] = defaultdict(Counter)
        self._logins: Counter[str] = Counter()
        self._total = 0

    def score(self, activity: Activity) -> float:
        """Binary logarithm of the risk."""
        user = activity.actor.identity
        count = self._logins[user]
        if not count:
            return 0.0
        risk = log2(self._total / (len(self._logins) * count))
        own = self._own[user]
        for feature, levels in enumerate(levels_of(activity)):
            weights = self._weights[feature]
            ratio = weights[-1]
            for number, value in enumerate(levels):
                key = (feature, number, value)
                everybody = (self._everybody[key] + 1) / (self._total + 1)
                ratio += weights[number] * own[key] / count / everybody
            risk -= log2(ratio)
        return risk

    def learn(self, activity: Activity) -> None:
        """Count a login of its owner."""
        user = activity.actor.identity
        self._logins[user] += 1
        self._total += 1
        for feature, levels in enumerate(levels_of(activity)):
            for number, value in enumerate(levels):
                self._everybody[feature, number, value] += 1
                self._own[user][feature, number, value] += 1
