from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GenerationConfig, TextGenerationPipeline

from bot.hub.base_model import parse
from bot.registry.sampling import Sampling
from bot.training import device, loading, sample

CPU = device.Device(torch.device("cpu"), "test", bf16=False)


@pytest.fixture(scope="module")
def generator(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> TextGenerationPipeline:
    """The tiny base with Mynah's settings, as it would be published."""
    folder = tmp_path_factory.mktemp("published")
    base = loading.load(parse(str(tiny_base)))
    base.model.generation_config = sample.settings(Sampling(), base.context, base.end)
    base.model.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)
    return sample.load(folder, CPU)


def test_the_settings_shown_are_those_the_pipeline_uses(generator: TextGenerationPipeline) -> None:
    used = generator._get_set_generation_params({})
    told = sample.described(sample.settings(Sampling(), 64, 0))
    assert told == {name: used[name] for name in told}
    assert told["temperature"] == Sampling().temperature
    assert told["max_new_tokens"] == 48


def test_each_setting_of_the_registry_reaches_the_published_configuration(tmp_path: Path) -> None:
    asked = Sampling(
        temperature=0.7, top_p=0.9, top_k=50, min_p=0.05, repetition_penalty=1.2, max_new_tokens=24
    )
    sample.settings(asked, 64, 0).save_pretrained(tmp_path)
    read = GenerationConfig.from_pretrained(tmp_path)
    assert {name: getattr(read, name) for name in Sampling.model_fields} == asked.model_dump()
    assert sample.described(read) == {"do_sample": True, **asked.model_dump()}


def test_classic_is_the_older_cards_sampling() -> None:
    assert sample.described(sample.settings(Sampling.named("classic"), 1024, 0)) == {
        "do_sample": True,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 0.95,
        "max_new_tokens": 160,
    }


def test_texts_without_a_prompt_are_drawn_by_the_published_settings(
    generator: TextGenerationPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = sample.settings(Sampling(top_k=1), 64, generator.model.generation_config.eos_token_id)
    monkeypatch.setattr(generator.model, "generation_config", narrow)
    assert len(set(sample.unprompted(generator, 1, 20))) == 1


def test_answers_come_in_one_order_under_their_prompts_with_a_seed_each(
    generator: TextGenerationPipeline,
) -> None:
    made = sample.answers(generator, ["My dream is", "The bird"], 42)
    assert [(each.prompt, each.seed) for each in made] == [("My dream is", 42)] * 5 + [("The bird", 43)] * 5
    assert made == sample.answers(generator, ["My dream is", "The bird"], 42)
    assert made != sample.answers(generator, ["My dream is", "The bird"], 7)
    assert not any(each.text.startswith("My dream is") for each in made)


def test_sampling_leaves_the_processs_random_numbers_where_they_were(
    generator: TextGenerationPipeline,
) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    sample.answers(generator, ["The"], 1)
    sample.unprompted(generator, 1, 20)
    assert torch.equal(torch.rand(3), wanted)


@pytest.fixture
def lengths(generator: TextGenerationPipeline, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tokens of each text that is decoded, up to its end, without the end-of-text token it begins with."""
    tokenizer: Any = generator.tokenizer
    decode, found = tokenizer.decode, []

    def measured(row: torch.Tensor, **more: Any) -> str:
        inner = row[1:].tolist()
        found.append(inner.index(0) if 0 in inner else len(inner))
        return str(decode(row, **more))

    monkeypatch.setattr(tokenizer, "decode", measured)
    return found


def test_texts_without_a_prompt_are_as_many_as_asked_repeatable_and_no_longer_than_a_post(
    generator: TextGenerationPipeline, lengths: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "UNPROMPTED_ON_CPU", 30)
    monkeypatch.setattr(sample, "BATCH", 12)
    texts = sample.unprompted(generator, 3, 20)
    assert len(texts) == 30
    assert max(lengths) == 20
    assert texts == sample.unprompted(generator, 3, 20)
    assert texts != sample.unprompted(generator, 4, 20)
    assert len(set(texts)) > 25
    assert not any("<|endoftext|>" in text for text in texts)


def test_texts_that_ended_leave_and_the_others_go_on(
    generator: TextGenerationPipeline, lengths: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_even(input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Texts whose first token is even end at their 12th token; the others never end by themselves."""
        even = (
            (input_ids[:, 1] % 2 == 0)
            if input_ids.shape[1] > 1
            else torch.zeros(len(scores), dtype=torch.bool)
        )
        scores[:, 0] = -1e9
        if input_ids.shape[1] == 12:
            scores[even] = -1e9
            scores[even, 0] = 0.0
        return scores

    model: Any = generator.model
    widths: list[tuple[int, ...]] = []

    def generate(rows: torch.Tensor, **more: Any) -> Any:
        widths.append(tuple(rows.shape))
        return type(model).generate(model, rows, logits_processor=[end_even], **more)

    monkeypatch.setattr(model, "generate", generate)
    monkeypatch.setattr(sample, "STRETCH", {"cpu": 15})
    monkeypatch.setattr(sample, "UNPROMPTED_ON_CPU", 20)
    texts = sample.unprompted(generator, 1, 40)
    ended, others = lengths.count(11), lengths.count(40)
    assert len(texts) == ended + others == 20
    assert ended > 0
    assert others > 0
    assert widths == [(20, 1), (others, 16), (others, 31)]
