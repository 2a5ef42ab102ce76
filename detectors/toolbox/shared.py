"""The shared levels of a context, each once."""

from typing import TypeVar

import msgspec

from detectors.base import Context

SharedT = TypeVar("SharedT", bound=msgspec.Struct)


def distinct(context: Context[SharedT]) -> tuple[SharedT, ...]:
    """Peers and organisation; only one where a group shares the organisation's level."""
    if context.peers is context.organization:
        return (context.organization,)
    return (context.peers, context.organization)
