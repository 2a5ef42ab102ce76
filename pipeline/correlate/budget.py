"""Before anything is learned: how often evidence piles up if every detector is at its bound."""

from collections.abc import Iterable, Sequence
from math import log, log2
from operator import mul
from typing import Final

from pipeline.correlate.settings import DAY

STEP: Final = 1 / 8  # bits; the grid on which the density is solved
CEILING: Final = 64.0  # bits


def weight(bits: float, judged_per_day: float) -> float:
    """Evidence of a signal whose real rate nobody has learned, in bits.

    A detector that judges n events of an identity per day reports p <= 2^-b about n 2^-b times a
    day by chance. The weight is log2 of the reciprocal of that rate; rare actions get no bonus.
    """
    return bits - log2(max(1.0, judged_per_day))


def chance_rate(judged_per_day: float, above: float, signal_bits: float) -> float:
    """Chance signals per identity and day that weigh more than `above` bits."""
    least = max(signal_bits, above + log2(max(1.0, judged_per_day)))
    return judged_per_day * 2**-least


def signal_rates(detectors: Iterable[tuple[float, float]], min_bits: float = 1.0) -> list[float]:
    """How often chance brings an identity a signal heavier than each level, times a day.

    Args and levels as of `crossing_rates`.
    """
    detectors = list(detectors)
    return [
        sum(chance_rate(n, max(min_bits, (j - 0.5) * STEP), least) for n, least in detectors)
        for j in range(1, int(CEILING / STEP) + 2)
    ]


def crossing_rates(
    detectors: Iterable[tuple[float, float]], half_life: float, min_bits: float = 1.0
) -> list[float]:
    """How often chance alone lifts an identity's evidence over each level, times a day.

    The sum of decaying evidence is a shot noise process: signals arrive at random, add their
    weight, and the sum x decays at the rate k x. In equilibrium each level is crossed downwards
    (by decay, k x f(x) times a day) as often as upwards (by a signal, the integral of f(y) G(x - y)
    over y < x, where G(z) is the daily rate of signals heavier than z). That integral equation
    for the density f is solved on a grid. See e.g. Brill, Level Crossing Methods in Stochastic
    Models (2017), doi:10.1007/978-3-319-50332-5.

    Args:
        detectors: for each, the events that it judges per identity and day, and the bits that it
            reports at least.
        half_life: of evidence, seconds.
        min_bits: weights below it are not counted.

    Returns:
        Rates at the levels 0, `STEP`, … `CEILING`; they fall.
    """
    decay = log(2) * DAY / half_life
    levels = int(CEILING / STEP)
    heavier = signal_rates(detectors, min_bits)
    mass = [1.0]
    upward = []
    for level in range(1, levels + 1):
        up = sum(map(mul, heavier[:level], reversed(mass)))
        upward.append(up)
        mass.append(up / (decay * level))
    total = sum(mass)
    falling = [heavier[0], *(rate / total for rate in upward)]
    for level in range(levels - 1, -1, -1):
        falling[level] = max(falling[level], falling[level + 1])
    return falling


def threshold_bits(crossings: Sequence[float], alerts_per_day: float) -> float:
    """Least evidence that is crossed at most `alerts_per_day` times per identity."""
    for level, rate in enumerate(crossings):
        if rate <= alerts_per_day:
            return level * STEP
    return CEILING
