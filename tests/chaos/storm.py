"""What befalls workers, networks and the broker, at random and by a seed."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Final

from tests.chaos.fleet import SESSION_SECONDS, Fleet, Place

WORKER_TROUBLE: Final = ("kill", "blink", "freeze", "leave", "join")
NETWORK_TROUBLE: Final = ("cut", "silence", "slow")
BROKER_TROUBLE: Final = ("broker_stop", "broker_kill", "broker_pause")
# A frozen worker is replaced, and then wakes.
LONG: Final = (1.5 * SESSION_SECONDS, 2.5 * SESSION_SECONDS)
SHORT: Final = (0.3, 0.6 * SESSION_SECONDS)


class Storm:
    """Brings trouble; each kind is a method that ends when the trouble is over.

    Args:
        fleet: whom it befalls.
        rng: what happens, to whom, for how long.

    Attributes:
        count: kind of trouble to how often it came.
    """

    def __init__(self, fleet: Fleet, rng: Random) -> None:
        self._fleet = fleet
        self._rng = rng
        self.count: Counter[str] = Counter()

    def rage(self, troubles: Sequence[str]) -> None:
        """All these, one after the other, with pauses."""
        for trouble in troubles:
            self.count[trouble] += 1
            getattr(self, f"_{trouble}")()
            self._fleet.watch(self._rng.uniform(*SHORT))

    def choose(self, number: int) -> list[str]:
        """So many troubles, every kind about equally often."""
        kinds = [*WORKER_TROUBLE, *NETWORK_TROUBLE, *BROKER_TROUBLE, "kill", "freeze"]
        chosen = kinds * (number // len(kinds)) + self._rng.sample(kinds, number % len(kinds))
        self._rng.shuffle(chosen)
        return chosen

    @property
    def kills(self) -> int:
        """How many processes got SIGKILL."""
        return self.count["kill"] + self.count["broker_kill"]

    def _someone(self) -> Place | None:
        up = self._fleet.up()
        return self._rng.choice(up) if up else None

    def _kill(self) -> None:
        place = self._someone()
        if place and place.worker:
            place.worker.kill()
            self._fleet.remove(place, wanted=True, after=self._rng.uniform(*SHORT))
            self._fleet.watch(self._rng.uniform(*SHORT))

    def _freeze(self) -> None:
        self._hold(self._rng.uniform(*LONG))

    def _blink(self) -> None:
        self._hold(self._rng.uniform(*SHORT))

    def _hold(self, seconds: float) -> None:
        place = self._someone()
        if place and place.worker:
            worker = place.worker
            worker.freeze()
            self._fleet.watch(seconds)
            worker.thaw()

    def _leave(self) -> None:
        place = self._someone()
        if place and place.worker:
            place.worker.terminate()
            stays_away = sum(p.wanted for p in self._fleet.places) > 2
            self._fleet.remove(place, wanted=not stays_away, after=self._rng.uniform(*SHORT))

    def _join(self) -> None:
        absent = [place for place in self._fleet.places if not place.wanted]
        self._fleet.want(absent[:1])
        self._fleet.watch(self._rng.uniform(*SHORT))

    def _cut(self) -> None:
        place = self._rng.choice(self._fleet.places)
        place.proxy.cut()
        self._fleet.watch(self._rng.uniform(*SHORT))
        place.proxy.mend()

    def _silence(self) -> None:
        place = self._rng.choice(self._fleet.places)
        place.proxy.freeze()
        self._fleet.watch(self._rng.uniform(*LONG))
        place.proxy.mend()

    def _slow(self) -> None:
        place = self._rng.choice(self._fleet.places)
        place.proxy.delay = self._rng.uniform(0.01, 0.05)
        self._fleet.watch(self._rng.uniform(*SHORT))
        place.proxy.mend()

    def _broker_stop(self) -> None:
        self._fleet.broker.stop()
        self._fleet.watch(self._rng.uniform(*SHORT))
        self._fleet.broker.start()

    def _broker_kill(self) -> None:
        self._fleet.broker.kill()
        self._fleet.watch(self._rng.uniform(*SHORT))
        self._fleet.broker.start()

    def _broker_pause(self) -> None:
        self._fleet.broker.pause()
        self._fleet.watch(self._rng.uniform(*SHORT))
        self._fleet.broker.resume()
