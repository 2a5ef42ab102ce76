"""Familiar: the places and tools that an actor is known by, in a few bytes.

For detectors that judge one rare act, and need to know only whether it is done from where and with
what the actor usually works. A place is told by its network, or its country where no network is
told; a tool by device, or else by client and system. A value becomes known when it is seen again a
day after it was first seen: what an intruder brought along an hour ago is no alibi.

Two questions make the p-value of an unknown one: how often does this actor come to know a new one
(on k of n active days, and f of the group's), and is this one usual among what is new to others::

    p = (k + s f) / (n + s) * u

Given that there is a new one, its u is uniform or larger, so p is the chance of one at least as
unusual; the same holds of `uses`. Newcomers have u alone. What newcomers come up with says less of
somebody long known, whose u is at least a quarter (as in `categories`).

Both at once is the square of the larger, a known one being 1; and never less than the share of the
group's active days on which both were new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import msgspec

from detectors.toolbox.categories import Categories, CategoryModel
from detectors.toolbox.combine import conjunction
from detectors.toolbox.decay import DAY, factor
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.surroundings import values_of
from detectors.toolbox.window import label_of
from schemas.activity import Origin
from schemas.signal import Feature, bits

MAX_KNOWN = 8  # of each kind
MAX_FRESH = 12
KINDS = ("network", "country", "device", "client")
PLACES = (0, 1)  # of them
_DEVICE = 2
_DIGITS = 10  # of a device that are shown
COLD_DAYS = 3.0
_NEW_TO_ALL = 0.25
# Before anybody has been watched: one active day in ten thousand, worth half such a day.
_STRANGERS = 1e-4
_STRANGERS_WORTH = 5000.0


class Familiar(Proportion):
    """One actor; `trials` are its active days, `at` began the latest of them.

    Attributes:
        networks, countries, devices, clients: labels of those it is known by, latest last.
        fresh: label -> when it was first seen, whole seconds; of those not known yet.
        new_places, new_tools: decayed number of those that became known since it is no newcomer.
    """

    networks: list[int] = msgspec.field(default_factory=list)
    countries: list[int] = msgspec.field(default_factory=list)
    devices: list[int] = msgspec.field(default_factory=list)
    clients: list[int] = msgspec.field(default_factory=list)
    fresh: dict[int, int] = msgspec.field(default_factory=dict)
    new_places: int | float = 0
    new_tools: int | float = 0

    @property
    def known(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """Labels by kind, in the order of `KINDS`."""
        return self.networks, self.countries, self.devices, self.clients

    @property
    def cold(self) -> bool:
        """Too little is known of the actor itself."""
        return self.trials < COLD_DAYS

    def fade(self, keep: float) -> None:
        """Let all counts fade."""
        self.trials *= keep
        if self.hits:
            self.hits *= keep
        if self.new_places:
            self.new_places *= keep
        if self.new_tools:
            self.new_tools *= keep


class Crowd(msgspec.Struct, array_like=True):
    """A group.

    Attributes:
        networks, countries, devices, clients: those that became known of its members.
        new_places, new_tools: active days of members, no newcomers, on which one became known.
        strangers: those on which both did at once.
    """

    networks: Categories = msgspec.field(default_factory=Categories)
    countries: Categories = msgspec.field(default_factory=Categories)
    devices: Categories = msgspec.field(default_factory=Categories)
    clients: Categories = msgspec.field(default_factory=Categories)
    new_places: Proportion = msgspec.field(default_factory=Proportion)
    new_tools: Proportion = msgspec.field(default_factory=Proportion)
    strangers: Proportion = msgspec.field(default_factory=Proportion)

    @property
    def known(self) -> tuple[Categories, Categories, Categories, Categories]:
        """Values by kind, in the order of `KINDS`."""
        return self.networks, self.countries, self.devices, self.clients


class Seen(NamedTuple):
    """What an origin tells, by kind: text and label; empty and 0 where it does not."""

    values: tuple[str, str, str, str]
    labels: tuple[int, int, int, int]

    @property
    def place(self) -> int:
        """Kind that tells the place; it may be empty too."""
        return PLACES[0] if self.labels[0] else PLACES[1]

    @property
    def tool(self) -> int:
        """Kind that tells the tool; it may be empty too."""
        return _DEVICE if self.labels[_DEVICE] else _DEVICE + 1


class Judged(NamedTuple):
    """p-values of an unknown place and of an unknown tool, 1 for known ones; both at once."""

    place: float
    tool: float
    both: float


@lru_cache(4096)
def seen_in(origin: Origin) -> Seen:
    """What is counted of an origin.

    >>> seen_in(Origin(network="AS64496", client="Chrome/139", system="macOS")).values
    ('AS64496', '', '', 'Chrome on macOS')
    """
    values = values_of(origin)
    network, country, device, client = (
        (label_of(f"{kind} {value}") or 1) if value else 0
        for kind, value in zip(KINDS, values, strict=True)
    )
    return Seen(values, (network, country, device, client))


@dataclass(frozen=True, slots=True)
class FamiliarModel:
    """How it is learned and judged. `groups` are peers and organisation; once if they are one.

    Attributes:
        half_life: seconds of event time in which counts halve.
        settle: seconds after which a value seen again is known.
        default: daily chance of a new place, or tool, where nobody has been watched yet.
        rarest: least of it that a group may claim.
        own: active days that the group's share is worth against an actor's own.
        group: active days that the default is worth against the group's.
        values: of what is new to members of a group.

    >>> model, me, group = FamiliarModel(), Familiar(), Crowd()
    >>> home = Origin(network="AS64496", device="laptop")
    >>> for day in range(60):
    ...     _ = model.learn(home, day * DAY, me, [group])
    >>> model.judge(home, 60 * DAY, me, [group]).both
    1.0
    >>> model.judge(Origin(network="AS64500", device="other"), 60 * DAY, me, [group]).both < 0.001
    True
    """

    half_life: float = 180 * DAY
    settle: float = DAY
    default: float = 0.05
    rarest: float = 0.002
    own: float = 5.0
    group: float = 20.0
    values: CategoryModel = field(default_factory=lambda: CategoryModel(half_life=90 * DAY))

    def judge(self, origin: Origin, time: float, own: Familiar, groups: Sequence[Crowd]) -> Judged:
        """How unusual are place and tool."""
        seen = seen_in(origin)
        place = self._of_kind(seen.place, seen, time, own, groups)
        tool = self._of_kind(seen.tool, seen, time, own, groups)
        peers, organization = groups[0].strangers, groups[-1].strangers
        usual = of_group(peers, organization, _STRANGERS, _STRANGERS_WORTH)
        return Judged(place, tool, max(conjunction((place, tool)), usual))

    def _of_kind(
        self, kind: int, seen: Seen, time: float, own: Familiar, groups: Sequence[Crowd]
    ) -> float:
        known = own.known[kind]
        if not seen.labels[kind] or seen.labels[kind] in known:
            return 1.0
        p = self.values.judge(seen.values[kind], time, [group.known[kind] for group in groups])
        if own.cold or not known:
            return p
        if kind in PLACES:
            new, shares = own.new_places, [group.new_places for group in groups]
        else:
            new, shares = own.new_tools, [group.new_tools for group in groups]
        share = max(self.rarest, of_group(shares[0], shares[-1], self.default, self.group))
        return max(p, _NEW_TO_ALL) * (new + self.own * share) / (own.trials + self.own)

    def learn(self, origin: Origin, time: float, own: Familiar, groups: Sequence[Crowd]) -> bool:
        """Count the active day, and take in place and tool. Returns whether the day is a new one.

        Most of what comes repeats what is known of the day.
        """
        seen = seen_in(origin)
        new_day = not own.trials or time // DAY > own.at // DAY
        network, country, device, client = seen.labels
        if (
            not new_day
            and (not network or network in own.networks)
            and (not country or country in own.countries)
            and (not device or device in own.devices)
            and (not client or client in own.clients)
        ):
            return False
        unknown = [
            kind
            for kind, (label, known) in enumerate(zip(seen.labels, own.known, strict=True))
            if label and label not in known
        ]
        warm = not own.cold
        if new_day:
            self._count_day(time, own, groups, warm=warm)
            _refresh(seen, own)
        settled = [kind for kind in unknown if self._settles(seen.labels[kind], time, own)]
        changed = [kind for kind in settled if warm and own.known[kind]]
        for kind in settled:
            known = own.known[kind]
            known.append(seen.labels[kind])
            del known[:-MAX_KNOWN]
            self.values.learn(seen.values[kind], time, [group.known[kind] for group in groups])
        if seen.place in changed:
            own.new_places = min(own.new_places + 1, own.trials)
            _hit([group.new_places for group in groups])
        if seen.tool in changed:
            own.new_tools = min(own.new_tools + 1, own.trials)
            _hit([group.new_tools for group in groups])
        if seen.place in changed and seen.tool in changed:
            _hit([group.strangers for group in groups])
        return new_day

    def _count_day(
        self, time: float, own: Familiar, groups: Sequence[Crowd], *, warm: bool
    ) -> None:
        second = int(time)
        if own.trials and second > own.at:
            own.fade(factor(second - own.at, self.half_life))
        own.at = max(own.at, second)
        own.trials += 1
        if warm:
            for group in groups:
                for share in (group.new_places, group.new_tools, group.strangers):
                    share.learn(False, time, self.half_life)

    def _settles(self, label: int, time: float, own: Familiar) -> bool:
        first = own.fresh.setdefault(label, int(time))
        if time - first >= self.settle:
            del own.fresh[label]
            return True
        if len(own.fresh) > MAX_FRESH:
            del own.fresh[min(own.fresh, key=own.fresh.__getitem__)]
        return False


def _refresh(seen: Seen, own: Familiar) -> None:
    """What is in use is the last to be forgotten."""
    for label, known in zip(seen.labels, own.known, strict=True):
        if label in known and known[-1] != label:
            known.remove(label)
            known.append(label)


def _hit(shares: Sequence[Proportion]) -> None:
    for share in shares:
        share.hits = min(share.hits + 1, share.trials)


def features(origin: Origin, judged: Judged, own: Familiar) -> tuple[Feature, ...]:
    """Place and tool, for the analyst."""
    seen = seen_in(origin)
    found = []
    for kind, p in ((seen.place, judged.place), (seen.tool, judged.tool)):
        if label := seen.labels[kind]:
            known = own.known[kind]
            usual = f"one of {len(known)} known" if label in known else f"{len(known)} others known"
            shown = origin.device[:_DIGITS] if kind == _DEVICE else seen.values[kind]
            found.append(Feature(KINDS[kind], shown, usual, bits(p)))
    return tuple(found)
