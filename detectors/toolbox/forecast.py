"""Forecast: how many events of a kind an hour brings, by the hour of the day, robustly.

Counts are stabilised, x = sqrt(n + 3/8), which makes the variance of a Poisson count about 1/4
whatever its mean (Anscombe, "The transformation of Poisson, binomial and negative-binomial data",
Biometrika 35, 1948, doi:10.1093/biomet/35.3-4.246), and smoothed exponentially with an additive
season of 24 hours and no trend:

    forecast = level + season[h]
    level'     = alpha (x - season[h]) + (1 - alpha) level
    season[h]' = gamma (x - level) + (1 - gamma) season[h]

Winters, "Forecasting sales by exponentially weighted moving averages", Management Science 6(3),
1960, doi:10.1287/mnsc.6.3.324; the additive form as in Holt, reprinted in International Journal of
Forecasting 20(1), 2004, doi:10.1016/j.ijforecast.2003.09.015. Working days and weekends are two
series. While little is known the gains are those of plain means.

Before it is learned an x further than two standard deviations from the forecast is pulled in to
two, and so is what the scale learns of it: Gelper, Fried, Croux, "Robust forecasting with
exponential and Holt-Winters smoothing", Journal of Forecasting 29(3), 2010, doi:10.1002/for.1125.
A single flood teaches next to nothing, a lasting change is learned within days.

The residual in standard deviations is a score; `detectors.toolbox.ranks` makes a p-value of it.
"""

from dataclasses import dataclass
from math import sqrt

import msgspec

HOURS = 24
CLIP = 2.0
KEPT = 0.9205  # E min(z², 4) of a standard normal z
LEAST_SCALE = 0.5  # of a Poisson count


class Series(msgspec.Struct, array_like=True):
    """One series of hours.

    Attributes:
        level: smoothed, on the scale of x.
        variance: of the residuals.
        season: deviations by hour of the day.
        hours: learned, no more than the gains need.
    """

    level: float = 0.0
    variance: float = LEAST_SCALE**2
    season: list[float] = []
    hours: int = 0


def stabilised(count: float) -> float:
    """Anscombe's transform of a count.

    >>> round(stabilised(100) - stabilised(81), 2)
    1.0
    """
    return sqrt(count + 0.375)


@dataclass(frozen=True, slots=True)
class ForecastModel:
    """How a series is learned.

    Attributes:
        alpha: gain of the level, an hour.
        gamma: gain of the season, a day.
        robust: pull outliers in.

    >>> model, series = ForecastModel(), Series()
    >>> for hour in range(24 * 30):
    ...     model.learn(40 if hour % 24 < 8 else 2, hour % 24, series)
    >>> round(model.expected(3, series)), round(model.expected(12, series))
    (40, 2)
    >>> model.score(40, 3, series) < 1.0 < 10.0 < model.score(400, 3, series)
    True
    """

    alpha: float = 0.01
    gamma: float = 0.1
    robust: bool = True

    def expected(self, hour: int, series: Series) -> float:
        """Count forecast for an hour of the day."""
        return max(self._forecast(hour, series), 0.0) ** 2

    def score(self, count: float, hour: int, series: Series) -> float:
        """Standard deviations by which a count exceeds the forecast; 0 if it does not."""
        excess = stabilised(count) - self._forecast(hour, series)
        return max(excess / max(sqrt(series.variance), LEAST_SCALE), 0.0)

    def learn(self, count: float, hour: int, series: Series) -> None:
        """Take in an hour that is over."""
        if not series.season:
            series.season = [0.0] * HOURS
            series.level = stabilised(count)
        forecast = self._forecast(hour, series)
        x = stabilised(count)
        if self.robust and series.hours >= HOURS:
            limit = CLIP * max(sqrt(series.variance), LEAST_SCALE)
            x = forecast + min(max(x - forecast, -limit), limit)
        alpha = max(self.alpha, 1.0 / (series.hours + 1))
        gamma = max(self.gamma, 1.0 / (series.hours // HOURS + 1))
        before, season = series.level, series.season[hour]
        series.level = alpha * (x - season) + (1.0 - alpha) * before
        series.season[hour] = gamma * (x - before) + (1.0 - gamma) * season
        series.variance += alpha * ((x - forecast) ** 2 / KEPT - series.variance)
        series.hours = min(series.hours + 1, round(HOURS / min(self.alpha, self.gamma)))

    def _forecast(self, hour: int, series: Series) -> float:
        return series.level + series.season[hour] if series.season else stabilised(0.0)
