"""Entra's audit activities in the project's taxonomy.

Reference:
https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities.
Names are compared in lower case, dashes and spaces made equal.

Not mapped on purpose, so they stay under their own name: requests and cancellations (only what is
completed counts), starts of a flow whose end is logged too, reads, and provisioning runs.
"""

from functools import lru_cache
from typing import Final

from schemas.action import Action

_NAMES: Final[dict[Action, str]] = {
    Action.MFA_CHALLENGE: """
        fraud reported - no action taken
        fraud reported - user is blocked for mfa
        suspicious activity reported
    """,
    Action.FACTOR_ENROLL: """
        add fido2 security key
        add passwordless phone sign-in credential
        add platform credential
        add users strong authentication phone app detail
        add windows hello for business credential
        admin registered security info
        admin updated security info
        assign hardware oath token
        register totp secret
        user registered security info
        user updated security info
    """,
    Action.FACTOR_REMOVE: """
        admin deleted security info
        delete fido2 security key
        delete fido2 security key(s)
        delete hardware oath token
        delete passwordless phone sign-in credential
        delete platform credential
        delete windows hello for business credential
        remove users strong authentication phone app detail
        user deleted security info
    """,
    Action.FACTOR_RESET: """
        delete all available strong authentication devices
        disable strong authentication
    """,
    Action.PASSWORD_CHANGE: """
        change password (self-service)
        change user password
        reset password
        reset password (by admin)
        reset password (self-service)
        reset user password
    """,
    Action.SESSION_END: """
        update stsrefreshtokenvalidfrom timestamp
    """,
    Action.TOKEN_CREATE: """
        add delegated permission grant
        add oauth2permissiongrant
        add service principal credentials
        consent to application
        create application password for user
        update application - certificates and secrets management
    """,
    Action.TOKEN_REVOKE: """
        delete application password for user
        remove delegated permission grant
        remove oauth2permissiongrant
        remove service principal credentials
    """,
    Action.PRIVILEGE_GRANT: """
        add app role assignment grant to user
        add app role assignment to group
        add app role assignment to service principal
        add eligible member to role
        add eligible member to role in pim completed (permanent)
        add eligible member to role in pim completed (timebound)
        add eligibleroleassignment to roledefinition
        add entitlement management role assignment
        add member to role
        add member to role completed (pim activation)
        add member to role in pim completed (permanent)
        add member to role in pim completed (timebound)
        add member to role outside of pim (permanent)
        add member to role scoped over restricted management administrative unit
        add owner to application
        add owner to group
        add owner to policy
        add owner to service principal
        add role assignment to role definition
        add scoped member to role
        restore eligible member from role in pim completed
        restore member from role in pim completed
        restore permanent direct role assignment
        restore permanent eligible role assignment
    """,
    Action.PRIVILEGE_REVOKE: """
        remove app role assignment from group
        remove app role assignment from service principal
        remove app role assignment from user
        remove eligible member from role
        remove eligible member from role in pim completed (permanent)
        remove eligible member from role in pim completed (timebound)
        remove eligibleroleassignment from roledefinition
        remove entitlement management role assignment
        remove member from role
        remove member from role (pim activation expired)
        remove member from role completed (pim deactivate)
        remove member from role in pim completed (permanent)
        remove member from role in pim completed (timebound)
        remove member from role scoped over restricted management administrative unit
        remove owner from application
        remove owner from group
        remove owner from policy
        remove owner from service principal
        remove permanent direct role assignment
        remove permanent eligible role assignment
        remove role assignment from role definition
        remove scoped member from role
    """,
    Action.MEMBER_ADD: """
        add member to administrative unit
        add member to group
        add member to restricted management administrative unit
        add user
        group_addmember
        invite external user
    """,
    Action.MEMBER_REMOVE: """
        delete user
        group_removemember
        hard delete user
        remove member from administrative unit
        remove member from group
        remove member from restricted management administrative unit
    """,
    Action.APP_INSTALL: """
        add service principal
    """,
}
_POLICIES: Final = """
    add certificationbasedauthconfiguration
    add conditional access policy
    add named location
    add permission grant policy
    add policy
    add policy to application
    add policy to service principal
    authentication methods policy reset
    authentication methods policy update
    authentication strength combination configuration create
    authentication strength combination configuration delete
    authentication strength combination configuration update
    authentication strength policy create
    authentication strength policy update
    create partner cross-tenant identity sync setting
    create a partner cross-tenant identity sync setting
    delete partner specific cross-tenant access setting
    disable desktop sso
    disable desktop sso for a specific domain
    disable passthrough authentication
    enable desktop sso
    enable desktop sso for a specific domain
    enable passthrough authentication
    reset the cross-tenant access default setting
    set device registration policies
    set dirsync feature
    set dirsyncenabled flag
    set password policy
    update a partner cross-tenant access setting
    update a partner cross-tenant identity sync setting
    update authorization policy
    update conditional access policy
    update continuous access evaluation
    update domain
    update named location
    update permission grant policy
    update policy
    update role setting in pim
    update security defaults
    update sign-in risk policy
    update the company default cross-tenant access setting
    update user risk and mfa registration policy
"""
# A guard is taken away, or strangers are let in.
_WEAKENING: Final = """
    add a partner to cross-tenant access setting
    add bypass user
    add unverified domain
    add verified domain
    authentication strength policy delete
    create custom identity provider
    create identity provider
    delete certificationbasedauthconfiguration
    delete conditional access policy
    delete named location
    delete policy
    disable pim alert
    pim policy removed
    post tenant.createbypasseduser
    remove policy from application
    remove policy from service principal
    set domain authentication
    set federation settings on domain
    verify domain
"""


def _each(names: str) -> list[str]:
    return [name.strip() for name in names.strip().splitlines()]


WEAKENING: Final = frozenset(_each(_WEAKENING))
ACTIONS: Final[dict[str, Action]] = {
    **{name: action for action, names in _NAMES.items() for name in _each(names)},
    **dict.fromkeys([*_each(_POLICIES), *WEAKENING], Action.POLICY_CHANGE),
}
REPORTS: Final = frozenset(_each(_NAMES[Action.MFA_CHALLENGE]))  # of a prompt nobody asked for


@lru_cache(4096)
def plain(name: str) -> str:
    r"""An activity's name as the tables have it.

    >>> plain("Update application \u2013 Certificates and secrets management ")
    'update application - certificates and secrets management'
    """
    return " ".join(name.lower().replace("\u2013", "-").replace("\u2014", "-").split())
