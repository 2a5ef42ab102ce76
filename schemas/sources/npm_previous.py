"""The version before: what a packument tells of a package's last publish.

A pipeline that has run for a month cannot know that a package was silent for nine years; the
packument that comes with the new version does. Its `time` holds a time for every version, beside
`created` and `modified`.

Reference: https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
"""

from schemas.activity import Fact
from schemas.facts import PREVIOUS, PREVIOUS_PUBLISHER
from schemas.sources.fields import mapping, moment, text
from schemas.sources.npm_manifest import publisher_of

_NO_VERSIONS = frozenset({"created", "modified", "unpublished"})


def previous(name: str, version: str, times: object, versions: object = None) -> dict[str, Fact]:
    """Facts of the latest version published before this one; none if there is no such.

    Args:
        name: of the package.
        version: the one just published.
        times: the packument's `time`.
        versions: the packument's `versions`, where the record has it.
    """
    known = mapping(times)
    own = text(known.get(version))
    earlier = max(
        (
            (when, other)
            for other, value in known.items()
            if other not in _NO_VERSIONS and other != version and (when := text(value)) < own
        ),
        default=None,
    )
    return told(name, earlier[0], mapping(versions).get(earlier[1])) if earlier else {}


def told(name: str, time: object, manifest: object) -> dict[str, Fact]:
    """Facts of a version: when it was published, and by whom if its manifest is there."""
    facts: dict[str, Fact] = {}
    if (when := moment(time)) is not None:
        facts[PREVIOUS] = when
    if publisher := publisher_of(mapping(manifest), name):
        facts[PREVIOUS_PUBLISHER] = publisher
    return facts
