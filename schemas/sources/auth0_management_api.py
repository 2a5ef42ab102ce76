"""Writes through Auth0's Management API (`sapi`, `fapi`) in the project's taxonomy.

Reference: https://auth0.com/docs/api/management/v2. The log has the request's method and path; the
first rule that matches `<METHOD> <path below /api/v2/>` wins. Bodies may hold secrets: of them only
switches and scopes are read.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from schemas.action import Action
from schemas.activity import Fact, TargetKind
from schemas.facts import SCOPES, WEAKENED
from schemas.sources.fields import items, mapping, text

_RULES: Final[tuple[tuple[str, Action, TargetKind], ...]] = (
    (r"\w+ log-streams", Action.AUDIT_CHANGE, TargetKind.POLICY),
    (r"DELETE users/[^/]+/(authenticators|authentication-methods)$", Action.FACTOR_RESET,
     TargetKind.ACCOUNT),
    (r"DELETE users/[^/]+/(multifactor|authentication-methods)/", Action.FACTOR_REMOVE,
     TargetKind.ACCOUNT),
    (r"DELETE guardian/enrollments/", Action.FACTOR_REMOVE, TargetKind.FACTOR),
    (r"(POST|PUT) users/[^/]+/authentication-methods", Action.FACTOR_ENROLL, TargetKind.ACCOUNT),
    (r"POST users/[^/]+/recovery-code-regeneration", Action.FACTOR_ENROLL, TargetKind.ACCOUNT),
    (r"POST (users/[^/]+/(roles|permissions)|roles/[^/]+/(users|permissions))",
     Action.PRIVILEGE_GRANT, TargetKind.ACCOUNT),
    (r"DELETE (users/[^/]+/(roles|permissions)|roles/[^/]+/permissions)",
     Action.PRIVILEGE_REVOKE, TargetKind.ACCOUNT),
    (r"POST organizations/[^/]+/members/[^/]+/roles", Action.PRIVILEGE_GRANT, TargetKind.ACCOUNT),
    (r"DELETE organizations/[^/]+/members/[^/]+/roles", Action.PRIVILEGE_REVOKE,
     TargetKind.ACCOUNT),
    (r"POST organizations/[^/]+/members", Action.MEMBER_ADD, TargetKind.GROUP),
    (r"DELETE organizations/[^/]+/members", Action.MEMBER_REMOVE, TargetKind.GROUP),
    (r"DELETE (users/[^/]+/sessions|sessions/)", Action.SESSION_END, TargetKind.ACCOUNT),
    (r"DELETE (users/[^/]+/refresh-tokens|refresh-tokens/|device-credentials/)",
     Action.TOKEN_REVOKE, TargetKind.TOKEN),
    (r"DELETE (grants|client-grants|clients/[^/]+/credentials)", Action.TOKEN_REVOKE,
     TargetKind.TOKEN),
    (r"POST blacklists/tokens", Action.TOKEN_REVOKE, TargetKind.TOKEN),
    (r"POST (client-grants|device-credentials|clients/[^/]+/(rotate-secret|credentials))",
     Action.TOKEN_CREATE, TargetKind.TOKEN),
    (r"POST users$", Action.MEMBER_ADD, TargetKind.ACCOUNT),
    (r"DELETE users/[^/]+$", Action.MEMBER_REMOVE, TargetKind.ACCOUNT),
    (r"POST clients$", Action.APP_INSTALL, TargetKind.APPLICATION),
    (r"PATCH users/[^/]+$", Action.API_REQUEST, TargetKind.ACCOUNT),
    (r"\w+ (guardian/(factors|policies)|attack-protection|anomaly|network-acls|tenants/settings)",
     Action.POLICY_CHANGE, TargetKind.POLICY),
    (r"\w+ (connections|resource-servers|self-service-profiles|token-exchange-profiles|keys)",
     Action.POLICY_CHANGE, TargetKind.POLICY),
    (r"\w+ (actions|hooks|prompts|risk-assessments|rules)", Action.POLICY_CHANGE,
     TargetKind.POLICY),
)  # fmt: skip
_COMPILED: Final = tuple((re.compile(rule), action, kind) for rule, action, kind in _RULES)
_SUBJECT: Final = re.compile(r"users/([^/]+)")
_MOST: Final = 32


def resource_of(path: str) -> str:
    """The path below the API's root."""
    return path.partition("/api/v2/")[2] or path.lstrip("/")


@lru_cache(4096)
def meaning_of(method: str, path: str) -> tuple[str, TargetKind, str] | None:
    """Action, kind of target and user id of a request; None for paths of no rule.

    >>> meaning_of("delete", "/api/v2/users/auth0%7C1/multifactor/guardian")
    (<Action.FACTOR_REMOVE: 'factor.remove'>, <TargetKind.ACCOUNT: 'account'>, 'auth0|1')
    """
    below = resource_of(path)
    request = f"{method.upper()} {below}"
    for rule, action, kind in _COMPILED:
        if rule.match(request):
            user = _SUBJECT.match(below)
            return action, kind, unquote(user[1]).lower() if user else ""
    return None


def facts_of(method: str, path: str, body: object) -> dict[str, Fact]:
    """What a request's body tells of a guard or of scopes, keys as in `schemas.facts`."""
    resource = resource_of(path).partition("/")[0]
    if resource == "client-grants":
        scopes = sorted({text(scope) for scope in items(mapping(body).get("scope"))})[:_MOST]
        return {SCOPES: scopes} if scopes else {}
    return {WEAKENED: True} if _weakens(method.upper(), resource, body) else {}


def _weakens(method: str, resource: str, body: object) -> bool:
    if resource == "log-streams":
        return method == "DELETE" or text(mapping(body).get("status")) == "paused"
    if resource == "connections":
        return method == "POST"  # another place that identities may come from
    if resource == "guardian" and body == []:  # policies: never ask for a second factor
        return True
    return resource in ("guardian", "attack-protection") and mapping(body).get("enabled") is False
