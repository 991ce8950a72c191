from __future__ import annotations

from pathlib import Path

import pytest

from bot import registry
from bot.errors import UsageError
from bot.hub import Listing, Repo
from bot.hub.folder import FolderHub
from bot.plan.make import PlanOptions, make_plan
from bot.registry import Registry


def read(folder: Path, text: str) -> Registry:
    head = "version: 1\nnamespace: org\ncontact: https://example.org/removal\n"
    models = "defaults: {source: jsonl, consent: self}\nmodels: [{handles: [ada]}]\n"
    return registry.read_text((head + models + text).encode(), folder / "registry.yaml")


def test_without_a_store_nothing_is_known_of_stored_posts(tmp_path: Path) -> None:
    found, hub = read(tmp_path, ""), FolderHub(tmp_path / "hub", "org")
    (without,) = make_plan(found, hub, None).steps
    (with_one,) = make_plan(found, hub, str(tmp_path / "store")).steps
    assert (without.action, with_one.action) == ("train", "blocked")
    assert with_one.cause == "posts"


def test_a_name_that_the_registry_does_not_list_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    found, hub = read(tmp_path, ""), FolderHub(tmp_path / "hub", "org")
    with pytest.raises(UsageError, match="'bob'"):
        make_plan(found, hub, None, PlanOptions(only=("bob",)))


@pytest.mark.parametrize(("policy", "action"), [("private", "ok"), ("delete", "remove")])
def test_a_given_listing_is_judged_by_the_registrys_removal_policy(
    tmp_path: Path, policy: str, action: str
) -> None:
    found = read(tmp_path, f"policy: {{removal: {policy}}}\nremoved: [{{handles: [eve]}}]\n")
    listing = Listing({"eve": Repo("eve", "h", private=True, problem="damaged", named=("eve",))})
    made = make_plan(found, FolderHub(tmp_path / "hub", "org"), None, listing=listing)
    assert [step.action for step in made.steps if step.name == "eve"] == [action]
