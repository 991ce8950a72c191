from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from bot.apply.run import ApplyOptions
from bot.cli.commands.apply import apply
from bot.errors import UsageError


def test_every_flag_of_the_command_is_an_option_and_has_its_default() -> None:
    given = {parameter.name: parameter for parameter in apply.params if parameter.expose_value}
    assert set(given) == {field.name for field in fields(ApplyOptions)}
    plain = ApplyOptions()
    for name in ("on", "flavor", "image", "shards", "max_models", "wait", "device"):
        assert given[name].default == getattr(plain, name), name


def test_a_shard_gets_its_share_of_the_limits() -> None:
    limits = ApplyOptions(shard_name="1/2", max_models=5, max_reads=100, overwrite_edits=("ada",)).limits
    assert (limits.max_models, limits.max_reads, limits.overwrite_edits) == (3, 50, frozenset({"ada"}))
    assert ApplyOptions(shard_name="2/2", max_models=5).limits.max_reads is None


@pytest.mark.parametrize("more", [{"only": ("ada",)}, {"force": "train"}])
def test_a_reviewed_plan_takes_no_other_choice_of_steps(tmp_path: Path, more: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="exactly what was reviewed"):
        ApplyOptions(plan_path=tmp_path / "plan.json", **more).reviewed()  # type: ignore[arg-type]


def test_a_shard_that_is_none_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(UsageError):
        ApplyOptions(shard_name="5/2").reviewed()
