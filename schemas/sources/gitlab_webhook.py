"""GitLab's webhooks, of projects, groups and the instance.

References: "Webhook events" (https://docs.gitlab.com/user/project/integrations/webhook_events/),
"Webhooks" (https://docs.gitlab.com/user/project/integrations/webhooks/, for the headers), "System
hooks" (https://docs.gitlab.com/administration/system_hooks/). The payload names its event; the
headers `webhook-id` or `Idempotency-Key` and `X-Gitlab-Event-UUID` travel as record headers and
tell a delivery that comes again. A payload has no address, and its times are those of its object:
the time is when the record was received, where that is known. An event of a member, a project, a
group or a key names whom it concerns but not who did it.
"""

from collections.abc import Callable

from schemas import facts as f
from schemas.activity import Activity, Fact, Outcome, Target, TargetKind
from schemas.sources.base import Raw, Source
from schemas.sources.fields import lower, mapping, text
from schemas.sources.gitlab_delivery import GitLabDelivery, delivery
from schemas.sources.gitlab_hook import READER, Attributes, Hook, Words, written
from schemas.sources.gitlab_hooks import CONCERNING, EVENTS, NAME, STATUSES, rule_of
from schemas.sources.gitlab_push import push
from schemas.sources.instructions import instructions

_IGNORED = frozenset({"emoji"})
_NOTES = {
    "commit": TargetKind.OTHER,
    "issue": TargetKind.ISSUE,
    "mergerequest": TargetKind.PULL_REQUEST,
}
_RUNS = frozenset({"pipeline", "build", "deployment"})
# Events whose text agents read.
_TEXTS = frozenset({"issue", "merge_request", "note", "work_item"})
_WRITTEN = frozenset({"create", "open", "reopen", "update"})
_TEXT_FIELDS = frozenset({"title", "description"})
_NO_WORDS = Words()


def parse(raw: Raw) -> list[Activity]:
    """One delivery: none (an emoji), one or, for a push, up to 66 activities.

    Raises:
        RejectedError: `not_this_source` without the event's name; as `Reader.read`, `delivery`.
    """
    hook = READER.read(raw)
    assert not isinstance(hook, list)  # noqa: S101 - the reader unwraps nothing
    told = delivery(raw, hook)
    if told.kind in _IGNORED:
        return []
    if told.kind in {"push", "tag_push"}:
        return push(told)
    return [_activity(told)]


def _activity(told: GitLabDelivery) -> Activity:
    rule = rule_of(told.native)
    facts: dict[str, Fact] = {}
    outcome = rule.outcome
    if told.kind in _RUNS:
        _run(told, facts)
        if facts.get(f.CONCLUSION) == "failure":
            outcome = Outcome.FAILURE
    elif told.kind == "merge_request" and (base := text(told.about.target_branch)):
        facts[f.REF] = f"refs/heads/{base}"
        if told.default_branch:
            facts[f.DEFAULT_BRANCH] = base == told.default_branch
    elif told.kind == "vulnerability" and (state := lower(told.about.state)):
        facts[f.STATUS] = state
    elif told.kind.startswith(CONCERNING):
        _person(told, facts)
    if told.kind in _TEXTS:
        _orders(told, facts)
    return told.activity(rule.action, _target(told, rule.kind), facts, outcome=outcome)


def _run(told: GitLabDelivery, facts: dict[str, Fact]) -> None:
    value = lower(told.about.status or told.hook.status or told.hook.build_status)
    status, conclusion = STATUSES.get(value, ("requested", ""))
    facts[f.STATUS] = status
    if conclusion:
        facts[f.CONCLUSION] = conclusion
    if trigger := lower(told.about.source):
        facts[f.TRIGGER] = trigger
    if ref := text(told.about.ref):
        tag = told.about.tag is True
        facts[f.REF] = f"refs/{'tags' if tag else 'heads'}/{ref}"
        if told.default_branch and not tag:
            facts[f.DEFAULT_BRANCH] = ref == told.default_branch


def _orders(told: GitLabDelivery, facts: dict[str, Fact]) -> None:
    """How much a text that is new or was changed reads like orders to an agent."""
    verb = lower(told.about.action)
    if verb not in _WRITTEN and (verb or told.kind != "note"):
        return
    texts = written(told.raw)
    if verb == "update" and told.kind != "note" and _TEXT_FIELDS.isdisjoint(mapping(texts.changes)):
        return
    words = texts.object_attributes or _NO_WORDS
    facts[f.INSTRUCTIONS] = instructions(
        words.title, words.note or words.description, words.source_branch
    )


def _person(told: GitLabDelivery, facts: dict[str, Fact]) -> None:
    hook = told.hook
    if login := lower(hook.user_username or hook.username) or text(hook.user_id):
        facts[f.SUBJECT] = f"gitlab:{login}"
    if role := lower(hook.group_access or hook.project_access or hook.access_level):
        facts[f.SCOPES] = [role]
    if visibility := lower(hook.project_visibility).removeprefix("visibilitylevel|"):
        facts[f.VISIBILITY] = visibility


def _target(told: GitLabDelivery, kind: TargetKind) -> Target | None:
    hook, about = told.hook, told.about
    if told.kind == "note":
        return _noted(told)
    if naming := _NAMED.get(told.kind):
        return told.target(_KINDS.get(told.kind, TargetKind.WORKFLOW), *naming(hook, about))
    name = ""
    if kind is TargetKind.REPOSITORY:
        name = told.repository
    elif kind is TargetKind.GROUP:
        name = lower(hook.full_path or hook.group_path)
    elif kind is TargetKind.APPLICATION:
        name = "gitlab"
    name = name or text(about.name) or text(about.iid) or text(about.id) or text(hook.id)
    if not name and not told.repository and not told.organization:
        return None
    return told.target(kind, name)


def _numbered(_: Hook, about: Attributes) -> tuple[str, str]:
    return text(about.iid), lower(about.last_commit.id) if about.last_commit else ""


_KINDS = {
    "issue": TargetKind.ISSUE,
    "merge_request": TargetKind.PULL_REQUEST,
    "release": TargetKind.RELEASE,
    "work_item": TargetKind.ISSUE,
}
# Name and version of what an event is about.
_NAMED: dict[str, Callable[[Hook, Attributes], tuple[str, str]]] = {
    "build": lambda hook, _: (text(hook.build_name), lower(hook.sha)),
    "deployment": lambda hook, _: (text(hook.environment), lower(hook.short_sha)),
    "issue": _numbered,
    "merge_request": _numbered,
    "pipeline": lambda _, about: (text(about.name) or text(about.ref), lower(about.sha)),
    "release": lambda hook, _: (text(hook.tag), text(hook.tag)),
    "work_item": _numbered,
}


def _noted(told: GitLabDelivery) -> Target:
    hook, about = told.hook, told.about
    kind = _NOTES.get(lower(about.noteable_type), TargetKind.OTHER)
    if about.commit_id and kind is TargetKind.OTHER:
        return told.target(kind, lower(about.commit_id), lower(about.commit_id))
    on = {TargetKind.ISSUE: hook.issue, TargetKind.PULL_REQUEST: hook.merge_request}.get(kind)
    on = on or hook.snippet
    return told.target(kind, text(on.iid or on.id) if on else "")


def recognises(record: dict[str, object]) -> bool:
    """An object kind beside its project or group, or a system hook's event name."""
    if isinstance(record.get("object_kind"), str):
        return bool(
            "object_attributes" in record or mapping(record.get("project")) or "user_id" in record
        )
    name = record.get("event_name")
    return (
        isinstance(name, str)
        and name.startswith(CONCERNING)
        and "author_id" not in record
        and not {"created_at", "project_id", "group_id"}.isdisjoint(record)
    )


SOURCE = Source(
    name=NAME,
    kind="vcs",
    title="GitLab webhooks",
    reference="https://docs.gitlab.com/user/project/integrations/webhook_events/",
    parse=parse,
    actions=frozenset(EVENTS),
    recognises=recognises,
)
