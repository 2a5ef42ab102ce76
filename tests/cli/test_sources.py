"""`devspm sources`: what can be sent in."""

import orjson
import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from schemas.action import Action
from schemas.sources import SOURCES


def sources(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["sources", *arguments])


def test_the_list_has_every_parser_with_topic_and_reference() -> None:
    result = sources("list")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[::2]] == list(SOURCES)
    for source, first, second in zip(SOURCES.values(), lines[::2], lines[1::2], strict=True):
        assert f"audit.{source.kind} " in first
        assert second.endswith(source.reference)


def test_alone_it_is_the_list() -> None:
    assert sources().stdout == sources("list").stdout


def test_the_list_as_json() -> None:
    found = [orjson.loads(line) for line in sources("list", "--json").stdout.splitlines()]

    assert [entry["name"] for entry in found] == list(SOURCES)
    okta = next(entry for entry in found if entry["name"] == "okta.system_log")
    assert okta == {
        "name": "okta.system_log",
        "topic": "audit.idp",
        "title": "Okta System Log",
        "reference": SOURCES["okta.system_log"].reference,
        "actions": len(SOURCES["okta.system_log"].actions),
    }


def test_one_parser_by_meaning() -> None:
    result = sources("show", "okta.system_log")

    assert result.exit_code == 0
    assert "audit.idp" in result.stdout
    assert SOURCES["okta.system_log"].reference in result.stdout
    lines = result.stdout.splitlines()
    assert lines.index(Action.LOGIN) < lines.index("  user.session.start")
    assert lines.index(Action.MFA_CHALLENGE) < lines.index("  user.authentication.auth_via_mfa")


@pytest.mark.parametrize(
    ("name", "native", "action"),
    [
        ("okta.system_log", "user.session.start", Action.LOGIN),
        ("github.audit", "protected_branch.destroy", Action.PROTECTION_CHANGE),
        ("github.webhook", "push", None),
        ("onelogin.event", "5", Action.LOGIN),
        ("duo.log", "authentication.authentication", Action.MFA_CHALLENGE),
        ("openai.audit", "api_key.created", Action.TOKEN_CREATE),
        ("claude_code.otel", "tool_result", Action.AGENT_TOOL),
        ("claude_code.otel", "auth", None),
        ("mcp.gateway", "tools/call", Action.AGENT_TOOL),
        ("npm.registry", "publish", Action.PACKAGE_PUBLISH),
        ("npm.hook", "package:owner", Action.PACKAGE_OWNER),
        ("git.log", "tag", Action.TAG_CREATE),
    ],
)
def test_one_parser_as_json(name: str, native: str, action: str | None) -> None:
    found = orjson.loads(sources("show", name, "--json").stdout)

    assert found["actions"].keys() == SOURCES[name].actions
    assert found["actions"][native] == action


@pytest.mark.parametrize("name", SOURCES)
def test_every_parser_can_be_shown_with_meanings_of_the_taxonomy_or_its_own(name: str) -> None:
    found = orjson.loads(sources("show", name, "--json").stdout)

    told = {action for action in found["actions"].values() if action is not None}
    assert {action for action in told if action not in set(Action)} <= {
        f"{name}/{native}" for native in found["actions"]
    }


def test_a_parser_that_is_not_there() -> None:
    result = sources("show", "okta")

    assert result.exit_code == 2
    assert "no source is named 'okta'" in result.stderr
