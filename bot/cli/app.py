"""The command line: `bot` and its commands, each in a module that is imported when the command is called."""

from __future__ import annotations

import importlib

import click

from bot import __version__

COMMANDS = {
    "validate": "registry",
    "schema": "registry",
    "add": "registry",
    "remove": "registry",
    "plan": "fleet",
    "apply": "apply",
    "status": "fleet",
    "explain": "fleet",
    "render": "fleet",
    "preview": "preview",
    "review": "review",
    "comment": "comment",
    "report": "report",
    "bases": "bases",
    "propose": "propose",
    "takedown": "people",
    "adopt": "adopt",
    "site": "site",
    "import": "posts",
    "corpus": "posts",
    "purge": "posts",
    "store": "store",
    "doctor": "doctor",
    "demo": "demo",
}
"""Each command's module in `bot.cli.commands`, where it is the command of that name."""


class Commands(click.Group):
    """The commands, found in their modules when they are asked for: most calls need one of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"bot.cli.commands.{COMMANDS[cmd_name]}")
        found = getattr(module, "import_" if cmd_name == "import" else cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101 - for the type checker
        return found


# Every flag can be given as BOT_COMMAND_FLAG as well, so that a workflow passes what somebody typed as data.
@click.group(
    cls=Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "auto_envvar_prefix": "BOT",
    },
)
@click.version_option(__version__, prog_name="bot", message="%(prog)s %(version)s")
def cli() -> None:
    """Mynah: a registry of handles kept true as a fleet of persona language models on the Hugging Face Hub."""
