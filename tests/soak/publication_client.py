"""One run of `bot` under test: the command as it is, its training replaced by files that posts and recipe decide.

publication_client.py COMMAND...
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from card_facts import manifest

from bot.apply import build
from bot.apply.context import RunContext
from bot.corpus import Corpus
from bot.hub import base_model, huggingface
from bot.io.retry import RetryPolicy
from bot.registry import Entry
from bot.training.fine_tune import Tuned


def tune(context: RunContext, entry: Entry, cleaned: Corpus, folder: Path) -> Tuned:
    """A folder as training leaves one. Equal posts and recipe give equal bytes."""
    chosen = json.dumps(
        [entry.recipe.model_dump(), [text.text for one in cleaned.accounts for text in one.texts]]
    )
    seed = hashlib.sha256(chosen.encode()).digest()
    (folder / "model.safetensors").write_bytes(seed * 600)
    for name in ("config", "generation_config", "tokenizer", "tokenizer_config"):
        (folder / f"{name}.json").write_text(json.dumps({name: seed.hex()}))
    known = manifest()
    assert known.training is not None
    assert known.evaluation is not None
    assert known.base is not None
    return Tuned(
        replaced(
            known.base, name="small", identity=base_model.parse(entry.base).identity, id=None, revision=None
        ),
        entry.recipe,
        known.training,
        known.evaluation,
        known.curve,
        known.samples,
        dict(known.generation),
        known.copying,
    )


def replaced(model: Any, **changes: Any) -> Any:
    return model.model_copy(update=changes)


def main() -> int:
    from bot.__main__ import main as run

    patient = replace(RetryPolicy(), pause_s=0.03, read_s=5.0)
    for place, name, value in (
        (build, "tune", tune),
        (RunContext, "training_unavailable_reason", lambda _: None),
        (huggingface, "RetryPolicy", partial(replace, patient)),
    ):
        setattr(place, name, value)
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
