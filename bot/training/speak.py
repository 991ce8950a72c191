"""Text from a model in a folder, drawn as the snippet of its card draws it: by its own settings, from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import TextGenerationPipeline, TextStreamer, set_seed

from bot.errors import UsageError
from bot.training import adapters, loading, sample
from bot.training.device import Device


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a model said: whole texts, each with the prompt it begins with, and the settings that drew them."""

    texts: tuple[str, ...]
    settings: dict[str, Any]


class Speaker:
    """A model of a folder, loaded once. Raises UsageError for what is no model that can be loaded safely."""

    def __init__(self, folder: Path, device: Device) -> None:
        if not any(folder.glob("*.safetensors")):
            raise UsageError(
                f"{folder} holds no *.safetensors; pickled weights can run code and are refused: name a folder "
                "or a model with safetensors"
            )
        try:
            self._generator: TextGenerationPipeline = sample.load(folder, device)
        except ModuleNotFoundError as error:
            if error.name != "peft" or not (folder / adapters.CONFIG).exists():
                raise
            raise UsageError(adapters.missing("a model with an adapter")) from None
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            raise UsageError(f"{folder} cannot be loaded: {loading.first_line(error)}") from error

    def say(
        self, prompt: str, seed: int, count: int = 1, show: Callable[[str], None] | None = None
    ) -> Spoken:
        """`count` texts that begin with the prompt, or as posts do where it is empty; always the same from a `seed`.

        With `show` the one text is shown piece by piece while it is written. UsageError for a prompt that is too
        long, and for several texts of a model that would write the same one each time.
        """
        generator, model = self._generator, self._model
        options: dict[str, Any] = {"num_return_sequences": count}
        if count > 1 and not model.generation_config.do_sample:
            raise UsageError(
                "this model's settings choose the likeliest word each time, so it has one text a prompt: ask for one"
            )
        if show is not None:
            options["streamer"] = _Streamer(generator.tokenizer, show)
        if room := self._room(prompt):
            options["max_new_tokens"] = room
        with torch.random.fork_rng(), torch.inference_mode():
            set_seed(seed)
            if prompt:
                answers = generator(prompt, **options)
                texts = [answer["generated_text"] for answer in answers]
            else:
                texts = self._unprompted(options)
        return Spoken(tuple(texts), sample.described(model.generation_config))

    @property
    def _model(self) -> Any:
        return self._generator.model

    def _unprompted(self, options: dict[str, Any]) -> list[str]:
        """Texts that begin at the end-of-text token alone, as the posts of a training do."""
        tokenizer: Any = self._generator.tokenizer
        begin = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        if begin is None:
            raise UsageError("this model has no token that begins a text: give it a prompt")
        rows = torch.full((1, 1), begin, device=self._model.device)
        rows = self._model.generate(rows, attention_mask=torch.ones_like(rows), **options)
        return [tokenizer.decode(row, skip_special_tokens=True) for row in rows]

    def _room(self, prompt: str) -> int | None:
        """The tokens left after a long prompt, where they are fewer than the model's settings ask for."""
        tokenizer: Any = self._generator.tokenizer
        context = loading.context(self._model.config)
        used = len(tokenizer(prompt, verbose=False).input_ids) or 1
        if used >= context:
            raise UsageError(f"the prompt has {used:,} tokens and this model reads {context:,}: shorten it")
        asked = self._model.generation_config.max_new_tokens
        return context - used if asked is None or asked > context - used else None


class _Streamer(TextStreamer):
    """Shows the text word by word while it is written."""

    def __init__(self, tokenizer: Any, show: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_special_tokens=True)
        self._show = show

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Shows what is certain by now."""
        self._show(text)
