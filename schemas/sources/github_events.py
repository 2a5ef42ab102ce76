"""GitHub's webhook events: what each is about, and what it is in the taxonomy.

Reference: "Webhook events and payloads" (https://docs.github.com/webhooks/webhook-events-and-payloads).
"""

from collections.abc import Callable
from typing import NamedTuple

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Fact, TargetKind
from schemas.sources.fields import count, lower, mapping, text
from schemas.sources.github_delivery import GitHubDelivery

Details = Callable[[GitHubDelivery, dict[str, object], dict[str, Fact]], None]


class Subject(NamedTuple):
    """What an event is about.

    Attributes:
        section: the object of the payload that describes it.
        kind: what it is.
        named_by: fields that may hold its name, the best first.
        details: sets the facts.
    """

    section: str
    kind: TargetKind
    named_by: tuple[str, ...]
    details: Details | None = None


def _workflow(_: GitHubDelivery, subject: dict[str, object], facts: dict[str, Fact]) -> None:
    for field, key in (("status", f.STATUS), ("conclusion", f.CONCLUSION), ("event", f.TRIGGER)):
        if value := lower(subject.get(field)):
            facts[key] = value


def _pull_request(
    delivery: GitHubDelivery, subject: dict[str, object], facts: dict[str, Fact]
) -> None:
    if base := text(mapping(subject.get("base")).get("ref")):
        facts[f.REF] = f"refs/heads/{base}"
        if default := text(delivery.section("repository").get("default_branch")):
            facts[f.DEFAULT_BRANCH] = base == default
    for field, key in (
        ("commits", f.COMMITS),
        ("changed_files", f.FILES),
        ("additions", f.INSERTIONS),
        ("deletions", f.DELETIONS),
    ):
        if (value := count(subject.get(field))) is not None:
            facts[key] = value


def _person(delivery: GitHubDelivery, _: dict[str, object], facts: dict[str, Fact]) -> None:
    for person in (
        delivery.section("member"),
        mapping(delivery.section("membership").get("user")),
        delivery.section("user"),
    ):
        if login := lower(person.get("login")):
            facts[f.SUBJECT] = f"github:{login}"
            return


def _visibility(_: GitHubDelivery, subject: dict[str, object], facts: dict[str, Fact]) -> None:
    if visibility := lower(subject.get("visibility")):
        facts[f.VISIBILITY] = visibility
    elif isinstance(private := subject.get("private"), bool):
        facts[f.VISIBILITY] = "private" if private else "public"


def _protection(
    delivery: GitHubDelivery, subject: dict[str, object], facts: dict[str, Fact]
) -> None:
    if delivery.event == "branch_protection_rule" and (name := text(subject.get("name"))):
        facts[f.REF] = f"refs/heads/{name}"
    enforced = lower(subject.get("enforcement"))
    verb = delivery.native.rpartition(".")[2]
    if verb in {"deleted", "disabled"}:
        facts[f.WEAKENED] = True
    elif verb in {"created", "enabled"}:
        if enforced not in {"disabled", "evaluate"}:
            facts[f.WEAKENED] = False
    elif before := lower(mapping(delivery.section("changes").get("enforcement")).get("from")):
        facts[f.WEAKENED] = before == "active" and enforced != "active"


def _alert(_: GitHubDelivery, subject: dict[str, object], facts: dict[str, Fact]) -> None:
    if state := lower(subject.get("state")):
        facts[f.STATUS] = state
    if reason := lower(subject.get("dismissed_reason") or subject.get("resolution")):
        facts[f.REASON] = reason


K = TargetKind
SUBJECTS: dict[str, Subject] = {
    "branch_protection_configuration": Subject(
        "repository", K.REPOSITORY, ("full_name",), _protection
    ),
    "branch_protection_rule": Subject("rule", K.BRANCH, ("name",), _protection),
    "code_scanning_alert": Subject("alert", K.OTHER, ("number",), _alert),
    "commit_comment": Subject("comment", K.OTHER, ("commit_id",)),
    "dependabot_alert": Subject("alert", K.OTHER, ("number",), _alert),
    "deploy_key": Subject("key", K.TOKEN, ("title", "id")),
    "fork": Subject("forkee", K.REPOSITORY, ("full_name",), _visibility),
    "installation": Subject("installation", K.APPLICATION, ("app_slug", "app_id")),
    "installation_repositories": Subject("installation", K.APPLICATION, ("app_slug", "app_id")),
    "issue_comment": Subject("issue", K.ISSUE, ("number",)),
    "issues": Subject("issue", K.ISSUE, ("number",)),
    "member": Subject("member", K.ACCOUNT, ("login",), _person),
    "membership": Subject("team", K.GROUP, ("slug", "name"), _person),
    "meta": Subject("hook", K.OTHER, ("id",)),
    "organization": Subject("organization", K.GROUP, ("login",), _person),
    "package": Subject("package", K.PACKAGE, ("name",)),
    "personal_access_token_request": Subject(
        "personal_access_token_request", K.TOKEN, ("token_name", "id")
    ),
    "public": Subject("repository", K.REPOSITORY, ("full_name",), _visibility),
    "pull_request": Subject("pull_request", K.PULL_REQUEST, ("number",), _pull_request),
    "pull_request_review": Subject("pull_request", K.PULL_REQUEST, ("number",)),
    "pull_request_review_comment": Subject("pull_request", K.PULL_REQUEST, ("number",)),
    "registry_package": Subject("registry_package", K.PACKAGE, ("name",)),
    "release": Subject("release", K.RELEASE, ("tag_name", "name")),
    "repository": Subject("repository", K.REPOSITORY, ("full_name",), _visibility),
    "repository_ruleset": Subject("repository_ruleset", K.POLICY, ("name",), _protection),
    "secret_scanning_alert": Subject("alert", K.OTHER, ("number",), _alert),
    "team": Subject("team", K.GROUP, ("slug", "name")),
    "workflow_job": Subject("workflow_job", K.WORKFLOW, ("workflow_name", "name"), _workflow),
    "workflow_run": Subject("workflow_run", K.WORKFLOW, ("path", "name"), _workflow),
}
UNKNOWN = Subject("", K.OTHER, ())

ACTIONS: dict[str, Action] = {
    "branch_protection_configuration.disabled": Action.PROTECTION_CHANGE,
    "branch_protection_configuration.enabled": Action.PROTECTION_CHANGE,
    "branch_protection_rule.created": Action.PROTECTION_CHANGE,
    "branch_protection_rule.deleted": Action.PROTECTION_CHANGE,
    "branch_protection_rule.edited": Action.PROTECTION_CHANGE,
    "commit_comment.created": Action.COMMENT,
    "deploy_key.created": Action.KEY_ADD,
    "deploy_key.deleted": Action.KEY_REMOVE,
    "fork": Action.FORK,
    "installation.created": Action.APP_INSTALL,
    "installation.new_permissions_accepted": Action.PRIVILEGE_GRANT,
    "installation_repositories.added": Action.PRIVILEGE_GRANT,
    "installation_repositories.removed": Action.PRIVILEGE_REVOKE,
    "issue_comment.created": Action.COMMENT,
    "issues.opened": Action.ISSUE_OPEN,
    "member.added": Action.MEMBER_ADD,
    "member.edited": Action.PRIVILEGE_GRANT,
    "member.removed": Action.MEMBER_REMOVE,
    "membership.added": Action.MEMBER_ADD,
    "membership.removed": Action.MEMBER_REMOVE,
    "meta.deleted": Action.WEBHOOK_CHANGE,
    "organization.member_added": Action.MEMBER_ADD,
    "organization.member_invited": Action.MEMBER_ADD,
    "organization.member_removed": Action.MEMBER_REMOVE,
    "package.published": Action.PACKAGE_PUBLISH,
    "personal_access_token_request.approved": Action.TOKEN_CREATE,
    "public": Action.VISIBILITY_CHANGE,
    "pull_request.closed": Action.PULL_REQUEST_CLOSE,
    "pull_request.opened": Action.PULL_REQUEST_OPEN,
    "pull_request.reopened": Action.PULL_REQUEST_OPEN,
    "pull_request_review.submitted": Action.REVIEW,
    "pull_request_review_comment.created": Action.COMMENT,
    "registry_package.published": Action.PACKAGE_PUBLISH,
    "release.deleted": Action.RELEASE_DELETE,
    "release.edited": Action.RELEASE_EDIT,
    "release.published": Action.RELEASE_PUBLISH,
    "release.unpublished": Action.RELEASE_EDIT,
    "repository.archived": Action.REPOSITORY_ARCHIVE,
    "repository.created": Action.REPOSITORY_CREATE,
    "repository.deleted": Action.REPOSITORY_DELETE,
    "repository.privatized": Action.VISIBILITY_CHANGE,
    "repository.publicized": Action.VISIBILITY_CHANGE,
    "repository.transferred": Action.REPOSITORY_TRANSFER,
    "repository_ruleset.created": Action.PROTECTION_CHANGE,
    "repository_ruleset.deleted": Action.PROTECTION_CHANGE,
    "repository_ruleset.edited": Action.PROTECTION_CHANGE,
    "team.added_to_repository": Action.PRIVILEGE_GRANT,
    "team.removed_from_repository": Action.PRIVILEGE_REVOKE,
    "workflow_run.completed": Action.WORKFLOW_RUN,
    "workflow_run.in_progress": Action.WORKFLOW_RUN,
    "workflow_run.requested": Action.WORKFLOW_RUN,
}
ALERTS = frozenset({"secret_scanning_alert", "code_scanning_alert", "dependabot_alert"})
# Sections that tell an event whose header is lost, the most telling first.
TELLING: tuple[tuple[str, str], ...] = (
    ("workflow_job", "workflow_job"),
    ("workflow_run", "workflow_run"),
    ("release", "release"),
    ("registry_package", "registry_package"),
    ("package", "package"),
    ("review", "pull_request_review"),
    ("pull_request", "pull_request"),
    ("comment", "issue_comment"),
    ("issue", "issues"),
    ("repository_ruleset", "repository_ruleset"),
    ("rule", "branch_protection_rule"),
    ("personal_access_token_request", "personal_access_token_request"),
    ("forkee", "fork"),
    ("key", "deploy_key"),
    ("team", "team"),
    ("membership", "organization"),
    ("member", "member"),
    ("installation", "installation"),
    ("repository", "repository"),
)
