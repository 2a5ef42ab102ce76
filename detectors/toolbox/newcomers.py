"""Newcomers: who is known at an entity, and how often somebody unknown turns up there.

An account is known once it has been met again a day or more after the first time, so that what an
intruder did an hour ago is no introduction. The chance that an act is the first of a newcomer is
Beta-Bernoulli over all acts of that kind (see `proportion`); a newcomer is judged, and counted,
once. Where nobody is known yet nobody can be new, and nothing is counted.

Accounts stand as 16-bit labels: a stranger passes for one of 48 regulars once in 1,400 times. The
least recently met gives way; in a place with more regulars than are remembered newcomers are then
thought to be commoner than they are, never rarer.
"""

import msgspec

from detectors.toolbox.decay import DAY
from detectors.toolbox.proportion import Proportion

KNOWN = 48
FRESH = 16
HALF_LIFE = 365 * DAY


class Newcomers(msgspec.Struct, array_like=True):
    """People of one entity.

    Attributes:
        known: labels, the latest met last.
        fresh: label -> second of the first meeting, of those not known yet.
        share: acts, and those among them that were the first of a newcomer.
        judged: labels of newcomers judged already, latest last.
        counted: those of them that count in `share`.

    >>> place = Newcomers()
    >>> for day in range(30):
    ...     _ = place.act(7, day * DAY)
    >>> place.knows(7, 30 * DAY), place.knows(8, 30 * DAY)
    (True, False)
    >>> round(place.share.probability(0.1, 10.0), 3)
    0.027
    """

    known: list[int] = []
    fresh: dict[int, int] = {}
    share: Proportion = msgspec.field(default_factory=Proportion)
    judged: list[int] = []
    counted: list[int] = []

    def knows(self, label: int, time: float) -> bool:
        """Has the account been met, for the first time a day ago or longer."""
        if label in self.known:
            return True
        first = self.fresh.get(label)
        return first is not None and time - first >= DAY

    def is_news(self, label: int, time: float) -> bool:
        """Is the account a newcomer at a place that has regulars, and not judged before."""
        return bool(self.known) and label not in self.judged and not self.knows(label, time)

    def meet(self, label: int, time: float) -> None:
        """The account did something that people who belong here do."""
        if self.known and self.known[-1] == label:
            return
        if label in self.known:
            self.known.remove(label)
            self.known.append(label)
        elif self.knows(label, time):
            del self.fresh[label]
            self.known = [*self.known, label][-KNOWN:]
        elif label not in self.fresh:
            self.fresh[label] = int(time)
            if len(self.fresh) > FRESH:
                del self.fresh[min(self.fresh, key=self.fresh.__getitem__)]

    def note(self, label: int, time: float) -> None:
        """The account did what is judged; a newcomer is not judged again."""
        if self.is_news(label, time):
            self.judged = [*self.judged, label][-FRESH:]

    def act(self, label: int, time: float) -> bool | None:
        """Count an act of the kind that is judged, as normal, and meet who did it.

        Comes after `note` of the same act, perhaps a day after, when it was held out.

        Returns what groups should learn: was it a newcomer's first; None: nobody was known.
        """
        news = None
        if self.known:
            news = label in self.judged and label not in self.counted
            self.share.learn(news, time, HALF_LIFE)
            if news:
                self.counted = [*self.counted, label][-FRESH:]
        self.meet(label, time)
        return news
