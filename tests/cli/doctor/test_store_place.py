"""What the doctor says of a store's place: a bucket that is missing or public, a repo that keeps its history."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from hub_bench import HubBench
from hub_history import fill

from bot.__main__ import main
from bot.cli.doctor import Finding, store_place
from bot.store.bucket import state
from bot.store.places import place_of

pytest_plugins = ["store_fixtures"]


def examine(url: str, *, fix: bool = False) -> list[Finding]:
    found = list(store_place.examine(url, fix=fix))
    assert all(HubBench.token not in finding.text for finding in found)
    return found


def fresh() -> str:
    return f"posts-{uuid.uuid4().hex[:12]}"


def bucket_of(bench: HubBench, name: str, *, private: bool) -> str:
    bench._ask("POST", f"/api/buckets/tester/{name}", {"private": private})
    return f"hf://buckets/tester/{name}/deep"


def test_a_bucket_that_is_missing_is_said_with_the_call_and_made_private_with_fix(bench: HubBench) -> None:
    name = fresh()
    url = f"hf://buckets/tester/{name}/deep"
    (missing,) = examine(url)
    assert missing.state == "missing"
    assert (
        f"make it with `hf buckets create tester/{name} --private`, or with `bot doctor --fix`"
        in missing.text
    )
    assert state(place_of(url)) == "missing"
    (made,) = examine(url, fix=True)
    assert (made.state, made.text) == ("ok", f"made the private bucket tester/{name}")
    assert state(place_of(url)) == "private"
    assert examine(url, fix=True) == []  # nothing is made twice


def test_a_public_bucket_is_a_loud_problem_that_fix_does_not_touch(bench: HubBench) -> None:
    name = fresh()
    url = bucket_of(bench, name, private=False)
    for fix in (False, True):
        (public,) = examine(url, fix=fix)
        assert public.state == "missing"
        assert "EVERYBODY CAN READ THIS BUCKET" in public.text
        assert f"`hf buckets settings tester/{name} --private`" in public.text
    assert state(place_of(url)) == "public"


def test_a_bucket_that_may_not_be_made_is_a_sentence(
    bench: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", bench.reader)
    (found,) = examine(f"hf://buckets/tester/{fresh()}", fix=True)
    assert found.state == "missing"
    assert "could not make the bucket" in found.text


def test_a_repo_is_refused_for_a_new_store_and_warned_of_for_one_that_is_there(bench: HubBench) -> None:
    repo = bench.repo(fresh())
    (refused,) = examine(f"hf://datasets/{repo}")
    assert (refused.state, refused.code) == ("missing", 2)
    assert f"write store: hf://buckets/{repo}, a private Storage Bucket" in refused.text
    fill(f"hf://datasets/{repo}", "ada")
    (warned,) = examine(f"hf://datasets/{repo}")
    assert warned.state == "warning"
    assert f"`bot store move hf://buckets/{repo}`" in warned.text
    bench._ask("PUT", f"/api/datasets/{repo}/settings", {"private": False})
    _, public = examine(f"hf://datasets/{repo}")
    assert f"EVERYBODY CAN READ datasets/{repo}" in public.text
    assert f"`hf repos settings {repo} --type dataset --private`" in public.text


def test_a_folder_is_nothing_to_speak_of(tmp_path: Path) -> None:
    assert examine(f"file://{tmp_path}/posts") == []


def test_bot_doctor_makes_the_bucket_and_then_tries_it(
    bench: HubBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = fresh()
    registry = tmp_path / "registry.yaml"
    registry.write_text(f"version: 1\nstore: hf://buckets/tester/{name}\nmodels: []\n")
    command = ["doctor", "--json", "--registry", str(registry)]
    main(command)
    assert "there is no such bucket" in told(capsys)
    main([*command, "--fix"])
    said = told(capsys)
    assert f"made the private bucket tester/{name}" in said
    assert f"hf://buckets/tester/{name} can be read and written" in said


def told(capsys: pytest.CaptureFixture[str]) -> str:
    findings = json.loads(capsys.readouterr().out)["findings"]
    return "\n".join(one["text"] for one in findings if one["what"] == "store")
