"""Credentials that are none: every common shape, put together at run time from parts.

No literal here looks like a credential, and none of the results opens anything.
"""

import base64
import json
from typing import Final

LETTERS: Final = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"


def _fill(length: int, alphabet: str = LETTERS) -> str:
    return (alphabet * (length // len(alphabet) + 1))[:length]


def _segment(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _json_web_token() -> str:
    return ".".join((_segment({"alg": "none"}), _segment({"sub": "generated"}), _fill(43)))


def _key(kind: str) -> str:
    dashes = "-" * 5
    body = "\n".join([_fill(64)] * 3)
    return f"{dashes}BEGIN {kind} KEY{dashes}\n{body}\n{dashes}END {kind} KEY{dashes}"


UPPER: Final = "GENERATEDNOTAKEY234567"
# Kind -> (the whole as it is pasted, the part that must not get through).
PLANTED: Final = {
    **{
        kind: ("".join(parts), "".join(parts))
        for kind, parts in {
            "github": ("gh", "p_", _fill(36)),
            "github_app": ("gh", "s_", _fill(36)),
            "github_fine_grained": ("github", "_pat_", _fill(22), "_", _fill(59)),
            "gitlab": ("gl", "pat-", _fill(20)),
            "npm": ("n", "pm_", _fill(36)),
            "pypi": ("py", "pi-", "AgEI", _fill(120)),
            "aws": ("AK", "IA", _fill(16, UPPER)),
            "slack": ("xo", "xb-", _fill(12, "123456789"), "-", _fill(24)),
            "json_web_token": (_json_web_token(),),
            "google_key": ("AI", "za", _fill(35)),
            "google_access": ("ya", "29.", _fill(60)),
            "google_secret": ("GOC", "SPX-", _fill(28)),
            "anthropic": ("sk-", "ant-", "api03-", _fill(93)),
            "openai": ("sk", "-", _fill(48)),
            "openai_project": ("sk-", "proj-", _fill(80)),
            "stripe": ("sk", "_live_", _fill(24)),
            "hugging_face": ("h", "f_", _fill(34)),
            "docker": ("dckr", "_pat_", _fill(27)),
            "bitbucket": ("AT", "BB", _fill(32)),
            "atlassian": ("ATA", "TT3", _fill(60)),
            "artifactory": ("AK", "Cp", _fill(69)),
            "entra": ("abc8", "Q~", _fill(34)),
            "okta": ("00", _fill(40)),
        }.items()
    },
    "okta_header": (f"SSWS {_fill(42, LETTERS[::-1])}", _fill(42, LETTERS[::-1])),
    "bearer": (f"Authorization: Bearer {_fill(40)}", _fill(40)),
    "private_key": (_key("RSA PRIVATE"), _fill(64)),
    "openssh_key": (_key("OPENSSH PRIVATE"), _fill(64)),
    "url": (f"https://mara:{_fill(20)}@example.com/path", _fill(20)),
    "query": (f"https://example.com/hook?access_token={_fill(24)}&x=1", _fill(24)),
}
