"""GitHub's webhooks, of repositories, organizations and apps.

Reference: "Webhook events and payloads" (https://docs.github.com/webhooks/webhook-events-and-payloads).
The headers `X-GitHub-Event` and `X-GitHub-Delivery` travel as record headers; without the first
the payload's shape must tell the event. A payload has no time of its own and no address: the time
is when the record was received, else what the payload says of its subject.
"""

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Activity, Fact, Outcome, Target, TargetKind, digest
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.fields import fold, header, load, lower, mapping, text
from schemas.sources.github import package_name
from schemas.sources.github_delivery import NAME, GitHubDelivery, delivery
from schemas.sources.github_events import ACTIONS, ALERTS, SUBJECTS, TELLING, UNKNOWN, Subject
from schemas.sources.github_push import push, ref_event
from schemas.sources.instructions import instructions

# Events whose text agents read, and the section that holds it.
_TEXTS = {
    "commit_comment": "comment",
    "discussion": "discussion",
    "discussion_comment": "comment",
    "issue_comment": "comment",
    "issues": "issue",
    "pull_request": "pull_request",
    "pull_request_review": "review",
    "pull_request_review_comment": "comment",
}
_WRITTEN = (".opened", ".created", ".edited", ".submitted", ".reopened")


def parse(raw: Raw) -> list[Activity]:
    """One delivery: none (`ping`), one or, for a push, up to 66 activities."""
    record = load(raw)
    if "sender" not in record and "repository" not in record:
        record = fold(record)
    event = header(raw, "x-github-event").lower() or _event_of(record)
    if event == "ping":
        return []
    subject = SUBJECTS.get(event, UNKNOWN)
    section = mapping(record.get(subject.section))
    told = delivery(raw, record, event, section)
    if event == "push":
        return push(told)
    if event in {"create", "delete"}:
        return ref_event(told)
    return [_activity(told, subject, section)]


def _event_of(record: dict[str, object]) -> str:
    if "zen" in record and "hook" in record:
        return "ping"
    if "pusher" in record and "after" in record:
        return "push"
    if "ref_type" in record:
        return "create" if "master_branch" in record else "delete"
    if alert := mapping(record.get("alert")):
        kinds = (("secret_type", "secret_scanning"), ("dependency", "dependabot"))
        return next((f"{kind}_alert" for key, kind in kinds if key in alert), "code_scanning_alert")
    for section, event in TELLING:
        if isinstance(record.get(section), dict):
            return event
    raise RejectedError("missing_field", "no header x-github-event, and no telling payload")


def _activity(told: GitHubDelivery, subject: Subject, section: dict[str, object]) -> Activity:
    facts: dict[str, Fact] = {}
    if subject.details:
        subject.details(told, section, facts)
    action: str = ACTIONS.get(told.native, "")
    if told.event in ALERTS:
        action = Action.ALERT_CHANGE
    elif action == Action.PULL_REQUEST_CLOSE and section.get("merged") is True:
        action = Action.PULL_REQUEST_MERGE
    if told.event in _TEXTS and told.native.endswith(_WRITTEN):
        written = told.section(_TEXTS[told.event])
        branch = mapping(written.get("head")).get("ref")
        facts[f.INSTRUCTIONS] = instructions(written.get("title"), written.get("body"), branch)
    failed = action == Action.WORKFLOW_RUN and facts.get(f.CONCLUSION) == "failure"
    return told.activity(
        action or f"{NAME}/{told.native}",
        _target(told, subject, section),
        facts,
        uid=_shared_uid(told, action, section),
        outcome=Outcome.FAILURE if failed else Outcome.SUCCESS,
    )


def _target(told: GitHubDelivery, subject: Subject, section: dict[str, object]) -> Target | None:
    kind, name = subject.kind, ""
    if kind is TargetKind.PACKAGE:
        return _package(told, section)
    for key in subject.named_by:
        if name := text(section.get(key)):
            break
    version = text(section.get("head_sha"))
    if kind is TargetKind.RELEASE:
        version = text(section.get("tag_name"))
    elif kind is TargetKind.PULL_REQUEST:
        version = text(mapping(section.get("head")).get("sha"))
    elif kind is TargetKind.REPOSITORY:
        name = name.lower()
    if not name and not told.repository and not told.organization:
        return None
    return told.target(kind, name, version)


def _package(told: GitHubDelivery, section: dict[str, object]) -> Target:
    ecosystem = lower(section.get("package_type") or section.get("ecosystem")) or "github"
    owner, name = lower(section.get("namespace")), lower(section.get("name"))
    full = package_name(ecosystem, owner, name)
    version = text(mapping(section.get("package_version")).get("version"))
    return Target(TargetKind.PACKAGE, full, told.repository, full, version, told.organization)


def _shared_uid(told: GitHubDelivery, action: str, section: dict[str, object]) -> int | None:
    """The event's own id, where GitHub tells of it under two names to those who asked for both."""
    if action == Action.PACKAGE_PUBLISH:  # `package` and `registry_package`
        version = text(mapping(section.get("package_version")).get("id"))
        return digest(NAME, action, text(section.get("id")), version) if version else None
    if told.native in {"public", "repository.publicized"}:
        changed = text(section.get("updated_at"))
        return digest(NAME, action, told.repository, changed) if changed else None
    return None


def recognises(record: dict[str, object]) -> bool:
    """A sender with a login beside what the delivery is about, or a ping."""
    sender = record.get("sender")
    if isinstance(sender, dict) and "login" in sender and "_document_id" not in record:
        return any(key in record for key in ("repository", "organization", "installation", "hook"))
    return "zen" in record and "hook_id" in record


SOURCE = Source(
    name=NAME,
    kind="vcs",
    title="GitHub webhooks",
    reference="https://docs.github.com/webhooks/webhook-events-and-payloads",
    parse=parse,
    actions=frozenset(ACTIONS) | {"push", "create", "delete"} | ALERTS,
    recognises=recognises,
)
