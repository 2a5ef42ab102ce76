"""The command `devspm`. Every subcommand is a module of its own, imported when it is called."""

from importlib import import_module
from importlib.metadata import version

import click

COMMANDS = {
    "acls": "what each role may do on the cluster: list, show, apply",
    "alerts": "follow the alert topic, readable",
    "backtest": "labelled scenarios: detected or not, how early, at what noise",
    "demo": "the npm incident of September 2025, caught as it happens",
    "detectors": "list and explain the detectors",
    "dlq": "dead letters: list, show, replay",
    "doctor": "check settings, broker, topics; say what to do",
    "identities": "whose accounts are whose: import, list, show",
    "import": "turn other records into events, e.g. a git history",
    "normalize": "raw events in, activities out",
    "replay": "recorded events into the audit topics",
    "scan": "run all detectors over files, without a broker",
    "sources": "list the parsers",
    "topics": "create the topics",
    "worker": "run the stream processor",
}


class _Lazy(click.Group):
    """Imports a subcommand when it is needed: `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"pipeline.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `devspm demo`, or with your own history: "
    "`devspm import git . | devspm scan -`.",
)
@click.version_option(version("devspm"), prog_name="devspm")
def main() -> None:
    """Secure the coder, human and AI: developer security posture management.

    Audit events of version control, package registries, identity providers and AI coding tools
    in; few, explained alerts out.
    """
