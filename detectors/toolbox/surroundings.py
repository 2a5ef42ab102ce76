"""Surroundings: the places and tools that an identity is known to work from.

Place is network and country, tool is device and client. The two of a group hang together (who
travels has a new country *and* a new network), so they are combined as dependent p-values; place
and tool are judged apart, because a trip changes the one and a new laptop the other, and seldom
does anybody but a stranger change both at once. How seldom is learned from the organisation: the
p-value of both is at least the share of its logins in which both were unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from detectors.toolbox.categories import Categories, CategoryModel, brief
from detectors.toolbox.combine import cauchy, conjunction
from detectors.toolbox.decay import DAY, HOUR
from detectors.toolbox.proportion import Proportion, of_group
from schemas.activity import Origin
from schemas.signal import Feature, bits

# Before anybody has been watched: one login in ten thousand, worth half such a login.
_STRANGERS = 1e-4
_STRANGERS_WORTH = 5000.0
_STRANGERS_HALF_LIFE = 180 * DAY


class Surroundings(msgspec.Struct, array_like=True):
    """What has been seen of one identity, or of a group.

    Attributes:
        networks, countries, devices, clients: decayed counts.
    """

    networks: Categories = msgspec.field(default_factory=Categories)
    countries: Categories = msgspec.field(default_factory=Categories)
    devices: Categories = msgspec.field(default_factory=Categories)
    clients: Categories = msgspec.field(default_factory=Categories)

    @property
    def kinds(self) -> tuple[Categories, Categories, Categories, Categories]:
        """Counts in the order of `values_of`."""
        return self.networks, self.countries, self.devices, self.clients


class Crowd(Surroundings):
    """What a group shares.

    Attributes:
        strangers: logins of its members in which place and tool were unknown, of all.
    """

    strangers: Proportion = msgspec.field(default_factory=Proportion)


class Part(NamedTuple):
    """One judged feature; `known` tells whether the identity itself has had the value before."""

    name: str
    observed: str
    expected: Categories
    p: float
    known: bool

    def feature(self) -> Feature:
        """For the analyst."""
        many = len(self.expected.weights)
        usual = f"{many} known" if self.name == "device" else self.expected.usual()
        return Feature(self.name, self.observed, usual, bits(self.p))


class Verdict(NamedTuple):
    """p-values (1 where the vendor says nothing), and the parts they are of.

    Attributes:
        place: network and country.
        tool: device and client.
        both: place and tool at once, each counting only as far as it is unknown.
        parts: features as judged.
    """

    place: float
    tool: float
    both: float
    parts: tuple[Part, ...]

    def features(self) -> tuple[Feature, ...]:
        """The parts, for the analyst."""
        return tuple(part.feature() for part in self.parts)


def tool_of(origin: Origin) -> str:
    """Client without its version, and operating system: what an update does not change.

    >>> tool_of(Origin(client="Chrome/139", system="macOS"))
    'Chrome on macOS'
    """
    program = origin.client.partition("/")[0]
    return f"{program} on {origin.system}" if program and origin.system else program


def values_of(origin: Origin) -> tuple[str, str, str, str]:
    """Network, country, device, client as they are counted; empty where unknown.

    A device only has to be told from others: nobody reads the vendor's id.
    """
    return origin.network, origin.country, brief(origin.device), tool_of(origin)


_DIGITS = 10  # of a device that are shown
_NAMES = ("network", "country", "device", "client")


@dataclass(frozen=True, slots=True)
class SurroundingsModel:
    """How surroundings are learned and judged. Levels: the identity, its peers, all.

    Attributes:
        model: of each feature.
    """

    model: CategoryModel = field(
        default_factory=lambda: CategoryModel(half_life=90 * DAY, cap=8, repeat=6 * HOUR)
    )

    def judge(self, origin: Origin, time: float, levels: Sequence[Surroundings]) -> Verdict:
        """How usual are the origin's place and tool."""
        network, country, device, client = values_of(origin)
        place, tool = [], []
        if network:
            place.append(self._part(0, network, time, [level.networks for level in levels]))
        if country:
            place.append(self._part(1, country, time, [level.countries for level in levels]))
        if device:
            devices = [level.devices for level in levels]
            tool.append(self._part(2, device, time, devices, origin.device[:_DIGITS]))
        if client:
            tool.append(self._part(3, client, time, [level.clients for level in levels]))
        p_place = cauchy([part.p for part in place])
        p_tool = cauchy([part.p for part in tool])
        p_both = 1.0
        if not (all(part.known for part in place) or all(part.known for part in tool)):
            crowds = [level.strangers for level in levels if isinstance(level, Crowd)]
            usual = (
                of_group(crowds[0], crowds[-1], _STRANGERS, _STRANGERS_WORTH)
                if crowds
                else _STRANGERS
            )
            p_both = max(conjunction((_unknown(place), _unknown(tool))), usual)
        return Verdict(p_place, p_tool, p_both, (*place, *tool))

    def _part(
        self, index: int, value: str, time: float, levels: list[Categories], shown: str = ""
    ) -> Part:
        own = levels[0]
        p = self.model.judge(value, time, levels)
        return Part(_NAMES[index], shown or value, own, p, own.knows(value))

    def learn(self, origin: Origin, time: float, levels: Sequence[Surroundings]) -> None:
        """Take the origin's values in."""
        own = levels[0]
        values = values_of(origin)
        network, _, device, client = values
        countable = bool(network and (device or client)) and not self.cold(own, time)
        new = set()
        for kind, (value, known) in enumerate(zip(values, own.kinds, strict=True)):
            if value and not self.model.repeats(value, time, known):
                if not known.knows(value):
                    new.add(_NAMES[kind])
                self.model.learn(value, time, [level.kinds[kind] for level in levels])
        if countable:
            stranger = {"network", "device" if device else "client"} <= new
            for level in levels:
                if isinstance(level, Crowd):
                    level.strangers.learn(stranger, time, _STRANGERS_HALF_LIFE)

    def cold(self, own: Surroundings, time: float) -> bool:
        """Too little is known of the identity itself."""
        return all(self.model.cold(categories, time) for categories in own.kinds)


def _unknown(parts: Sequence[Part]) -> float:
    return cauchy([1.0 if part.known else part.p for part in parts])
