"""`bot` and `python -m bot`: runs the command and turns errors into exit codes."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence

from bot.errors import BotError
from bot.github import workflow_commands

# Looking for pydantic's plugins, of which the bot uses none, is another tenth.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Starting up makes many objects and no garbage: looking for some is a tenth of a light command's time.
gc.set_threshold(100_000, 20, 50)

BUG = 70
INTERRUPTED = 130


def main(args: Sequence[str] | None = None) -> int:
    """Runs `bot` with these arguments (the process's own by default) and returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a name of a file need not be UTF-8, and is printed all the same
            stream.reconfigure(errors="backslashreplace")
    with workflow_commands.commands_disabled(os.environ):
        return _main(args)


def _main(args: Sequence[str] | None) -> int:
    import click

    from bot.cli.app import cli

    try:
        result = cli.main(
            args=list(args) if args is not None else None, prog_name="bot", standalone_mode=False
        )
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        workflow_commands.annotate("error", [error.format_message()], os.environ)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print("interrupted; nothing is half-published, run the command again to go on", file=sys.stderr)
        return INTERRUPTED
    except BotError as error:
        print(error, file=sys.stderr)
        workflow_commands.annotate("error", error.problems or [str(error)], os.environ)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:  # the outermost fence: a bug ends with a report that can be pasted
        return _report_bug(error)


def _report_bug(error: Exception) -> int:
    import platform
    import traceback

    from bot import __version__

    print("".join(traceback.format_exception(error)), file=sys.stderr)
    print(
        f"This is a bug in the bot. Please report it with the lines above and: bot {__version__}, "
        f"Python {platform.python_version()}, {platform.platform()}",
        file=sys.stderr,
    )
    return BUG


if __name__ == "__main__":
    sys.exit(main())
