"""Duo's administrator and activity actions in the project's taxonomy; both logs share the names.

Reference: https://duo.com/docs/adminapi#administrator-logs and #activity-logs. The spelling
`admin_rectivates_duo_push` is Duo's own, in the activity log.

Not mapped on purpose, so they stay under their own name: views (`integration_skey_view`,
`bypass_view`), renames, a phone that is created but not yet anybody's.
"""

from functools import lru_cache
from typing import Final

from schemas.action import Action
from schemas.sources.factor import factor_name

_NAMES: Final[dict[Action, str]] = {
    Action.LOGIN: "admin_login admin_login_error",
    Action.MFA_CHALLENGE: "admin_2fa_error",
    Action.FACTOR_ENROLL: "admin_activate_duo_push admin_reactivates_duo_push "
    "admin_rectivates_duo_push admin_self_activate bypass_create hardtoken_associate "
    "phone_activation_code_regenerated phone_associate u2ftoken_create webauthncredential_create",
    Action.FACTOR_REMOVE: "bypass_delete deregister_devices hardtoken_delete "
    "hardtoken_disassociate phone_delete phone_disassociate u2ftoken_delete "
    "webauthncredential_delete",
    Action.PASSWORD_CHANGE: "activation_set_password admin_reset_password",
    Action.PRIVILEGE_GRANT: "admin_create",
    Action.PRIVILEGE_REVOKE: "admin_delete",
    Action.MEMBER_ADD: "user_create",
    Action.MEMBER_REMOVE: "user_delete",
    Action.APP_INSTALL: "integration_create",
    Action.POLICY_CHANGE: "admin_factor_restrictions admin_single_sign_on_update customer_update "
    "integration_group_policy_add integration_group_policy_remove integration_policy_assign "
    "integration_policy_unassign policy_create policy_delete policy_update",
}
ACTIONS: Final[dict[str, Action]] = {
    name: action for action, names in _NAMES.items() for name in names.split()
}
FAILED: Final = frozenset({"admin_login_error", "admin_2fa_error"})
WEAKENING: Final = frozenset(
    {"integration_group_policy_remove", "integration_policy_unassign", "policy_delete"}
)
SIGNS: Final = {  # what the action's name says of the factor
    "push": "push",
    "self_activate": "push",
    "bypass": "bypass_code",
    "hardtoken": "totp",
    "phone": "phone",
    "u2f": "webauthn",
    "webauthn": "webauthn",
}
# What the authentication log's factor is called, where `factor_name` would not know it.
FACTORS: Final = {
    "duo_mobile_passcode": "totp",
    "duo_mobile_passcode_hotp": "totp",
    "duo_mobile_passcode_totp": "totp",
    "passcode": "totp",
    "platform_authenticator": "webauthn",
    "roaming_authenticator": "webauthn",
    "sms_refresh": "sms",
    "verified_duo_push": "push",
    "not_available": "",
    "n/a": "",
}


@lru_cache(1024)
def factor_of(told: str) -> str:
    """Factor in the vocabulary of `facts.FACTOR`, from the authentication log's `factor`.

    >>> factor_of("duo_push"), factor_of("phone_call"), factor_of("not_available")
    ('push', 'voice', '')
    """
    known = FACTORS.get(told)
    return factor_name(told.replace("_", " ")) if known is None else known
