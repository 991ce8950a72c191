"""`bot` and `python -m bot`: runs the command and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from bot.cli.process import process_setup

process_setup()

from bot.errors import BotError  # noqa: E402 - pydantic reads its settings when it is imported
from bot.github import workflow_commands  # noqa: E402

BUG = 70
INTERRUPTED = 130


def main(args: Sequence[str] | None = None) -> int:
    """Runs `bot` with these arguments (the process's own by default) and returns its exit code."""
    process_setup()  # the streams may be others by now
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
    except Exception as error:  # a bug ends with a report that can be pasted
        return _report_bug(error)


def _report_bug(error: Exception) -> int:
    import traceback

    from bot.cli.versions import versions

    print("".join(traceback.format_exception(error)), file=sys.stderr)
    print(
        f"This is a bug in the bot. Please report it with the lines above and: {versions()}", file=sys.stderr
    )
    return BUG


if __name__ == "__main__":
    sys.exit(main())
