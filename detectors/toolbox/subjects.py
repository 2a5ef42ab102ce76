"""Whom an act was done to."""

from schemas import facts
from schemas.activity import Activity, TargetKind


def login_of(account: str) -> str:
    """Account without its system.

    >>> login_of("github:mara-k"), login_of("mara-k")
    ('mara-k', 'mara-k')
    """
    return account.rpartition(":")[2]


def beneficiary(activity: Activity) -> str:
    """Account that was given something; empty where the vendor does not say."""
    subject = activity.facts.get(facts.SUBJECT)
    if isinstance(subject, str) and subject:
        return subject
    target = activity.target
    return target.name if target is not None and target.kind is TargetKind.ACCOUNT else ""


def is_own(activity: Activity) -> bool:
    """The actor did it to itself, as far as is known."""
    whom = beneficiary(activity)
    return bool(whom) and login_of(whom.lower()) == login_of(activity.actor.account)
