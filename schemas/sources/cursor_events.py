"""Cursor's audit event types in the project's taxonomy.

Reference: https://cursor.com/docs/enterprise/compliance-and-monitoring#event-types. Where an event
type has an `action` (or, of access grants, an `operation`), the name here is `<type>.<action>`, and
the type alone stands for those actions that are not listed.

`credentials_revoked` comes with every `remove_user`, so it stays under its own name, as does
`cloud_agent_secret_read`, which every run of a Cloud Agent causes.
"""

from functools import lru_cache
from typing import Final

from schemas.sources.rules import Rule, rules

NAME: Final = "cursor.audit"

_TABLE = """
[LOGIN APPLICATION]
login
[SESSION_END APPLICATION]
logout
[MEMBER_ADD ACCOUNT]
add_user invite_link.create invite_email_sent service_account.create
[MEMBER_REMOVE ACCOUNT]
remove_user service_account.archive
[PRIVILEGE_GRANT ACCOUNT]
update_user_role
[TOKEN_CREATE TOKEN]
team_api_key.create user_api_key.create organization_api_key.create api_key.create api_key.rotate
cloud_agent_sub_token
[TOKEN_REVOKE TOKEN]
team_api_key.revoke user_api_key.revoke organization_api_key.revoke
[PRIVILEGE_GRANT TOKEN]
api_key.update_repo_scope
[MEMBER_ADD GROUP]
add_user_to_directory_group
[MEMBER_REMOVE GROUP]
remove_user_from_directory_group
[PRIVILEGE_GRANT GROUP]
update_directory_group_permissions grok_bot_access_changed
[POLICY_CHANGE POLICY]
team_settings privacy_mode organization_group_settings organization_identity_provider
organization_team_settings_copy llm_gateway_settings cloud_agent_user_settings
cloud_agent_environment_settings bugbot_installation_settings bugbot_repo_settings
bugbot_team_settings bugbot_bulk_repo_update grok_bot_group_settings
[POLICY_CHANGE POLICY weakened]
protected_git_scope.delete
[POLICY_CHANGE POLICY strengthened]
protected_git_scope.create
[AUDIT_CHANGE POLICY]
customer_telemetry_destination.update
[AUDIT_CHANGE POLICY weakened]
customer_telemetry_destination.delete
[AUDIT_CHANGE POLICY strengthened]
customer_telemetry_destination.create
[SECRET_CHANGE OTHER]
cloud_agent_secret.create cloud_agent_secret.update cloud_agent_secret.delete
[AGENT_CONNECT TOOL]
mcp_server_config.create mcp_server_config.update mcp_server_config.rename
mcp_authentication mcp_authentication.authenticate
[AGENT_EXTEND OTHER]
team_rule.create team_rule.update team_command.create team_command.update team_hook.create
team_hook.update bugbot_team_rule.create bugbot_team_rule.update team_marketplace grok_bot_skill.add
grok_bot_skill.update
[APP_INSTALL APPLICATION]
bugbot_installation.connect origin_installation_created
[PRIVILEGE_GRANT APPLICATION]
origin_installation_updated
[REPOSITORY_CREATE REPOSITORY]
origin_repository_created origin_new_repository_synced
[PUSH REPOSITORY]
origin_repository_pushed
[FETCH REPOSITORY]
origin_repository_pulled
[PRIVILEGE_GRANT REPOSITORY]
origin_repo_access_changed origin_namespace_access_changed
origin_repo_access_changed.set origin_namespace_access_changed.set
[PRIVILEGE_REVOKE REPOSITORY]
origin_repo_access_changed.clear origin_namespace_access_changed.clear
[PULL_REQUEST_OPEN PULL_REQUEST]
origin_change_created
[PULL_REQUEST_CLOSE PULL_REQUEST]
origin_change_closed
[PULL_REQUEST_MERGE PULL_REQUEST]
origin_change_merged
[REVIEW PULL_REQUEST]
origin_change_approved
[COMMENT PULL_REQUEST]
origin_comment_created
[KEY_ADD TOKEN]
origin_namespace_ssh_certificate_authority_added
[KEY_REMOVE TOKEN]
origin_namespace_ssh_certificate_authority_removed
[POLICY_CHANGE POLICY]
origin_namespace_ssh_certificate_requirement_changed
"""
RULES: Final[dict[str, Rule]] = rules(_TABLE)
# Actions that the bare type does not stand for: these take something away.
_OWN: Final = frozenset({"mcp_authentication.revoke", "mcp_authentication.remove_account"})
# Types whose events tell apart by what was done only, so the bare type is in no table.
TYPES: Final = frozenset(name.partition(".")[0] for name in RULES)


@lru_cache(4096)
def rule_of(name: str) -> Rule:
    """What `<type>` or `<type>.<action>` means; an unknown one keeps its name."""
    known = None if name in _OWN else RULES.get(name) or RULES.get(name.partition(".")[0])
    return known or Rule(f"{NAME}/{name}")
