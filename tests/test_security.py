"""`SECURITY.md` names tests; they exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "SECURITY.md").read_text()
CLAIMS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
LINKS = sorted(set(re.findall(r"\]\((docs/[\w-]+\.md)#?([\w-]*)\)", TEXT)))


@pytest.mark.parametrize(("path", "name"), CLAIMS)
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text())

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "anchor"), LINKS)
def test_every_link_leads_somewhere(path: str, anchor: str) -> None:
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.MULTILINE)

    assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}
