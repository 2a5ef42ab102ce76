"""Several p-values into one. Pure Python; the closed forms are exact.

- independent, all count: Fisher, "Statistical Methods for Research Workers", 1925: with
  t = -sum ln p, the tail of chi-square with 2k degrees of freedom is
  e^-t * sum_{i<k} t^i / i!.
- dependent in an unknown way: Cauchy combination, Liu and Xie 2020,
  doi:10.1080/01621459.2018.1554485, on the positive half of the distribution, because p-values
  of categories are often exactly 1, which would be minus infinity on the whole line (why heavy
  right tails alone keep the test valid: Gui, Jiang, Wang 2025, doi:10.1093/biomet/asaf038).
- all of them at once, independent: the largest, Wilkinson 1951, doi:10.1037/h0059111.
"""

from collections.abc import Sequence
from math import atan, exp, log, pi, tan

from schemas.signal import MIN_P


def _clip(p: float) -> float:
    return min(max(p, MIN_P), 1.0)


def fisher(ps: Sequence[float]) -> float:
    """Independent p-values, evidence adds up; 1 for none.

    >>> round(fisher([0.01, 0.01]), 5)
    0.00102
    """
    t = -sum(log(_clip(p)) for p in ps)
    term = total = 1.0
    for i in range(1, len(ps)):
        term *= t / i
        total += term
    return min(1.0, exp(-t) * total)


def cauchy(ps: Sequence[float], weights: Sequence[float] = ()) -> float:
    """p-values that may depend on each other; weights need not sum to one; 1 for none.

    >>> round(cauchy([0.01, 0.01]), 5)
    0.01
    >>> round(cauchy([0.001, 1.0]), 3)
    0.002
    """
    if not ps:
        return 1.0
    if min(ps) >= 1.0:
        return 1.0
    shares = weights or [1.0] * len(ps)
    t = sum([w / tan(_clip(p) * pi / 2) for p, w in zip(ps, shares, strict=True)]) / sum(shares)
    return min(1.0, 2.0 / pi * atan(1.0 / t)) if t > 0.0 else 1.0


def conjunction(ps: Sequence[float]) -> float:
    """All of independent things at once: small only when every one is; 1 for none.

    >>> conjunction([0.01, 0.01])
    0.0001
    >>> conjunction([0.01, 1.0])
    1.0
    """
    return float(_clip(max(ps)) ** len(ps)) if ps else 1.0
