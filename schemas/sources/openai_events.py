"""OpenAI's audit log event types in the project's taxonomy.

Reference: https://platform.openai.com/docs/api-reference/audit-logs/object. The `tenant.*` types
are those of organisations whose API platform and ChatGPT workspaces share one tenant.

What only costs or only names something (rate and usage limits, billing, migrations, projects,
titles) stays under its own name. Accepting an invitation does too: `user.added` tells of it.
"""

from functools import lru_cache
from typing import Final

from schemas.sources.rules import Rule, rules

NAME: Final = "openai.audit"

_TABLE = """
[LOGIN APPLICATION]
login.succeeded
[LOGIN APPLICATION failure]
login.failed
[SESSION_END APPLICATION]
logout.succeeded tenant.session_revocation.started
[SESSION_END APPLICATION failure]
logout.failed
[TOKEN_CREATE TOKEN]
api_key.created tenant.admin_api_key.created tenant.project_api_key.created
[TOKEN_REVOKE TOKEN]
api_key.deleted tenant.admin_api_key.deleted tenant.chatgpt_access_token.revoked
tenant.service_account.token.revoked
[PRIVILEGE_GRANT TOKEN]
api_key.updated tenant.admin_api_key.updated
[KEY_ADD TOKEN]
certificate.created
[KEY_REMOVE TOKEN]
certificate.deleted
[MEMBER_ADD ACCOUNT]
invite.sent user.added service_account.created tenant.user.added tenant.user.invited
tenant.api_organization_invite.upserted tenant.chatgpt_workspace_invite.upserted
tenant.workload_identity.principal.provisioned
[MEMBER_REMOVE ACCOUNT]
user.deleted service_account.deleted tenant.user.removed tenant.membership.revoked
tenant.service_account.deleted
[PRIVILEGE_GRANT ACCOUNT]
user.updated service_account.updated role.assignment.created tenant.role_assignment.created
tenant.resource_role_assignment.created tenant.resource_access.updated
tenant.resource_share_grant.created tenant.resource_share_grant.updated
checkpoint.permission.created
workload_identity_provider_mapping.created workload_identity_provider_mapping.updated
tenant.workload_identity.mapping.created tenant.workload_identity.mapping.updated
tenant.workload_identity.binding.created
[PRIVILEGE_REVOKE ACCOUNT]
role.assignment.deleted tenant.role_assignment.deleted tenant.resource_role_assignment.deleted
tenant.resource_access.deleted tenant.resource_share_grant.revoked
tenant.resource_share_grant.deleted checkpoint.permission.deleted
workload_identity_provider_mapping.deleted tenant.workload_identity.mapping.archived
[PRIVILEGE_GRANT GROUP]
role.created role.updated role.bound_to_resource tenant.custom_role.created
tenant.custom_role.updated
[PRIVILEGE_REVOKE GROUP]
role.deleted role.unbound_from_resource tenant.custom_role.deleted
[MEMBER_ADD GROUP]
tenant.group.member.added
[MEMBER_REMOVE GROUP]
tenant.group.member.removed
[POLICY_CHANGE POLICY]
organization.updated ip_allowlist.created ip_allowlist.updated scim.enabled
tenant.sso_connection.updated tenant.policy.created tenant.policy.updated tenant.policy.attached
tenant.session_policy.created tenant.session_policy.updated tenant.third_party_app_policy.updated
tenant.product_access_policy.updated workload_identity_provider.updated
workload_identity_provider.deleted tenant.workload_identity.provider.updated
tenant.workload_identity.provider.archived tenant.microsoft_entra_mapping.upserted
tenant.microsoft_entra_mapping.deleted tenant.scim.directory.created
[POLICY_CHANGE POLICY weakened]
ip_allowlist.deleted ip_allowlist.config.deactivated scim.disabled certificates.deactivated
workload_identity_provider.created tenant.workload_identity.provider.created
tenant.sso_connection.created tenant.sso_connection.deleted tenant.policy.deleted
tenant.policy.detached tenant.session_policy.deleted tenant.scim.deletion.requested
[POLICY_CHANGE POLICY strengthened]
ip_allowlist.config.activated certificates.activated
"""
RULES: Final[dict[str, Rule]] = rules(_TABLE)


@lru_cache(4096)
def rule_of(name: str) -> Rule:
    """What an event type means; an unknown one keeps its name."""
    return RULES.get(name) or Rule(f"{NAME}/{name}")
