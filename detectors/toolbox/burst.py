"""Bursts: how large an entity's bursts become, as a discrete hazard on a scale of sizes.

A burst is a session of distinct things done, one close after the other. Whether one that has
reached size t_i also reaches t_(i+1) is a Bernoulli trial with a hazard h_i of its own, as in the
product-limit estimator; sizes stand on a scale of steps about 1.5 apart, so that long trains
teach few numbers. Own trials at a step (c of n) meet a prior of strength s:

    h_i = (c_i + s·q_i) / (n_i + s)
    q_i = (s·m_i + C + i) / (s + T + i)

q_i is the hazard at the other steps together: C continuations in T trials of the entity, a prior
mean m_i from peers or organisation, and the i steps the present burst itself has already made.
That is the predictive of a beta-geometric count: the further a burst has gone, the likelier it
goes on, which gives the heavy tail. The chance of a burst of at least size t_j is

    S_0 = 1,   S_(i+1) = max(S_i · h_i, reached_(i+1) / reached_0)

where the second term, what the entity has been seen to do, keeps a rare habit from becoming rarer
than it is. S at the size reached is a p-value of the whole burst, valid at every step of it: the
chance that a burst ever reaches a size whose S is at most a is at most a.

Sources: Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 53, 1958,
doi:10.1080/01621459.1958.10501452; Weinberg and Gladen, "The beta-geometric distribution applied
to comparative fecundability studies", Biometrics 42, 1986, doi:10.2307/2531206.
"""

from bisect import bisect_right

import msgspec

from detectors.toolbox.decay import factor

SCALE = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
STRENGTH = 2.0  # trials a prior is worth: Beta(1, 1) has two
# Bursts of one account resemble each other, so a group's say less of a new member than as many
# independent ones: a design effect (Kish, Survey Sampling, 1965, §8.2) of ten.
GROUP_STRENGTH = 10.0 * STRENGTH
FADED = 0.01  # reached counts below this are dropped


def step_of(size: int) -> int:
    """Index on the scale of the largest size that `size` has reached."""
    return bisect_right(SCALE, size) - 1


class Bursts(msgspec.Struct, array_like=True):
    """Decayed number of bursts that reached each size of the scale.

    >>> b = Bursts()
    >>> for week in range(30):
    ...     b.learn(0, 1, week * 604_800, half_life=180 * 86_400)
    >>> [f"{b.at_least(n, (0.1,)):.0e}" for n in (1, 2, 3, 4)]
    ['1e+00', '9e-03', '4e-04', '4e-05']
    """

    reached: list[int | float] = []
    at: int = 0

    @property
    def count(self) -> float:
        """Decayed number of bursts."""
        return self.reached[0] if self.reached else 0.0

    def hazards(self, prior: tuple[float, ...]) -> tuple[float, ...]:
        """What a group of accounts knows, as the prior of a member: chance to go on at each step.

        Beyond the steps of `prior` its last value holds.
        """
        steps = len(SCALE)
        reached = self.reached + [0] * (steps - len(self.reached))
        priors = (*prior, *prior[-1:] * (steps - len(prior)))
        return tuple(
            [
                (reached[i + 1] + GROUP_STRENGTH * priors[i]) / (reached[i] + GROUP_STRENGTH)
                for i in range(steps - 1)
            ]
        )

    def at_least(self, size: int, prior: tuple[float, ...]) -> float:
        """P(a burst reaches `size`), `prior` being hazards of the next wider level."""
        reached = self.reached or [0]
        continued = sum(reached[1:])
        tried = sum(reached)
        p = 1.0
        last = len(prior) - 1
        for i in range(step_of(size)):
            own = self._reached(i)
            on = self._reached(i + 1)
            others = (STRENGTH * prior[min(i, last)] + continued - on + i) / (
                STRENGTH + tried - own + i
            )
            p *= (on + STRENGTH * others) / (own + STRENGTH)
            if on:
                p = max(p, on / max(reached[0], on))
        return min(p, 1.0)

    def learn(self, before: int, size: int, time: float, half_life: float) -> None:
        """Take in a burst of `size`, of which `before` was taken in already.

        Counts halve every `half_life` seconds.
        """
        reached = self.reached
        second = int(time)
        if second > self.at:
            keep = factor(second - self.at, half_life)
            self.reached = reached = [n * keep for n in reached]
            while reached and reached[-1] < FADED:
                reached.pop()
            self.at = second
        first = step_of(before) + 1 if before else 0
        last = step_of(size)
        reached.extend([0] * (last + 1 - len(reached)))
        for step in range(first, last + 1):
            reached[step] += 1

    def _reached(self, step: int) -> float:
        return self.reached[step] if step < len(self.reached) else 0.0


def of_group(peers: Bursts, organization: Bursts, default: tuple[float, ...]) -> tuple[float, ...]:
    """Hazards a group lends a member: the peers', or the organisation's until they have enough.

    Never one upon the other: the organisation's bursts contain the peers'.
    """
    level = peers if peers.count >= GROUP_STRENGTH else organization
    return level.hazards(default)
