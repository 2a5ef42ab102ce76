"""One name for an authentication method, however Entra's logs call it.

Reference: https://learn.microsoft.com/graph/api/resources/authenticationdetail; in audit records
the method stands within a sentence, e.g. `User registered Fido2 Authentication Method`.
"""

from functools import lru_cache
from typing import Final

# First match wins: the Authenticator app is a push, a passkey or a code.
_FACTORS: Final = (
    ("webauthn", ("fido", "passkey", "security key")),
    ("windows_hello", ("windows hello", "platform credential")),
    ("passwordless_phone", ("passwordless",)),
    ("push", ("notification", "phone app")),
    ("temporary_access_pass", ("temporary access pass",)),
    ("certificate", ("certificate",)),
    ("app_password", ("app password", "application password")),
    ("sms", ("sms", "text message")),
    ("voice", ("call", "voice", "office phone")),
    ("email", ("email",)),
    ("question", ("question",)),
    ("totp", ("oath", "code", "otp", "authenticator", "token")),
    ("phone", ("phone",)),
    ("password", ("password",)),
)


@lru_cache(4096)
def factor_of(told: str) -> str:
    """Factor in the vocabulary of `facts.FACTOR`; "" where no method is told.

    >>> factor_of("Mobile app notification"), factor_of("User registered Fido2 method")
    ('push', 'webauthn')
    """
    words = told.lower()
    return next((name for name, signs in _FACTORS if any(sign in words for sign in signs)), "")
