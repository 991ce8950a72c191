from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.hub.base_model import count_parameters, count_tokens, parse


def copy(tiny_base: Path, folder: Path, readme: str | None = None) -> Path:
    shutil.copytree(tiny_base, folder)
    if readme is not None:
        (folder / "README.md").write_text(readme)
    return folder


def test_a_hub_id_is_itself_with_its_pin() -> None:
    spec = parse("org/model@abc")
    assert (spec.id, spec.revision, spec.identity, spec.source) == (
        "org/model",
        "abc",
        "org/model@abc",
        "org/model",
    )
    assert parse("org/model").revision is None


def test_a_folder_is_its_name_and_the_digest_of_what_it_computes(tiny_base: Path, tmp_path: Path) -> None:
    spec = parse(str(tiny_base))
    assert spec.identity == f"tiny@{spec.digest}"
    assert spec.id is None
    documented = parse(str(copy(tiny_base, tmp_path / "elsewhere" / "tiny", "words")))
    assert documented.identity == spec.identity


def test_other_weights_are_another_base(tiny_base: Path, tmp_path: Path) -> None:
    changed = copy(tiny_base, tmp_path / "tiny")
    (changed / "model.safetensors").write_bytes(b"others")
    assert parse(str(changed)).identity != parse(str(tiny_base)).identity


def test_a_folders_readme_says_licence_and_base_model(tiny_base: Path, tmp_path: Path) -> None:
    told = copy(tiny_base, tmp_path / "told", '---\nlicense: mit\nbase_model: "org/model"\n---\n# A base\n')
    assert (parse(str(told)).license, parse(str(told)).declared) == ("mit", "org/model")
    silent = copy(tiny_base, tmp_path / "silent", "no front matter")
    assert (parse(str(silent)).license, parse(str(silent)).declared) == (None, None)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no config\.json"):
        parse(str(tmp_path))


def test_tokens_are_counted_where_the_tokenizer_is_at_hand(tiny_base: Path) -> None:
    count = count_tokens(parse(str(tiny_base)), ["my dream is", "the bird sings"])
    assert count is not None
    assert 6 <= count <= 28


def test_tokens_are_unknown_rather_than_downloaded() -> None:
    assert count_tokens(parse("org/never-downloaded"), ["text"]) is None


def test_a_gguf_file_is_a_base_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "Model-Q4.gguf"
    file.write_bytes(b"GGUF and weights")
    (tmp_path / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    spec = parse(str(file))
    assert (spec.name, spec.source, spec.gguf) == ("Model-Q4", str(tmp_path), "Model-Q4.gguf")
    assert spec.identity == f"Model-Q4@{spec.digest}"
    assert spec.license == "apache-2.0"


def test_weights_are_counted_by_their_headers(tiny_base: Path, tmp_path: Path) -> None:
    count = count_parameters(parse(str(tiny_base)))
    assert count is not None
    assert 30_000 < count < 50_000
    damaged = copy(tiny_base, tmp_path / "tiny")
    (damaged / "model.safetensors").write_bytes(b"\xff" * 40)
    assert count_parameters(parse(str(damaged))) is None


def test_the_weights_of_a_folder_are_counted_without_loading_them(tiny_base: Path, tmp_path: Path) -> None:
    from bot.training import loading

    spec = parse(str(tiny_base))
    assert count_parameters(spec) == loading.load(spec).parameters
    assert count_parameters(parse("org/not-downloaded")) is None


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff" * 20,
        b"\x02\0\0\0\0\0\0\0[]",
        b"\x0d\0\0\0\0\0\0\0" + b'{"a":{"b":1}}',
        b"\x07\0\0\0\0\0\0\0" + b'{"a":1}',
    ],
)
def test_weights_with_a_damaged_header_are_not_counted(
    tiny_base: Path, tmp_path: Path, damage: bytes
) -> None:
    folder = copy(tiny_base, tmp_path / "base")
    (folder / "model.safetensors").write_bytes(damage)
    assert count_parameters(parse(str(folder))) is None
