"""The command line: `bot` and its commands, each in a module that is imported when the command is called."""

from __future__ import annotations

import importlib

import click

from bot import __version__

GROUPS = {
    "Everyday": {
        "validate": "registry",
        "plan": "fleet",
        "apply": "apply",
        "status": "fleet",
        "explain": "fleet",
        "say": "say",
        "inspect": "inspect",
        "corpus": "posts",
        "add": "registry",
        "import": "posts",
        "demo": "demo",
    },
    "People who ask to be removed": {
        "takedown": "people",
        "remove": "registry",
        "purge": "posts",
    },
    "Maintainers": {
        "init": "init",
        "doctor": "doctor",
        "preview": "preview",
        "render": "fleet",
        "site": "site",
        "adopt": "adopt",
        "store": "store",
        "schema": "registry",
    },
    "Called by workflows": {
        "review": "review",
        "comment": "comment",
        "bases": "bases",
        "report": "report",
        "propose": "propose",
    },
}
"""Each command's module in `bot.cli.commands`, where it is the command of that name, by who uses it."""

COMMANDS = {name: module for commands in GROUPS.values() for name, module in commands.items()}


ALIASES = {
    "check": "validate",
    "generate": "say",
    "show": "explain",
    "list": "status",
    "delete": "takedown",
    "new": "init",
    "card": "render",
}
"""What people may call some of the commands: suggested, and no commands."""


class Commands(click.Group):
    """The commands; each one's module is imported when it is called, since most calls need one of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns all names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of that name, None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"bot.cli.commands.{COMMANDS[cmd_name]}")
        found = getattr(module, "import_" if cmd_name == "import" else cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101 - for the type checker
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that is called, with the flags that every command has."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0][:60]!r}{_closest(args[0])}")
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            from bot.cli.logs import add_options

            command = add_options(command)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands under who uses them."""
        width = formatter.width - 6 - max(map(len, COMMANDS))
        for title, names in GROUPS.items():
            rows = [
                (name, command.get_short_help_str(width))
                for name in names
                if (command := self.get_command(ctx, name)) is not None
            ]
            with formatter.section(title):
                formatter.write_dl(rows, col_max=30)


def _closest(word: str) -> str:
    """The question whether a command of a similar name was meant, or nothing."""
    from difflib import get_close_matches

    found = get_close_matches(word[:60].lower(), [*COMMANDS, *ALIASES], n=1)
    return f"; did you mean {ALIASES.get(found[0], found[0])}?" if found else ""


# Every flag can be given as BOT_COMMAND_FLAG as well, so that a workflow passes what somebody typed as data.
@click.group(
    cls=Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "auto_envvar_prefix": "BOT",
    },
    epilog="The registry's keys: docs/registry.md. Fields of --json: docs/json.md. Completion in a shell: "
    "docs/shell.md.",
)
@click.version_option(__version__, prog_name="bot", message="%(prog)s %(version)s")
def cli() -> None:
    """Mynah: a registry of handles kept true as a fleet of persona language models on the Hugging Face Hub."""
