"""An incident in plain words."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from detectors.base import Metadata, Scope
from pipeline.correlate.state import ActionState, DetectorState, IncidentState
from schemas.action import Action
from schemas.finding import Evidence
from schemas.reach import Reach
from schemas.text import visible

MAX_TITLE: Final = 200
MAX_DESCRIPTION: Final = 6000

_VERBS: Final[dict[str, tuple[str, str]]] = {
    Action.LOGIN: ("signed in", "signed in {n} times"),
    Action.SSO: ("opened an application", "opened applications"),
    Action.MFA_CHALLENGE: ("answered a second-factor prompt", "got second-factor prompts"),
    Action.FACTOR_ENROLL: ("changed the second factor", ""),
    Action.FACTOR_REMOVE: ("removed a second factor", "removed second factors"),
    Action.FACTOR_RESET: ("had its second factors reset", ""),
    Action.PASSWORD_CHANGE: ("changed the password", ""),
    Action.TOKEN_CREATE: ("created a token", "created {n} tokens"),
    Action.TOKEN_USE: ("used a token", ""),
    Action.PRIVILEGE_GRANT: ("granted a privilege", "granted {n} privileges"),
    Action.MEMBER_ADD: ("added a member", "added {n} members"),
    Action.POLICY_CHANGE: ("changed a policy", "changed {n} policies"),
    Action.AUDIT_CHANGE: ("changed the audit stream", ""),
    Action.POLICY_EVALUATE: ("passed a sign-on policy", "passed {n} sign-on policies"),
    Action.SESSION_CHANGE: ("went on with a session from elsewhere", ""),
    Action.SESSION_IMPERSONATE: ("acted as somebody else", ""),
    Action.COMMIT: ("committed", "made {n} commits"),
    Action.PUSH: ("pushed", "pushed {n} times"),
    Action.BRANCH_CREATE: ("created a branch", "created {n} branches"),
    Action.BRANCH_DELETE: ("deleted a branch", "deleted {n} branches"),
    Action.TAG_CREATE: ("created a tag", "created {n} tags"),
    Action.TAG_MOVE: ("moved a tag", "moved {n} tags"),
    Action.TAG_DELETE: ("deleted a tag", "deleted {n} tags"),
    Action.RELEASE_PUBLISH: ("published a release", "published {n} releases"),
    Action.RELEASE_EDIT: ("edited a release", "edited {n} releases"),
    Action.RELEASE_DELETE: ("deleted a release", "deleted {n} releases"),
    Action.PULL_REQUEST_OPEN: ("opened a pull request", "opened {n} pull requests"),
    Action.PULL_REQUEST_MERGE: ("merged a pull request", "merged {n} pull requests"),
    Action.WORKFLOW_RUN: ("ran a workflow", "ran {n} workflows"),
    Action.WORKFLOW_CHANGE: ("changed a workflow", "changed {n} workflows"),
    Action.CLONE: ("cloned a repository", "cloned {n} repositories"),
    Action.FETCH: ("fetched a repository", "fetched {n} repositories"),
    Action.DOWNLOAD: ("downloaded a repository", "downloaded {n} repositories"),
    Action.FORK: ("forked a repository", "forked {n} repositories"),
    Action.REPOSITORY_CREATE: ("created a repository", "created {n} repositories"),
    Action.REPOSITORY_DELETE: ("deleted a repository", "deleted {n} repositories"),
    Action.VISIBILITY_CHANGE: ("changed who sees a repository", "changed who sees repositories"),
    Action.PROTECTION_CHANGE: ("changed a branch protection", "changed {n} branch protections"),
    Action.KEY_ADD: ("added a key", "added {n} keys"),
    Action.RUNNER_CHANGE: ("changed a runner", "changed {n} runners"),
    Action.SECRET_CHANGE: ("changed a CI secret", "changed {n} CI secrets"),
    Action.API_REQUEST: ("called the API", "called the API {n} times"),
    Action.PACKAGE_PUBLISH: ("published a package", "published {n} package versions"),
    Action.PACKAGE_UNPUBLISH: ("unpublished a package", "unpublished {n} package versions"),
    Action.PACKAGE_TAG: ("moved a dist-tag", "moved {n} dist-tags"),
    Action.PACKAGE_OWNER: ("changed a package's owners", "changed owners of packages"),
    Action.AGENT_TOOL: ("let an agent use a tool", "let an agent use tools {n} times"),
    Action.AGENT_PERMISSION: ("changed an agent's permission mode", ""),
    Action.AGENT_CONNECT: ("connected a tool server", "connected {n} tool servers"),
    Action.AGENT_EXTEND: ("loaded an agent extension", "loaded {n} agent extensions"),
}
_SIGN_IN: Final = (Action.LOGIN, Action.SSO)
_PLACE: Final = frozenset({"network", "country", "ip", "place", "location"})
_DEVICE: Final = frozenset({"device", "client", "system"})
_UNITS: Final = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


def span(seconds: float) -> str:
    """Length of time, rounded up: `4 minutes`."""
    for size, unit in _UNITS:
        if seconds >= size:
            number = -int(-seconds // size)
            return f"{number} {unit}" + ("s" if number > 1 else "")
    return "a minute"


def _phrase(action: ActionState) -> str:
    one, many = _VERBS.get(
        action.action, (f"did {action.action}", f"did {action.action} {action.count} times")
    )
    if action.count <= 1 or not many:
        return one
    return f"{many.replace('{n}', str(action.count))} in {span(action.last - action.first)}"


def _sign_in(detectors: Iterable[DetectorState]) -> str:
    """What was unusual about a sign-in, from the names of the reasons."""
    names = {feature.name for detector in detectors for feature in detector.features}
    parts = [word for word, known in (("place", _PLACE), ("device", _DEVICE)) if names & known]
    return f" from an unusual {' and '.join(parts)}" if parts else ""


def title(state: IncidentState, lookup: Callable[[str], Metadata]) -> str:
    """One line, at most 200 characters: who, and what was unusual, in order of time."""
    by_action: dict[str, set[str]] = {}
    for entry in state.evidence:
        by_action.setdefault(entry.action, set()).add(entry.detector)
    who = visible(state.identity, 64) or "unknown"
    short: list[str] = []
    full: list[str] = []
    actions = sorted(state.actions, key=lambda a: (a.first, a.action))
    if any(action.action == Action.LOGIN for action in actions):
        actions = [action for action in actions if action.action != Action.SSO]
    for action in actions:
        detectors = [d for d in state.detectors if d.id in by_action.get(action.action, ())]
        text = _phrase(action)
        short.append(text)
        if action.action in _SIGN_IN:
            full.append(text + _sign_in(detectors))
            continue
        silent = [d.title for d in detectors if lookup(d.id).scope is Scope.SOURCE]
        if silent:  # the last event before a silence did nothing that matters
            full.append(silent[0])
            continue
        phrases = sorted({lookup(d.id).phrase for d in detectors} - {""})
        full.append(" ".join([text, *phrases]))
    return visible(_fit(who, full, short), MAX_TITLE)


def _fit(who: str, full: Sequence[str], short: Sequence[str]) -> str:
    """Drop what explains from the end, then the last steps, until the line is short enough."""
    for kept in range(len(full), -1, -1):
        line = f"{who}: {', '.join([*full[:kept], *short[kept:]])}"
        if len(line.encode()) <= MAX_TITLE:
            return line
    for kept in range(len(short) - 1, 0, -1):
        line = f"{who}: {', '.join(short[:kept])} and {len(short) - kept} more"
        if len(line.encode()) <= MAX_TITLE:
            return line
    return f"{who}: {short[0]}" if short else who


def clock(time: float) -> str:
    """Event time as ISO 8601, or as it is where no calendar has it."""
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{time:g}"


def description(
    state: IncidentState,
    lookup: Callable[[str], Metadata],
    reason: str,
) -> str:
    """Several lines: the sum, the course of events, and per detector why it is unusual."""
    lines = [
        f"Reported now: {reason}.",
        f"Evidence at its peak: {state.peak:.1f} bits, {state.heaviest:.1f} of them of one signal.",
        f"Incidents open at {state.threshold:.1f} bits, or {state.alone:.1f} of one signal.",
        f"Signals: {state.count}, of {len(state.detectors)} detectors.",
        *_reach(state.reach),
        "",
        "Course of events:",
        *(_course(entry) for entry in state.evidence),
        "",
        "Why it is unusual:",
    ]
    for detector in sorted(state.detectors, key=lambda d: (-d.bits, d.id)):
        cold = ", judged by its peers: too little own history" if detector.cold else ""
        name = lookup(detector.id).title
        times = f", {detector.count} times" if detector.count > 1 else ""
        lines.append(f"- {name}: {detector.title} ({detector.bits:.1f} bits{times}{cold})")
        lines += [
            f"    {f.name}: {f.observed}; expected {f.expected} ({f.bits:.1f} bits)"
            for f in detector.features
        ]
    text = "\n".join(lines)
    return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 1] + "…"


def _reach(flags: int) -> list[str]:
    words = Reach(flags).words()
    return [f"What is known of it: {', '.join(words)}."] if words else []


def _course(entry: Evidence) -> str:
    what = entry.package or entry.repository or entry.target
    version = f" {entry.version}" if entry.version and entry.package else ""
    where = f" from {entry.ip}" if entry.ip else ""
    country = f" ({entry.country})" if entry.country else ""
    return (
        f"- {clock(entry.time)} {entry.account} {entry.action} {what}{version}".rstrip()
        + f"{where}{country} [{entry.detector}]"
    )
