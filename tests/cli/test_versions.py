from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

from bot.cli import versions


def test_a_package_that_is_not_installed_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "PACKAGES", ("huggingface_hub", "no-such-package"))
    text = versions.versions()
    assert f"huggingface_hub {metadata.version('huggingface_hub')}" in text
    assert "no-such-package not installed" in text


def test_no_package_is_imported_for_its_version() -> None:
    code = (
        "import sys; from bot.cli.versions import versions; assert 'torch' in versions(); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'huggingface_hub')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
