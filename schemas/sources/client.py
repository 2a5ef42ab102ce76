"""Client and system family from a user agent string (RFC 9110 section 10.1.5).

A family, not a fingerprint: program with its major version, and the operating system's name.
What a detector compares over months must not change with every patch release.
"""

import re
from functools import lru_cache

from schemas.sources.secrets import redacted

_CACHED = 65_536
_LONGEST = 64
_READ = 2048  # characters of a user agent that are looked at

# First match wins: browsers name their ancestors too. Chromium based ones before Chrome, Chrome
# before Safari.
_BROWSERS = tuple(
    (name, re.compile(rf"\b(?:{pattern})/(\d+)"))
    for name, pattern in (
        ("Code", "Code"),
        ("Cursor", "Cursor"),
        ("GitHubDesktop", "GitHubDesktop"),
        ("Slack", "Slack_SSB|Slack"),
        ("Edge", "Edg|EdgA|EdgiOS|Edge"),
        ("Opera", "OPR|Opera"),
        ("Vivaldi", "Vivaldi"),
        ("Samsung", "SamsungBrowser"),
        ("Firefox", "Firefox|FxiOS"),
        ("Electron", "Electron"),
        ("Chrome", "Chrome|CriOS|HeadlessChrome|Chromium"),
        ("Safari", "Version"),
    )
)
_SYSTEMS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("Windows", r"windows|\bwin32\b|\bwin64\b"),
        ("iOS", r"iphone|ipad|\bios\b"),
        ("Android", r"android"),
        ("macOS", r"mac ?os|macintosh|darwin|apple git"),
        ("ChromeOS", r"\bcros\b"),
        ("FreeBSD", r"freebsd"),
        ("Linux", r"linux|ubuntu|debian|x11"),
    )
)
# `npm/10.8.2 node/v20`, `git/2.49.0-Linux`, `GitHub CLI 2.40.1`, `python-requests/2.32`
_PRODUCT = re.compile(r"\s*(?P<name>[^/\s\d(][^/\s(]*)/(?:v?(?P<major>\d+)(?![\da-z]))?")
_SPACED = re.compile(r"\s*(?P<name>[A-Za-z][A-Za-z .-]*?)[ /]v?(?P<major>\d+)\b")


def client_of(agent: object) -> tuple[str, str]:
    """(program and its major version, operating system family), each "" when not told.

    >>> client_of("npm/10.8.2 node/v20.11.0 linux x64 workspaces/false")
    ('npm/10', 'Linux')
    """
    return _families(agent) if isinstance(agent, str) else ("", "")


@lru_cache(_CACHED)
def _families(agent: str) -> tuple[str, str]:
    agent = redacted(agent[:_READ])
    return _program(agent), next((name for name, told in _SYSTEMS if told.search(agent)), "")


def _program(agent: str) -> str:
    if agent.startswith(("Mozilla/", "Opera/")):
        for name, pattern in _BROWSERS:
            if match := pattern.search(agent):
                return f"{name}/{match[1]}"
    match = _PRODUCT.match(agent) or _SPACED.match(agent)
    if match is None:
        return agent.strip()[:_LONGEST]
    name = match["name"][:_LONGEST]
    return f"{name}/{match['major']}" if match["major"] else name
