from __future__ import annotations

import os
import subprocess
import sys


def test_a_users_setting_is_kept_and_others_are_made_before_pydantic_is_imported() -> None:
    code = (
        "import os, gc, sys, bot.cli.process; assert 'pydantic' not in sys.modules; import bot.__main__; "
        "print(os.environ['PYDANTIC_DISABLE_PLUGINS'], os.environ['HF_HUB_DISABLE_TELEMETRY'], gc.get_threshold()[0])"
    )
    environment = {**os.environ, "HF_HUB_DISABLE_TELEMETRY": "0"}
    environment.pop("PYDANTIC_DISABLE_PLUGINS", None)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split() == ["__all__", "0", "100000"]
