"""OneLogin's event type ids in the project's taxonomy.

Reference: https://developers.onelogin.com/api-docs/1/events/event-resource (the table of event type
ids). The ids are the native names: the events themselves carry no word for their type.

Not mapped on purpose, so they stay under their id: locks and unlocks, and provisioning into
applications and directories.
"""

from typing import Final, NamedTuple

from schemas.action import Action
from schemas.activity import Outcome

_OK, _NO = Outcome.SUCCESS, Outcome.FAILURE


class Meaning(NamedTuple):
    """What an event type means.

    Attributes:
        action: an `Action`, or the id under the source's name.
        outcome: did it work.
        weakened: a guard is taken away or strangers are let in.
        protocol: how, when not in a browser.
        factor: the authentication factor, where the type names one.
    """

    action: str
    outcome: Outcome = _OK
    weakened: bool | None = None
    protocol: str = ""
    factor: str = ""


_POLICIES: Final = (
    74, 75, 76, 112, 119,  # trusted identity providers
    156, 157, 158,  # policies
    161, 162, 163,  # RADIUS
    164, 165, 166,  # VPN
    170, 171, 172,  # authentication factors of the account
    174, 175, 176,  # desktop single sign-on
    183, 184, 185,  # virtual LDAP
    197, 203, 204,  # account settings, self-registration
)  # fmt: skip
_WEAKENING: Final = frozenset({74, 76, 158, 172, 203})
MEANINGS: Final[dict[int, Meaning]] = {
    5: Meaning(Action.LOGIN),
    6: Meaning(Action.LOGIN, _NO),
    68: Meaning(Action.LOGIN, protocol="radius"),
    69: Meaning(Action.LOGIN, _NO, protocol="radius"),
    86: Meaning(Action.LOGIN, _NO),
    118: Meaning(Action.LOGIN, _NO, protocol="saml"),
    122: Meaning(Action.LOGIN, protocol="api"),
    123: Meaning(Action.LOGIN, _NO, protocol="api"),
    129: Meaning(Action.LOGIN, _NO, protocol="ldap"),
    130: Meaning(Action.LOGIN, protocol="ldap"),
    140: Meaning(Action.LOGIN, protocol="social"),
    141: Meaning(Action.LOGIN, _NO, protocol="social"),
    153: Meaning(Action.LOGIN, protocol="desktop"),
    154: Meaning(Action.LOGIN, _NO, protocol="desktop"),
    3: Meaning(Action.SESSION_IMPERSONATE),
    7: Meaning(Action.SESSION_END),
    516: Meaning(Action.SESSION_END),
    523: Meaning(Action.SESSION_END, _NO),
    8: Meaning(Action.SSO),
    77: Meaning(Action.SSO, _NO),
    78: Meaning(Action.SSO),
    85: Meaning(Action.SSO, _NO),
    105: Meaning(Action.MFA_CHALLENGE, _NO, factor="sms"),
    527: Meaning(Action.MFA_CHALLENGE, _NO),
    528: Meaning(Action.MFA_CHALLENGE),
    22: Meaning(Action.FACTOR_ENROLL),
    24: Meaning(Action.FACTOR_REMOVE),
    36: Meaning(Action.FACTOR_REMOVE),
    11: Meaning(Action.PASSWORD_CHANGE),
    145: Meaning(Action.PASSWORD_CHANGE),
    146: Meaning(Action.PASSWORD_CHANGE, _NO),
    510: Meaning(Action.PASSWORD_CHANGE),
    511: Meaning(Action.PASSWORD_CHANGE),
    517: Meaning(Action.PASSWORD_CHANGE, _NO),
    518: Meaning(Action.PASSWORD_CHANGE, _NO),
    179: Meaning(Action.TOKEN_CREATE),
    181: Meaning(Action.TOKEN_CREATE),
    180: Meaning(Action.TOKEN_REVOKE),
    182: Meaning(Action.TOKEN_REVOKE),
    70: Meaning(Action.PRIVILEGE_GRANT),
    72: Meaning(Action.PRIVILEGE_GRANT),
    151: Meaning(Action.PRIVILEGE_GRANT),
    71: Meaning(Action.PRIVILEGE_REVOKE),
    73: Meaning(Action.PRIVILEGE_REVOKE),
    152: Meaning(Action.PRIVILEGE_REVOKE),
    4: Meaning(Action.MEMBER_ADD),  # roles are groups that give applications
    13: Meaning(Action.MEMBER_ADD),
    101: Meaning(Action.MEMBER_ADD),
    147: Meaning(Action.MEMBER_ADD),
    149: Meaning(Action.MEMBER_ADD),
    513: Meaning(Action.MEMBER_ADD),
    520: Meaning(Action.MEMBER_ADD, _NO),
    533: Meaning(Action.MEMBER_ADD),
    534: Meaning(Action.MEMBER_ADD, _NO),
    17: Meaning(Action.MEMBER_REMOVE),
    148: Meaning(Action.MEMBER_REMOVE),
    150: Meaning(Action.MEMBER_REMOVE),
    514: Meaning(Action.MEMBER_REMOVE),
    521: Meaning(Action.MEMBER_REMOVE, _NO),
    524: Meaning(Action.MEMBER_REMOVE, _NO),
    530: Meaning(Action.MEMBER_REMOVE),
    400: Meaning(Action.API_REQUEST, _NO),
    401: Meaning(Action.API_REQUEST, _NO),
    **{
        code: Meaning(Action.POLICY_CHANGE, weakened=True if code in _WEAKENING else None)
        for code in _POLICIES
    },
}
_FAILED: Final = frozenset(
    {31, 49, 61, 62, 63, 64, 65, 79, 111, 116, 519, 522, 525, 526, 532}  # said so by their name
)


def meaning_of(code: int) -> Meaning:
    """The event type's meaning; one that the taxonomy has not keeps its id."""
    return MEANINGS.get(code) or Meaning(f"onelogin.event/{code}", _NO if code in _FAILED else _OK)
