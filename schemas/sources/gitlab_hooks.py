"""GitLab's webhook events: what each is about, and what it is in the taxonomy.

References: "Webhook events" (https://docs.gitlab.com/user/project/integrations/webhook_events/) and
"System hooks" (https://docs.gitlab.com/administration/system_hooks/).
"""

from functools import lru_cache
from typing import Final

from schemas.sources.rules import Rule, rules

NAME: Final = "gitlab.webhook"

# Not mapped on purpose: jobs (`build`) and deployments are parts of a pipeline, which counts once;
# an updated merge request or issue says nothing of what was done to it.
_TABLE = """
[PUSH BRANCH]
push
[TAG_MOVE TAG]
tag_push
[PULL_REQUEST_OPEN PULL_REQUEST]
merge_request.open merge_request.reopen
[PULL_REQUEST_CLOSE PULL_REQUEST]
merge_request.close
[PULL_REQUEST_MERGE PULL_REQUEST]
merge_request.merge
[REVIEW PULL_REQUEST]
merge_request.approved merge_request.approval
[ISSUE_OPEN ISSUE]
issue.open work_item.open
[COMMENT OTHER]
note note.create
[WORKFLOW_RUN WORKFLOW]
pipeline.created pipeline.pending pipeline.waiting_for_resource pipeline.preparing
pipeline.scheduled pipeline.manual pipeline.running pipeline.success pipeline.failed
pipeline.canceled pipeline.canceling pipeline.skipped
[RELEASE_PUBLISH RELEASE]
release.create
[RELEASE_EDIT RELEASE]
release.update
[RELEASE_DELETE RELEASE]
release.delete
[MEMBER_ADD GROUP]
user_add_to_group
[MEMBER_REMOVE GROUP]
user_remove_from_group
[PRIVILEGE_GRANT GROUP]
user_update_for_group
[MEMBER_ADD REPOSITORY]
user_add_to_team
[MEMBER_REMOVE REPOSITORY]
user_remove_from_team
[PRIVILEGE_GRANT REPOSITORY]
user_update_for_team
[MEMBER_ADD ACCOUNT]
user_create
[MEMBER_REMOVE ACCOUNT]
user_destroy
[LOGIN APPLICATION failure]
user_failed_login
[KEY_ADD TOKEN]
key_create
[KEY_REMOVE TOKEN]
key_destroy
[REPOSITORY_CREATE REPOSITORY]
project_create
[REPOSITORY_DELETE REPOSITORY]
project_destroy
[REPOSITORY_TRANSFER REPOSITORY]
project_transfer
[ALERT_CHANGE OTHER]
vulnerability vulnerability.detected vulnerability.confirmed vulnerability.dismissed
vulnerability.resolved
"""
EVENTS: Final = rules(_TABLE)
# A pipeline's status as (status, conclusion) of a run: https://docs.gitlab.com/api/pipelines/
STATUSES: Final = {
    "running": ("in_progress", ""),
    "canceling": ("in_progress", ""),
    "success": ("completed", "success"),
    "failed": ("completed", "failure"),
    "canceled": ("completed", "cancelled"),
    "skipped": ("completed", "skipped"),
}
# Events whose payload names whom they concern, not who did it.
CONCERNING: Final = ("user_", "project_", "group_", "subgroup_", "key_")


@lru_cache(4096)
def rule_of(name: str) -> Rule:
    """What an event means; an unknown one keeps its name."""
    return EVENTS.get(name) or Rule(f"{NAME}/{name}")
