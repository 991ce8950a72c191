"""The results of sweeps as a CSV: what was trained, and the loss of every test post, so that all else follows.

Losses are in nats, summed over a post's tokens (its own and the end after it), the counts of which stand beside them.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "sweep.csv"


@dataclass(frozen=True, slots=True)
class Row:
    """One training. `validation` is nats a token before it and after each epoch; of `test_…`, one number a post.

    `samples` are the first texts that the model wrote without a prompt, unselected, and `copied` how many of all that
    it wrote were whole training posts; None where it wrote nothing.
    """

    base: str
    corpus: str
    posts: int
    seed: int
    candidate: str
    settings: dict[str, Any]
    tokens: int
    steps: int
    epochs: int
    best_epoch: int
    cpu_seconds: float
    validation: tuple[float, ...]
    test_tokens: tuple[int, ...]
    test_base: tuple[float, ...]
    test_tuned: tuple[float, ...]
    copied: int | None = None
    samples: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, int, int, str]:
        """What distinguishes this training from any other."""
        return self.base, self.corpus, self.posts, self.seed, self.candidate

    @property
    def loss(self) -> float:
        """Of the tuned model on the test posts, in nats a token."""
        return sum(self.test_tuned) / sum(self.test_tokens)

    @property
    def base_loss(self) -> float:
        """Of the base on the same posts."""
        return sum(self.test_base) / sum(self.test_tokens)

    @property
    def line(self) -> str:
        """The row for somebody who waits."""
        curve = " ".join(f"{loss:.3f}" for loss in self.validation)
        return (
            f"{self.candidate:28} {self.corpus:18} {self.posts} seed {self.seed}: {self.base_loss:.3f} -> "
            f"{self.loss:.4f} [{self.best_epoch} of {self.epochs}] {curve}; {self.cpu_seconds:.0f} CPU s"
        )


NAMES = [field.name for field in dataclasses.fields(Row)]
WHOLE = ("posts", "seed", "tokens", "steps", "epochs", "best_epoch")


def read(file: Path) -> list[Row]:
    """The rows of a CSV, in order; none where there is no such file."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return [_row(cells) for cells in csv.DictReader(lines)]


def append(row: Row, file: Path) -> None:
    """Adds a row to a CSV, which is begun where it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not file.exists()
    cells: dict[str, Any] = dataclasses.asdict(row)
    cells["settings"] = json.dumps(row.settings)
    cells["cpu_seconds"] = f"{row.cpu_seconds:.1f}"
    cells["samples"] = json.dumps(row.samples, ensure_ascii=False)
    cells["test_tokens"] = " ".join(map(str, row.test_tokens))
    for name, digits in (("validation", 4), ("test_base", 3), ("test_tuned", 3)):
        cells[name] = " ".join(f"{value:.{digits}f}" for value in getattr(row, name))
    with file.open("a", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, NAMES, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(cells)


def _row(cells: dict[str, str]) -> Row:
    values: dict[str, Any] = dict(cells)
    values |= {name: int(cells[name]) for name in WHOLE}
    values["settings"] = json.loads(cells["settings"])
    values["cpu_seconds"] = float(cells["cpu_seconds"])
    values["copied"] = int(cells["copied"]) if cells.get("copied") else None
    values["samples"] = tuple(json.loads(cells.get("samples") or "[]"))
    values["test_tokens"] = tuple(map(int, cells["test_tokens"].split()))
    for name in ("validation", "test_base", "test_tuned"):
        values[name] = tuple(map(float, cells[name].split()))
    return Row(**values)
