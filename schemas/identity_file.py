"""Files of identities: YAML, JSON, JSON lines, CSV. What an entry is, `schemas.identity` says.

CSV has one account a line, with a heading; lines of one identity add up:

    identity,kind,peers,account
    mara,person,web-team,okta:mara@example.com
    mara,,,github:mara-k
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

_PROBLEMS_SHOWN: Final = 20
_SINGLE: Final = ("kind", "peers", "email")  # columns with one value an identity
_COLUMNS: Final = frozenset({"identity", "account", *_SINGLE})

Located = tuple[str, object]
"""Where an entry stands, in words; the entry as decoded."""


class IdentityMapError(ValueError):
    """The map cannot be used. `problems` holds one line for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        shown = problems[:_PROBLEMS_SHOWN]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        super().__init__("\n".join(shown))
        self.problems = problems


def numbered(entries: Iterable[object]) -> Iterator[Located]:
    """Entries, placed by their number."""
    return ((f"entry {number}", entry) for number, entry in enumerate(entries, 1))


def read(path: Path) -> Iterable[Located]:
    """Entries of a file; the suffix tells the format.

    Raises:
        IdentityMapError: the file is not of its format.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise IdentityMapError([f"{path}: not UTF-8: {error.reason}"]) from None
    match path.suffix:
        case ".yaml" | ".yml":
            return _from_yaml(path, text)
        case ".json":
            return _from_json(path, text)
        case ".jsonl" | ".ndjson":
            return _from_json_lines(path, text)
        case ".csv":
            return _from_csv(path, text)
    raise IdentityMapError([f"{path}: the suffix is none of .yaml .yml .json .jsonl .ndjson .csv"])


def _from_yaml(path: Path, text: str) -> list[Located]:
    loader: Any = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise IdentityMapError([f"{path}: expected a list of identities"])
        return [
            (f"{path}, line {item.start_mark.line + 1}", loader.construct_object(item, deep=True))
            for item in node.value
        ]
    except yaml.YAMLError as error:
        raise IdentityMapError([f"{path}: {' '.join(str(error).split())}"]) from None
    finally:
        loader.dispose()


def _from_json(path: Path, text: str) -> list[Located]:
    try:
        entries = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise IdentityMapError([f"{path}: {error}"]) from None
    if not isinstance(entries, list):
        raise IdentityMapError([f"{path}: expected a list of identities"])
    return [(f"{path}, {where}", entry) for where, entry in numbered(entries)]


def _from_json_lines(path: Path, text: str) -> list[Located]:
    entries: list[Located] = []
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            entries.append((where, orjson.loads(line)))
        except orjson.JSONDecodeError as error:
            problems.append(f"{where}: {error}")
    if problems:
        raise IdentityMapError(problems)
    return entries


def _from_csv(path: Path, text: str) -> list[Located]:
    rows = csv.DictReader(text.splitlines(), strict=True)
    entries: dict[str, tuple[str, dict[str, Any]]] = {}
    problems: list[str] = []
    try:
        named = {name.strip() for name in rows.fieldnames or ()}
        if not {"identity", "account"} <= named <= _COLUMNS:
            raise IdentityMapError(
                [f"{path}, line 1: expected the heading identity,kind,peers,account"]
            )
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            if None in row or None in row.values():
                problems.append(f"{where}: expected {len(named)} values")
                continue
            cells = {name.strip(): value.strip() for name, value in row.items()}
            _, entry = entries.setdefault(
                cells["identity"], (where, {"identity": cells["identity"], "accounts": []})
            )
            entry["accounts"].append(cells["account"])
            for name in _SINGLE:
                value = cells.get(name, "")
                if value and entry.setdefault(name, value) != value:
                    problems.append(f"{where}: {name} is {value!r}, above it was {entry[name]!r}")
    except csv.Error as error:
        problems.append(f"{path}, line {rows.line_num + 1}: {error}")
    if problems:
        raise IdentityMapError(problems)
    return list(entries.values())
