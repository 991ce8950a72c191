from __future__ import annotations

from pathlib import Path

import pytest
from site_models import HOSTILE, facts, fleet, model

from bot.render.site import data


def written(folder: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def test_the_next_run_reads_the_facts_that_the_last_one_wrote(tmp_path: Path) -> None:
    models = fleet(data.ROWS + 7)
    written(tmp_path, data.files(models))
    known = data.cached(tmp_path)
    assert len(known) == len(models)
    for one in models:
        assert known[one.name][0] == one.facts


def test_people_whose_name_is_their_handle_and_pictures_come_back(tmp_path: Path) -> None:
    one = model(
        1, facts=facts(("@ada", "@ada"), (HOSTILE[0], "@bob")), pictures=("fleet/avatars/a.webp", None)
    )
    written(tmp_path, data.files([one, model(2, facts=None)]))
    known = data.cached(tmp_path)
    assert known == {"user_1": (one.facts, ("fleet/avatars/a.webp", None))}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"fleet.add([\n",
        b"\xff\xfe",
        b"fleet.add([\n[1,2]\n]);\n",
        b"fleet.add([\n3\n]);\n",
        b"fleet.add([\n{}]);",
        b'fleet.add([\n["a","published",1,[["A"]],"not a day",1,1,1,1,1,"",[],"x"]\n]);\n',
        b'fleet.add([\n["a","published",1,[[]],"2026-01-01",1,1,1,1,1,"",[],"x"]\n]);\n',
    ],
)
def test_data_that_was_cut_short_or_is_another_versions_is_no_cache(tmp_path: Path, content: bytes) -> None:
    written(tmp_path, {"fleet/models-1.js": content})
    assert data.cached(tmp_path) == {}


def test_where_there_is_no_page_nothing_is_known(tmp_path: Path) -> None:
    assert data.cached(tmp_path / "nowhere") == {}
