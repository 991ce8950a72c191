"""New samples from the published weights, by the prompts and the settings that the registry has now: no training."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import corpus
from bot.apply.context import Task
from bot.errors import HubError, Skipped
from bot.hub.published import CARD, FILENAME
from bot.io import digest
from bot.manifest import Copying, Manifest, Sample

if TYPE_CHECKING:
    from bot.corpus import Split

SETTINGS = "generation_config.json"
UNCHECKED = "The samples were drawn again without the posts at hand: whether one of them repeats a post was not checked"
"""Stands on the card until samples are drawn and compared again."""


@dataclass(frozen=True, slots=True)
class Redrawn:
    """What was drawn: the settings' file, samples, and how much is copied, None where no posts were at hand."""

    settings: bytes
    generation: dict[str, Any]
    samples: tuple[Sample, ...]
    copying: Copying | None

    def into(self, old: Manifest, task: Task) -> Manifest:
        """The manifest with these samples and the settings they were drawn by."""
        warnings = [text for text in old.warnings if text != UNCHECKED]
        published = {"prompts": digest.short(task.entry.prompts), "sampling": task.entry.sampling.digest()}
        return old.model_copy(
            update={
                "prompts": task.entry.prompts,
                "samples": self.samples,
                "generation": self.generation,
                "copying": self.copying or old.copying,
                "warnings": (*warnings, *(() if self.copying else (UNCHECKED,))),
                "files": {**old.files, SETTINGS: digest.of_bytes(self.settings)},
                "blobs": {**old.blobs, SETTINGS: digest.git_blob(self.settings)},
                "published": old.published.model_copy(update=published),
            }
        )


def redraw(task: Task, old: Manifest) -> Redrawn:
    """Draws new samples and compares them with the stored posts, if there are any.

    Raises Skipped where the weights cannot be read safely, or too much of what they write is copied.
    """
    context, entry = task.context, task.entry
    context.watcher.stage(entry.name, "load")
    published = context.hub.download(entry.name)
    if published is None:
        raise HubError(f"{context.hub.url(entry.name)} is not there, or is private")
    if not any(published.glob("*.safetensors")):
        raise Skipped("its weights are pickled, which can run code; new samples come with the next training")
    from bot.training import redrawing

    seed = old.recipe.seed  # the default where the recipe is not known
    split = _split(task)
    with tempfile.TemporaryDirectory(prefix="bot-") as place:
        folder = Path(place)
        for file in published.iterdir():
            if file.is_file() and file.name not in (SETTINGS, CARD, FILENAME):
                (folder / file.name).symlink_to(file.resolve())
        generation = redrawing.write_settings(folder, entry.sampling)
        count = f"{len(entry.prompts)} {'prompt' if len(entry.prompts) == 1 else 'prompts'}"
        context.watcher.stage(entry.name, "sample", count)
        samples, copying = redrawing.draw(
            folder, entry.prompts, split, seed, context.hardware(), context.registry.policy.max_copying
        )
        return Redrawn((folder / SETTINGS).read_bytes(), generation, samples, copying)


def _split(task: Task) -> Split | None:
    """The stored posts as a training would take them; None where the store does not hold those of everybody."""
    entry, store = task.entry, task.context.store
    held = [store.load(handle, entry.source) for handle in entry.handles]
    timelines = [one for one in held if one is not None]
    if len(timelines) < len(entry.handles):
        return None
    cleaned = corpus.build(timelines, entry.selection)
    return corpus.split(cleaned, entry.recipe.held_out) if cleaned.kept else None
