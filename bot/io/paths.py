"""Paths of the project's own files: beside the package in a checkout, inside it when installed."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
TEMPLATES = (PACKAGE / "templates", PACKAGE.parent / "templates")
"""The folders of the templates that come with the bot; one of them exists."""
FONTS = PACKAGE / "render" / "pictures" / "fonts"


def shipped(path: str) -> Path:
    """Returns the place of a file at the top of the bot's repository that is shipped with it (pyproject.toml)."""
    inside = PACKAGE / "shipped" / path
    return inside if inside.exists() else PACKAGE.parent / path
