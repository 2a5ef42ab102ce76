"""Proportion: how often a yes/no outcome happens, decayed, with back-off to what others do.

Beta-Bernoulli model. With k hits in n trials and a prior Beta(s·m, s·(1-m)) whose mean m comes
from the next wider level (peers, organisation, a constant), the predictive probability of a hit is

    P(hit) = (k + s·m) / (n + s)

Source: Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, §2.4 (the posterior mean of a binomial
proportion); back-off through the prior's mean as in MacKay and Peto, "A hierarchical Dirichlet
language model", Natural Language Engineering 1(3), 1995, doi:10.1017/S1351324900000218.
"""

import msgspec

from detectors.toolbox.decay import factor


class Proportion(msgspec.Struct, array_like=True):
    """Decayed hits and trials.

    Counts halve every `half_life` seconds between two trials, so the estimate follows a changing
    habit; time without trials costs nothing until the next one. Counts are integers until they
    fade, and time is in whole seconds: an outcome that never happened takes one byte, not nine.

    >>> p = Proportion()
    >>> for day in range(30):
    ...     p.learn(False, day * 86_400, half_life=15_552_000)
    >>> round(p.probability(prior=0.5, strength=1.0), 3)
    0.017
    """

    hits: int | float = 0
    trials: int | float = 0
    at: int = 0

    def probability(self, prior: float, strength: float) -> float:
        """Predictive probability of a hit; `strength` is the prior's worth in trials (> 0)."""
        return (self.hits + strength * prior) / (self.trials + strength)

    def learn(self, hit: bool, time: float, half_life: float) -> None:
        """Take one trial in. A trial from the past is taken at its full weight."""
        second = int(time)
        if second > self.at:
            if self.trials:
                keep = factor(second - self.at, half_life)
                self.trials *= keep
                if self.hits:
                    self.hits *= keep
            self.at = second
        self.trials += 1
        if hit:
            self.hits += 1


def of_group(peers: Proportion, organization: Proportion, default: float, strength: float) -> float:
    """What a group says of one of its members, as the prior of the member's own proportion.

    The peers' share once they have had `strength` trials, else the organisation's: never one
    upon the other, for the organisation's trials contain the peers', and counting them twice would
    make a certainty of a guess. `strength` is what `default` is worth against them.

    >>> round(of_group(Proportion(), Proportion(hits=0.0, trials=90.0), 0.5, 10.0), 3)
    0.05
    """
    level = peers if peers.trials >= strength else organization
    return level.probability(default, strength)


def backed_off(levels: tuple[Proportion, ...], default: float, strength: float) -> float:
    """Probability of a hit through levels from the narrowest to the widest.

    Each level's estimate is the prior mean of the next narrower one. For levels that do not
    contain each other's trials, or where `strength` is small; else see `of_group`.

    >>> peers = Proportion(hits=0.0, trials=99.0)
    >>> round(backed_off((Proportion(), peers), default=0.5, strength=1.0), 3)
    0.005
    """
    mean = default
    for level in reversed(levels):
        mean = level.probability(mean, strength)
    return mean
