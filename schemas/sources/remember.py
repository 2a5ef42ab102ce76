"""Remembering what was read from the same words before: people, machines and places come again."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from schemas.sources.values import MAX_TEXT

CACHED = 65_536
P = ParamSpec("P")
R = TypeVar("R")


class _TooLongError(Exception):
    """Nothing to remember: a few such texts would fill the memory."""


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, its last 65,536 results kept.

    Its arguments are hashable and come as a vendor writes them: to clean them once for each result
    is cheaper than once for each event. With a text of over 1024 characters nothing is kept.
    """

    @lru_cache(CACHED)
    def kept(*args: P.args, **kwargs: P.kwargs) -> R:
        if any(isinstance(part, str) and len(part) > MAX_TEXT for part in args):
            raise _TooLongError
        return function(*args, **kwargs)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return kept(*args, **kwargs)  # type: ignore[arg-type] # callers' keys are hashable
        except _TooLongError:
            return function(*args, **kwargs)

    return call
