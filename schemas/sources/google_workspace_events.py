"""Google Workspace's event names in the project's taxonomy, as `<application>.<event>`.

Reference: https://developers.google.com/workspace/admin/reports/v1/appendix/activity, the pages
for login, user accounts, token, SAML, groups, context-aware access and the settings of the admin
console.

Not mapped on purpose, so they stay under their own name: Google's warnings (`suspicious_login`,
`account_disabled_*`) that accompany a login, and what changes a user's profile.
"""

from functools import lru_cache
from typing import Final

from schemas.action import Action

_ACCOUNT: Final[dict[Action, str]] = {  # in `login` and in `user_accounts`
    Action.FACTOR_ENROLL: "2sv_enroll passkey_enrolled recovery_email_edit recovery_phone_edit "
    "recovery_secret_qa_edit",
    Action.FACTOR_REMOVE: "2sv_disable passkey_removed",
    Action.PASSWORD_CHANGE: "password_edit",
    Action.POLICY_CHANGE: "titanium_enroll titanium_unenroll",
}
_LOGIN: Final[dict[Action, str]] = {
    Action.LOGIN: "login_success login_failure",
    Action.MFA_CHALLENGE: "login_challenge login_verification",
    Action.SESSION_END: "logout user_signed_out_due_to_suspicious_session_cookie",
}
_TOKEN: Final[dict[Action, str]] = {
    Action.TOKEN_CREATE: "authorize",
    Action.TOKEN_REVOKE: "revoke",
    Action.TOKEN_USE: "activity",
}
_SAML: Final[dict[Action, str]] = {Action.SSO: "login_success login_failure"}
_GROUPS: Final[dict[Action, str]] = {
    Action.MEMBER_ADD: "add_user accept_invitation approve_join_request join add_member",
    Action.MEMBER_REMOVE: "remove_user leave ban_user_with_moderation remove_member",
    Action.PRIVILEGE_GRANT: "add_member_role",
    Action.PRIVILEGE_REVOKE: "remove_member_role",
}
_ADMIN: Final[dict[Action, str]] = {
    Action.FACTOR_ENROLL: "ADD_RECOVERY_EMAIL ADD_RECOVERY_PHONE CHANGE_RECOVERY_EMAIL "
    "CHANGE_RECOVERY_PHONE GENERATE_2SV_SCRATCH_CODES SECURITY_KEY_REGISTERED_FOR_USER "
    "USER_ENROLLED_IN_TWO_STEP_VERIFICATION",
    Action.FACTOR_REMOVE: "DELETE_2SV_SCRATCH_CODES PASSKEY_REVOKED REVOKE_SECURITY_KEY "
    "USER_CREATED_PASSKEY_REVOKE REMOVE_RECOVERY_EMAIL REMOVE_RECOVERY_PHONE",
    Action.FACTOR_RESET: "TURN_OFF_2_STEP_VERIFICATION UNENROLL_USER_FROM_STRONG_AUTH",
    Action.PASSWORD_CHANGE: "CHANGE_PASSWORD",
    Action.SESSION_END: "RESET_SIGNIN_COOKIES",
    Action.TOKEN_CREATE: "AUTHORIZE_API_CLIENT_ACCESS REGENERATE_OAUTH_CONSUMER_SECRET",
    Action.TOKEN_REVOKE: "REMOVE_API_CLIENT_ACCESS REVOKE_3LO_DEVICE_TOKENS REVOKE_3LO_TOKEN "
    "REVOKE_ASP",
    Action.PRIVILEGE_GRANT: "ADD_PRIVILEGE ASSIGN_ROLE GRANT_ADMIN_PRIVILEGE "
    "GRANT_DELEGATED_ADMIN_PRIVILEGES",
    Action.PRIVILEGE_REVOKE: "REMOVE_PRIVILEGE REVOKE_ADMIN_PRIVILEGE UNASSIGN_ROLE",
    Action.MEMBER_ADD: "ACCEPT_USER_INVITATION ADD_GROUP_MEMBER CREATE_USER UNDELETE_USER",
    Action.MEMBER_REMOVE: "DELETE_USER REMOVE_GROUP_MEMBER",
    Action.APP_INSTALL: "ADD_APPLICATION ADD_APPLICATION_TO_WHITELIST",
    Action.AUDIT_CHANGE: "ALERT_RECEIVERS_CHANGED ALERT_STATUS_CHANGED CHANGE_ALERT_CRITERIA "
    "CHANGE_LOGIN_ACTIVITY_TRACE CHANGE_RULE_CRITERIA DELETE_ALERT DELETE_RULE "
    "RULE_ACTIONS_CHANGED RULE_STATUS_CHANGED UPDATE_RULE",
    Action.POLICY_CHANGE: "ADD_TO_CAA_EXEMPT_OAUTH2_APPS ADD_TO_TRUSTED_BY_OAUTH_SCOPE_OAUTH2_APPS "
    "ADD_TO_TRUSTED_OAUTH2_APPS ADD_TRUSTED_DOMAINS ALLOW_SERVICE_FOR_OAUTH2_ACCESS "
    "ALLOW_STRONG_AUTHENTICATION BLOCK_ALL_THIRD_PARTY_API_ACCESS "
    "CHANGE_ALLOWED_TWO_STEP_VERIFICATION_METHODS CHANGE_CAA_APP_ASSIGNMENTS "
    "CHANGE_PASSWORD_MAX_LENGTH CHANGE_PASSWORD_MIN_LENGTH CHANGE_SESSION_LENGTH "
    "CHANGE_SSO_SETTINGS CHANGE_TWO_STEP_VERIFICATION_ENROLLMENT_PERIOD_DURATION "
    "CHANGE_TWO_STEP_VERIFICATION_FREQUENCY CHANGE_TWO_STEP_VERIFICATION_GRACE_PERIOD_DURATION "
    "CHANGE_TWO_STEP_VERIFICATION_START_DATE DISALLOW_SERVICE_FOR_OAUTH2_ACCESS ENABLE_API_ACCESS "
    "ENABLE_NON_ADMIN_USER_PASSWORD_RECOVERY ENFORCE_STRONG_AUTHENTICATION "
    "MULTIPLE_ADD_TO_TRUSTED_BY_OAUTH_SCOPE_OAUTH2_APPS MULTIPLE_ADD_TO_TRUSTED_OAUTH2_APPS "
    "REMOVE_FROM_BLOCKED_OAUTH2_APPS REMOVE_FROM_TRUSTED_OAUTH2_APPS REMOVE_TRUSTED_DOMAINS "
    "SESSION_CONTROL_SETTINGS_CHANGE SIGN_IN_ONLY_THIRD_PARTY_API_ACCESS "
    "TOGGLE_ALLOW_ADMIN_PASSWORD_RESET TOGGLE_CAA_ENABLEMENT TOGGLE_CAA_REMEDIATION_ENABLEMENT "
    "TOGGLE_ENABLE_OAUTH_CONSUMER_KEY TOGGLE_OAUTH_ACCESS_TO_ALL_APIS TOGGLE_SSO_ENABLED "
    "TRUST_DOMAIN_OWNED_OAUTH2_APPS UNBLOCK_ALL_THIRD_PARTY_API_ACCESS UNBLOCK_ON_DEVICE_ACCESS "
    "UNENROLL_USER_FROM_TITANIUM UNTRUST_DOMAIN_OWNED_OAUTH2_APPS UNBLOCK_USER_SESSION "
    "UPLOAD_OAUTH_CERTIFICATE USER_PUT_IN_TWO_STEP_VERIFICATION_GRACE_PERIOD "
    "WEAK_PROGRAMMATIC_LOGIN_SETTINGS_CHANGED",
}
_ACCESS: Final[dict[Action, str]] = {
    Action.POLICY_EVALUATE: "ACCESS_DENY_EVENT ACCESS_DENY_INTERNAL_ERROR_EVENT",
}
_APPLICATIONS: Final = (
    ("login", _LOGIN),
    ("login", _ACCOUNT),
    ("user_accounts", _ACCOUNT),
    ("token", _TOKEN),
    ("saml", _SAML),
    ("groups", _GROUPS),
    ("groups_enterprise", _GROUPS),
    ("context_aware_access", _ACCESS),
    ("admin", _ADMIN),
)
EVENTS: Final[dict[str, Action]] = {
    f"{application}.{event}": action
    for application, table in _APPLICATIONS
    for action, events in table.items()
    for event in events.split()
}


def _weakening() -> dict[str, bool]:
    lax = """
        ADD_TO_CAA_EXEMPT_OAUTH2_APPS ADD_TO_TRUSTED_BY_OAUTH_SCOPE_OAUTH2_APPS
        ADD_TO_TRUSTED_OAUTH2_APPS ADD_TRUSTED_DOMAINS ALLOW_SERVICE_FOR_OAUTH2_ACCESS
        DELETE_ALERT DELETE_RULE MULTIPLE_ADD_TO_TRUSTED_BY_OAUTH_SCOPE_OAUTH2_APPS
        MULTIPLE_ADD_TO_TRUSTED_OAUTH2_APPS REMOVE_FROM_BLOCKED_OAUTH2_APPS
        TRUST_DOMAIN_OWNED_OAUTH2_APPS UNBLOCK_ALL_THIRD_PARTY_API_ACCESS
        UNBLOCK_ON_DEVICE_ACCESS UNBLOCK_USER_SESSION UNENROLL_USER_FROM_TITANIUM
        USER_PUT_IN_TWO_STEP_VERIFICATION_GRACE_PERIOD titanium_unenroll
    """
    strict = """
        BLOCK_ALL_THIRD_PARTY_API_ACCESS DISALLOW_SERVICE_FOR_OAUTH2_ACCESS
        REMOVE_FROM_TRUSTED_OAUTH2_APPS REMOVE_TRUSTED_DOMAINS titanium_enroll
        UNTRUST_DOMAIN_OWNED_OAUTH2_APPS
    """
    return {
        name.lower(): weakened
        for names, weakened in ((lax, True), (strict, False))
        for name in names.split()
    }


# By the event's name in lower case. Of the switches, the new value tells.
WEAKENING: Final = _weakening()
SWITCHES: Final = frozenset(
    {
        "allow_strong_authentication",
        "change_login_activity_trace",
        "enforce_strong_authentication",
        "toggle_caa_enablement",
        "toggle_sso_enabled",
    }
)
_CASED: Final = {name.lower(): name for name in EVENTS}


@lru_cache(4096)
def named(application: str, event: str) -> tuple[str, str]:
    """(native name, action) of an event: `login.logout`, and the `Action` or the name itself."""
    native = f"{application}.{event}"
    native = _CASED.get(native.lower(), native)
    return native, EVENTS.get(native) or f"google_workspace.activity/{native}"
