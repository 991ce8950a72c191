from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest

from bot.cli.progress import Lines, describe, watching
from bot.training.progress import Progress


def test_progress_is_step_loss_and_time_left() -> None:
    assert describe(Progress(120, 400, 4.211, 35.2)) == "step 120/400, loss 4.21, 35 s left"
    assert describe(Progress(1, 400, 4.2, 600)).endswith("10 min left")


def test_without_a_terminal_lines_are_plain_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 5.0, 12.0, 13.0])
    monkeypatch.setattr("bot.cli.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    lines = Lines(stream)
    lines.stage("ada", "train", "200 posts")
    for step in range(1, 5):
        lines.progress("ada", Progress(step, 4, 3.0, 1.0))
    lines.say("ada: done")
    assert stream.getvalue().splitlines() == [
        "ada: train 200 posts",
        "ada: train step 3/4, loss 3.00, 1 s left",
        "ada: done",
    ]


def test_the_watcher_suits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with watching() as watcher:
        assert isinstance(watcher, Lines)


def test_on_a_terminal_a_live_line_shows_stage_and_step_and_what_is_said_stays() -> None:
    code = (
        "import time; from bot.cli.progress import watching, Progress\n"
        "with watching() as w:\n"
        "    w.stage('ada', 'train', '[b]200 posts')\n"
        "    w.progress('ada', Progress(3, 10, 2.5, 9.0)); time.sleep(0.3)\n"
        "    w.say('[red]ada: done')\n"
    )
    ours, theirs = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", code], stderr=theirs, stdout=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    assert child.wait() == 0
    text = seen.decode()
    assert "ada: train" in text
    assert "step 3/10, loss 2.50, 9 s left" in text
    assert "[red]ada: done" in text
