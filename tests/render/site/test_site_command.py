from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from card_facts import account, manifest
from hub_bench import HubBench
from hub_runs import hub_at
from hub_server import HubServer

from bot.__main__ import main
from bot.hub import Hub, open_hub
from bot.plan.states import state_of
from bot.plan.steps import Step
from bot.registry.tombstones import Tombstones
from bot.render import card, site
from bot.render.site import reading
from bot.render.site.models import facts_of, shown

pytest_plugins = ["hub_fixtures"]


def picture(colour: str) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (184, 184), colour).save(out, "PNG")
    return out.getvalue()


def publish(
    hub: Hub, handle: str, name: str = "Ada Example", parent: str | None = None, **changes: Any
) -> str:
    one = account(handle, name)
    made = manifest([one], **changes)
    files: dict[str, Path | bytes] = {
        "bot.json": made.to_json(),
        "README.md": card.render(made).encode(),
        f"assets/{handle}.png": picture("red"),
    }
    return hub.publish(handle, files, parent=parent, message="1")


class Site:
    """A folder hub, a registry and the page."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.page = folder, folder / "page"
        self.hub = open_hub(f"dir:{folder / 'hub'}", "my-org")
        self.models: list[str] = []
        self.top = ""

    def run(self, *args: str) -> int:
        models = "\n".join(f"  - {{handles: [{one}], consent: self}}" for one in self.models)
        (self.folder / "registry.yaml").write_text(
            "version: 1\nnamespace: my-org\ncontact: https://example.org/removal\n"
            "x: {terms_acknowledged: true}\n"
            f"defaults: {{source: x, max_age: 9999d}}\n{self.top}models:{chr(10) + models if models else ' []'}\n"
        )
        where = ["--registry", str(self.folder / "registry.yaml"), "--hub", f"dir:{self.folder / 'hub'}"]
        return main(["site", "--out", str(self.page), *args, *where])

    def rows(self) -> dict[str, list[Any]]:
        text = (self.page / "fleet" / "models-1.js").read_text()
        return {row[0]: row for row in json.loads(f"[{text[len('fleet.add([') : -len(']);') - 1]}]")}

    def state(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.page)): path.read_bytes()
            for path in self.page.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def fleet(tmp_path: Path) -> Site:
    return Site(tmp_path)


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_the_page_links_to_the_contact_and_the_form_and_shows_a_sample(
    fleet: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(fleet.hub, "ada_example")
    fleet.models = ["ada_example"]
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "my-org/my-bots")
    assert fleet.run() == 0
    text = (fleet.page / "index.html").read_text()
    assert 'href="https://github.com/my-org/my-bots/issues/new?template=add-handle.yml">Add a model' in text
    assert 'href="https://example.org/removal">Remove me' in text
    assert fleet.rows()["ada_example"][12][0] == "My dream is"


def test_the_page_shows_what_is_published_and_what_is_to_come(fleet: Site) -> None:
    publish(fleet.hub, "ada_example")
    fleet.models = ["ada_example", "bob_example"]
    assert fleet.run() == 0
    rows = fleet.rows()
    assert rows["ada_example"][1:5] == ["changed", 1, [["Ada Example", "@ada_example"]], "2026-11-20"]
    assert rows["ada_example"][5:8] == [1676, 138.4, 49.5]
    assert rows["bob_example"][1:] == ["new", 0, [["@bob_example"]], 0]
    text = (fleet.page / "index.html").read_text()
    assert "../hub/my-org/ada_example" in text
    assert "<bdi>&#64;bob_example</bdi></h3>" in text


def test_a_second_run_reads_and_writes_only_what_moved(
    fleet: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    head = publish(fleet.hub, "ada_example")
    publish(fleet.hub, "bob_example", "Bob")
    assert fleet.run("--json") == 0
    first = told(capsys)
    assert (first["models"], first["read"], first["kept"], first["unread"]) == (2, 2, 0, {})
    before = fleet.state()
    assert fleet.run("--json") == 0
    second = told(capsys)
    assert (second["read"], second["kept"], second["changed"]) == (0, 2, [])
    assert fleet.state() == before
    publish(fleet.hub, "ada_example", "Ada Renamed", parent=head)
    assert fleet.run("--json") == 0
    third = told(capsys)
    assert (third["read"], third["kept"]) == (1, 1)
    assert fleet.rows()["ada_example"][3] == [["Ada Renamed", "@ada_example"]]
    assert len(list((fleet.page / "fleet" / "avatars").iterdir())) == 2


def test_private_repos_and_people_who_asked_to_be_removed_are_not_shown(fleet: Site) -> None:
    for handle in ("ada_example", "bob_example", "eve_example"):
        publish(fleet.hub, handle)
    assert fleet.run() == 0
    assert len(fleet.rows()) == 3
    fleet.hub.hide("bob_example")
    fleet.top = "removed:\n  - {handles: [eve_example, dan_example], on: 2026-01-01}\n"
    assert fleet.run() == 0
    page = b"".join(fleet.state().values())
    assert list(fleet.rows()) == ["ada_example"]
    assert not [name for name in (b"bob_example", b"eve_example", b"dan_example") if name in page]
    assert len(list((fleet.page / "fleet" / "avatars").iterdir())) == 1


def test_pictures_are_small_copies_and_may_be_left_out(fleet: Site) -> None:
    from PIL import Image

    publish(fleet.hub, "ada_example")
    assert fleet.run() == 0
    (path,) = fleet.rows()["ada_example"][11]
    with Image.open(fleet.page / path) as image:
        assert image.size == (96, 96)
    assert fleet.run("--no-avatars") == 0
    assert fleet.rows()["ada_example"][11] == []
    assert list((fleet.page / "fleet" / "avatars").iterdir()) == []
    assert fleet.run("--avatars") == 0
    assert (fleet.page / path).is_file()


def test_a_manifest_that_is_damaged_costs_that_model_its_numbers_alone(
    fleet: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(fleet.hub, "ada_example")
    publish(fleet.hub, "bob_example")
    manifest_file = fleet.folder / "hub" / "my-org" / "bob_example" / "bot.json"
    damaged = json.loads(manifest_file.read_text())
    damaged["accounts"] = 3
    manifest_file.write_text(json.dumps(damaged))
    assert fleet.run() == 0
    assert (
        "bob_example stands there without its numbers: bot.json is not a manifest" in capsys.readouterr().err
    )
    assert fleet.rows()["ada_example"][5] == 1676
    assert fleet.rows()["bob_example"][1:] == ["unlisted", 1, [["@bob_example"]], "2026-11-20"]


def test_another_page_is_not_written_over(fleet: Site, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.page.mkdir()
    (fleet.page / "index.html").write_text("<h1>My home page</h1>")
    assert fleet.run() == 2
    assert "is another page, which would be written over" in capsys.readouterr().err
    assert (fleet.page / "index.html").read_text() == "<h1>My home page</h1>"


def test_files_of_others_beside_the_page_stay(fleet: Site) -> None:
    publish(fleet.hub, "ada_example")
    (fleet.page / "fleet" / "avatars").mkdir(parents=True)
    kept = [
        fleet.page / "CNAME",
        fleet.page / "fleet" / "notes.js",
        fleet.page / "fleet" / "avatars" / "me.webp",
    ]
    for path in kept:
        path.write_text("mine")
    (fleet.page / "fleet" / "models-9.js").write_text("of an earlier, larger fleet")
    assert fleet.run() == 0
    assert all(path.read_text() == "mine" for path in kept)
    assert not (fleet.page / "fleet" / "models-9.js").exists()


def test_a_hub_that_asks_for_patience_is_not_asked_on_and_the_next_run_goes_on(
    server: HubServer, tmp_path: Path
) -> None:
    hub = hub_at(server)
    for number in range(30):
        publish(hub, f"user_{number}")
    repos = hub.listing().repos
    steps = [Step(name, f"tester/{name}", "ok", "up to date", (name,)) for name in repos]
    server.clear()
    server.fault(path="bot.json", status=429, times=1000, headers={"Retry-After": "9999"})
    first = reading.read(steps, repos, Tombstones(), hub, tmp_path)
    assert len(first.models) == len(first.unread) == 30
    assert server.count("bot.json") <= 2 * reading.READERS
    server.clear()
    second = reading.read(steps, repos, Tombstones(), hub, tmp_path)
    assert (second.read, second.unread) == (30, {})
    assert all(model.facts is not None for model in second.models)


@pytest.mark.parametrize(
    ("action", "cause", "state"),
    [
        ("ok", "none", "published"),
        ("card", "card", "published"),
        ("train", "missing", "new"),
        ("train", "stale", "stale"),
        ("train", "changed", "changed"),
        ("train", "forced", "changed"),
        ("blocked", "fault", "blocked"),
        ("blocked", "waiting", "waiting"),
        ("unlisted", "unlisted", "unlisted"),
    ],
)
def test_states_follow_from_steps(action: Any, cause: Any, state: str) -> None:
    assert state_of(Step("ada", "org/ada", action, "why", ("ada",), cause=cause)) == state


def test_a_person_removed_under_a_hash_is_not_shown_either() -> None:
    from bot.registry.tombstones import hashed

    step = Step("ada", "org/ada", "blocked", "why", ("ada",))
    assert shown(step, {}, Tombstones())
    assert not shown(step, {}, Tombstones({hashed("ada", "0123456789abcdef"): 3}))


def test_reasons_stay_out_of_the_page(fleet: Site) -> None:
    (fleet.folder / "registry.yaml").write_text("")
    fleet.models = ["ada_example], archive: [/private/secret.zip"]
    publish(fleet.hub, "bob_example")
    assert fleet.run() == 0
    assert not any(b"secret" in content for content in fleet.state().values())


def test_facts_of_an_adopted_model_are_those_it_has() -> None:
    made = manifest().model_copy(update={"evaluation": None, "curve": (), "training": None})
    facts = facts_of(made, "head")
    assert (facts.kept, facts.base, facts.tuned, facts.first, facts.line) == (1676, None, None, None, "")


def test_writing_ends_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write(tmp_path, {"index.html": b"old", "fleet/models-1.js": b"old"}, ())
    original: Callable[..., Path] = Path.replace

    def dies(self: Path, target: Path) -> Path:
        if target.name == "index.html":
            raise KeyboardInterrupt
        return original(self, target)

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        site.write(tmp_path, {"index.html": b"new", "fleet/models-1.js": b"new"}, ())
    assert (tmp_path / "index.html").read_bytes() == b"old"
    monkeypatch.undo()
    assert site.write(tmp_path, {"index.html": b"new", "fleet/models-1.js": b"new"}, ()) == ["index.html"]


def test_a_model_that_is_as_the_registry_wants_it_is_published(fleet: Site) -> None:
    from bot.plan import desired
    from bot.registry import load
    from bot.registry.asked import recipe_digest

    fleet.models = ["ada_example"]
    assert fleet.run() == 0
    registry = load(fleet.folder / "registry.yaml")
    (wanted,) = desired.desired(registry)
    made = manifest([account("ada_example", "Ada")])
    published = made.published.model_copy(
        update={
            "recipe": recipe_digest(wanted.asked, 1),
            "base": wanted.base,
            "template": wanted.template,
            "card": wanted.card.digest() if wanted.card else "",
            "trained_at": datetime.now(UTC) - timedelta(days=1),
        }
    )
    publish(fleet.hub, "ada_example", published=published)
    assert fleet.run() == 0
    assert fleet.rows()["ada_example"][1] == "published"


def test_a_picture_that_somebody_replaced_by_something_else_becomes_a_figure(fleet: Site) -> None:
    from PIL import Image

    publish(fleet.hub, "ada_example")
    (fleet.folder / "hub" / "my-org" / "ada_example" / "assets" / "ada_example.png").write_bytes(b"<script>")
    assert fleet.run() == 0
    (path,) = fleet.rows()["ada_example"][11]
    with Image.open(fleet.page / path) as image:
        assert (image.format, image.size) == ("WEBP", (96, 96))


def test_a_page_is_drawn_although_nobody_may_read_the_store(
    fleet: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on GitHub Pages: a job without a token, and a private Storage Bucket."""
    publish(fleet.hub, "ada_example")
    fleet.models, fleet.top = ["ada_example", "bob_example"], "store: hf://buckets/tester/posts\n"
    with HubBench(tmp_path / "bench") as bench:
        bench.bucket("posts")
        monkeypatch.setenv("HF_ENDPOINT", bench.url)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        assert fleet.run() == 0
        assert "tester/posts" in capsys.readouterr().err
        assert {name: row[1] for name, row in fleet.rows().items()} == {
            "ada_example": "changed",
            "bob_example": "new",
        }
        assert fleet.run("--store", "hf://buckets/tester/posts") != 0
