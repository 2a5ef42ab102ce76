"""Azure DevOps' audited actions and what each is in the taxonomy.

Names are those of "Auditing events list"
(https://learn.microsoft.com/azure/devops/organizations/audit/auditing-events). Of a long operation
the completion counts, and its failure; that it was queued stays under its own name.
"""

from functools import lru_cache
from typing import Final

from schemas.sources.rules import Rule, rules

NAME: Final = "azure_devops.audit"

_TABLE = """
[TOKEN_CREATE TOKEN]
Token.PatCreateEvent Token.PatUpdateEvent
[TOKEN_REVOKE TOKEN]
Token.PatRevokeEvent Token.PatSystemRevokeEvent
[KEY_ADD TOKEN]
Token.SshCreateEvent Token.SshUpdateEvent
[KEY_REMOVE TOKEN]
Token.SshRevokeEvent
[TOKEN_USE TOKEN]
Library.ServiceConnectionExecuted
[AUDIT_CHANGE POLICY]
AuditLog.StreamModified
[AUDIT_CHANGE POLICY weakened]
AuditLog.StreamDeleted AuditLog.StreamDisabledBySystem AuditLog.StreamDisabledByUser
[AUDIT_CHANGE POLICY strengthened]
AuditLog.StreamCreated AuditLog.StreamEnabled
[REPOSITORY_CREATE REPOSITORY]
Git.RepositoryCreated Git.CreateRepo Project.CreateCompleted Project.Create
[REPOSITORY_CREATE REPOSITORY failure]
Project.CreateFailed
[REPOSITORY_DELETE REPOSITORY]
Git.RepositoryDeleted Git.RepositoryDestroyed Project.DeleteCompleted Project.HardDeleteCompleted
Project.SoftDeleteCompleted
[REPOSITORY_DELETE REPOSITORY failure]
Project.DeleteFailed Project.HardDeleteFailed Project.SoftDeleteFailed
[FORK REPOSITORY]
Git.RepositoryForked
[VISIBILITY_CHANGE REPOSITORY]
Project.UpdateVisibilityCompleted
[PROTECTION_CHANGE BRANCH]
Policy.PolicyConfigModified
[PROTECTION_CHANGE BRANCH weakened]
Git.RefUpdatePoliciesBypassed Policy.PolicyConfigRemoved
[PROTECTION_CHANGE BRANCH strengthened]
Policy.PolicyConfigCreated
[PROTECTION_CHANGE POLICY]
CheckConfiguration.Updated
[PROTECTION_CHANGE POLICY weakened]
CheckConfiguration.Deleted
[PROTECTION_CHANGE POLICY strengthened]
CheckConfiguration.Created
[POLICY_CHANGE POLICY]
OrganizationPolicy.PolicyValueUpdated Git.RepositoryDefaultBranchChanged
Pipelines.PipelineRetentionSettingChanged Artifacts.Feed.Org.Modify Artifacts.Feed.Project.Modify
[POLICY_CHANGE POLICY weakened]
OrganizationPolicy.EnforcePolicyRemoved Organization.UnlinkFromAAD
[POLICY_CHANGE POLICY strengthened]
OrganizationPolicy.EnforcePolicyAdded Organization.LinkToAAD
[MEMBER_ADD GROUP]
Group.UpdateGroupMembership.Add
[MEMBER_REMOVE GROUP]
Group.UpdateGroupMembership.Remove
[MEMBER_ADD ACCOUNT]
Licensing.Assigned
[MEMBER_REMOVE ACCOUNT]
Licensing.Removed
[PRIVILEGE_GRANT ACCOUNT]
Licensing.Modified Organization.Update.Owner Organization.Update.ForceUpdateOwner
[PRIVILEGE_GRANT GROUP]
Security.ModifyPermission Security.ModifyAccessControlLists
[PRIVILEGE_REVOKE GROUP]
Security.RemovePermission Security.RemoveAccessControlLists Security.RemoveAllAccessControlLists
Security.RemoveIdentityACEs Security.ResetAccessControlLists Security.ResetPermission
[PRIVILEGE_GRANT WORKFLOW]
Pipelines.ResourceAuthorizedForPipeline Pipelines.ResourceAuthorizedForProject
[PRIVILEGE_GRANT WORKFLOW failure]
Pipelines.ResourceNotAuthorizedForPipeline Pipelines.ResourceNotAuthorizedForProject
[PRIVILEGE_REVOKE WORKFLOW]
Pipelines.ResourceUnauthorizedForPipeline Pipelines.ResourceUnauthorizedForProject
[APP_INSTALL APPLICATION]
Extension.Installed Extension.Enabled
[RUNNER_CHANGE OTHER]
Library.AgentAdded Library.AgentDeleted Library.AgentsDeleted Library.AgentPoolCreated
Library.AgentPoolDeleted
[SECRET_CHANGE OTHER]
Library.ServiceConnectionCreated Library.ServiceConnectionDeleted
Library.ServiceConnectionDeletedFromMultipleProjects Library.ServiceConnectionForProjectModified
Library.ServiceConnectionModified Library.ServiceConnectionShared
Library.ServiceConnectionSharedWithMultipleProjects Library.VariableGroupCreated
Library.VariableGroupCreatedForProjects Library.VariableGroupDeleted
Library.VariableGroupDeletedFromProjects Library.VariableGroupModified
Library.VariableGroupModifiedForProjects
[WORKFLOW_CHANGE WORKFLOW]
Pipelines.PipelineCreated Pipelines.PipelineDeleted Pipelines.PipelineModified
Release.ReleasePipelineCreated Release.ReleasePipelineDeleted Release.ReleasePipelineModified
[WORKFLOW_RUN WORKFLOW]
Release.ReleaseCreated Release.DeploymentCompleted Release.DeploymentsCompleted
Pipelines.DeploymentJobCompleted
"""
ACTIONS: Final = rules(_TABLE)
_RULES: Final = {name.lower(): rule for name, rule in ACTIONS.items()}


@lru_cache(4096)
def rule_of(name: str) -> Rule:
    """What an action means; an unknown one keeps its name, lower case."""
    return _RULES.get(name.lower()) or Rule(f"{NAME}/{name.lower()}")
