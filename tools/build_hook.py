"""Hatch's build hook: writes into wheel and sdist which repository and commit they are built from."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class OriginHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `bot/origin.json` where the origin is certain, or why it is not. An sdist's wheel keeps the sdist's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a build; `version` is `editable` for an installation that runs from this folder."""
        sys.path.insert(0, self.root)
        try:
            from bot.io import origin
        finally:
            sys.path.remove(self.root)
        found = None if version == "editable" else origin.of_build(Path(self.root), os.environ)
        if found is None:
            return
        self._folder = tempfile.TemporaryDirectory()  # the source tree is left as it is
        file = Path(self._folder.name) / origin.FILE
        file.write_text(found.as_json())
        build_data["force_include"][str(file)] = f"bot/{origin.FILE}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called after a build."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
