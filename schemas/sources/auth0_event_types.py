"""Auth0's log event type codes in the project's taxonomy, with what the code itself tells.

Reference: https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes.

Not mapped on purpose, so they stay under their own name: the exchange of an authorization code
(`seacft`), credential checks (`scoa`, `scv`) and starts of a challenge (`gd_start_auth`) accompany
a login or a challenge; requests whose end is logged too (`scpr`, `gd_start_enroll`).
"""

from typing import Final, NamedTuple

from schemas.action import Action
from schemas.activity import Outcome

_OK, _NO, _OPEN = Outcome.SUCCESS, Outcome.FAILURE, Outcome.UNKNOWN


class Meaning(NamedTuple):
    """What a type code means.

    Attributes:
        action: an `Action`, or the code under the source's name.
        outcome: did it work.
        factor: the authentication factor, where the code names one.
        protocol: how, when not in a browser.
        reason: of a failure, where the code gives it better than the description.
        service: an application acts for itself, nobody is signed in.
    """

    action: str
    outcome: Outcome
    factor: str = ""
    protocol: str = ""
    reason: str = ""
    service: bool = False


MEANINGS: Final[dict[str, Meaning]] = {
    "s": Meaning(Action.LOGIN, _OK),
    "f": Meaning(Action.LOGIN, _NO),
    "fp": Meaning(Action.LOGIN, _NO, reason="wrong_password"),
    "fu": Meaning(Action.LOGIN, _NO, reason="unknown_user"),
    "fc": Meaning(Action.LOGIN, _NO),
    "pwd_leak": Meaning(Action.LOGIN, _NO, reason="leaked_password"),
    "limit_wc": Meaning(Action.LOGIN, _NO, reason="blocked_account"),
    "limit_sul": Meaning(Action.LOGIN, _NO, reason="blocked_account"),
    "limit_mu": Meaning(Action.LOGIN, _NO, reason="blocked_address"),
    "sepft": Meaning(Action.LOGIN, _OK, protocol="ropc"),
    "fepft": Meaning(Action.LOGIN, _NO, protocol="ropc"),
    "sede": Meaning(Action.LOGIN, _OK, protocol="deviceCode"),
    "fede": Meaning(Action.LOGIN, _NO, protocol="deviceCode"),
    "sens": Meaning(Action.LOGIN, _OK, protocol="native_social"),
    "fens": Meaning(Action.LOGIN, _NO, protocol="native_social"),
    "ciba_exchange_succeeded": Meaning(Action.LOGIN, _OK, protocol="ciba"),
    "ciba_exchange_failed": Meaning(Action.LOGIN, _NO, protocol="ciba"),
    "fepotpft": Meaning(Action.LOGIN, _NO, "email", "passwordless"),
    "ssa": Meaning(Action.SSO, _OK),
    "fsa": Meaning(Action.SSO, _NO),
    "slo": Meaning(Action.SESSION_END, _OK),
    "flo": Meaning(Action.SESSION_END, _NO),
    "universal_logout_succeeded": Meaning(Action.SESSION_END, _OK),
    "universal_logout_failed": Meaning(Action.SESSION_END, _NO),
    "mfar": Meaning(Action.MFA_CHALLENGE, _OPEN),
    "gd_auth_succeed": Meaning(Action.MFA_CHALLENGE, _OK),
    "gd_auth_failed": Meaning(Action.MFA_CHALLENGE, _NO),
    "gd_auth_rejected": Meaning(Action.MFA_CHALLENGE, _NO, "push", reason="denied"),
    "gd_auth_email_verification": Meaning(Action.MFA_CHALLENGE, _OK, "email"),
    "gd_auth_fail_email_verification": Meaning(Action.MFA_CHALLENGE, _NO, "email"),
    "gd_otp_rate_limit_exceed": Meaning(Action.MFA_CHALLENGE, _NO, reason="rate_limit"),
    "gd_recovery_succeed": Meaning(Action.MFA_CHALLENGE, _OK, "recovery_code"),
    "gd_recovery_failed": Meaning(Action.MFA_CHALLENGE, _NO, "recovery_code"),
    "gd_recovery_rate_limit_exceed": Meaning(
        Action.MFA_CHALLENGE, _NO, "recovery_code", reason="rate_limit"
    ),
    "gd_send_pn": Meaning(Action.MFA_CHALLENGE, _OPEN, "push"),
    "gd_send_sms": Meaning(Action.MFA_CHALLENGE, _OPEN, "sms"),
    "gd_send_voice": Meaning(Action.MFA_CHALLENGE, _OPEN, "voice"),
    "gd_send_email": Meaning(Action.MFA_CHALLENGE, _OPEN, "email"),
    "gd_send_pn_failure": Meaning(Action.MFA_CHALLENGE, _NO, "push"),
    "gd_send_sms_failure": Meaning(Action.MFA_CHALLENGE, _NO, "sms"),
    "gd_send_voice_failure": Meaning(Action.MFA_CHALLENGE, _NO, "voice"),
    "gd_webauthn_challenge_failed": Meaning(Action.MFA_CHALLENGE, _NO, "webauthn"),
    "passkey_challenge_failed": Meaning(Action.MFA_CHALLENGE, _NO, "webauthn"),
    "seotpft": Meaning(Action.MFA_CHALLENGE, _OK, "totp"),
    "feotpft": Meaning(Action.MFA_CHALLENGE, _NO, "totp"),
    "sepkotpft": Meaning(Action.MFA_CHALLENGE, _OK, "totp"),
    "seoobft": Meaning(Action.MFA_CHALLENGE, _OK, "push"),
    "feoobft": Meaning(Action.MFA_CHALLENGE, _NO, "push"),
    "sepkoobft": Meaning(Action.MFA_CHALLENGE, _OK, "push"),
    "sercft": Meaning(Action.MFA_CHALLENGE, _OK, "recovery_code"),
    "fercft": Meaning(Action.MFA_CHALLENGE, _NO, "recovery_code"),
    "sepkrcft": Meaning(Action.MFA_CHALLENGE, _OK, "recovery_code"),
    "gd_enrollment_complete": Meaning(Action.FACTOR_ENROLL, _OK),
    "gd_update_device_account": Meaning(Action.FACTOR_ENROLL, _OK),
    "gd_start_enroll_failed": Meaning(Action.FACTOR_ENROLL, _NO),
    "gd_webauthn_enrollment_failed": Meaning(Action.FACTOR_ENROLL, _NO, "webauthn"),
    "gd_unenroll": Meaning(Action.FACTOR_REMOVE, _OK),
    "scp": Meaning(Action.PASSWORD_CHANGE, _OK),
    "fcp": Meaning(Action.PASSWORD_CHANGE, _NO),
    "seccft": Meaning(Action.TOKEN_USE, _OK, service=True),
    "feccft": Meaning(Action.TOKEN_USE, _NO, service=True),
    "sertft": Meaning(Action.TOKEN_USE, _OK, protocol="refresh_token"),
    "fertft": Meaning(Action.TOKEN_USE, _NO, protocol="refresh_token"),
    "ferrt": Meaning(Action.TOKEN_USE, _NO, protocol="refresh_token", reason="reused"),
    "secte": Meaning(Action.TOKEN_USE, _OK, protocol="token_exchange"),
    "fecte": Meaning(Action.TOKEN_USE, _NO, protocol="token_exchange"),
    "srrt": Meaning(Action.TOKEN_REVOKE, _OK),
    "ss": Meaning(Action.MEMBER_ADD, _OK),
    "fs": Meaning(Action.MEMBER_ADD, _NO),
    "si": Meaning(Action.MEMBER_ADD, _OK),
    "fi": Meaning(Action.MEMBER_ADD, _NO),
    "organization_member_added": Meaning(Action.MEMBER_ADD, _OK),
    "du": Meaning(Action.MEMBER_REMOVE, _OK),
    "sdu": Meaning(Action.MEMBER_REMOVE, _OK),
    "fdu": Meaning(Action.MEMBER_REMOVE, _NO),
    "gd_tenant_update": Meaning(Action.POLICY_CHANGE, _OK),
    "mgmt_api_read": Meaning(Action.API_REQUEST, _OK),  # a read that returned secrets
    "sapi": Meaning(Action.API_REQUEST, _OK),  # what was written: `auth0_management_api`
    "fapi": Meaning(Action.API_REQUEST, _NO),
}


def meaning_of(code: str) -> Meaning:
    """The code's meaning; one that the taxonomy has not keeps its name."""
    known = MEANINGS.get(code)
    if known is not None:
        return known
    failed = code.startswith("f") or code.endswith(("_failed", "_failure"))
    return Meaning(f"auth0.log/{code}", _NO if failed else _OK)
