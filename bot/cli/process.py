"""Settings of the whole process, made once before anything heavy is imported."""

from __future__ import annotations

import gc
import io
import os
import sys

SETTINGS = {
    # Looking for pydantic's plugins, of which the bot uses none, is a tenth of a light command's time.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Variables that libraries read once, when they are imported; what the user set stays."""


def process_setup() -> None:
    """Sets variables for libraries, the garbage collector's thresholds, and how streams write what is not UTF-8."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    # Starting up makes many objects and no garbage: looking for some is a tenth of a light command's time.
    gc.set_threshold(100_000, 20, 50)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a file's name need not be UTF-8, and is printed all the same
            stream.reconfigure(errors="backslashreplace")
