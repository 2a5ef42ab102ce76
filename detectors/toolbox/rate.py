"""Rate: how many events fall into a window of fixed width, with back-off and overdispersion.

Gamma-Poisson model. An entity's events per window are Poisson with a rate that has a Gamma
posterior, so the predictive count is negative binomial with mean m and shape r:

    P(N = k) = C(k + r - 1, k) · (m / (m + r))^k · (r / (m + r))^r

The mean mixes own windows with s windows of the prior (peers, organisation or a constant):

    m = (Σx + s·m0) / (windows + s)

Two things widen it: what is not known of the rate, a Gamma with shape a = Σx + s·m0, and the
entity's own burstiness, shape k from the method of moments, k = m² / (variance - m). Independent
multiplicative variances add, hence 1/r = 1/a + 1/k.

Source: Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, §2.6 (Gamma-Poisson, negative binomial
predictive); Anscombe, "Sampling theory of the negative binomial and logarithmic series
distributions", Biometrika 37, 1950, doi:10.1093/biomet/37.3-4.358 (moment estimator of k).
"""

from math import exp, inf, lgamma, log, log1p

import msgspec

from detectors.toolbox.decay import factor

_TERMS = 5_000  # a bound on the work for absurd counts; the sum has long converged by then
_CANCELLED = 1e-4  # below this, one minus the rest has lost too many digits


def at_least(n: int, mean: float, shape: float) -> float:
    """P(N >= n) of a negative binomial count; `shape` inf is Poisson.

    >>> round(at_least(1, 1.0, float("inf")), 6)  # 1 - 1/e
    0.632121
    >>> round(at_least(3, 1.0, 1.0), 6)  # geometric: (1/2)^3
    0.125
    """
    if n <= 0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    complement = 1.0 - _sum(0, n, mean, shape)
    if complement > _CANCELLED:
        return complement
    return min(_sum(n, n + _TERMS, mean, shape), 1.0)


def _sum(start: int, stop: int, mean: float, shape: float) -> float:
    if shape == inf:
        log_first = start * log(mean) - mean - lgamma(start + 1)
        ratio = mean
        slope = 0.0
    else:
        log_first = (
            lgamma(start + shape)
            - lgamma(shape)
            - lgamma(start + 1)
            - start * log1p(shape / mean)
            - shape * log1p(mean / shape)
        )
        ratio = shape * mean / (shape + mean)
        slope = mean / (shape + mean)
    term = exp(log_first)
    total = 0.0
    for k in range(start, stop):
        total += term
        term *= (ratio + slope * k) / (k + 1)
        if term < total * 1e-12 and k > mean:
            break
    return total


class Moments(msgspec.Struct, array_like=True):
    """Decayed moments of counts per window: number of windows, sum, sum of squares."""

    windows: int | float = 0
    total: int | float = 0
    squares: int | float = 0

    def add(self, windows: float, count: float, keep: float) -> None:
        """Fade by `keep`, then take in `windows` windows, one of which held `count` events."""
        self.windows = self.windows * keep + windows
        self.total = self.total * keep + count
        self.squares = self.squares * keep + count * count

    def backed_off(self, prior: "Moments", strength: float) -> "Moments":
        """These moments with at most `strength` windows of the prior's added."""
        if prior.windows <= 0.0:
            return self
        scale = min(strength / prior.windows, 1.0)
        return Moments(
            self.windows + prior.windows * scale,
            self.total + prior.total * scale,
            self.squares + prior.squares * scale,
        )

    def tail(self, n: int) -> float:
        """P(N >= n) in one window under the negative binomial predictive."""
        if self.windows <= 0.0 or self.total <= 0.0:
            return 1.0
        mean = self.total / self.windows
        excess = self.squares / self.windows - mean * mean - mean
        burstiness = excess / (mean * mean) if excess > 0.0 else 0.0
        return at_least(n, mean, 1.0 / (1.0 / self.total + burstiness))


class Rate(msgspec.Struct, array_like=True):
    """Events of one entity per window, windows counted from the epoch.

    >>> r = Rate()
    >>> for week in range(40):
    ...     _ = r.learn(week * 7 * 86_400, width=86_400, half_life=180 * 86_400)
    >>> 0.05 < r.surprise(40 * 7 * 86_400, 86_400, Moments(), 1.0) <= 1.0
    True
    """

    closed: Moments = msgspec.field(default_factory=Moments)
    window: int = -1
    count: int = 0

    def in_window(self, time: float, width: float) -> int:
        """Events learned in the window that `time` falls into."""
        return self.count if int(time // width) == self.window else 0

    def surprise(self, time: float, width: float, prior: Moments, strength: float) -> float:
        """P(N >= n | N >= 1), where n counts one more event, at `time`, in its window.

        Conditional on one event: that something happens at all is not what is judged here.
        """
        n = self.in_window(time, width) + 1
        if n <= 1:
            return 1.0
        moments = self.closed.backed_off(prior, strength)
        any_event = moments.tail(1)
        return min(moments.tail(n) / any_event, 1.0) if any_event > 0.0 else 1.0

    def learn(self, time: float, width: float, half_life: float) -> tuple[float, int] | None:
        """Count an event. Returns (windows, count) when windows closed, for a shared level.

        An event of a window closed before adds to the sums as a window of its own.
        """
        window = int(time // width)
        if window == self.window:
            self.count += 1
            return None
        if self.window < 0:
            self.window, self.count = window, 1
            return None
        if window < self.window:
            self.closed.add(0.0, 1, 1.0)
            return None
        passed = window - self.window
        keep = factor(passed * width, half_life)
        # Empty windows fade as they pass: a geometric sum instead of a loop over them.
        windows = (1.0 - keep) / (1.0 - factor(width, half_life))
        count = self.count
        self.closed.add(windows, count, keep)
        self.window, self.count = window, 1
        return windows, count
