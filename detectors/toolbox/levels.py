"""The levels a judgement backs off through."""

from typing import TypeVar

import msgspec

from detectors.base import Context

OwnT = TypeVar("OwnT", bound=msgspec.Struct)
SharedT = TypeVar("SharedT", bound=msgspec.Struct)


def shared_levels(context: Context[SharedT]) -> list[SharedT]:
    """Peers and organisation; once if the engine lends the same struct for both."""
    if context.peers is context.organization:
        return [context.organization]
    return [context.peers, context.organization]


def levels_of(own: OwnT, context: Context[SharedT]) -> list[OwnT | SharedT]:
    """The entity's own state, its peers', the organisation's."""
    return [own, *shared_levels(context)]
