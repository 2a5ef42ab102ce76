"""Which state keys an activity belongs under, per scope."""

from collections.abc import Callable

from detectors.base import Scope
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity

MAX_DEPENDENCIES = 64
# A source is one key, and so one partition, however much it sends. Of what people and machines do
# all day one activity in 16 is enough to see that it still speaks; by uid, so that every worker
# takes the same ones.
SAMPLED_ONE_IN = 16
_FREQUENT = frozenset(
    {
        Action.AGENT_DECISION,
        Action.AGENT_PROMPT,
        Action.AGENT_REQUEST,
        Action.AGENT_TOOL,
        Action.API_REQUEST,
        Action.CLONE,
        Action.COMMENT,
        Action.COMMIT,
        Action.DOWNLOAD,
        Action.FETCH,
        Action.LOGIN,
        Action.POLICY_EVALUATE,
        Action.MFA_CHALLENGE,
        Action.PACKAGE_DOWNLOAD,
        Action.PUSH,
        Action.SSO,
        Action.TOKEN_USE,
        Action.WORKFLOW_RUN,
    }
)


def _identity(activity: Activity) -> list[str]:
    identity = activity.actor.identity or activity.actor.account
    return [f"identity:{identity}"] if identity else []


def _repository(activity: Activity) -> list[str]:
    target = activity.target
    return [f"repository:{target.repository}"] if target and target.repository else []


def _package(activity: Activity) -> list[str]:
    target = activity.target
    return [f"package:{target.package}"] if target and target.package else []


def _dependency(activity: Activity) -> list[str]:
    target = activity.target
    names = {target.package} if target and target.package else set()
    depends_on = activity.facts.get(facts.DEPENDENCIES)
    if isinstance(depends_on, list):
        names.update(depends_on[:MAX_DEPENDENCIES])
    return [f"dependency:{name}" for name in sorted(names)]


def _session(activity: Activity) -> list[str]:
    return [f"session:{activity.session}"] if activity.session else []


def _origin(activity: Activity) -> list[str]:
    return [f"origin:{activity.origin.ip}"] if activity.origin.ip else []


def _organization(activity: Activity) -> list[str]:
    target = activity.target
    return [f"organization:{target.organization}"] if target and target.organization else []


def _source(activity: Activity) -> list[str]:
    if activity.action in _FREQUENT and activity.uid % SAMPLED_ONE_IN:
        return []
    return [f"source:{activity.source}"]


def _server(activity: Activity) -> list[str]:
    server = activity.facts.get(facts.SERVER)
    return [f"server:{server}"] if server and isinstance(server, str) else []


_KEYS: dict[Scope, Callable[[Activity], list[str]]] = {
    Scope.IDENTITY: _identity,
    Scope.REPOSITORY: _repository,
    Scope.PACKAGE: _package,
    Scope.DEPENDENCY: _dependency,
    Scope.SESSION: _session,
    Scope.ORIGIN: _origin,
    Scope.ORGANIZATION: _organization,
    Scope.SOURCE: _source,
    Scope.SERVER: _server,
}


def keys_of(scope: Scope, activity: Activity) -> list[str]:
    """State keys of an activity in one scope; empty if it has none there."""
    return _KEYS[scope](activity)
