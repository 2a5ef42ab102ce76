"""Guards: protections, policies and audit streams that can be weakened."""

from typing import Final

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome

GUARDS: Final = frozenset({Action.PROTECTION_CHANGE, Action.POLICY_CHANGE, Action.AUDIT_CHANGE})


def weakened(activity: Activity) -> bool:
    """A guard was weakened, and the vendor says so. What it leaves open is unknown, not done."""
    return (
        activity.action in GUARDS
        and activity.outcome is Outcome.SUCCESS
        and activity.facts.get(facts.WEAKENED) is True
    )


def where(activity: Activity) -> str:
    """What the guard guarded: repository and ref, or organisation; the guard's own name else."""
    target = activity.target
    if target is None:
        return ""
    ref = activity.facts.get(facts.REF)
    place = target.repository or target.organization
    return f"{place} {ref}" if place and isinstance(ref, str) else place or target.name
