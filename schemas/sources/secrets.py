"""Credentials in what vendors send: found by their shape, and replaced before anything keeps them.

People paste tokens into titles, names, user agents and URLs, and vendors log what was pasted.
The shapes are those that the issuers publish for secret scanners: a prefix of their own
(https://docs.github.com/code-security/reference/secret-security/supported-secret-scanning-patterns),
the compact form of JSON Web Tokens (RFC 7519), textual keys (RFC 7468), and user information in a
URL (RFC 3986 section 3.2.1). A secret that looks like any other word cannot be told: an AWS secret
access key, a session id, a password in prose.

A credential becomes `redacted-` and its pseudonym, so that two of them stay two; a password, which
could be found by trying, becomes `redacted`. No text is read twice over: a shape starts only where
a run of its characters starts, or is bounded to a few.
"""

import re
from typing import Final, NamedTuple

from schemas.activity import pseudonym

SHORTEST: Final = 16  # characters; a shorter text has no room for a credential


class _Shapes(NamedTuple):
    """Credentials of some shapes.

    Attributes:
        holds: characters that are in each of them; looking for them is cheapest.
        signs: one of these is in each of them; looking for them is cheap.
        patterns: of the whole credential.
    """

    holds: str
    signs: tuple[str, ...]
    patterns: tuple[str, ...]


_TOKENS: Final = (
    _Shapes(
        "_",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "npm_", "_live_", "_test_",
         "dckr_", "hf_", "crsr_", "dop_v1_"),
        (
            r"gh[pousr]_[A-Za-z0-9]{30,255}",  # GitHub
            r"github_pat_\w{30,255}",
            r"npm_[A-Za-z0-9]{30,255}",
            r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}",  # Stripe
            r"dckr_(?:pat|oat)_[\w-]{16,100}",  # Docker
            r"hf_[A-Za-z0-9]{30,100}",  # Hugging Face
            r"crsr_[A-Za-z0-9]{30,100}",  # Cursor
            r"dop_v1_[a-f0-9]{32,100}",  # DigitalOcean
        ),
    ),
    _Shapes(
        "-",
        ("gl", "pypi-AgE", "xox", "xapp-", "GOCSPX-", "sk-"),
        (
            r"gl(?:pat|ptt|dt|rt|rtr|cbt|soat|ft|imt|agent|oas|ffct)-[\w.-]{16,300}",  # GitLab
            r"pypi-AgE[\w-]{16,1000}",
            r"xox[abceoprs]-[\w-]{10,300}",  # Slack
            r"xapp-\d-[\w-]{10,300}",
            r"GOCSPX-[\w-]{16,100}",  # Google
            r"sk-(?:ant|proj|svcacct|admin|None|or)-[\w-]{16,300}",  # Anthropic, OpenAI
            r"sk-[A-Za-z0-9]{32,200}",
        ),
    ),
    _Shapes(
        ".",
        ("eyJ", "ya29.", "SG.", "hvs.", "hvb.", "hvr.", "hooks.slack.com"),
        (
            # JSON Web Token. No start within a run: a row of starts would be read again and again.
            r"(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{2,8192}(?:\.[\w-]{0,8192}){0,3}",
            r"ya29\.[\w-]{16,2048}",  # Google
            r"SG\.[\w-]{16,64}\.[\w-]{16,128}",  # SendGrid
            r"hv[sbr]\.[\w-]{20,300}",  # Vault
            r"hooks\.slack\.com/services/[\w/]{10,200}",
        ),
    ),
    _Shapes(
        "A",
        ("AKIA", "ASIA", "ABIA", "ACCA", "AIza", "ATATT3", "ATBB", "AKCp", "AZDO"),
        (
            r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS access key id
            r"AIza[\w-]{30,100}",  # Google
            r"ATATT3[\w=-]{20,300}",  # Atlassian, Bitbucket
            r"ATBB[A-Za-z0-9]{20,100}",
            r"AKCp[A-Za-z0-9]{40,100}",  # Artifactory
            r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",  # Azure DevOps
        ),
    ),
    _Shapes(
        "",
        ("1//0", "cmVmdGtu", "Q~"),
        (
            r"1//0[\w-]{20,512}",  # Google
            r"cmVmdGtu[A-Za-z0-9]{40,100}",  # Artifactory
            r"[\w~.-]{3}\dQ~[\w~.-]{31,34}",  # Entra client secret
        ),
    ),
)  # fmt: skip
_OKTA: Final = r"00[A-Za-z0-9_-]{40}(?![\w-])"
_OKTA_LENGTH: Final = 42
_TOKEN: Final = "|".join([*(pattern for shapes in _TOKENS for pattern in shapes.patterns), _OKTA])
_KEY: Final = (
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_HEADER: Final = (
    r"(?:(?i:authorization)[:=] ?\w{1,20} |(?i:bearer) |SSWS )(?P<header>[\w.~+/=-]{12,4096})"
)
_QUERY: Final = (
    r"(?i:access_token|account_?key|api_?key|client_secret|passw(?:or)?d|secret|token)="
    r"(?P<query>[^&\s\"'<>]{4,1024})"
)
_USER: Final = r"://(?P<user>[^/\s:@]{0,256}:[^/\s@]{1,1024})@"
_SECRET: Final = re.compile(
    rf"(?P<token>(?<![A-Za-z0-9])(?:{_TOKEN}))|(?P<key>{_KEY})|{_HEADER}|{_QUERY}|{_USER}",
    re.DOTALL,
)
_HEADERS: Final = ("earer ", "EARER ", "SSWS ", "uthorization", "UTHORIZATION", "PRIVATE KEY")
_GUESSABLE: Final = frozenset({"user", "query"})
# Hexadecimal ids, UUIDs, times, numbers: most long texts, and no credential's shape.
_PLAIN: Final = re.compile(r"[0-9a-f:.TZ+-]*").fullmatch


def redacted(text: str) -> str:
    """The text with its credentials replaced, itself if it has none.

    >>> redacted("https://mara:not-a-password@example.com/x.git")
    'https://redacted@example.com/x.git'
    >>> redacted("git push to refs/heads/main")
    'git push to refs/heads/main'
    """
    if len(text) < SHORTEST or _PLAIN(text) or not _suspect(text):
        return text
    return _SECRET.sub(_stand_in, text)


def _suspect(text: str) -> bool:
    """Is there a sign that each of the patterns needs."""
    if "=" in text or ("@" in text and "://" in text):
        return True
    if len(text) >= _OKTA_LENGTH and "00" in text:
        return True
    if " " in text:
        for sign in _HEADERS:
            if sign in text:
                return True
    for holds, signs, _ in _TOKENS:
        if holds in text:
            for sign in signs:
                if sign in text:
                    return True
    return False


def _stand_in(found: re.Match[str]) -> str:
    kind = found.lastgroup or "token"
    whole, part = found[0], found[kind]
    return whole.replace(part, "redacted" if kind in _GUESSABLE else f"redacted-{pseudonym(part)}")
