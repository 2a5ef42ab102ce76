"""Okta's event types in the project's taxonomy.

Reference: https://developer.okta.com/docs/reference/api/event-types/

Not mapped on purpose, so they stay under their own name: the `user.authentication.auth_via_*` of
directories and identity providers accompany a `user.session.start` with the same origin, and one
sign-in is one login; `app.oauth2.*.token.grant.*` is issued at every OpenID Connect sign-on and is
no lasting token; `user.lifecycle.activate` follows a creation, `user.lifecycle.delete.completed` a
deletion begun.
"""

from functools import lru_cache
from typing import Final

from schemas.action import Action

EVENT_TYPES: Final[dict[str, Action]] = {
    "user.session.start": Action.LOGIN,
    "user.authentication.auth_via_radius": Action.LOGIN,  # these two open no Okta session
    "user.authentication.auth_via_richclient": Action.LOGIN,
    "policy.evaluate_sign_on": Action.POLICY_EVALUATE,
    "policy.auth_reevaluate.fail": Action.POLICY_EVALUATE,
    "application.policy.sign_on.deny_access": Action.POLICY_EVALUATE,
    "user.session.context.change": Action.SESSION_CHANGE,
    "security.session.detect_client_roaming": Action.SESSION_CHANGE,
    "user.session.impersonation.grant": Action.SESSION_IMPERSONATE,
    "user.session.impersonation.initiate": Action.SESSION_IMPERSONATE,
    "user.session.impersonation.extend": Action.SESSION_IMPERSONATE,
    "user.session.impersonation.end": Action.SESSION_END,
    "user.session.impersonation.revoke": Action.SESSION_END,
    "user.session.end": Action.SESSION_END,
    "user.session.clear": Action.SESSION_END,
    "user.session.expire": Action.SESSION_END,
    "user.authentication.sso": Action.SSO,
    "app.oauth2.signon": Action.SSO,
    "user.session.access_admin_app": Action.SSO,
    "user.authentication.auth_via_mfa": Action.MFA_CHALLENGE,
    "user.mfa.okta_verify": Action.MFA_CHALLENGE,
    "user.mfa.okta_verify.deny_push": Action.MFA_CHALLENGE,
    "user.mfa.okta_verify.deny_push_upgrade_needed": Action.MFA_CHALLENGE,
    "user.mfa.attempt_bypass": Action.MFA_CHALLENGE,
    "system.push.send_factor_verify_push": Action.MFA_CHALLENGE,
    "system.sms.send_factor_verify_message": Action.MFA_CHALLENGE,
    "system.voice.send_mfa_challenge_call": Action.MFA_CHALLENGE,
    "user.mfa.factor.activate": Action.FACTOR_ENROLL,
    "user.mfa.factor.update": Action.FACTOR_ENROLL,
    "user.mfa.factor.unsuspend": Action.FACTOR_ENROLL,
    "user.mfa.factor.deactivate": Action.FACTOR_REMOVE,
    "user.mfa.factor.suspend": Action.FACTOR_REMOVE,
    "user.mfa.factor.reset_all": Action.FACTOR_RESET,
    "user.account.update_password": Action.PASSWORD_CHANGE,
    "user.account.reset_password": Action.PASSWORD_CHANGE,
    "system.api_token.create": Action.TOKEN_CREATE,
    "system.api_token.enable": Action.TOKEN_CREATE,
    "app.oauth2.as.consent.grant": Action.TOKEN_CREATE,
    "system.api_token.revoke": Action.TOKEN_REVOKE,
    "app.oauth2.as.consent.revoke": Action.TOKEN_REVOKE,
    "app.oauth2.as.token.revoke": Action.TOKEN_REVOKE,
    "app.oauth2.token.revoke": Action.TOKEN_REVOKE,
    "system.api_token.request_outside_allowed_range": Action.TOKEN_USE,
    "user.account.privilege.grant": Action.PRIVILEGE_GRANT,
    "group.privilege.grant": Action.PRIVILEGE_GRANT,
    "iam.resourceset.bindings.add": Action.PRIVILEGE_GRANT,
    "user.account.privilege.revoke": Action.PRIVILEGE_REVOKE,
    "group.privilege.revoke": Action.PRIVILEGE_REVOKE,
    "iam.resourceset.bindings.delete": Action.PRIVILEGE_REVOKE,
    "user.lifecycle.create": Action.MEMBER_ADD,
    "user.lifecycle.unsuspend": Action.MEMBER_ADD,
    "user.lifecycle.suspend": Action.MEMBER_REMOVE,
    "user.lifecycle.deactivate": Action.MEMBER_REMOVE,
    "user.lifecycle.delete.initiated": Action.MEMBER_REMOVE,
    "group.user_membership.add": Action.MEMBER_ADD,
    "application.user_membership.add": Action.MEMBER_ADD,
    "group.user_membership.remove": Action.MEMBER_REMOVE,
    "application.user_membership.remove": Action.MEMBER_REMOVE,
    "workflows.user.execution_log_stream_connection.deactivate": Action.AUDIT_CHANGE,
}
# By which factor a challenge went out; what was answered comes in another event.
SENT_BY: Final = {
    "system.push.send_factor_verify_push": "push",
    "system.sms.send_factor_verify_message": "sms",
    "system.voice.send_mfa_challenge_call": "voice",
}
DENIED: Final = frozenset(
    {"user.mfa.okta_verify.deny_push", "user.mfa.okta_verify.deny_push_upgrade_needed"}
)
_FAMILIES: Final = (  # whatever is done to them
    ("policy.lifecycle.", Action.POLICY_CHANGE),
    ("policy.rule.", Action.POLICY_CHANGE),
    ("application.policy.sign_on.", Action.POLICY_CHANGE),
    ("zone.", Action.POLICY_CHANGE),
    ("security.authenticator.lifecycle.", Action.POLICY_CHANGE),
    ("system.idp.lifecycle.", Action.POLICY_CHANGE),
    ("system.log_stream.lifecycle.", Action.AUDIT_CHANGE),
)
_WEAKENING: Final = (".deactivate", ".delete")


@lru_cache(4096)
def action_of(event_type: str) -> str:
    """The `Action`, or `okta.system_log/<eventType>` when the taxonomy has none."""
    action = EVENT_TYPES.get(event_type) or next(
        (action for head, action in _FAMILIES if event_type.startswith(head)), None
    )
    return action or f"okta.system_log/{event_type}"


def weakens(event_type: str) -> bool | None:
    """True where a guard is taken away; None where the event type does not tell.

    Removing an identity provider takes nothing away; adding one lets strangers in.
    """
    if event_type.startswith("system.idp."):
        return True if event_type.endswith((".create", ".activate")) else None
    return True if event_type.endswith(_WEAKENING) else None
