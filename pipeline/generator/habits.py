"""Draws from the fitted habits of developers (`habits.json`, written by `fit.py`)."""

from __future__ import annotations

import json
from bisect import bisect
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any


class Shares:
    """A histogram: draws its values in proportion to their shares."""

    __slots__ = ("_cumulated", "_values")

    def __init__(self, shares: list[float], values: list[int] | None = None) -> None:
        self._cumulated = list(accumulate(shares))
        self._values = values or list(range(len(shares)))

    def draw(self, rng: Random) -> int:
        """One value."""
        point = rng.random() * self._cumulated[-1]
        return self._values[min(bisect(self._cumulated, point), len(self._values) - 1)]


class Quantiles:
    """A quantile table: draws from the distribution it describes, linear between its points."""

    __slots__ = ("table",)

    def __init__(self, table: list[float]) -> None:
        self.table = table

    def draw(self, rng: Random) -> float:
        """One value."""
        position = rng.random() * (len(self.table) - 1)
        index = int(position)
        low, high = self.table[index], self.table[index + 1]
        return low + (high - low) * (position - index)


class Habits:
    """The fitted distributions, ready to draw from.

    The histories are those of volunteers, who keep other days than employees. `staff_days` is
    therefore the part of `active_days_per_week` with three days or more: an assumption about
    employees, not a measurement.
    """

    def __init__(self, fitted: dict[str, Any]) -> None:
        commit, release = fitted["commit"], fitted["release"]
        self.hour_groups = [Shares(group["hour"]) for group in commit["hour_groups"]]
        self.hour_group = Shares([group["weight"] for group in commit["hour_groups"]])
        self.burst_gap = Quantiles(commit["burst_gap_seconds"])
        self.burst_size = Shares(commit["burst_size"], list(range(1, 26)))
        self.bursts = Shares(commit["bursts_per_active_day"], list(range(1, 9)))
        days = commit["active_days_per_week"]
        self.active_days = Shares(days, list(range(1, 8)))
        self.staff_days = Shares(days[2:], list(range(3, 8)))
        self.offset_slip = float(commit["offset_changes_per_active_day"]["other"])
        offsets = commit["offset_minutes"]
        self.offset = Shares(list(offsets.values()), [int(offset) for offset in offsets])
        self.release_gap = Quantiles(release["gap_days"])
        self.release_hour = Shares(release["hour"])
        self.release_packages = Shares(release["packages_per_release_day"], list(range(1, 7)))


@cache
def load_habits() -> Habits:
    """The habits that come with the project."""
    return Habits(fitted())


@cache
def fitted() -> dict[str, Any]:
    """The content of `habits.json`."""
    path = Path(__file__).with_name("habits.json")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
