"""Attention of one step's blocks, forward and backward, by the implementations that training may choose from.

    python benchmarks/attention.py [--threads 1]

It shows why short blocks are worked on with whole tables of scores where a processor has bf16 units.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import machine
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

SHAPES = ((4, 6, 256, 32), (4, 12, 256, 64), (1, 12, 1024, 64))
"""Blocks, heads, tokens and numbers a head: the demo's base, GPT-2's 124M shape, and that with long blocks."""


def milliseconds(
    attend: Callable[[Tensor, Tensor, Tensor], Tensor], shape: tuple[int, ...], dtype: torch.dtype
) -> float:
    """The fastest of several runs."""
    inputs = [torch.randn(shape, dtype=dtype, requires_grad=True) for _ in range(3)]
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        attend(*inputs).sum().backward()
        best = min(best, time.perf_counter() - began)
    return 1000 * best


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(options.parse_args().threads)
    print(f"{machine.describe()}\n\n| blocks x heads x tokens x numbers | type | sdpa, ms | eager, ms |")
    print("| --- | --- | ---: | ---: |")
    for shape in SHAPES:
        documents = torch.arange(shape[2]) // 30
        allowed = (documents[:, None] == documents).tril()[None, None].expand(shape[0], 1, -1, -1)
        for dtype in (torch.float32, torch.bfloat16):
            added = torch.zeros(allowed.shape, dtype=dtype).masked_fill_(~allowed, torch.finfo(dtype).min)

            def sdpa(q: Tensor, k: Tensor, v: Tensor, mask: Tensor = allowed) -> Tensor:
                return scaled_dot_product_attention(q, k, v, attn_mask=mask)

            def eager(q: Tensor, k: Tensor, v: Tensor, mask: Tensor = added) -> Tensor:
                scores: Tensor = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + mask
                return scores.softmax(dim=-1) @ v

            print(
                f"| {' x '.join(map(str, shape))} | {str(dtype)[6:]} | {milliseconds(sdpa, shape, dtype):.1f} | "
                f"{milliseconds(eager, shape, dtype):.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
