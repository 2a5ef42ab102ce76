"""Forgetting: exponential decay in event time, exact for floats and stepwise for integer counts.

A weight halves every `half_life` seconds of event time, whatever happened in between; the
influence of one event is 2^(-age / half_life). Cormode, Shkapenyuk, Srivastava, Xu, "Forward
Decay: A Practical Time Decay Model for Streaming Systems", 2009, doi:10.1109/ICDE.2009.65.
"""

from math import exp2, floor

DAY = 86400.0
HOUR = 3600.0
UNIT = 64  # integer weight of one observation; a power of two, so that halves stay exact
STEPS = 8  # integer weights fade in steps of an eighth of a half-life


def factor(elapsed: float, half_life: float) -> float:
    """What is left of a weight after `elapsed` seconds; 1 for events out of order.

    >>> factor(3600.0, half_life=3600.0)
    0.5
    """
    return exp2(-elapsed / half_life) if elapsed > 0.0 else 1.0


def steps_between(earlier: float, later: float, half_life: float) -> int:
    """Number of whole fading steps between two times, never negative.

    >>> steps_between(0.0, 3600.0, half_life=3600.0)
    8
    """
    step = half_life / STEPS
    return max(0, floor(later / step) - floor(earlier / step))


def step_factor(steps: int) -> float:
    """What is left of an integer weight after that many steps."""
    return exp2(-steps / STEPS)


def count_in(classes: list[int], index: int) -> None:
    """Count one observation in a histogram that ends with its last class in use.

    >>> classes = [64, 32, 0, 0]
    >>> count_in(classes, 1)
    >>> classes
    [64, 96]
    """
    classes.extend([0] * (index + 1 - len(classes)))
    classes[index] += UNIT
    while not classes[-1]:
        classes.pop()
