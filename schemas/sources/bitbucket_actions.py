"""Bitbucket's audited actions and what each is in the taxonomy.

References: "Audit log events" of Bitbucket Data Center
(https://confluence.atlassian.com/bitbucketserver/audit-log-events-776640423.html) and "Bitbucket
Cloud audit log events" (https://support.atlassian.com/bitbucket-cloud/docs/audit-log-events/).

Data Center writes an action as a key for translation (`actionI18nKey`), which ends in the name of
the event's class, and as a text in the language of whoever reads. Cloud has a name in words. They
are compared by their letters and digits alone: `accesstokencreated.personal`, `Repository created`.
Where Data Center tells of one act twice, as requested and as done, only the second is mapped.

Data Center's names are those of its classes of events, which the first page lists; no record of
Cloud was at hand to compare its names with, so they are as its documentation words them.
"""

from functools import lru_cache
from typing import Final

from schemas.sources.rules import Rule, rules

NAME: Final = "bitbucket.audit"

_TABLE = """
[LOGIN APPLICATION]
authenticationsuccess userloggedin
[LOGIN APPLICATION failure]
authenticationfailure userloginfailed userloginfailed(ssh)
[SESSION_END APPLICATION]
logoutsuccess userloggedout
[PASSWORD_CHANGE ACCOUNT]
usercredentialupdated userpasswordchanged
[TOKEN_CREATE TOKEN]
accesstokencreated.personal accesstokencreated.repository accesstokencreated.project
personalaccesstokencreated repositoryaccesstokencreated projectaccesstokencreated
app_password_created access_token_created oauth_consumer_created
[TOKEN_REVOKE TOKEN]
accesstokendeleted.personal accesstokendeleted.repository accesstokendeleted.project
personalaccesstokendeleted repositoryaccesstokendeleted projectaccesstokendeleted
app_password_deleted access_token_revoked oauth_consumer_deleted
[KEY_ADD TOKEN]
sshkeycreated sshaccesskeygranted.repository sshaccesskeygranted.project gpgevent.created
useraddedsshaccesskeytoprofile gpgkeyadded sshkeyadded access_key_added
[KEY_REMOVE TOKEN]
sshkeydeleted sshaccesskeyrevoked.repository sshaccesskeyrevoked.project gpgevent.deleted
gpgkeydeleted sshkeyremoved access_key_removed
[MEMBER_ADD ACCOUNT]
usercreated autousercreated userautomaticallycreated user_invited_to_workspace
user_accepted_invite_to_workspace user_added_to_workspace
[MEMBER_REMOVE ACCOUNT]
userdeleted user_removed_from_workspace
[MEMBER_ADD GROUP]
groupmembershipscreated.user groupmembershipscreated.group groupmembershipcreated
useraddedtousergroup user_added_to_group
[MEMBER_REMOVE GROUP]
groupmembershipdeleted autogroupmembershipdeleted userdeletedfromusergroup
userautomaticallydeletedfromusergroup user_removed_from_group
[PRIVILEGE_GRANT POLICY]
globalpermissiongranted globalpermissionmodified globalpermissionchanged
[PRIVILEGE_REVOKE POLICY]
globalpermissionrevoked globalpermissionremoved
[PRIVILEGE_GRANT GROUP]
projectpermissiongranted projectpermissionmodified projectpermissionchanged
group_workspace_member_permissions_changed group_workspace_access_permissions_changed
group_repository_access_permissions_changed group_project_access_permissions_changed
group_access_to_repository_changed group_access_to_project_changed
[PRIVILEGE_REVOKE GROUP]
projectpermissionrevoked projectpermissionremoved removed_group_access_to_repository
removed_group_access_to_project
[PRIVILEGE_GRANT REPOSITORY]
repositorypermissiongranted repositorypermissionmodified repositorypermissionchanged
user_access_to_repository_changed
[PRIVILEGE_REVOKE REPOSITORY]
repositorypermissionrevoked repositorypermissionremoved removed_user_access_to_repository
[REPOSITORY_CREATE REPOSITORY]
repositorycreated repositoryimported
[REPOSITORY_DELETE REPOSITORY]
repositorydeleted projectdeleted workspace_deleted
[REPOSITORY_ARCHIVE REPOSITORY]
repositoryarchived
[REPOSITORY_TRANSFER REPOSITORY]
repository_transferred_from_workspace repository_transferred_to_workspace
[FORK REPOSITORY]
repositoryforked
[VISIBILITY_CHANGE REPOSITORY]
repository_privacy_changed workspace_privacy_changed project_privacy_changed
[PROTECTION_CHANGE POLICY]
repositoryhooksettingschanged branch_permission_changed workspace_ip_allowlisted_addresses_changed
secretscanningrulemodified
[PROTECTION_CHANGE BRANCH weakened]
restrictedrefremoved branch_permission_removed branch_permission_deleted
[PROTECTION_CHANGE BRANCH strengthened]
restrictedrefadded branch_permission_added branch_permission_created
[PROTECTION_CHANGE POLICY weakened]
secretscanningexemptrepositoryadded secretscanningruledeleted secretscanningglobalruledeleted
globalsecretscanningruledeleted projectsecretscanningruledeleted
projectsecretscanningallowlistruleadded repositorysecretscanningallowlistruleadded
secretscanningallowlistruleadded repositorysecretscanningruledeleted pullrequestconditiondeleted
[PROTECTION_CHANGE POLICY strengthened]
secretscanningexemptrepositoryremoved secretscanningrulecreated globalsecretscanningrulecreated
projectsecretscanningrulecreated repositorysecretscanningrulecreated pullrequestconditioncreated
[POLICY_CHANGE POLICY]
httpscmhostingchanged httpaccesstoscmhostingchanged repositorydefaultbranchmodified
directorycreated directorydeleted userdirectorycreated userdirectorydeleted
allowed_private_content_in_workspace disallowed_private_content_in_workspace
[POLICY_CHANGE POLICY weakened]
workspace_2sv_requirement_disabled workspace_ip_allowlisting_disabled
[POLICY_CHANGE POLICY strengthened]
workspace_2sv_requirement_enabled workspace_ip_allowlisting_enabled
[AUDIT_CHANGE POLICY]
audit.config.updated auditlogconfigurationupdated
[DOWNLOAD REPOSITORY]
fulldataexporttriggered
[WEBHOOK_CHANGE OTHER]
webhookcreated webhookmodified webhookdeleted webhookchanged webhookupdated
[APP_INSTALL APPLICATION]
plugininstalled pluginenabled pluginupgraded
[FETCH REPOSITORY]
repositorypull
[PUSH REPOSITORY]
repositorypush
[BRANCH_CREATE BRANCH]
branchcreated
[BRANCH_DELETE BRANCH]
branchdeleted
[TAG_CREATE TAG]
tagcreated
[TAG_DELETE TAG]
tagdeleted
[PULL_REQUEST_OPEN PULL_REQUEST]
pullrequestopened pullrequestreopened
[PULL_REQUEST_CLOSE PULL_REQUEST]
pullrequestdeclined pullrequestdeleted
[PULL_REQUEST_MERGE PULL_REQUEST]
pullrequestmerged
"""


@lru_cache(4096)
def squeezed(name: str) -> str:
    """Letters and digits of a name, lower case."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


ACTIONS: Final = rules(_TABLE)
_RULES: Final = {squeezed(name): rule for name, rule in ACTIONS.items()}


@lru_cache(4096)
def rule_of(key: str, words: str) -> Rule:
    """What an action means; an unknown one keeps its name.

    Args:
        key: Data Center's key for translation, or Cloud's name.
        words: Data Center's text, for when the key is unknown or missing.
    """
    name = key.lower().rpartition(".action.")[2].removeprefix("bitbucket")
    for known in (squeezed(name), squeezed(name.partition(".")[0]), squeezed(words)):
        if rule := _RULES.get(known):
            return rule
    return Rule(f"{NAME}/{(key or words).lower()}")
