"""PyPI's event tags and what each is in the taxonomy.

Reference: `warehouse/events/tags.py` in the repository pypi/warehouse, several versions of it: tags
have been renamed (`oidc:provider-added`, `oidc:publisher-added`). They are
`<whose history>:<subject>:<what>`.

Not mapped on purpose, so they stay under their own name:
one act is written into several histories (a role into the project's and the account's, a team's
into the organisation's and the team's), and only the first counts as the act; a release has one
`file:add` for each of its files beside its one `project:release:add`; and a trusted publisher
mints a short-lived token at every upload, which is no token that lasts.
"""

from functools import lru_cache
from typing import Final

from schemas.sources.rules import Rule, rules

NAME: Final = "pypi.audit"
FAMILIES: Final = frozenset({"account", "project", "file", "organization", "team"})

_TABLE = """
[LOGIN APPLICATION]
account:login:success
[LOGIN APPLICATION failure]
account:login:failure
[MFA_CHALLENGE FACTOR]
account:recovery_codes:used
[FACTOR_ENROLL FACTOR]
account:two_factor:method_added account:recovery_codes:generated
account:recovery_codes:regenerated
[FACTOR_REMOVE FACTOR]
account:two_factor:method_removed
[PASSWORD_CHANGE ACCOUNT]
account:password:change account:password:reset account:password:disabled
[TOKEN_CREATE TOKEN]
account:api_token:added
[TOKEN_REVOKE TOKEN]
account:api_token:removed account:api_token:removed_leak
[PACKAGE_PUBLISH PACKAGE]
project:release:add
[PACKAGE_UNPUBLISH PACKAGE]
project:release:remove project:release:file:remove file:remove
[PACKAGE_DEPRECATE PACKAGE]
project:release:yank
[PACKAGE_OWNER PACKAGE]
project:role:add project:role:invite project:role:remove project:role:revoke_invite
project:role:delete project:role:accepted
project:oidc:publisher-added project:oidc:publisher-removed
project:oidc:provider-added project:oidc:provider-removed
account:oidc:pending-publisher-added account:oidc:pending-publisher-removed
organization:oidc:pending-publisher-added organization:oidc:pending-publisher-removed
project:organization_project:add project:organization_project:remove
project:team_project_role:add project:team_project_role:remove
[PRIVILEGE_GRANT PACKAGE]
project:role:change project:team_project_role:change
[POLICY_CHANGE PACKAGE]
project:alternate_repository:add project:alternate_repository:delete
[POLICY_CHANGE PACKAGE weakened]
project:owners_require_2fa:disabled
[POLICY_CHANGE PACKAGE strengthened]
project:owners_require_2fa:enabled
[MEMBER_ADD ACCOUNT]
organization:organization_role:add organization:organization_role:invite
[MEMBER_REMOVE ACCOUNT]
organization:organization_role:remove organization:organization_role:revoke_invite
[PRIVILEGE_GRANT ACCOUNT]
organization:organization_role:change
[MEMBER_ADD GROUP]
organization:team_role:add
[MEMBER_REMOVE GROUP]
organization:team_role:remove
"""
RULES: Final[dict[str, Rule]] = rules(_TABLE)
_ADDING: Final = ("add", "invite", "accepted", "added")


@lru_cache(4096)
def rule_of(tag: str) -> Rule:
    """What a tag means; an unknown one keeps its name."""
    return RULES.get(tag) or Rule(f"{NAME}/{tag}")


def adds(tag: str) -> bool:
    """Does a change of owners, publishers or members let somebody in.

    >>> adds("project:oidc:publisher-added"), adds("project:role:revoke_invite")
    (True, False)
    """
    return tag.rpartition(":")[2].rpartition("-")[2] in _ADDING
