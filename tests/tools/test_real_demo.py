from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import real_demo
from cut_archive import cut

from bot import registry
from bot.cli import demo
from bot.sources import open_source


@pytest.mark.parametrize("handle", ["devils_dict", "king_james_1611"])
def test_a_cut_archive_holds_the_newest_posts_and_is_whole(handle: str, tmp_path: Path) -> None:
    archive, made = demo.HERE / "archives" / f"{handle}.zip", tmp_path / "cut.zip"
    cut(archive, made, 40)
    with zipfile.ZipFile(made) as files:
        parts = [name for name in files.namelist() if name.startswith("data/tweets")]
    timeline = open_source("archive", file=str(made)).read(handle)
    read = {post.id for post in timeline.posts}
    assert 0 < len(read) <= 40 * len(parts)
    whole = open_source("archive", file=str(archive)).read(handle)
    assert read < {post.id for post in whole.posts}
    assert timeline.profile == whole.profile


def test_the_demo_on_a_real_base_is_a_registry_without_problems(tiny_base: Path, tmp_path: Path) -> None:
    folder = real_demo.inputs(tmp_path, tiny_base, 30)
    loaded = registry.load(folder / "registry.yaml")
    assert not loaded.problems
    assert {entry.base for entry in loaded.entries} == {str(tiny_base)}
    assert {entry.name for entry in loaded.entries} == {"king_james_1611", "devils_dict", "poor_richard"}
    assert all(
        Path(file).exists()
        for entry in loaded.entries
        for several in entry.files.values()
        for file in several
    )
