"""Reach: what an identity has shown that it can do, and an attacker in its place could."""

from collections.abc import Mapping
from enum import IntFlag
from types import MappingProxyType

from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.facts import DEFAULT_BRANCH


class Reach(IntFlag):
    """Stored in state: values keep their meaning, new ones are appended."""

    PUBLISHES = 1  # packages
    RELEASES = 2  # tags and releases that others build from
    ADMINISTERS = 4  # members, rights, policies, protections, audit
    AUTOMATES = 8  # what runs by itself: workflows, runners, hooks, apps, CI secrets
    MERGES = 16  # what the default branch is made of

    def words(self) -> list[str]:
        """For people: `["publishes packages", …]`."""
        return [text for flag, text in _WORDS.items() if flag in self]


FAR = Reach.PUBLISHES | Reach.ADMINISTERS | Reach.AUTOMATES
"""Reach beyond the organisation, or over all of it."""

_WORDS: Mapping[Reach, str] = MappingProxyType(
    {
        Reach.PUBLISHES: "publishes packages",
        Reach.RELEASES: "releases versions",
        Reach.ADMINISTERS: "administers rights or protections",
        Reach.AUTOMATES: "changes automation",
        Reach.MERGES: "merges into default branches",
    }
)
_BY_ACTION: Mapping[str, int] = MappingProxyType(
    {
        str(action): int(reach)
        for reach, actions in {
            Reach.PUBLISHES: (
                Action.PACKAGE_PUBLISH,
                Action.PACKAGE_UNPUBLISH,
                Action.PACKAGE_TAG,
                Action.PACKAGE_OWNER,
            ),
            Reach.RELEASES: (
                Action.TAG_CREATE,
                Action.TAG_MOVE,
                Action.RELEASE_PUBLISH,
                Action.RELEASE_EDIT,
            ),
            Reach.ADMINISTERS: (
                Action.PRIVILEGE_GRANT,
                Action.PRIVILEGE_REVOKE,
                Action.MEMBER_ADD,
                Action.MEMBER_REMOVE,
                Action.POLICY_CHANGE,
                Action.AUDIT_CHANGE,
                Action.PROTECTION_CHANGE,
                Action.VISIBILITY_CHANGE,
            ),
            Reach.AUTOMATES: (
                Action.WORKFLOW_CHANGE,
                Action.RUNNER_CHANGE,
                Action.WEBHOOK_CHANGE,
                Action.APP_INSTALL,
                Action.SECRET_CHANGE,
            ),
            Reach.MERGES: (Action.PULL_REQUEST_MERGE,),
        }.items()
        for action in actions
    }
)
_MERGES = int(Reach.MERGES)


def reach_of(activity: Activity) -> int:
    """Flags that this activity shows, if it was not refused; a plain number, for it is asked often.

    >>> from schemas.activity import Actor
    >>> merged = Activity(1, 0.0, 0.0, "github.audit", "pull_request.merge", "", Actor("mara"))
    >>> Reach(reach_of(merged)).words()
    ['merges into default branches']
    """
    if activity.action == Action.PUSH:
        return _MERGES if activity.facts.get(DEFAULT_BRANCH) else 0
    reach = _BY_ACTION.get(activity.action, 0)
    return reach if reach and activity.outcome is not Outcome.FAILURE else 0
