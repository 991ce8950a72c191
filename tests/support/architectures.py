"""Micro models of the architectures that people fine-tune, with tokenizers of the kinds that come with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tiny_bases import sentences

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Kind = Literal["bytes", "chat", "pieces"]
CHAT = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"


@dataclass(frozen=True, slots=True)
class Architecture:
    """A class of configurations by its name in transformers, its own settings, and the kind of its tokenizer.

    `bytes` is GPT-2's: one special token, which begins and ends texts. `chat` is an instruct model's: texts end at
    `<|im_end|>`, there is no token to begin with, and a chat template. `pieces` is sentencepiece's: Unigram over
    whole words with `<s>`, which is put before every text, `</s>` and `<pad>`.
    """

    config: str
    kind: Kind = "bytes"
    settings: dict[str, Any] = field(default_factory=dict)
    plain: bool = True
    vocabulary: int = 0


SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
}
GROUPED = {"num_key_value_heads": 1, "head_dim": 16}
CAPS = {"attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0, "query_pre_attn_scalar": 16}
WINDOW = {"sliding_window": 24, "layer_types": ["sliding_attention", "full_attention"]}

ARCHITECTURES = {
    "gpt2": Architecture(
        "GPT2Config", settings={"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64}, plain=False
    ),
    "gpt_neo": Architecture(
        "GPTNeoConfig",
        settings={
            "hidden_size": 32,
            "num_layers": 2,
            "num_heads": 2,
            "attention_types": [[["global", "local"], 1]],
            "max_position_embeddings": 64,
        },
        plain=False,
    ),
    "gpt_neox": Architecture("GPTNeoXConfig", settings={"tie_word_embeddings": False}),
    "smollm2": Architecture("LlamaConfig", "chat", {**GROUPED, "tie_word_embeddings": True}),
    "llama": Architecture("LlamaConfig", "pieces", {**GROUPED, "tie_word_embeddings": False}),
    "llama3 of 131,072 tokens": Architecture(
        "LlamaConfig",
        settings={
            "max_position_embeddings": 131_072,
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 500_000.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 8192,
            },
        },
    ),
    "mistral": Architecture("MistralConfig", "pieces", {**GROUPED, "sliding_window": 24}),
    "qwen2": Architecture("Qwen2Config", "chat", {**GROUPED, "max_position_embeddings": 2048}),
    "qwen2 of 151,936 tokens": Architecture(
        "Qwen2Config", "chat", {**GROUPED, "hidden_size": 16}, vocabulary=151_936
    ),
    "qwen3": Architecture("Qwen3Config", "chat", {**GROUPED, "tie_word_embeddings": True}),
    "gemma": Architecture("GemmaConfig", "pieces", GROUPED),
    "gemma2": Architecture("Gemma2Config", "pieces", {**GROUPED, **CAPS, **WINDOW}),
    "gemma3": Architecture("Gemma3TextConfig", "pieces", {**GROUPED, **WINDOW, "query_pre_attn_scalar": 16}),
    "phi": Architecture("PhiConfig"),
    "phi3": Architecture("Phi3Config", "pieces"),
    "opt": Architecture("OPTConfig", settings={"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "bloom": Architecture(
        "BloomConfig", settings={"hidden_size": 32, "n_layer": 2, "n_head": 2}, plain=False
    ),
    "falcon": Architecture("FalconConfig", settings={"alibi": False}),
    "stablelm": Architecture("StableLmConfig", settings={"num_key_value_heads": 2}),
    "olmo2": Architecture("Olmo2Config", "chat"),
    "granite": Architecture("GraniteConfig", "chat", {"num_key_value_heads": 1}),
    "starcoder2": Architecture("Starcoder2Config", settings={"num_key_value_heads": 1}),
    "mamba": Architecture("MambaConfig", settings={"hidden_size": 32, "num_hidden_layers": 2}, plain=False),
}
"""By the name under which people know them."""


def build(architecture: Architecture, folder: Path) -> Path:
    """The folder of a base of random weights with its tokenizer, as its makers would publish it."""
    import torch
    import transformers

    tokenizer = TOKENIZERS[architecture.kind]()
    tokenizer.save_pretrained(folder)
    first = tokenizer.convert_tokens_to_ids("<|endoftext|>" if architecture.kind != "pieces" else "<s>")
    config = getattr(transformers, architecture.config)(
        **{
            **(SMALL if architecture.plain else {}),
            "vocab_size": architecture.vocabulary or len(tokenizer),
            "bos_token_id": first,
            "eos_token_id": first if architecture.kind == "chat" else tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            **architecture.settings,
        }
    )
    torch.manual_seed(0)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def _bytes() -> PreTrainedTokenizerFast:
    return _byte_level("<|endoftext|>", bos_token="<|endoftext|>", eos_token="<|endoftext|>")


def _chat() -> PreTrainedTokenizerFast:
    tokenizer = _byte_level(
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.chat_template = CHAT
    return tokenizer


def _byte_level(*special: str, **named: str) -> PreTrainedTokenizerFast:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        sentences(200), vocab_size=300, special_tokens=list(special), show_progress=False
    )
    return PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer, **named)


def _pieces() -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<s>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        sentences(200),
        trainers.UnigramTrainer(
            vocab_size=120, special_tokens=special, unk_token="<unk>", show_progress=False
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>"
    )


TOKENIZERS: dict[Kind, Callable[[], PreTrainedTokenizerFast]] = {
    "bytes": _bytes,
    "chat": _chat,
    "pieces": _pieces,
}
