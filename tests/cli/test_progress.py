from __future__ import annotations

import io
import logging
import os
import pty
import re
import subprocess
import sys

import pytest

from bot.cli import logs
from bot.cli.progress import Folds, Lines, describe, watching
from bot.training.progress import Progress


def test_progress_is_step_loss_and_time_left() -> None:
    assert describe(Progress(120, 400, 4.211, 35.2)) == "step 120/400, loss 4.21, 35 s left"
    assert describe(Progress(1, 400, 4.2, 600)).endswith("10 min left")


def test_without_a_terminal_lines_are_plain_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 5.0, 12.0, 13.0])
    monkeypatch.setattr("bot.cli.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    watcher = Lines(stream)
    watcher.stage("ada", "train", "200 posts")
    for step in range(1, 5):
        watcher.progress("ada", Progress(step, 4, 3.0, 1.0))
    watcher.say("ada: done")
    lines = [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in stream.getvalue().splitlines()]
    assert lines == [
        "ada: train 200 posts",
        "ada: train step 3/4, loss 3.00, 1 s left",
        "ada: done",
    ]


def test_quiet_leaves_sentences_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs.HANDLER, "level", logging.WARNING)
    stream = io.StringIO()
    watcher = Lines(stream)
    watcher.stage("ada", "train")
    watcher.progress("ada", Progress(1, 2, 3.0, 1.0))
    watcher.say("ada: warning: the archive is old")
    assert [line[9:] for line in stream.getvalue().splitlines()] == ["ada: warning: the archive is old"]


class Log(io.StringIO):
    """A log in which groups are marked as the runner marks them."""

    def fold(self, title: str | None) -> None:
        self.write(f"[{title}\n" if title is not None else "]\n")

    @property
    def lines(self) -> list[str]:
        return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in self.getvalue().splitlines()]


def test_in_a_workflow_each_models_lines_are_one_group() -> None:
    log = Log()
    folds = Folds(log, log.fold)
    folds.stage("ada", "fetch")
    folds.stage("bob", "fetch")
    folds.stage("ada", "train")
    folds.stage("cleo", "fetch")
    folds.done("cleo", "done")
    folds.stage("ada", "publish")
    folds.done("ada", "done")
    folds.stage("bob", "train")
    folds.done("bob", "done")
    folds.stage("dora", "fetch")
    folds.close()
    assert log.lines == [
        *("[ada", "ada: fetch", "ada: train", "ada: publish", "ada: done", "]"),
        *("[bob", "bob: fetch", "bob: train", "bob: done", "]"),
        *("[cleo", "cleo: fetch", "cleo: done", "]"),
        *("[dora", "dora: fetch", "]"),
    ]


def test_a_line_that_waited_for_its_group_has_the_time_at_which_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(10))
    monkeypatch.setattr(logs, "line", lambda _, text: f"{next(clock)} {text}\n")
    log = Log()
    folds = Folds(log, log.fold)
    folds.stage("ada", "train")
    folds.stage("bob", "fetch")
    folds.stage("ada", "publish")
    folds.done("ada", "done")
    folds.close()
    assert log.getvalue().splitlines() == [
        *("[ada", "0 ada: train", "2 ada: publish", "3 ada: done", "]"),
        *("[bob", "1 bob: fetch", "]"),
    ]


def test_what_a_model_without_a_stage_ends_with_opens_no_group() -> None:
    log = Log()
    folds = Folds(log, log.fold)
    folds.done("ada", "skipped")
    folds.close()
    assert log.lines == ["ada: skipped"]


def test_a_run_that_ends_early_leaves_no_line_and_no_group_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with pytest.raises(KeyboardInterrupt), watching() as watcher:  # noqa: PT012 - the second stage is the point
        watcher.stage("ada", "train")
        watcher.stage("bob", "fetch")
        raise KeyboardInterrupt
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("::")] == [
        "::group::ada",
        "::endgroup::",
        "::group::bob",
        "::endgroup::",
    ]
    assert [line[9:] for line in lines if not line.startswith("::")] == ["ada: train", "bob: fetch"]


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
        "    w.stage('ada-with-a-name-of-forty-letters-and-more', 'train', 'a very long detail' * 9)\n"
        "    time.sleep(0.3)\n"
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
    assert "train ada" in text
    assert "3/10 loss 2.50 0:09 left" in text
    assert "[red]ada: done" in text
    assert "starting" in text
    assert "train ada-with-a-name-of-forty-letters-and-more" in text
    assert re.search(r"a very lo\w*…", text)
