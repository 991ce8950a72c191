from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from card_reader import body_of, by_cmark, by_markdown_it, statistics
from fleets import Fleet
from hub_server import HubServer
from json_shapes import mismatches
from old_cards import ADA, BOB, CONFIG, EVE, Person, first, named, second, third

from bot import manifest
from bot.__main__ import main
from bot.apply.adopt import Adoption, adopt
from bot.cli.json_outputs import AdoptOutput
from bot.errors import ConflictError, CredentialsError
from bot.hub import front_matter
from bot.registry import load

pytest_plugins = ["hub_fixtures"]

WEIGHTS = b"pickled weights, never opened"


class Old:
    """A folder hub with repos of the older system, and a registry beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models: list[str] = []
        self.top = ""
        self.write()

    def write(self) -> None:
        models = "\n".join(self.models) if self.models else ""
        (self.folder / "registry.yaml").write_text(
            "version: 1\nnamespace: org\ncontact: https://example.org/removal\nx: {terms_acknowledged: true}\n"
            f"{self.top}models:{' []' if not models else ''}\n{models}\n"
        )

    def entry(self, handles: str, extra: str = "") -> None:
        self.models.append(f"  - {{handles: [{handles}], consent: 'https://example.org/agreed'{extra}}}")
        self.write()

    def repo(self, name: str, readme: str | bytes | None, **files: bytes) -> Path:
        folder = self.folder / "hub" / "org" / name
        folder.mkdir(parents=True)
        if readme is not None:
            (folder / "README.md").write_bytes(readme if isinstance(readme, bytes) else readme.encode())
        for path, data in ({"pytorch_model.bin": WEIGHTS, "config.json": CONFIG} | files).items():
            (folder / path).write_bytes(data)
        return folder

    def run(self, *args: str) -> int:
        return main(
            [*args, "--registry", str(self.folder / "registry.yaml"), "--hub", f"dir:{self.folder / 'hub'}"]
        )

    def state(self) -> dict[str, bytes]:
        root = self.folder / "hub"
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def made(self, name: str) -> manifest.Manifest:
        return manifest.parse((self.folder / "hub" / "org" / name / "bot.json").read_bytes())


def picture(colour: str) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Old:
    pictures = {ADA.picture: picture("red"), BOB.picture: picture("blue")}
    monkeypatch.setattr("bot.apply.adopt.fetch", pictures.get)
    return Old(tmp_path)


def test_without_write_the_facts_are_shown_and_nothing_is_written(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    old.repo("ada_example-bob_example", third(named(BOB, "Bob | Example"), ADA))
    before = old.state()
    assert old.run("adopt", "ada_example-bob_example") == 0
    assert old.state() == before
    said = capsys.readouterr().out
    lines = [line.split() for line in said.splitlines()]
    assert ["@bob_example", "@ada_example"] in lines
    assert ["downloaded", "1,500", "3,000"] in lines
    assert ["kept", "1,200", "2,000"] in lines
    assert "Bob | Example" in said
    assert "https://wandb.ai/invented/project/runs/5train67" in said
    assert "nothing is written without --write" in said
    assert "the registry lists no model of that name" in said


def test_with_write_manifest_and_card_hold_every_fact_and_the_weights_stay(old: Old) -> None:
    folder = old.repo("ada_example", first(extra="license: cc-by-4.0\n"))
    old.entry("ada_example")
    assert old.run("adopt", "ada_example", "--write") == 0
    assert (folder / "pytorch_model.bin").read_bytes() == WEIGHTS
    assert (folder / "config.json").read_bytes() == CONFIG
    made = old.made("ada_example")
    (account,) = made.accounts
    assert (account.handle, account.name, account.url) == (
        "ada_example",
        ADA.name,
        "https://x.com/ada_example",
    )
    assert (account.downloaded, account.dropped, account.kept) == (
        3000,
        {"retweets": 900, "short": 100},
        2000,
    )
    assert made.evaluation is None
    assert made.training is None
    assert made.samples == ()
    assert made.base.id == "openai-community/gpt2"
    assert made.base.parameters == 124_439_808
    assert made.adopted is not None
    assert made.adopted.weights == ("pytorch_model.bin",)
    assert made.tracking is not None
    assert made.tracking.run_url == "https://wandb.ai/invented/project/runs/5train67"
    assert made.published.trained_at.isoformat() == "2021-02-16T01:52:26+00:00"

    readme = (folder / "README.md").read_text()
    front = front_matter.parse(readme)
    assert front["license"] == "cc-by-4.0"
    assert front["language"] == "en"
    assert front["tags"] == ["mynah", "huggingtweets"]
    assert front["thumbnail"].endswith("/org/ada_example/resolve/main/predictions.png")
    assert not {"widget", "model-index"} & set(front)
    page, other = by_markdown_it(body_of(readme)), by_cmark(body_of(readme))
    assert page.faults == []
    assert other.faults == []
    assert page.tables == other.tables
    (table,) = statistics(page)
    assert table == [
        ["Data", "Ada Example"],
        ["Tweets downloaded", "3000"],
        ["Retweets", "900"],
        ["Short tweets", "100"],
        ["Tweets kept", "2000"],
    ]
    headings = [text for _, text in page.headings]
    assert "Evaluation" not in headings
    assert "Samples" not in headings
    for said in ("huggingtweets", "There are no safetensors", "124,439,808 parameters"):
        assert said in page.text
    assert made.tracking.run_url in page.links
    assert "loss.png" not in readme
    assert not (folder / "assets" / "loss.png").exists()
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "README.md",
        "avatar-ada_example.png",
        "bot.json",
        "config.json",
        "predictions.png",
        "pytorch_model.bin",
        "square.png",
    ]


def test_the_same_repo_adopted_twice_gives_the_same_bytes_and_is_refused_the_second_time(
    old: Old, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old.repo("bob_example", second(BOB))
    assert old.run("adopt", "bob_example", "--write") == 0
    before = old.state()
    capsys.readouterr()
    assert old.run("adopt", "bob_example", "--write") == 1
    assert old.state() == before
    assert "it has a manifest of this bot already: nothing to adopt" in capsys.readouterr().out


def plan(old: Old, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    assert old.run("plan", "--json") == 0
    return {step["name"]: step for step in json.loads(capsys.readouterr().out)["steps"]}


@pytest.mark.parametrize("recipe", ["", ", recipe: {epochs: 2}", ", recipe: classic"])
def test_a_plan_finds_an_adopted_model_as_it_should_be_whatever_its_recipe(
    old: Old, capsys: pytest.CaptureFixture[str], recipe: str
) -> None:
    old.repo("ada_example-bob_example", third(BOB, ADA))
    old.entry("ada_example, bob_example", f", max_age: 9999d{recipe}")
    assert plan(old, capsys)["ada_example-bob_example"]["action"] == "blocked"
    assert old.run("adopt", "ada_example-bob_example", "--write") == 0
    assert plan(old, capsys)["ada_example-bob_example"]["action"] == "ok"
    old.models = [old.models[0].replace("max_age", "tags: [poetry], max_age")]
    old.write()
    assert plan(old, capsys)["ada_example-bob_example"]["action"] == "card"
    assert [account.handle for account in old.made("ada_example-bob_example").accounts] == [
        "ada_example",
        "bob_example",
    ]


def test_what_a_plan_will_do_with_an_old_model_is_said_beforehand(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    old.repo("ada_example", first())
    old.entry("ada_example", ", base: distilbert/distilgpt2")
    assert old.run("adopt", "ada_example") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "days old and the entry's max_age 90: the next plan trains it again" in said
    assert "the entry's base is distilbert/distilgpt2 and the card's is openai-community/gpt2" in said


def test_the_card_of_an_adopted_model_is_rendered_again_from_its_manifest(old: Old, tmp_path: Path) -> None:
    folder = old.repo("ada_example", first())
    old.entry("ada_example")
    assert old.run("adopt", "ada_example", "--write") == 0
    assert old.run("render", "ada_example", "--out", str(tmp_path / "again")) == 0
    first_card = (folder / "README.md").read_text()
    again = (tmp_path / "again" / "README.md").read_text()
    assert front_matter.split(again)[1] == front_matter.split(first_card)[1]
    assert front_matter.parse(again)["language"] == front_matter.parse(first_card)["language"] == "en"
    assert front_matter.parse(again)["tags"] == ["mynah", "huggingtweets"]
    assert (tmp_path / "again" / "predictions.png").read_bytes() == (folder / "predictions.png").read_bytes()


def test_profile_pictures_are_kept_in_the_repo_or_replaced_by_a_placeholder(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    folder = old.repo("ada_example-eve_example", third(ADA, EVE))
    assert old.run("adopt", "ada_example-eve_example", "--write") == 0
    with Image.open(folder / "assets" / "avatar-ada_example.png") as image:
        assert image.convert("RGBA").getpixel((92, 92)) == (255, 0, 0, 255)
    assert (folder / "assets" / "avatar-eve_example.png").exists()
    assert "no profile picture of @eve_example could be fetched: a placeholder" in capsys.readouterr().out


def test_one_that_fails_stops_no_other(old: Old, capsys: pytest.CaptureFixture[str]) -> None:
    old.repo("ada_example", first())
    old.repo("bob_example", second(Person("bob_example", "Bob", kept=1)))
    old.repo("other", "# Another model\n")
    old.repo("silent", None)
    (old.folder / "hub" / "org" / "empty").mkdir()
    names = ["nobody", "bob_example", "other", "silent", "empty", "ada_example"]
    before = old.state()
    assert old.run("adopt", "--json", "--write", *names) == 1
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)["adoptions"]}
    assert [told[name]["result"] for name in names] == ["failed"] * 5 + ["written"]
    assert "check the name" in told["nobody"]["reason"]
    assert "do not add up" in told["bob_example"]["reason"]
    assert told["bob_example"]["accounts"] == []
    assert "is not a card of huggingtweets" in told["other"]["reason"]
    assert "has no README.md" in told["silent"]["reason"]
    assert "the repo is empty" in told["empty"]["reason"]
    assert told["ada_example"]["accounts"][0]["retweets"] == 900
    assert told["ada_example"]["commit"]
    after = {path: data for path, data in old.state().items() if "ada_example" not in path}
    assert {path: data for path, data in after.items() if ".mynah" not in path} == {
        path: data for path, data in before.items() if "ada_example" not in path
    }


def test_a_person_who_asked_to_be_removed_gets_no_new_card(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    old.repo("ada_example-bob_example", third(BOB, ADA))
    old.top = "removed:\n  - {handles: [bob_example], on: 2026-01-01}\n"
    old.write()
    before = old.state()
    assert old.run("adopt", "ada_example-bob_example", "--write") == 1
    assert old.state() == before
    assert "@bob_example asked to be removed: no new card is made" in capsys.readouterr().out


def test_an_entry_of_other_people_under_that_name_is_not_overwritten(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    old.repo("ada_example", first(EVE))
    old.entry("ada_example")
    assert old.run("adopt", "ada_example", "--write") == 1
    assert "different handles: ada_example and eve_example" in " ".join(capsys.readouterr().out.split())


def test_the_order_of_columns_may_be_given_for_one_name(old: Old, capsys: pytest.CaptureFixture[str]) -> None:
    old.repo("ada_example-bob_example", third(named(BOB, "Sun"), named(ADA, "Moon")))
    assert old.run("adopt", "ada_example-bob_example", "--write") == 1
    assert (
        old.run("adopt", "ada_example-bob_example", "--write", "--handles", "@bob_example,ada_example") == 0
    )
    made = old.made("ada_example-bob_example")
    assert {one.handle: (one.name, one.kept) for one in made.accounts} == {
        "bob_example": ("Sun", 1200),
        "ada_example": ("Moon", 2000),
    }
    capsys.readouterr()
    assert old.run("adopt", "a", "b", "--handles", "x") == 2
    assert "give one NAME" in capsys.readouterr().err


def test_a_repo_that_moved_meanwhile_is_left_as_it_is(server: HubServer, tmp_path: Path) -> None:
    from hub_runs import hub_at

    (tmp_path / "registry.yaml").write_text("version: 1\nnamespace: tester\nmodels: []\n")
    registry = load(tmp_path / "registry.yaml")
    server.store.add("tester/ada_example", {"README.md": first().encode(), "pytorch_model.bin": WEIGHTS})
    hub = hub_at(server)
    listing = hub.listing()
    head = server.store.add("tester/ada_example", {"note.txt": b"somebody was faster"})
    from datetime import UTC, datetime

    found: Adoption = adopt(
        "ada_example", registry, hub, listing, now=datetime(2026, 1, 1, tzinfo=UTC), fetch=lambda url: None
    )
    assert found.result == "failed"
    assert found.reason.startswith("nothing was written: ")
    assert hub.listing().repos["ada_example"].head == head
    again = adopt(
        "ada_example",
        registry,
        hub,
        hub.listing(),
        now=datetime(2026, 1, 1, tzinfo=UTC),
        fetch=lambda url: None,
    )
    assert again.result == "written"
    assert hub.read("ada_example", "pytorch_model.bin") == WEIGHTS
    repo = hub.listing().repos["ada_example"]
    assert repo.published is not None
    assert repo.head == again.commit


def test_without_a_token_nothing_is_written_and_the_exit_says_so(
    server: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.store.add("tester/ada_example", {"README.md": first().encode()})
    (tmp_path / "registry.yaml").write_text("version: 1\nnamespace: tester\nmodels: []\n")
    where = ["--registry", str(tmp_path / "registry.yaml"), "--hub", server.url]
    assert main(["adopt", "ada_example", "--write", *where]) == CredentialsError.exit_code
    assert "HF_TOKEN" in capsys.readouterr().err
    assert main(["adopt", "ada_example", *where]) == 0
    assert "@ada_example" in capsys.readouterr().out


def test_a_token_refused_half_way_ends_the_run_and_what_was_done_is_reported(
    server: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", server.token)
    monkeypatch.setattr("bot.apply.adopt.fetch", lambda url: None)
    for handle in ("ada_example", "bob_example", "eve_example"):
        server.store.add(f"tester/{handle}", {"README.md": first(Person(handle, handle)).encode()})
    (tmp_path / "registry.yaml").write_text("version: 1\nnamespace: tester\nmodels: []\n")
    server.fault(path="bob_example/commit", status=403, times=-1)
    where = ["--registry", str(tmp_path / "registry.yaml"), "--hub", server.url]
    names = ["ada_example", "bob_example", "eve_example"]
    assert main(["adopt", *names, "--write", "--json", *where]) == CredentialsError.exit_code
    captured = capsys.readouterr()
    told = json.loads(captured.out)["adoptions"]
    assert [(one["name"], one["result"]) for one in told] == [("ada_example", "written")]
    assert server.token not in captured.out + captured.err


def test_a_later_card_of_an_adopted_model_keeps_what_it_was_taken_over_with(old: Old) -> None:
    folder = old.repo("ada_example", first(extra="license: cc-by-4.0\n"))
    old.entry("ada_example", ", max_age: 9999d")
    assert old.run("adopt", "ada_example", "--write") == 0
    avatar = (folder / "assets" / "avatar-ada_example.png").read_bytes()
    old.models = [old.models[0].replace("max_age", "tags: [poetry], max_age")]
    old.write()
    assert old.run("apply", "--max-change", "100%") == 0
    front = front_matter.parse((folder / "README.md").read_text())
    assert front["tags"] == ["mynah", "poetry", "huggingtweets"]
    assert (front["language"], front["license"]) == ("en", "cc-by-4.0")
    assert (folder / "pytorch_model.bin").read_bytes() == WEIGHTS
    assert (folder / "assets" / "avatar-ada_example.png").read_bytes() == avatar
    made = old.made("ada_example")
    assert made.adopted is not None
    assert made.accounts[0].kept == 2000
    before = old.state()
    assert old.run("apply") == 0
    assert old.state() == before


def test_an_adopted_model_is_explained(old: Old, capsys: pytest.CaptureFixture[str]) -> None:
    old.repo("ada_example", first())
    old.entry("ada_example", ", max_age: 9999d")
    assert old.run("adopt", "ada_example", "--write") == 0
    assert old.run("explain", "ada_example") == 0
    assert "not measured: the model was taken over from an older system" in capsys.readouterr().out


def test_a_later_training_replaces_what_the_older_system_made_and_keeps_what_people_added(
    old: Old, tiny_base: Path
) -> None:
    folder = old.repo("ada_example", third(ADA), **{"LICENSE.md": b"MIT", "training_args.bin": b"args"})
    fleet = Fleet(old.folder, tiny_base)
    fleet.posts("ada_example", 250)
    fleet.entry("ada_example")
    fleet.write()
    assert old.run("adopt", "ada_example", "--write") == 0
    assert fleet.actions() == {"ada_example": "train"}
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada_example"]["result"]) == (0, "done")
    after = {path.name for path in folder.iterdir()}
    assert not {"pytorch_model.bin", "training_args.bin"} & after
    assert (folder / "LICENSE.md").read_bytes() == b"MIT"
    assert (folder / "config.json").read_bytes() != CONFIG
    assert fleet.actions() == {"ada_example": "ok"}


AGREED = "https://example.org/agreed"


def test_the_entry_that_is_shown_keeps_the_weights(old: Old, capsys: pytest.CaptureFixture[str]) -> None:
    old.repo("ada_example", first())
    assert old.run("adopt", "ada_example") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "- {handles: [ada_example], source: x, recipe: classic, base: openai-community/gpt2, consent: …, paused: true}"
        in said
    )


@pytest.mark.parametrize(
    "top",
    ["", "defaults: {base: other/base, recipe: {epochs: 9}, source: bluesky}\n", "defaults: {max_age: 1d}\n"],
)
def test_write_lists_the_model_paused_and_the_next_plan_leaves_it(
    old: Old, capsys: pytest.CaptureFixture[str], top: str
) -> None:
    old.top = top
    old.write()
    old.repo("ada_example", first())
    old.repo("voices", third(BOB, ADA))
    assert old.run("adopt", "--all", "--write", "--consent", AGREED) == 0
    registry = load(old.folder / "registry.yaml")
    entries = {entry.name: entry for entry in registry.entries}
    assert {name: entry.handles for name, entry in entries.items()} == {
        "ada_example": ("ada_example",),
        "voices": ("ada_example", "bob_example"),
    }
    for entry in entries.values():
        assert (entry.paused, entry.source, entry.consent) == (True, "x", AGREED)
        assert entry.base == "openai-community/gpt2"
    steps = plan(old, capsys)
    assert {name: step["action"] for name, step in steps.items()} == {"ada_example": "ok", "voices": "ok"}
    # Once it is no longer paused, nothing but its age is a reason to train.
    text = (old.folder / "registry.yaml").read_text().replace("paused: true", "max_age: 99999d")
    (old.folder / "registry.yaml").write_text(text)
    assert {step["action"] for step in plan(old, capsys).values()} == {"ok"}


def test_without_the_consent_that_is_asked_for_the_entry_is_left_out_and_that_is_said(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    old.repo("ada_example", first())
    before = (old.folder / "registry.yaml").read_bytes()
    assert old.run("adopt", "ada_example", "--write") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "registry.yaml does not get its entry" in said
    assert "--consent" in said
    assert (old.folder / "registry.yaml").read_bytes() == before
    assert old.made("ada_example").adopted is not None


def test_all_leaves_other_repos_and_models_of_the_fleet_alone(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    old.top = "policy: {consent: recorded}\n"
    old.write()
    old.repo("bob_example", second(BOB))
    old.repo("datasets-helper", "# Something else\n")
    old.repo("bare", None)
    before = old.state()
    assert old.run("adopt", "--all") == 0
    assert old.state() == before
    assert "1 older model; 2 other repos left alone" in capsys.readouterr().out
    assert old.run("adopt", "--all", "--write") == 0
    assert [entry.name for entry in load(old.folder / "registry.yaml").entries] == ["bob_example"]
    assert old.run("adopt", "--all", "--write") == 0
    assert "0 older models" in capsys.readouterr().out
    assert old.run("adopt", "datasets-helper") == 1


def test_a_takeover_that_fails_after_its_entry_was_written_is_made_by_the_next_call(
    old: Old, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old.repo("ada_example", first())
    flags = ("adopt", "ada_example", "--write", "--consent", AGREED)
    with monkeypatch.context() as broken:
        broken.setattr("bot.hub.folder.FolderHub.publish", fails)
        assert old.run(*flags) == 1
    assert plan(old, capsys)["ada_example"]["action"] == "blocked"
    assert old.run(*flags) == 0
    assert plan(old, capsys)["ada_example"]["action"] == "ok"


def fails(*_: object, **__: object) -> str:
    raise ConflictError("it moved")


@pytest.mark.parametrize("flags", [[], ["ada_example", "--all"], ["--all", "--handles", "a,b"]])
def test_what_to_take_over_is_named_or_all(old: Old, flags: list[str]) -> None:
    assert old.run("adopt", *flags) == 2


def test_its_json_has_the_documented_fields_with_a_card_and_without(
    old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    old.repo("ada_example-bob_example", third(BOB, ADA))
    assert old.run("adopt", "--json", "ada_example-bob_example", "nobody") == 1
    assert list(mismatches(json.loads(capsys.readouterr().out), AdoptOutput)) == []
