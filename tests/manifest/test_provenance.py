from __future__ import annotations

import bot
from bot.manifest import provenance


def test_a_run_on_actions_is_named_by_commit_and_address() -> None:
    environment = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "org/fleet",
        "GITHUB_RUN_ID": "42",
        "GITHUB_SHA": "abc",
    }
    told = provenance.from_environment(environment)
    assert told.version == bot.__version__
    assert (told.commit, told.run_url) == ("abc", "https://github.com/org/fleet/actions/runs/42")


def test_a_run_elsewhere_has_no_address() -> None:
    assert provenance.from_environment({}).run_url is None
    assert provenance.from_environment({"GITHUB_RUN_ID": "42"}).run_url is None
