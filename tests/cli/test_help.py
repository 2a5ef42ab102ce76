"""Every command explains itself: `--help` with examples that work."""

import re
import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from pipeline.cli import COMMANDS, main


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Words of every command that does something."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = []
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        found += leaves(inner, (*path, name))
    return found


LEAVES = leaves(main)


def resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that some words call, and what is left of them."""
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        inner = command.get_command(click.Context(command), words[0])
        assert inner is not None, words
        command, words = inner, words[1:]
    return command, words


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_help_shows_examples_whose_options_exist(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"])
    assert shown.exit_code == 0
    assert "\x1b" not in shown.output
    text = re.sub(r"\\\n\s*", "", shown.output)
    _, found, rest = text.partition("Example")
    assert found, "no example"
    examples = re.findall(r"(?<!=)devspm [^|>\n]+", rest.partition("Options:")[0])
    assert examples
    for example in examples:
        command, words = resolve(shlex.split(example)[1:])
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= known, example
    assert any(resolve(shlex.split(each)[1:])[0] is resolve(list(path))[0] for each in examples)


def test_every_option_is_explained() -> None:
    for path in LEAVES:
        command, _ = resolve(list(path))
        options = [each for each in command.params if isinstance(each, click.Option)]
        bare = [o.name for o in options if not o.help and o.name != "log_level"]
        assert (path, bare) == (path, [])


def test_the_overview_names_every_command_and_a_way_to_start() -> None:
    shown = CliRunner().invoke(main, ["--help"])

    assert shown.exit_code == 0
    for name, purpose in COMMANDS.items():
        assert name in shown.output
        assert purpose.split()[0] in shown.output
    assert "devspm demo" in shown.output


def test_the_version_is_that_of_the_distribution() -> None:
    shown = CliRunner().invoke(main, ["--version"])

    assert re.fullmatch(r"devspm, version \d+\.\d+\.\d+\S*\n", shown.output)


@pytest.mark.parametrize(
    "words",
    [["scann"], ["topics", "delete"], ["scan"], ["scan", "--speed", "1", "x"], ["import", "git"]],
    ids=" ".join,
)
def test_a_wrong_call_ends_with_status_two_and_says_how_it_is_called(words: list[str]) -> None:
    called = CliRunner().invoke(main, words)

    assert called.exit_code == 2
    assert "Usage: " in called.stderr
    assert "Error: " in called.stderr


def test_help_does_not_load_what_only_the_work_needs() -> None:
    script = (
        "import sys; from pipeline.cli import COMMANDS, main\n"
        "for name in COMMANDS: main([name, '--help'], standalone_mode=False)\n"
        "print([m for m in ('faust', 'river', 'aiokafka') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.splitlines()[-1] == "[]"
