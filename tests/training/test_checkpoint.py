"""A training that is interrupted at any step goes on to the very model that an undisturbed one makes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
import torch
from tiny_bases import sentences

from bot.errors import TrainingError
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import checkpoint, data, device, interrupts, loading, loop
from bot.training.checkpoint import Keeper, Part, Place
from bot.training.progress import Progress

CPU = device.Device(torch.device("cpu"), "A test's processor", bf16=False)
RECIPE = Recipe(block_size=64, learning_rate=0.01, batch_size=4, epochs=3, dropout=0.1)
KEY = {"recipe": "r", "posts": "p"}

Keep = Callable[[Mapping[str, Part]], Keeper]


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def place(tmp_path: Path, said: list[str]) -> Place:
    return Place(tmp_path, said.append)


@pytest.fixture(autouse=True)
def _after_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "LEAST_S", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", float("inf"))


def keeping(place: Place, key: Mapping[str, str] = KEY) -> Keep:
    return partial(Keeper, place, key, device=CPU)


def train(
    base: loading.LoadedBase,
    recipe: Recipe = RECIPE,
    keep: Keep | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> tuple[loop.Run, torch.Tensor]:
    model = base.fresh(recipe, CPU)
    torch.manual_seed(99)  # what the process drew before must not matter
    posts = data.tokenise(base.tokenizer, sentences(60, 1))
    validation = data.tokenise(base.tokenizer, sentences(8, 2))
    masking = base.masking(recipe.block_size, CPU) if recipe.layout == "packed" else None
    done = loop.train(
        model,
        posts,
        validation,
        base.end,
        recipe,
        CPU,
        report,
        masking=masking,
        optimiser=base.optimiser,
        keep=keep,
    )
    assert base.weights is not None
    return done, base.weights.values.clone()


class Killed(Exception):
    """A run that ends at once."""


class Fragile(Keeper):
    """Ends the run after a number of steps, as a kill would."""

    def __init__(self, place: Place, parts: Mapping[str, Part], steps: int) -> None:
        super().__init__(place, KEY, parts, CPU)
        self._left = steps

    def step(self, where: str) -> None:
        super().step(where)
        self._left -= 1
        if not self._left:
            raise Killed


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPE,
        RECIPE.model_copy(update={"layout": "stream"}),
        RECIPE.model_copy(update={"learning_rate": 0.1, "patience": 1, "epochs": 6}),
    ],
    ids=["packed", "stream", "stopped early"],
)
def test_killed_after_any_step_the_model_is_the_same(
    recipe: Recipe, base: loading.LoadedBase, place: Place, said: list[str]
) -> None:
    whole, values = train(base, recipe)
    kills = 0
    for steps in range(1, whole.steps + 1):
        with pytest.raises(Killed):
            train(base, recipe, partial(Fragile, place, steps=steps))
        resumed, again = train(base, recipe, keeping(place))
        assert torch.equal(again, values)
        assert resumed.curve == whole.curve
        assert (resumed.steps, resumed.epochs, resumed.best_epoch, resumed.tokens) == (
            whole.steps,
            whole.epochs,
            whole.best_epoch,
            whole.tokens,
        )
        (place.folder / checkpoint.FILE).unlink()
        kills += 1
    assert kills == whole.steps > 5
    assert [int(line.split()[4]) for line in said] == list(range(1, kills + 1))


def test_a_run_that_is_killed_again_and_again_comes_to_its_end(
    base: loading.LoadedBase, place: Place
) -> None:
    whole, values = train(base)
    for _ in range(whole.steps - 1):
        with pytest.raises(Killed):
            train(base, keep=partial(Fragile, place, steps=1))
    resumed, again = train(base, keep=keeping(place))
    assert torch.equal(again, values)
    assert resumed.curve == whole.curve


def test_another_training_starts_from_the_beginning_and_says_what_changed(
    base: loading.LoadedBase, place: Place, said: list[str]
) -> None:
    _, values = train(base)
    with pytest.raises(Killed):
        train(base, keep=partial(Fragile, place, steps=3))
    _, again = train(base, keep=keeping(place, {**KEY, "posts": "others"}))
    assert torch.equal(again, values)
    assert len(said) == 1
    assert said[0].endswith("changed since then: posts")


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", None])
def test_a_damaged_file_starts_from_the_beginning(
    damage: bytes | None, base: loading.LoadedBase, place: Place, said: list[str]
) -> None:
    _, values = train(base)
    with pytest.raises(Killed):
        train(base, keep=partial(Fragile, place, steps=3))
    file = place.folder / checkpoint.FILE
    file.write_bytes(file.read_bytes()[:-2000] if damage is None else damage)
    _, again = train(base, keep=keeping(place))
    assert torch.equal(again, values)
    assert len(said) == 1
    assert "damaged" in said[0]


def test_a_file_is_never_unpickled_into_code(base: loading.LoadedBase, place: Place, said: list[str]) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return Path.touch, (place.folder / "ran",)  # type: ignore[return-value]

    torch.save({"key": KEY, "parts": Evil()}, place.folder / checkpoint.FILE)
    train(base, keep=keeping(place))
    assert not (place.folder / "ran").exists()
    assert "damaged" in said[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_the_training_before_it_is_obeyed(
    number: signal.Signals,
    base: loading.LoadedBase,
    place: Place,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, values = train(base)
    monkeypatch.setattr(checkpoint, "LEAST_S", 3600.0)
    before = signal.getsignal(number)
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)

    def end(progress: Progress) -> None:
        if progress.step == 5:
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        train(base, keep=keeping(place), report=end)
    assert signal.getsignal(number) == before
    assert len(said) == 1
    assert said[0].startswith("interrupted at step 5 of ")
    _, again = train(base, keep=keeping(place))
    assert torch.equal(again, values)


def test_a_second_signal_is_obeyed_at_once() -> None:
    reached = []

    def work() -> None:
        with interrupts.noted() as received:
            os.kill(os.getpid(), signal.SIGINT)
            reached.append(received())
            os.kill(os.getpid(), signal.SIGINT)
            reached.append(False)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == [True]


def test_a_disk_that_takes_no_file_ends_no_training(
    base: loading.LoadedBase, place: Place, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, values = train(base)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    _, again = train(base, keep=keeping(place))
    assert torch.equal(again, values)
    assert len(said) == 1
    assert "No space left on device" in said[0]
    assert list(place.folder.iterdir()) == []


def test_what_was_removed_while_it_trained_is_not_made_again(
    base: loading.LoadedBase, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ada"
    folder.mkdir()
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)

    def remove(progress: Progress) -> None:
        if progress.step == 4:
            (folder / checkpoint.FILE).unlink()
            folder.rmdir()

    train(base, keep=keeping(Place(folder, said.append)), report=remove)
    assert not folder.exists()
    assert said == []


def test_files_are_written_as_seldom_as_they_are_cheap(
    base: loading.LoadedBase, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "LEAST_S", 30.0)
    monkeypatch.setattr(checkpoint, "SHARE", 0.015)
    clock = [0.0]
    monkeypatch.setattr("bot.training.checkpoint.time.monotonic", lambda: clock[0])
    saved: list[float] = []

    class Slow(Keeper):
        def _save(self) -> bool:
            saved.append(clock[0])
            clock[0] += 3.0
            return True

        def step(self, where: str) -> None:
            clock[0] += 1.0
            super().step(where)

    keeper = Slow(place, KEY, {}, CPU)
    with keeper.at_work():
        for step in range(2000):
            keeper.step(f"step {step}")
    assert saved[0] == 30
    assert 3.0 * len(saved) / clock[0] < 0.02
    assert len(saved) > 5


def test_a_killed_process_leaves_a_file_that_the_next_one_goes_on_from(
    base: loading.LoadedBase, tiny_base: Path, place: Place, said: list[str]
) -> None:
    program = f"""
import os, signal, sys
from functools import partial
from pathlib import Path
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]!r}
import test_checkpoint as t
from bot.training import checkpoint
checkpoint.LEAST_S, checkpoint.SHARE = 0.0, float("inf")
class Fatal(t.Keeper):
    def step(self, where):
        super().step(where)
        if where.startswith("step 7 "):
            os.kill(os.getpid(), signal.SIGKILL)
base = t.loading.load(t.parse({str(tiny_base)!r}))
t.train(base, keep=partial(Fatal, t.Place(Path({str(place.folder)!r}), print), t.KEY, device=t.CPU))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    _, values = train(base)
    _, again = train(base, keep=keeping(place))
    assert torch.equal(again, values)
    assert said[0].startswith("goes on after step 7 ")


def test_a_training_that_diverges_is_no_interruption(base: loading.LoadedBase, place: Place) -> None:
    with pytest.raises(TrainingError):
        train(base, RECIPE.model_copy(update={"learning_rate": 1e6, "warmup": 0.0}), keeping(place))
