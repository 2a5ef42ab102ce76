"""One name for an authentication factor, however a vendor calls it."""

from functools import lru_cache
from typing import Final

# First match wins: a YubiKey can be an OTP device, but `FIDO` says how it was used.
_FACTORS: Final = (
    ("fastpass", ("signed_nonce", "fastpass")),
    ("push", ("push",)),
    ("webauthn", ("webauthn", "fido", "u2f", "passkey", "security key", "smart card")),
    ("sms", ("sms",)),
    ("voice", ("call", "voice")),
    ("email", ("email",)),
    ("password", ("password",)),
    ("question", ("question",)),
    ("okta_verify", ("okta verify", "okta_verify")),
    ("phone", ("phone",)),
    ("totp", ("otp", "google", "authenticator", "yubikey", "rsa", "symantec", "token")),
)
_LONGEST = 32


@lru_cache(1024)
def factor_name(told: str) -> str:
    """Factor in the vocabulary of `facts.FACTOR`; the vendor's own word when it is unknown.

    >>> factor_name("OKTA_VERIFY_PUSH"), factor_name("Security Key or Biometric")
    ('push', 'webauthn')
    """
    word = told.lower()
    for name, signs in _FACTORS:
        if any(sign in word for sign in signs):
            return name
    return "_".join(word.split())[:_LONGEST]
