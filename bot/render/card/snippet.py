"""The snippet of a card: Python that runs as printed and repeats the call by which the samples were made."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.manifest import Sample
from bot.render import escape

_FORMULA = re.compile(r"\$(?=\$)|(?<=\$)\$|\\\\(?=[()\[\]])")
_HIDDEN = {"$": "\\x24", "\\\\": "\\x5c"}


def snippet(
    repo: str, samples: Sequence[Sample], prompts: Sequence[str] = (), *, adapter: bool = False
) -> str:
    """Python that runs as printed and repeats the call by which the samples were made, all of one prompt.

    Without samples it asks the first of `prompts`. An `adapter` brings the very revision of its base that it was
    trained on, and settings of sampling that its base does not have.
    """
    prompt, seed, count = (
        (samples[0].prompt, samples[0].seed, len(samples))
        if samples
        else (prompts[0] if prompts else "My dream is", 42, 5)
    )
    load = (
        "from peft import AutoPeftModelForCausalLM\n"
        "from transformers import GenerationConfig, pipeline, set_seed\n\n"
        f"model = AutoPeftModelForCausalLM.from_pretrained({_literal(repo)})\n"
        f"model.generation_config = GenerationConfig.from_pretrained({_literal(repo)})\n"
        f'generator = pipeline("text-generation", model=model, tokenizer={_literal(repo)})\n'
        if adapter
        else "from transformers import pipeline, set_seed\n\n"
        f'generator = pipeline("text-generation", model={_literal(repo)})\n'
    )
    return (
        f"{load}"
        f"set_seed({seed})\n"
        f"for answer in generator({_literal(prompt)}, num_return_sequences={count}):\n"
        '    print(answer["generated_text"])\n'
    )


def _literal(text: str) -> str:
    """A Python string literal that can neither end itself nor the code fence around it, and hides nothing.

    Nor does it hold a formula's marks, which the Hub looks for before it reads Markdown: two dollars, or two
    backslashes before a bracket.
    """
    plain = escape.clean(text) == text
    inner = "".join(
        character
        if character.isprintable() and character not in '"\\`' and (plain or character.isascii())
        else _escaped(character)
        for character in text
    )
    return f'"{_FORMULA.sub(lambda found: _HIDDEN[found[0]], inner)}"'


def _escaped(character: str) -> str:
    if character == "`":
        return "\\x60"
    return (
        f"\\{character}"
        if character in '"\\'
        else character.encode("unicode_escape", "surrogatepass").decode()
    )
