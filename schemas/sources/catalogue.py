"""What the parsers make of the vendors' actions, for people who choose what to send."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

from schemas.sources.anthropic_activities import RULES as ANTHROPIC
from schemas.sources.artifactory_actions import RULES as ARTIFACTORY
from schemas.sources.auth0_event_types import MEANINGS as AUTH0
from schemas.sources.azure_devops_actions import ACTIONS as AZURE_DEVOPS
from schemas.sources.base import Source
from schemas.sources.bitbucket_actions import ACTIONS as BITBUCKET
from schemas.sources.claude_code_otel import EVENTS as CLAUDE_CODE
from schemas.sources.cursor_events import RULES as CURSOR
from schemas.sources.duo_actions import ACTIONS as DUO_ADMINISTRATION
from schemas.sources.duo_log import EVENTS as DUO
from schemas.sources.entra_audit_actions import ACTIONS as ENTRA_AUDIT
from schemas.sources.entra_signin import KINDS as ENTRA_SIGNIN
from schemas.sources.git_log import ACTIONS as GIT
from schemas.sources.github_actions import RULES as GITHUB_AUDIT
from schemas.sources.github_events import ACTIONS as GITHUB_WEBHOOK
from schemas.sources.gitlab_event_types import EVENT_TYPES as GITLAB_AUDIT
from schemas.sources.gitlab_hooks import EVENTS as GITLAB_WEBHOOK
from schemas.sources.google_workspace_events import EVENTS as GOOGLE_WORKSPACE
from schemas.sources.mcp_gateway import ACTIONS as MCP
from schemas.sources.npm_hook import ACTIONS as NPM_HOOK
from schemas.sources.npm_registry import ACTIONS as NPM_REGISTRY
from schemas.sources.okta_event_types import EVENT_TYPES as OKTA
from schemas.sources.onelogin_event_types import MEANINGS as ONELOGIN
from schemas.sources.openai_events import RULES as OPENAI
from schemas.sources.pypi_tags import RULES as PYPI


class _Meaning(Protocol):
    """An entry of a parser's table."""

    @property
    def action(self) -> str:
        """In the taxonomy."""


_Table = Mapping[str, str] | Mapping[str, _Meaning] | Mapping[int, _Meaning]
_TABLES: Mapping[str, tuple[_Table, ...]] = MappingProxyType(
    {
        "github.audit": (GITHUB_AUDIT,),
        "github.webhook": (GITHUB_WEBHOOK,),
        "gitlab.audit": (GITLAB_AUDIT,),
        "gitlab.webhook": (GITLAB_WEBHOOK,),
        "bitbucket.audit": (BITBUCKET,),
        "azure_devops.audit": (AZURE_DEVOPS,),
        "git.log": (GIT,),
        "npm.registry": (NPM_REGISTRY,),
        "npm.hook": (NPM_HOOK,),
        "pypi.audit": (PYPI,),
        "artifactory.audit": (ARTIFACTORY,),
        "okta.system_log": (OKTA,),
        "entra.signin": (ENTRA_SIGNIN,),
        "entra.audit": (ENTRA_AUDIT,),
        "google_workspace.activity": (GOOGLE_WORKSPACE,),
        "auth0.log": (AUTH0,),
        "onelogin.event": (ONELOGIN,),
        "duo.log": (DUO_ADMINISTRATION, DUO),
        "claude_code.otel": (CLAUDE_CODE,),
        "cursor.audit": (CURSOR,),
        "openai.audit": (OPENAI,),
        "anthropic.compliance": (ANTHROPIC,),
        "mcp.gateway": (MCP,),
    }
)


def meanings(source: Source) -> dict[str, str | None]:
    """Every action of the vendor's that the source knows, with what it is in the taxonomy.

    None where no table has it and the parser decides by the record: a push moves a branch or a tag.
    """
    told = dict(_entries(_TABLES.get(source.name, ())))
    return {name: told.get(name) for name in sorted(source.actions)}


def _entries(tables: Iterable[_Table]) -> Iterator[tuple[str, str]]:
    for table in tables:
        for name, entry in table.items():
            yield str(name), str(entry if isinstance(entry, str) else entry.action)
