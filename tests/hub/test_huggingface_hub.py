"""The Hub's listing and reading: what is ours, what is damaged, what is foreign, and never a guess."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hub_repos import Token
from hub_runs import QUICK, hub_at
from hub_server import HubServer
from hub_versions import FACTS, card, files, manifest

from bot.errors import CredentialsError, HubError
from bot.hub import Repo, open_hub
from bot.hub.huggingface import HuggingFaceHub

pytest_plugins = ["hub_fixtures"]


def listed(server: HubServer, **hub: Any) -> Repo:
    """The one repo of the namespace."""
    (repo,) = hub_at(server, **hub).listing().repos.values()
    return repo


def test_the_listing_takes_one_call_a_page_and_one_for_the_token(server: HubServer) -> None:
    server.page_size = 10
    for number in range(45):
        server.store.add(f"tester/m{number}", {"README.md": card(), "bot.json": manifest()})
    listing = hub_at(server).listing()
    assert len(listing.repos) == 45
    assert all(repo.published for repo in listing.repos.values())
    assert server.count("api/models") == 5
    assert len(server.calls) == 6


def test_repos_without_our_manifest_are_foreign(server: HubServer) -> None:
    server.store.add("tester/plain", {"README.md": b"# hello", "model.safetensors": b"\0"})
    server.store.add("tester/tagged", {"README.md": b"---\ntags: [mynah]\nlicense: mit\n---\n"})
    server.store.add("tester/robot", {"bot.json": b'{"discord": true}', "README.md": b"---\ntags: []\n---\n"})
    server.store.add("tester/list", {"bot.json": b"[1, 2]"})
    for name, repo in hub_at(server).listing().repos.items():
        assert repo.head == server.store.repos[f"tester/{name}"].head.sha
        assert (repo.published, repo.problem) == (None, None), name


def test_front_matter_broken_by_hand_is_seen_by_one_read_of_card_and_manifest(server: HubServer) -> None:
    server.store.add(
        "tester/ada", {"README.md": b"---\ntags: [mynah\nmynah: {\n---\n# Ada", "bot.json": manifest()}
    )
    repo = listed(server)
    assert repo.published is not None
    assert repo.published.handles == ("ada_example",)
    assert "front matter was changed on the Hub" in (repo.problem or "")
    assert server.count("/resolve/") == 2


@pytest.mark.parametrize(
    ("readme", "bot_json", "words"),
    [
        (card({**FACTS, "recipe": None}), manifest(), "front matter is damaged: recipe"),
        (card({**FACTS, "trained_at": "yesterday"}), manifest(), "trained_at"),
        (card("nonsense"), manifest(), "front matter is damaged"),
        (card(None), manifest(version=3), None),
        (b"no front matter", manifest(version=3), "newer version"),
        (b"no front matter", b'{"published": {"version": 1', "bot.json is damaged"),
        (b"no front matter", b'{"published": {}}', "handles"),
        (b"no front matter", b"\xff\xfe", "bot.json is damaged"),
        (b"no front matter", b"[" * 100_000, "bot.json is damaged"),
        (card(), None, "bot.json is gone"),
    ],
)
def test_damage_is_a_problem_of_ours_and_never_foreign(
    server: HubServer, readme: bytes, bot_json: bytes | None, words: str | None
) -> None:
    server.store.add("tester/ada", {"README.md": readme, **({"bot.json": bot_json} if bot_json else {})})
    repo = listed(server)
    assert repo.head is not None
    if words is None:
        assert (repo.published is not None, repo.problem) == (True, None)
    else:
        assert words in (repo.problem or "")


def test_a_listing_reads_few_manifests_however_many_cards_are_broken(server: HubServer) -> None:
    for number in range(40):
        server.store.add(f"tester/m{number}", {"README.md": b"broken", "bot.json": manifest()})
    repos = hub_at(server).listing().repos.values()
    assert server.count("/resolve/") == 20
    assert all(repo.problem for repo in repos)


def test_one_manifest_that_cannot_be_read_is_that_repos_problem_alone(server: HubServer) -> None:
    server.store.add("tester/ada", {"README.md": b"broken", "bot.json": manifest()})
    server.store.add("tester/bob", {"README.md": card(), "bot.json": manifest()})
    server.fault(path="/ada/resolve/", times=-1, status=500)
    repos = hub_at(server).listing().repos
    assert "may be ours" in (repos["ada"].problem or "")
    assert repos["bob"].published


def test_hostile_front_matter_of_one_repo_does_not_break_the_listing(server: HubServer) -> None:
    hostile: list[dict[str, object]] = [
        {"ignore_metadata_errors": True, "self": 1},
        {"model-index": [{"results": "x"}]},
        {"tags": None, "mynah": {"handles": [["x"] * 3], "version": {}}},
        {"eval_results": 3, "kwargs": {}},
    ]
    for number, front in enumerate(hostile):
        server.store.add(f"tester/m{number}", {"README.md": f"---\n{json.dumps(front)}\n---\n".encode()})
    server.store.add("tester/ada", {"README.md": card(), "bot.json": manifest()})
    assert hub_at(server).listing().repos["ada"].published


def test_gated_private_and_upper_case_repos_are_listed_by_the_name_a_registry_writes(
    server: HubServer,
) -> None:
    ours = {"README.md": card(), "bot.json": manifest()}
    server.store.add("tester/gated", ours, gated=True)
    server.store.add("tester/hidden", ours, private=True)
    server.store.add("tester/Ada_Example", ours)
    repos = hub_at(server).listing().repos
    assert set(repos) == {"gated", "hidden", "ada_example"}
    assert repos["hidden"].private
    assert not repos["gated"].private
    assert repos["ada_example"].name == "Ada_Example"


def test_a_listing_that_cannot_be_believed_is_an_error(server: HubServer) -> None:
    server.fault(path="/api/models", status=200, body='[{"id": "tester/ada", "private": false}]')
    with pytest.raises(HubError, match="does not list models with their commits"):
        hub_at(server).listing()
    server.fault(path="/api/models", status=200, body='[{"id": "other/ada", "sha": "%s"}]' % ("a" * 40))
    with pytest.raises(HubError, match="only other namespaces"):
        hub_at(server).listing()
    for body in ("<html>", "{}", '{"error": 1}', "[1]", "null"):
        server.fault(path="/api/models", status=200, body=body)
        with pytest.raises(HubError):
            hub_at(server).listing()


def test_without_a_token_public_repos_are_listed_and_it_is_said_that_private_ones_are_not(
    server: HubServer,
) -> None:
    server.store.add("tester/public", {"README.md": card(), "bot.json": manifest()})
    server.store.add("tester/hidden", {"README.md": card(), "bot.json": manifest()}, private=True)
    hub = hub_at(server, token=None)
    hub.check(write=False)
    listing = hub.listing()
    assert set(listing.repos) == {"public"}
    assert not listing.sees_private
    assert hub.read("public", "bot.json") == manifest()
    assert server.count("whoami") == 0


def test_without_a_token_a_repo_that_does_not_show_is_never_called_missing(server: HubServer) -> None:
    with pytest.raises(CredentialsError, match="needs a token"):
        hub_at(server, token=None).read("hidden", "bot.json")


def test_a_token_from_outside_the_namespace_does_not_see_private_repos(server: HubServer) -> None:
    server.tokens["hf_other"] = Token("mallory")
    server.store.add("tester/hidden", {"README.md": card(), "bot.json": manifest()}, private=True)
    listing = hub_at(server, token="hf_other").listing()
    assert not listing.repos
    assert not listing.sees_private
    with pytest.raises(CredentialsError, match="private repos there would look missing"):
        hub_at(server, token="hf_other").check(write=False)


def test_the_endpoint_is_the_target_or_the_environments(
    server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_hub(None, "tester").url("ada") == "https://huggingface.co/tester/ada"
    monkeypatch.setenv("HF_ENDPOINT", f"{server.url}/")
    assert open_hub(None, "tester").url("ada") == f"{server.url}/tester/ada"
    assert open_hub("http://localhost:1/", "tester").url("ada") == "http://localhost:1/tester/ada"
    assert not open_hub(None, "tester").listing().repos


def test_a_base_resolves_to_its_commit_or_to_nothing(server: HubServer, online: HuggingFaceHub) -> None:
    head = server.store.add("openai-community/gpt2", {"config.json": b"{}"})
    assert online.resolve_base("openai-community/gpt2") == head
    assert online.resolve_base("openai-community/gpt2", "main") == head
    assert online.resolve_base("openai-community/gpt2", "no-such-tag") is None
    assert online.resolve_base("nobody/nothing") is None
    assert online.resolve_base("not a repo id!!") is None
    server.fault(path="gpt2", times=-1, status=503)
    assert online.resolve_base("openai-community/gpt2") is None


def test_a_gated_repo_of_others_cannot_be_read_and_is_not_missing(
    server: HubServer, online: HuggingFaceHub
) -> None:
    server.store.add("acme/model", {"bot.json": b"{}"}, gated=True)
    server.tokens["hf_other"] = Token("mallory")
    with pytest.raises(HubError, match="ask its owner for access"):
        hub_at(server, "acme", "hf_other").read("model", "bot.json")


def test_opening_a_hub_is_light_until_it_is_used() -> None:
    code = (
        "import sys, bot.hub; print([m for m in ('huggingface_hub', 'httpx2', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_token_is_not_in_what_the_hub_looks_like() -> None:
    assert "hf_secret" not in repr(
        HuggingFaceHub("http://localhost:1", "tester", token="hf_secret", policy=QUICK)
    )


def test_an_impossible_name_in_the_listing_is_that_repos_problem(server: HubServer) -> None:
    server.store.add("tester/ada", {"README.md": card(), "bot.json": manifest()})
    server.store.add("tester/bob", {"README.md": b"no front matter", "bot.json": manifest()})
    server.store.repos["tester/bob"].id = "tester/b--b.."
    repos = hub_at(server).listing().repos
    assert repos["ada"].published is not None
    assert repos["b--b.."].published is None
    assert "could not read README.md of tester/b--b..: Repo id must use" in (repos["b--b.."].problem or "")


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"published": ' + b"[" * 300 + b"]" * 300 + b"}"])
def test_a_deep_manifest_is_damaged(server: HubServer, data: bytes) -> None:
    server.store.add("tester/ada", {"README.md": b"no front matter", "bot.json": data})
    repo = listed(server)
    assert repo.published is None
    assert "bot.json" in (repo.problem or "")


def test_earlier_versions_come_newest_first_and_each_once(online: HuggingFaceHub) -> None:
    first = online.publish("ada_example", files("1"), parent=None, message="first")
    second = online.publish("ada_example", files("2"), parent=first, message="second")
    third = online.publish("ada_example", {"README.md": card(body="# 3")}, parent=second, message="third")
    online.publish("ada_example", {"README.md": card(body="# 4")}, parent=third, message="fourth")
    assert list(online.earlier("ada_example", "bot.json")) == [manifest("2"), manifest("1")]
    assert list(online.earlier("nobody", "bot.json")) == []


def test_a_stranger_is_asked_for_without_the_token_and_doubt_is_an_error(
    server: HubServer, online: HuggingFaceHub
) -> None:
    online.publish("ada_example", files(), parent=None, message="first")
    online.hide("ada_example")
    assert online.contents("ada_example") is not None
    assert not online.visible("ada_example")
    server.fault(path="/api/models/tester/ada_example", status=500, times=20)
    with pytest.raises(HubError, match="without a token"):
        online.visible("ada_example")


def test_a_repo_that_was_moved_is_still_to_be_seen(server: HubServer, online: HuggingFaceHub) -> None:
    online.publish("ada_example", files(), parent=None, message="first")
    repo = server.store.repos.pop("tester/ada_example")
    server.store.repos["acme/ada_example"] = replace(repo, id="acme/ada_example")
    server.store.renamed["tester/ada_example"] = "acme/ada_example"
    assert online.visible("ada_example")


def test_an_address_is_shown_without_credentials() -> None:
    hub = HuggingFaceHub("https://me:secret@hub.example:8443/path/", "tester", token=None, policy=QUICK)
    assert hub.address == "https://hub.example:8443/path"


def test_a_manifest_that_one_answer_calls_missing_makes_no_repo_of_ours_foreign(server: HubServer) -> None:
    server.store.add("tester/ada", {"README.md": b"broken", "bot.json": manifest()})
    missing = {"status": 404, "headers": {"X-Error-Code": "EntryNotFound"}, "body": "{}"}
    server.fault(path="bot.json", **missing)
    assert listed(server).published is not None
    server.fault(path="bot.json", times=-1, **missing)
    assert "may be ours" in (listed(server).problem or "")


def test_an_endpoint_that_lists_no_card_data_is_read_within_bounds(
    server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []
    for number in range(4):
        head = server.store.add(f"tester/m{number}", {"README.md": card(), "bot.json": manifest()})
        rows.append({"id": f"tester/m{number}", "sha": head, "private": False, "tags": []})
    server.fault(path="/api/models\\?", times=-1, status=200, body=json.dumps(rows))
    listing = hub_at(server).listing()
    assert all(repo.published and not repo.problem for repo in listing.repos.values())
    assert listing.notes == (
        f"the listing of {server.url} carries no card data: each repo was looked at by itself",
    )
    monkeypatch.setattr("bot.hub.listing.MAX_READS_WITHOUT_CARDS", 5)
    repos = hub_at(server).listing().repos
    assert [bool(repo.published) for repo in repos.values()] == [True, True, False, False]
    assert all("may be ours" in (repos[name].problem or "") for name in ("m2", "m3"))  # never called missing
