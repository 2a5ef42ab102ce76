"""Fit the habits of real developers: commit and release histories in, `habits.json` out.

    python -m pipeline.generator.fit COMMITS.jsonl.gz RELEASES.jsonl.gz

Commits are lines with `author`, `author_ts` (ISO 8601, UTC), `author_tz` (`+0200`) and `label`
(a label other than null leaves the commit out); releases are lines with `ts`, `package`,
`released_by` and `tz_offset`. Only pooled histograms and quantile tables are written: nothing in
`habits.json` belongs to one person.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

BURST_SECONDS = 3600
"""Commits of one author closer than this belong to one burst."""
DAY_SECONDS = 86400
MIN_COMMITS = 50
"""An author with fewer commits shows no habit."""
HOUR_GROUPS = 4
DAWN = 4
"""The hour at which a working day is cut, so that a night ends the day it began in."""

NUMBERS = re.compile(r"\[([-\d.,e\s]+)\]")
"""A JSON list of numbers; written on one line."""

Commit = tuple[float, int]
"""Instant in seconds and offset from UTC in minutes."""


def offset_minutes(text: str) -> int:
    """Minutes east of UTC of an offset written as git does, `-0330`."""
    sign = -1 if text.startswith("-") else 1
    return sign * (int(text[1:3]) * 60 + int(text[3:5]))


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _local(commit: Commit) -> datetime:
    return datetime.fromtimestamp(commit[0] + commit[1] * 60, UTC)


def _shares(counts: Counter[int], keys: Iterable[int]) -> list[float]:
    total = sum(counts.values())
    return [round(counts[key] / total, 5) for key in keys]


def _quantiles(values: Sequence[float], steps: int = 100) -> list[float]:
    ordered = sorted(values)
    last = len(ordered) - 1
    return [float(f"{ordered[round(last * step / steps)]:.4g}") for step in range(steps + 1)]


def _sizes(values: Iterable[int], largest: int) -> list[float]:
    """Shares of the sizes 1..largest; larger ones count as the largest."""
    counts = Counter(min(value, largest) for value in values)
    return _shares(counts, range(1, largest + 1))


def _bursts(commits: Sequence[Commit]) -> list[list[Commit]]:
    bursts = [[commits[0]]]
    for earlier, later in itertools.pairwise(commits):
        if later[0] - earlier[0] < BURST_SECONDS:
            bursts[-1].append(later)
        else:
            bursts.append([later])
    return bursts


def _working_day(commit: Commit) -> date:
    return _local((commit[0] - DAWN * 3600, commit[1])).date()


def _mean_hour(commits: Sequence[Commit]) -> float:
    """The circular mean of the local hour, counted from dawn."""
    angles = [(_local(commit).hour - DAWN) * math.tau / 24 for commit in commits]
    mean = math.atan2(sum(map(math.sin, angles)), sum(map(math.cos, angles)))
    return mean % math.tau


def _hour_groups(people: Sequence[Sequence[Commit]]) -> list[dict[str, Any]]:
    """People from early to late, cut into groups of about as many commits."""
    ordered = sorted(people, key=_mean_hour)
    total = sum(map(len, ordered))
    groups: list[Counter[int]] = [Counter() for _ in range(HOUR_GROUPS)]
    seen = 0
    for commits in ordered:
        middle = seen + len(commits) / 2
        groups[int(middle * HOUR_GROUPS / total)].update(_local(commit).hour for commit in commits)
        seen += len(commits)
    return [
        {"weight": round(group.total() / total, 5), "hour": _shares(group, range(24))}
        for group in groups
        if group
    ]


def fit_commits(lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Histograms and quantiles of when people commit; shares sum to one, gaps are in seconds."""
    authors: defaultdict[str, set[Commit]] = defaultdict(set)
    for line in lines:
        if line["label"] is None and not line["author"].startswith("bot"):
            instant = datetime.fromisoformat(line["author_ts"]).timestamp()
            authors[line["author"]].add((instant, offset_minutes(line["author_tz"])))
    people = [sorted(commits) for commits in authors.values() if len(commits) >= MIN_COMMITS]
    days = [Counter(map(_working_day, commits)) for commits in people]
    weeks = [Counter(day.isocalendar()[:2] for day in active) for active in days]
    bursts = [burst for commits in people for burst in _bursts(commits)]
    pairs = [pair for commits in people for pair in itertools.pairwise(commits)]
    gaps = [later[0] - earlier[0] for earlier, later in pairs]
    active_days = sum(map(len, days))
    moved = [abs(later[1] - earlier[1]) for earlier, later in pairs if later[1] != earlier[1]]
    starts = Counter(
        (person, _working_day(burst[0]))
        for person, commits in enumerate(people)
        for burst in _bursts(commits)
    )
    everyone = [commit for commits in people for commit in commits]
    return {
        "people": len(people),
        "commits": len(everyone),
        "hour": _shares(Counter(_local(commit).hour for commit in everyone), range(24)),
        "hour_groups": _hour_groups(people),
        "weekday": _shares(Counter(_local(commit).weekday() for commit in everyone), range(7)),
        "burst_gap_seconds": _quantiles([gap for gap in gaps if gap < BURST_SECONDS]),
        "gap_within_day_seconds": _quantiles([gap for gap in gaps if gap < DAY_SECONDS]),
        "burst_size": _sizes(map(len, bursts), 25),
        "bursts_per_active_day": _sizes(starts.values(), 8),
        "active_days_per_week": _sizes((n for week in weeks for n in week.values()), 7),
        "offset_minutes": {
            str(offset): share
            for offset, count in Counter(commit[1] for commit in everyone).most_common()
            if (share := round(count / len(everyone), 5)) >= 0.001  # noqa: PLR2004 (drops the tail)
        },
        "offset_changes_per_active_day": {
            "one_hour": round(moved.count(60) / active_days, 5),
            "other": round((len(moved) - moved.count(60)) / active_days, 5),
        },
    }


def fit_releases(lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Release rhythm: gaps of one package in days, sizes of release days, local hours."""
    packages: defaultdict[str, list[float]] = defaultdict(list)
    release_days: defaultdict[tuple[str, date], list[str]] = defaultdict(list)
    hours: Counter[int] = Counter()
    for line in lines:
        instant = datetime.fromisoformat(line["ts"]).timestamp()
        local = _local((instant, offset_minutes(line["tz_offset"])))
        packages[line["package"]].append(instant)
        release_days[line["released_by"], local.date()].append(line["package"])
        hours[local.hour] += 1
    gaps = [
        (later - earlier) / DAY_SECONDS
        for times in packages.values()
        for earlier, later in itertools.pairwise(sorted(times))
    ]
    versions = [n for names in release_days.values() for n in Counter(names).values()]
    return {
        "packages": len(packages),
        "releases": hours.total(),
        "gap_days": _quantiles(gaps),
        "hour": _shares(hours, range(24)),
        "packages_per_release_day": _sizes((len(set(n)) for n in release_days.values()), 6),
        "versions_per_package_day": _sizes(versions, 6),
    }


def main(commits: Path, releases: Path) -> None:
    """Write `habits.json` beside this module."""
    habits = {
        "source": "Public commit histories of open-source JavaScript repositories and the release "
        f"times of npm packages; authors with {MIN_COMMITS} commits or more, bots left out. "
        "Volunteers keep other days than employees: see habits.py for what is assumed of those.",
        "command": f"python -m pipeline.generator.fit {commits.name} {releases.name}",
        "commit": fit_commits(_lines(commits)),
        "release": fit_releases(_lines(releases)),
    }
    target = Path(__file__).with_name("habits.json")
    text = json.dumps(habits, indent=1)
    target.write_text(NUMBERS.sub(_one_line, text) + "\n", encoding="utf-8")


def _one_line(numbers: re.Match[str]) -> str:
    return "[" + ", ".join(numbers[1].replace(",", " ").split()) + "]"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
