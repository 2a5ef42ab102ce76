"""One file a product: vendors' JSON in, activities out. `SOURCES` lists them all."""

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from schemas.sources.anthropic_compliance import SOURCE as ANTHROPIC_COMPLIANCE
from schemas.sources.artifactory_audit import SOURCE as ARTIFACTORY_AUDIT
from schemas.sources.auth0_log import SOURCE as AUTH0_LOG
from schemas.sources.azure_devops_audit import SOURCE as AZURE_DEVOPS_AUDIT
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.bitbucket_audit import SOURCE as BITBUCKET_AUDIT
from schemas.sources.claude_code_otel import SOURCE as CLAUDE_CODE_OTEL
from schemas.sources.cursor_audit import SOURCE as CURSOR_AUDIT
from schemas.sources.duo_log import SOURCE as DUO_LOG
from schemas.sources.entra_audit import SOURCE as ENTRA_AUDIT
from schemas.sources.entra_signin import SOURCE as ENTRA_SIGNIN
from schemas.sources.git_log import SOURCE as GIT_LOG
from schemas.sources.github_audit import SOURCE as GITHUB_AUDIT
from schemas.sources.github_webhook import SOURCE as GITHUB_WEBHOOK
from schemas.sources.gitlab_audit import SOURCE as GITLAB_AUDIT
from schemas.sources.gitlab_webhook import SOURCE as GITLAB_WEBHOOK
from schemas.sources.google_workspace_activity import SOURCE as GOOGLE_WORKSPACE_ACTIVITY
from schemas.sources.mcp_gateway import SOURCE as MCP_GATEWAY
from schemas.sources.npm_hook import SOURCE as NPM_HOOK
from schemas.sources.npm_manifest import MAX_BYTES as LARGEST
from schemas.sources.npm_registry import SOURCE as NPM_REGISTRY
from schemas.sources.okta_system_log import SOURCE as OKTA_SYSTEM_LOG
from schemas.sources.onelogin_event import SOURCE as ONELOGIN_EVENT
from schemas.sources.openai_audit import SOURCE as OPENAI_AUDIT
from schemas.sources.pypi_audit import SOURCE as PYPI_AUDIT
from schemas.sources.secrets import redacted

__all__ = ["SOURCES", "Raw", "RejectedError", "Source", "recognise", "source_named"]

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.name: source
        for source in (
            GITHUB_AUDIT,
            GITHUB_WEBHOOK,
            GITLAB_AUDIT,
            GITLAB_WEBHOOK,
            BITBUCKET_AUDIT,
            AZURE_DEVOPS_AUDIT,
            GIT_LOG,
            NPM_REGISTRY,
            NPM_HOOK,
            PYPI_AUDIT,
            ARTIFACTORY_AUDIT,
            OKTA_SYSTEM_LOG,
            ENTRA_SIGNIN,
            ENTRA_AUDIT,
            GOOGLE_WORKSPACE_ACTIVITY,
            AUTH0_LOG,
            ONELOGIN_EVENT,
            DUO_LOG,
            CLAUDE_CODE_OTEL,
            CURSOR_AUDIT,
            OPENAI_AUDIT,
            ANTHROPIC_COMPLIANCE,
            MCP_GATEWAY,
        )
    }
)


def source_named(name: str) -> Source:
    """The source of that name, or RejectedError("unknown_source")."""
    try:
        return SOURCES[name]
    except KeyError:
        shown = redacted(name)[:64]
        raise RejectedError("unknown_source", f"no source is named {shown!r}") from None


def recognise(event: bytes) -> Source:
    """The one source whose shape the record has, or RejectedError."""
    if len(event) > LARGEST:
        raise RejectedError("too_large", f"{len(event)} bytes, at most {LARGEST} are read")
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
