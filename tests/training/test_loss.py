from __future__ import annotations

import pytest
import torch
from torch import nn

from bot.training import loss
from bot.training.data import IGNORED


def case(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    logits = (3 * torch.randn(3, 7, 50)).to(dtype).requires_grad_()
    labels = torch.randint(50, (3, 7))
    labels[1, 4:] = IGNORED
    return logits, labels


@pytest.mark.parametrize("slice_", [loss.SLICE, 120, 1])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-3)])
def test_loss_and_gradient_are_cross_entropys_whatever_the_slices(
    dtype: torch.dtype, near: float, slice_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "SLICE", slice_)
    logits, labels = case(dtype)
    ours = loss.mean(logits, labels, int((labels != IGNORED).sum()))
    (gradient,) = torch.autograd.grad(2 * ours, logits)
    theirs = nn.functional.cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
    (wanted,) = torch.autograd.grad(2 * theirs, logits)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradient, wanted, rtol=1e-2 if near > 1e-6 else 1e-5, atol=near)


def test_the_parts_of_a_batch_add_up_to_the_whole() -> None:
    logits, labels = case(torch.float32)
    count = int((labels != IGNORED).sum())
    whole = loss.mean(logits, labels, count)
    parts = loss.mean(logits[:1], labels[:1], count) + loss.mean(logits[1:], labels[1:], count)
    torch.testing.assert_close(whole, parts)


def test_each_tokens_loss_has_the_labels_shape_and_padding_has_none() -> None:
    logits, labels = case(torch.float32)
    each = loss.token_losses(logits, labels)
    assert each.shape == labels.shape
    assert each[1, 4:].tolist() == [0, 0, 0]
    torch.testing.assert_close(each.sum() / 18, loss.mean(logits, labels, 18).detach())


def test_the_logits_themselves_stay() -> None:
    logits, labels = case(torch.float32)
    before = logits.detach().clone()
    loss.mean(logits, labels, 18).backward()
    assert torch.equal(logits, before)
