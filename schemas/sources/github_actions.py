"""GitHub's audit log actions and what each is in the taxonomy.

Names and fields are those of the reference, "Audit log events for your organization"
(https://docs.github.com/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/audit-log-events-for-your-organization),
whose data stand in the repository github/docs, `src/audit-logs/data/ghec/`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.action import Action
from schemas.activity import Outcome, TargetKind


class Rule(NamedTuple):
    """What a vendor's action means.

    Attributes:
        action: an `Action`, or `github.audit/<name>` when the taxonomy has none.
        kind: what is acted upon.
        named_by: fields that may hold the target's name, the best first.
        outcome: failure where the name itself says so.
        weakened: whether a control became weaker, where the name alone tells it.
    """

    action: str
    kind: TargetKind
    named_by: tuple[str, ...] = ()
    outcome: Outcome = Outcome.SUCCESS
    weakened: bool | None = None


_NAMED_BY: dict[TargetKind, tuple[str, ...]] = {
    TargetKind.REPOSITORY: ("repo", "repository"),
    TargetKind.BRANCH: ("name", "branch", "new_branch", "ruleset_name"),
    TargetKind.ACCOUNT: ("user", "invitee", "invitee_email"),
    TargetKind.GROUP: ("team", "name"),
    TargetKind.TOKEN: (
        "user_programmatic_access_name",
        "oauth_application_name",
        "oauth_application",
        "title",
        "fingerprint",
    ),
    TargetKind.APPLICATION: ("name", "integration", "oauth_application_name", "oauth_application"),
    TargetKind.WORKFLOW: ("name", "job_workflow_ref", "workflow_id"),
    TargetKind.FACTOR: ("factor_type", "type"),
    TargetKind.PULL_REQUEST: ("pull_request_url", "pull_request_id"),
    TargetKind.PACKAGE: ("package",),
    TargetKind.POLICY: ("ruleset_name", "vulnerability_alert_rule_name", "policy"),
    TargetKind.OTHER: (
        "key",
        "runner_name",
        "runner_group_name",
        "hook_id",
        "alert_number",
        "name",
    ),
}
# [action kind sign], then the vendor's names. Sign: `weakened` and `strengthened` for what the name
# alone tells of a control, `failure` for what did not work.
_TABLE = """
[PUSH REPOSITORY]
git.push
[CLONE REPOSITORY]
git.clone
[FETCH REPOSITORY]
git.fetch
[REPOSITORY_CREATE REPOSITORY]
repo.create
[REPOSITORY_DELETE REPOSITORY]
repo.destroy
[REPOSITORY_ARCHIVE REPOSITORY]
repo.archived
[VISIBILITY_CHANGE REPOSITORY]
repo.access
[REPOSITORY_TRANSFER REPOSITORY]
repo.transfer repo.transfer_start repo.transfer_outgoing
[DOWNLOAD REPOSITORY]
repo.download_zip
[PROTECTION_CHANGE BRANCH]
protected_branch.authorized_users_teams protected_branch.branch_allowances
protected_branch.dismissal_restricted_users_teams protected_branch.dismiss_stale_reviews
protected_branch.update_name repository_ruleset.update environment.update_protection_rule
protected_branch.update_admin_enforced protected_branch.update_allow_deletions_enforcement_level
protected_branch.update_allow_force_pushes_enforcement_level
protected_branch.update_ignore_approvals_from_contributors
protected_branch.update_linear_history_requirement_enforcement_level
protected_branch.update_lock_allows_fetch_and_merge
protected_branch.update_lock_branch_enforcement_level
protected_branch.update_merge_queue_enforcement_level
protected_branch.update_pull_request_reviews_enforcement_level
protected_branch.update_require_code_owner_review
protected_branch.update_require_last_push_approval
protected_branch.update_required_approving_review_count
protected_branch.update_required_status_checks_enforcement_level
protected_branch.update_signature_requirement_enforcement_level
protected_branch.update_strict_required_status_checks_policy
[TOKEN_CREATE TOKEN]
personal_access_token.access_granted personal_access_token.request_created
personal_access_token.create personal_access_token.credential_regenerated oauth_access.create
oauth_access.regenerate oauth_authorization.create org_credential_authorization.grant
oauth_application.generate_client_secret integration.generate_client_secret
[TOKEN_REVOKE TOKEN]
personal_access_token.access_revoked personal_access_token.destroy
personal_access_token.credential_revoked oauth_access.destroy oauth_access.revoke
oauth_authorization.destroy org_credential_authorization.revoke
org_credential_authorization.deauthorize oauth_application.remove_client_secret
integration.remove_client_secret
[KEY_ADD TOKEN]
public_key.create public_key.verify gpg_key.create git_signing_ssh_public_key.create
deploy_key.create ssh_certificate_authority.create
[KEY_REMOVE TOKEN]
public_key.delete public_key.unverify gpg_key.delete git_signing_ssh_public_key.delete
deploy_key.delete ssh_certificate_authority.destroy
[WEBHOOK_CHANGE OTHER]
hook.create hook.destroy hook.config_changed hook.events_changed hook.active_changed
[APP_INSTALL APPLICATION]
integration_installation.create org.oauth_app_access_approved
[PRIVILEGE_GRANT APPLICATION]
integration_installation.repositories_added integration_installation.version_updated
org.integration_manager_added
[PRIVILEGE_REVOKE APPLICATION]
integration_installation.repositories_removed org.integration_manager_removed
[MEMBER_ADD ACCOUNT]
org.add_member org.invite_member org.add_outside_collaborator org.restore_member repo.add_member
repository_invitation.create repository_invitation.accept business.add_admin business.invite_admin
org.unblock_user
[MEMBER_REMOVE ACCOUNT]
org.remove_member org.remove_outside_collaborator repo.remove_member business.remove_admin
business.remove_member org.block_user
[MEMBER_ADD GROUP]
team.add_member
[MEMBER_REMOVE GROUP]
team.remove_member
[PRIVILEGE_GRANT ACCOUNT]
org.update_member repo.update_member organization_role.assign organization_moderators.add_user
repo.codespaces_trusted_repo_access_granted copilot.cfb_seat_assignment_created
[PRIVILEGE_REVOKE ACCOUNT]
organization_role.revoke organization_moderators.remove_user org.revoke_external_identity
copilot.cfb_seat_assignment_unassigned
[PRIVILEGE_GRANT REPOSITORY]
copilot.swe_agent_repo_enabled
[PRIVILEGE_REVOKE REPOSITORY]
copilot.swe_agent_repo_disabled
[PRIVILEGE_GRANT GROUP]
team.add_repository team.promote_maintainer team.update_repository_permission
org.add_security_manager
[PRIVILEGE_REVOKE GROUP]
team.remove_repository team.demote_maintainer org.remove_security_manager
[POLICY_CHANGE POLICY]
org.update_default_repository_permission org.update_member_repository_creation_permission
org.update_member_repository_invitation_permission org.update_saml_provider_settings
business.update_saml_provider_settings org.update_repo_self_hosted_runners_policy org.transfer
ip_allow_list_entry.create ip_allow_list_entry.update ip_allow_list_entry.destroy
team_sync_tenant.disabled team_sync_tenant.enabled team_sync_tenant.update_okta_credentials
repo.update_default_branch org.recovery_codes_downloaded org.recovery_codes_generated
org.recovery_codes_printed org.recovery_codes_viewed copilot.cfb_org_settings_changed
copilot.content_exclusion_changed copilot.cfb_enterprise_settings_changed
copilot.cfb_enterprise_org_enablement_changed copilot.swe_agent_repo_enablement_updated
private_repository_forking.clear
repository_visibility_change.clear members_can_delete_repos.clear
[FACTOR_ENROLL FACTOR]
two_factor_authentication.enabled two_factor_authentication.add_factor security_key.register
[FACTOR_REMOVE FACTOR]
two_factor_authentication.disabled two_factor_authentication.remove_factor security_key.remove
[FACTOR_RESET FACTOR]
two_factor_authentication.recovery_codes_regenerated
[SSO APPLICATION]
org.sso_response business.sso_response
[LOGIN APPLICATION]
user.login org.recovery_code_used business.recovery_code_used
[SESSION_END ACCOUNT]
org.revoke_sso_session business.revoke_sso_session
[AUDIT_CHANGE POLICY]
audit_log_streaming.update
[WORKFLOW_RUN WORKFLOW]
workflows.created_workflow_run workflows.completed_workflow_run workflows.rerun_workflow_run
[WORKFLOW_CHANGE WORKFLOW]
workflows.disable_workflow workflows.enable_workflow org.required_workflow_create
org.required_workflow_update org.required_workflow_delete
[ALERT_CHANGE OTHER]
repository_vulnerability_alert.auto_dismiss repository_vulnerability_alert.auto_reopen
repository_vulnerability_alert.create repository_vulnerability_alert.dismiss
repository_vulnerability_alert.reintroduce repository_vulnerability_alert.reopen
repository_vulnerability_alert.resolve repository_vulnerability_alert.withdraw
secret_scanning_alert.create secret_scanning_alert.reopen secret_scanning_alert.resolve
secret_scanning_alert.revoke repo.code_scanning_analysis_deleted code_scanning.alert_created
code_scanning.alert_closed_by_user code_scanning.alert_reopened_by_user
[PULL_REQUEST_OPEN PULL_REQUEST]
pull_request.create pull_request.reopen
[PULL_REQUEST_CLOSE PULL_REQUEST]
pull_request.close
[PULL_REQUEST_MERGE PULL_REQUEST]
pull_request.merge
[REVIEW PULL_REQUEST]
pull_request_review.submit
[COMMENT PULL_REQUEST]
pull_request_review_comment.create
[PACKAGE_PUBLISH PACKAGE]
packages.package_version_published
[PACKAGE_UNPUBLISH PACKAGE]
packages.package_version_deleted packages.package_deleted
[API_REQUEST OTHER]
api.request
[PUSH REPOSITORY failure]
protected_branch.rejected_ref_update
[LOGIN APPLICATION failure]
user.failed_login org.recovery_code_failed business.recovery_code_failed
[POLICY_CHANGE POLICY weakened]
org.disable_two_factor_requirement org.disable_saml org.disable_oauth_app_restrictions
business.disable_two_factor_requirement business.disable_saml business.disable_oidc
ip_allow_list.disable ip_allow_list.disable_for_installed_apps ssh_certificate_requirement.disable
org.disable_source_ip_disclosure business.disable_source_ip_disclosure
personal_access_token.access_restriction_disabled
auto_approve_personal_access_token_requests.enable
org.members_can_update_protected_branches.enable private_repository_forking.enable
repository_visibility_change.enable members_can_delete_repos.enable
[POLICY_CHANGE POLICY strengthened]
org.enable_two_factor_requirement org.enable_saml org.enable_oauth_app_restrictions
business.enable_two_factor_requirement business.enable_saml business.enable_oidc
ip_allow_list.enable ip_allow_list.enable_for_installed_apps ssh_certificate_requirement.enable
org.enable_source_ip_disclosure business.enable_source_ip_disclosure
personal_access_token.access_restriction_enabled
auto_approve_personal_access_token_requests.disable
org.members_can_update_protected_branches.disable private_repository_forking.disable
repository_visibility_change.disable members_can_delete_repos.disable
[PROTECTION_CHANGE REPOSITORY weakened]
repository_branch_protection_evaluation.disable repository_secret_scanning.disable
repository_secret_scanning_push_protection.disable
repository_secret_scanning_custom_pattern_push_protection.disabled
repository_secret_scanning_generic_secrets.disabled repository_vulnerability_alerts.disable
repository_dependency_graph.disable repo.advanced_security_disabled repo.codeql_disabled
dependabot_security_updates.disable private_vulnerability_reporting.disable
[PROTECTION_CHANGE REPOSITORY strengthened]
repository_branch_protection_evaluation.enable repository_secret_scanning.enable
repository_secret_scanning_push_protection.enable
repository_secret_scanning_custom_pattern_push_protection.enabled
repository_secret_scanning_generic_secrets.enabled repository_vulnerability_alerts.enable
repository_dependency_graph.enable repo.advanced_security_enabled repo.codeql_enabled
dependabot_security_updates.enable private_vulnerability_reporting.enable
[PROTECTION_CHANGE POLICY weakened]
org.secret_scanning_push_protection_disable org.secret_scanning_push_protection_new_repos_disable
org.secret_scanning_custom_pattern_push_protection_disabled
org_secret_scanning_generic_secrets.disabled org.advanced_security_disabled_for_new_repos
org.advanced_security_disabled_on_all_repos dependabot_alerts.disable
dependabot_alerts_new_repos.disable dependabot_security_updates_new_repos.disable
secret_scanning.disable secret_scanning_new_repos.disable vulnerability_alert_rule.disable
[PROTECTION_CHANGE POLICY strengthened]
org.secret_scanning_push_protection_enable org.secret_scanning_push_protection_new_repos_enable
org.secret_scanning_custom_pattern_push_protection_enabled
org_secret_scanning_generic_secrets.enabled org.advanced_security_enabled_for_new_repos
org.advanced_security_enabled_on_all_repos dependabot_alerts.enable
dependabot_alerts_new_repos.enable dependabot_security_updates_new_repos.enable
secret_scanning.enable secret_scanning_new_repos.enable vulnerability_alert_rule.enable
[PROTECTION_CHANGE BRANCH weakened]
protected_branch.destroy protected_branch.policy_override repository_ruleset.destroy
workflows.bypass_protection_rules secret_scanning_push_protection.bypass
environment.remove_protection_rule
[PROTECTION_CHANGE BRANCH strengthened]
protected_branch.create repository_ruleset.create environment.add_protection_rule
[AUDIT_CHANGE POLICY weakened]
audit_log_streaming.destroy
[AUDIT_CHANGE POLICY strengthened]
audit_log_streaming.create
"""
# Families whose names are regular: [action kind], places, verbs.
_FAMILIES = (
    (
        "SECRET_CHANGE OTHER",
        ("org", "repo", "environment"),
        tuple(
            f"{verb}_{scope}_secret"
            for verb in ("create", "update", "remove")
            for scope in ("actions", "codespaces", "dependabot", "integration")
        ),
    ),
    (
        "RUNNER_CHANGE OTHER",
        ("org", "repo", "business", "enterprise"),
        (
            "register_self_hosted_runner",
            "remove_self_hosted_runner",
            "configure_self_hosted_jit_runner",
            "runner_group_created",
            "runner_group_removed",
            "runner_group_runner_removed",
            "runner_group_runners_added",
            "runner_group_runners_updated",
            "runner_group_updated",
            "runner_group_visiblity_updated",  # the vendor's spelling
        ),
    ),
    (
        "POLICY_CHANGE POLICY",
        ("org", "repo", "business"),
        (
            "set_actions_fork_pr_approvals_policy",
            "set_actions_private_fork_pr_approvals_policy",
            "set_default_workflow_permissions",
            "set_fork_pr_workflows_policy",
            "set_workflow_permission_can_approve_pr",
            "update_actions_settings",
            "update_actions_access_settings",
        ),
    ),
)


def _sections() -> Iterator[tuple[str, str]]:
    head = ""
    for line in _TABLE.split("\n"):
        if line.startswith("["):
            head = line.strip("[]")
        else:
            for name in line.split():
                yield head, name
    for head, places, verbs in _FAMILIES:
        for place in places:
            for verb in verbs:
                yield head, f"{place}.{verb}"


def _rule(head: str) -> Rule:
    action, kind, *sign = head.split()
    target = TargetKind[kind]
    return Rule(
        Action[action],
        target,
        _NAMED_BY[target],
        Outcome.FAILURE if "failure" in sign else Outcome.SUCCESS,
        {"weakened": True, "strengthened": False}.get(sign[0]) if sign else None,
    )


RULES: dict[str, Rule] = {name: _rule(head) for head, name in _sections()}
