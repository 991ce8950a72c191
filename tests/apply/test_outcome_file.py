from __future__ import annotations

import json
from pathlib import Path

from bot.apply import outcome_file
from bot.plan.outcome import Outcome


def test_a_reason_without_names_travels_beside_the_reason_and_only_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.json"
    outcomes = [
        Outcome("ada", "remove", "skipped", "@ada asked to", public_reason="a person asked to"),
        Outcome("bob", "train", "done", "made", "abc", 1.5),
    ]
    outcome_file.write(outcomes, path)
    assert outcome_file.read_all([path]) == (outcomes, [])
    (_, plain) = json.loads(path.read_text())["outcomes"]
    assert plain == outcomes[1].to_json()
