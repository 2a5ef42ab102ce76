"""Links: what an event proves of two names that stand for one person.

Only where the record itself is the proof, told by a system that knows, never where somebody
claims to be somebody: the author line of a commit, an address in a package's manifest, telemetry
that a program on the user's machine sends.

Two links need no event, the account's name says them:

- an identity provider's account whose login is an address belongs to that address;
- GitHub gives out `ID+login@users.noreply.github.com` to the account `login`
  (https://docs.github.com/account-and-profile/reference/email-addresses-reference).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from schemas import facts
from schemas.activity import Activity, ActorKind, Outcome, uid_text

IDPS: Final = ("okta", "entra", "google_workspace", "onelogin")
"""Systems whose accounts the organisation itself gives out, each to one person's address."""

# Vendors' servers that name the actor by an address which they have verified: the identity
# providers above, GitHub by the SAML NameID of the linked external identity, the others by the
# address that the account signs in with.
_VERIFIED: Final = frozenset(
    {
        "anthropic.compliance",
        "cursor.audit",
        "entra.audit",
        "entra.signin",
        "github.audit",
        "google_workspace.activity",
        "okta.system_log",
        "onelogin.event",
        "openai.audit",
    }
)
_CACHED: Final = 65_536
_PEOPLE: Final = frozenset({ActorKind.PERSON, ActorKind.UNKNOWN})
_NOREPLY: Final = re.compile(r"git:\d+\+([a-z\d-]+)@users\.noreply\.github\.com")


class Link(msgspec.Struct, frozen=True):
    """An account, and what else stands for whoever has it.

    Attributes:
        account: `<system>:<login>`, lower case.
        to: an address, or another account of the same system, lower case.
        time: of the event that proves it, seconds since the epoch.
        source: of the event, e.g. `github.audit`.
        event: the vendor's id of the event, or else its uid.
        learned: always true: no operator said so.
    """

    account: str
    to: str
    time: float
    source: str
    event: str
    learned: bool = True

    @property
    def order(self) -> tuple[float, str, str]:
        """Of two that contradict each other the smaller stands: the earlier proof."""
        return self.time, self.event, self.to


@lru_cache(_CACHED)
def address_of(account: str) -> str:
    """The address an identity provider's account belongs to by its name; empty if none.

    >>> address_of("okta:mara@example.com")
    'mara@example.com'
    >>> address_of("entra:mara_example.org#ext#@example.com"), address_of("npm:mara@example.com")
    ('', '')
    """
    system, _, login = account.partition(":")
    return login if system in IDPS and "@" in login[1:] and "#" not in login else ""


@lru_cache(_CACHED)
def login_of(account: str) -> str:
    """The GitHub account behind a `noreply` address in git; empty if the account is none.

    >>> login_of("git:1001+mara-k@users.noreply.github.com")
    'github:mara-k'
    """
    found = _NOREPLY.fullmatch(account)
    return f"github:{found[1]}" if found else ""


def proven(activity: Activity) -> Iterator[Link]:
    """The links that an activity proves; none of a program's account, and none by a failure."""
    actor = activity.actor
    if not actor.account or actor.kind not in _PEOPLE or activity.outcome is Outcome.FAILURE:
        return
    if (
        activity.source in _VERIFIED
        and "@" in actor.email[1:]
        and facts.SUBJECT not in activity.facts  # the address may be the subject's
        and not address_of(actor.account)
        and not actor.email.endswith("@users.noreply.github.com")
    ):
        yield _link(actor.account, actor.email, activity)
    alias = activity.facts.get(facts.ALIAS)
    if isinstance(alias, str) and alias and alias != actor.account:
        number = actor.account.partition(":")[2].isdigit()
        # Of a name and a number the name is what can change: it points to the number.
        yield (
            _link(alias, actor.account, activity)
            if number
            else _link(actor.account, alias, activity)
        )


def _link(account: str, to: str, activity: Activity) -> Link:
    event = activity.event_id or uid_text(activity.uid)
    return Link(account, to, activity.time, activity.source, event)
