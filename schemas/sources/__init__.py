"""One file a product: vendors' JSON in, activities out. `SOURCES` lists them all."""

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from schemas.sources import (
    claude_code_otel,
    git_log,
    github_audit,
    github_webhook,
    npm_hook,
    npm_registry,
    okta_system_log,
)
from schemas.sources.base import Raw, RejectedError, Source

__all__ = ["SOURCES", "Raw", "RejectedError", "Source", "recognise", "source_named"]

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        module.SOURCE.name: module.SOURCE
        for module in (
            github_audit,
            github_webhook,
            git_log,
            npm_registry,
            npm_hook,
            okta_system_log,
            claude_code_otel,
        )
    }
)


def source_named(name: str) -> Source:
    """The source of that name, or RejectedError("unknown_source")."""
    try:
        return SOURCES[name]
    except KeyError:
        raise RejectedError("unknown_source", f"no source is named {name[:64]!r}") from None


def recognise(event: bytes) -> Source:
    """The one source whose shape the record has, or RejectedError."""
    try:
        record = orjson.loads(event)
    except orjson.JSONDecodeError as error:
        raise RejectedError("not_json", str(error)) from None
    if not isinstance(record, dict):
        raise RejectedError("not_json", "the record is no JSON object")
    matches = [source for source in SOURCES.values() if source.recognises(record)]
    if len(matches) == 1:
        return matches[0]
    names = ", ".join(source.name for source in matches) or "none"
    raise RejectedError("unknown_source", f"sources of this shape: {names}; name it in a header")
