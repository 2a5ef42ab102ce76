"""Which tag belongs to which package version: labels that both sides have in common.

Conventions covered: `v1.2.3`, `1.2.3`, `name@1.2.3`, `@scope/name@1.2.3`, `name-v1.2.3`,
`name/v1.2.3` and the same under `refs/tags/`.
"""

import re

from detectors.toolbox.window import label_of

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?[0-9A-Za-z.+-]*$")


def version_labels(package: str, version: str) -> list[int]:
    """Labels under which a tag of this version of `<ecosystem>/<name>` may be known.

    >>> mark_label("refs/tags/v1.2.3") in version_labels("npm/@example/left", "1.2.3")
    True
    >>> mark_label("@example/left@1.2.3") in version_labels("npm/@example/left", "1.2.3")
    True
    >>> mark_label("right@1.2.3") in version_labels("npm/@example/left", "1.2.3")
    False
    """
    name = package.partition("/")[2]
    return [label_of(f"{n}@{version}") for n in ("", name, name.rpartition("/")[2])]


def mark_label(tag: str) -> int:
    """Label of a tag: its version, with the package's name where the tag has one."""
    text = tag.removeprefix("refs/tags/")
    found = _VERSION.search(text)
    if not found:
        return label_of(text)
    name = text[: found.start()].removesuffix("v").rstrip("@-_/")
    return label_of(f"{name}@{found.group()}")
