"""Shared levels: what a detector knows of a peer group and of the whole organisation.

They live beside the keys of one partition. A partition holds a random share of all identities,
so its levels estimate the organisation's; and being fed by one partition's log alone they are the
same after every replay, on any number of workers.
"""

from typing import Any

import msgspec

from detectors.base import Detector, NoState
from pipeline.state.partition import PartitionState

PREFIX = b"\x00level/"
ORGANIZATION = ""
MAX_GROUPS = 64  # a group named after every identity would be no group


class Levels:
    """Shared states of one detector in one partition."""

    __slots__ = ("_detector", "_groups", "_partition", "_slot")

    def __init__(
        self, detector: Detector[Any, Any], slot: str, partition: PartitionState[Any]
    ) -> None:
        self._detector = detector
        self._slot = slot
        self._partition = partition
        self._groups: dict[str, msgspec.Struct] = {}
        prefix = self._name(ORGANIZATION)
        for name in partition.extra_names():
            if name.startswith(prefix):
                self.of(name[len(prefix) :].decode())

    def of(self, group: str) -> msgspec.Struct:
        """The level of a group; groups beyond the limit share the organisation's."""
        found = self._groups.get(group)
        if found is not None:
            return found
        if group and len(self._groups) >= MAX_GROUPS:
            return self.of(ORGANIZATION)
        data = self._partition.get_extra(self._name(group))
        level: msgspec.Struct = self._detector.Shared() if data is None else self._decode(data)
        self._groups[group] = level
        if data is None:
            self.save(group)  # after a restart the same groups count towards the limit
        return level

    def _decode(self, data: bytes) -> msgspec.Struct:
        shared: type[msgspec.Struct] = self._detector.Shared
        try:
            return msgspec.msgpack.decode(data, type=shared)
        except msgspec.MsgspecError:
            return shared()

    def _name(self, group: str) -> bytes:
        return PREFIX + f"{self._slot}/{group}".encode()

    def save(self, group: str) -> None:
        """Put the group's level among what the next flush writes."""
        level = self._groups.get(group)
        if level is not None and not isinstance(level, NoState):
            self._partition.put_extra(self._name(group), msgspec.msgpack.encode(level))
