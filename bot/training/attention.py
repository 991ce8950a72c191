"""Attention: which implementation is fastest where, and how it is kept inside each post.

That it is kept there is tried on the model itself, since architectures differ in what they make of a mask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch
from transformers import PreTrainedModel

from bot.training.data import Blocks
from bot.training.device import Device

Masking: TypeAlias = Literal["mask", "positions"]
"""How a model learns where posts begin. `mask`: by a mask a block and positions; `positions`: by positions
alone, from which transformers derives the mask (models with a sliding window need that)."""

TOLERANCE = 1e-3
"""Largest difference of logits, as a share of the largest logit, that float32 sums in another order make."""


SHORT = 512
"""Largest block, in tokens, with a mask: a table of all scores there takes less memory than a step's other tensors."""


def implementation(size: int, device: Device) -> str:
    """The implementation of attention, by transformers' name, that trains fastest on blocks of `size` tokens.

    A processor's bf16 units work on whole tables of scores (`eager`) three times as fast as on the tiles in
    which PyTorch's own attention for processors (`sdpa`) cuts them; benchmarks/attention.py measures it.
    """
    return "eager" if device.torch.type == "cpu" and device.bf16 and size <= SHORT else "sdpa"


@torch.no_grad()
def agrees(model: PreTrainedModel, other: str, size: int) -> bool:
    """Whether another implementation of attention gives the logits of the one that is set, which readers load.

    Some leave out what a model asks for, such as Gemma 2's soft caps. The model is left as it was.
    """
    known = int(model.get_input_embeddings().num_embeddings)  # type: ignore[arg-type]
    tokens = torch.arange(1, size + 1, device=model.device).mul_(7919).remainder_(known)[None]
    own, was_training = str(model.config._attn_implementation), model.training
    model.eval()
    try:
        wanted = model(input_ids=tokens, use_cache=False).logits
        model.set_attn_implementation(other)
        found = model(input_ids=tokens, use_cache=False).logits
        return float((found - wanted).abs().max()) <= TOLERANCE * float(wanted.abs().max())
    finally:
        model.set_attn_implementation(own)
        model.train(was_training)


def arguments(
    model: PreTrainedModel, blocks: Blocks, masking: Masking | None, dtype: torch.dtype = torch.float32
) -> dict[str, Any]:
    """What `model` is called with for these blocks; nothing here waits for the device.

    `dtype` is that of the scores, to which some implementations add the mask.
    """
    called: dict[str, Any] = {"input_ids": blocks.inputs, "use_cache": False}
    if blocks.documents is None or masking is None:
        return called
    called["position_ids"] = blocks.positions
    if masking == "mask":
        documents = blocks.documents
        allowed = (documents[:, None, :, None] == documents[:, None, None, :]).tril()
        if model.config._attn_implementation != "sdpa":  # others add the mask to the scores
            lowest = torch.finfo(dtype).min
            allowed = torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill_(
                ~allowed, lowest
            )
        called["attention_mask"] = allowed
    return called


@torch.no_grad()
def masking_for(model: PreTrainedModel, size: int) -> Masking | None:
    """The way in which `model` keeps posts of a block of `size` tokens apart, or None where none works.

    Each way is tried on a block of three made-up posts, one nearly as long as the block: its logits must be
    those of each post alone. Architectures differ, and some (state-space models) cannot keep posts apart.
    """
    posts = [size - size // 4, size // 8, size - (size - size // 4) - size // 8]
    known = int(model.get_input_embeddings().num_embeddings)  # type: ignore[arg-type]
    device = model.device
    tokens = torch.arange(1, size + 1, device=device).mul_(7919).remainder_(known)[None]
    count = [torch.arange(length, device=device) for length in posts]
    documents = torch.repeat_interleave(torch.arange(3, device=device), torch.tensor(posts, device=device))
    block = Blocks(tokens, tokens, torch.cat(count)[None], documents[None])
    was_training = model.training
    model.eval()
    try:
        alone = torch.cat(
            [model(input_ids=part, use_cache=False).logits for part in tokens.split(posts, dim=1)], dim=1
        )
        allowed = TOLERANCE * float(alone.abs().max())
        ways: tuple[Masking, ...] = ("mask", "positions")
        return next((way for way in ways if _difference(model, block, way, alone) <= allowed), None)
    finally:
        model.train(was_training)


def _difference(model: PreTrainedModel, block: Blocks, way: Masking, alone: torch.Tensor) -> float:
    """The largest difference between the block's logits and those of each post alone; infinite on refusal."""
    call: Callable[..., Any] = model
    try:
        logits = call(**arguments(model, block, way)).logits
    except (
        RuntimeError,
        TypeError,
        ValueError,
        IndexError,
    ):  # what architectures raise on masks they do not know
        return float("inf")
    return float((logits - alone).abs().max())
