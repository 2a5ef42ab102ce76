"""What Artifactory's log lines and webhooks say was done, in the project's taxonomy.

References: the audit trail's event types C, U, D and its entities
(https://jfrog.com/help/r/jfrog-platform-administration-documentation/audit-trail-log), the access
log's list of actions (https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-log),
the webhooks' domains and event types (https://docs.jfrog.com/administration/docs/event-types).
The names here are `<entity> <C|U|D>`, `<action>` and `<domain>.<event_type>`.
"""

from functools import lru_cache
from typing import Final

from schemas.sources.rules import Rule, rules

NAME: Final = "artifactory.audit"

_TABLE = """
[MEMBER_ADD ACCOUNT]
USR.C
[MEMBER_REMOVE ACCOUNT]
USR.D
[TOKEN_CREATE TOKEN]
TKN.C
[TOKEN_REVOKE TOKEN]
TKN.D
[PRIVILEGE_GRANT POLICY]
PRM.C PRM.U
[PRIVILEGE_REVOKE POLICY]
PRM.D
[LOGIN APPLICATION]
LOGIN AUTHENTICATE
[PACKAGE_PUBLISH PACKAGE]
DEPLOY artifact.deployed docker.pushed
[PACKAGE_DOWNLOAD PACKAGE]
DOWNLOAD
[PACKAGE_UNPUBLISH PACKAGE]
DELETE artifact.deleted docker.deleted
[POLICY_CHANGE POLICY]
CONFIGURATION_CHANGE
"""
RULES: Final[dict[str, Rule]] = rules(_TABLE)


@lru_cache(4096)
def rule_of(name: str) -> Rule:
    """What it means; an unknown one keeps its name."""
    return RULES.get(name) or Rule(f"{NAME}/{name}")
