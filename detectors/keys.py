"""Which state keys an activity belongs under, per scope."""

from collections.abc import Callable

from detectors.base import Scope
from schemas import facts
from schemas.activity import Activity

MAX_DEPENDENCIES = 64


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


_KEYS: dict[Scope, Callable[[Activity], list[str]]] = {
    Scope.IDENTITY: _identity,
    Scope.REPOSITORY: _repository,
    Scope.PACKAGE: _package,
    Scope.DEPENDENCY: _dependency,
    Scope.SESSION: _session,
    Scope.ORIGIN: _origin,
    Scope.ORGANIZATION: _organization,
}


def keys_of(scope: Scope, activity: Activity) -> list[str]:
    """State keys of an activity in one scope; empty if it has none there."""
    return _KEYS[scope](activity)
