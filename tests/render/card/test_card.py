from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import card_reader
import pytest
import yaml
from card_facts import ADA, BOB, CARDS, HOSTILE, TEXTS, account, manifest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.hub import front_matter
from bot.hub.published import Published
from bot.io.paths import TEMPLATES
from bot.manifest import Base, Manifest, Point, Sample
from bot.render import card, environment, escape
from bot.render.card import accounts as card_accounts
from bot.render.card import variables as card_facts
from bot.sources.posts import Network

GOLDEN = Path(__file__).parent / "golden"


def seen(readme: str) -> card_reader.Seen:
    """The card by both renderers, which must agree; nothing in it may be wrong."""
    body = card_reader.body_of(readme)
    first, second = card_reader.by_markdown_it(body), card_reader.by_cmark(body)
    assert first.faults == []
    assert second.faults == []
    assert first.tables == second.tables
    assert first.headings == second.headings
    assert first.images == second.images
    assert first.code == second.code
    return first


def squashed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", CARDS)
def test_golden_cards(name: str) -> None:
    """After a wanted change: rm tests/golden/*.md, run the test twice, and read the difference."""
    golden = GOLDEN / f"{name}.md"
    rendered = card.render(CARDS[name])
    if not golden.exists():
        golden.write_text(rendered, encoding="utf-8")
        pytest.fail(f"{golden.name} was missing and is written now: read it, and run again")
    assert rendered == golden.read_text(encoding="utf-8")


REPO_FILES = {"bot.json", "predictions.png", "square.png"}


@pytest.mark.parametrize("name", CARDS)
def test_every_card_is_sound_and_in_the_readers_order(name: str) -> None:
    readme = card.render(CARDS[name])
    page = seen(readme)
    assert [text for _, text in page.headings[1:]] == [
        "What it writes",
        "How to get started",
        "Training data",
        "Evaluation",
        "Uses",
        "Bias, risks and limitations",
        "Removal",
    ]
    assert [level for level, _ in page.headings] == [1] + [2] * (len(page.headings) - 1)
    assert all(alt.strip() for _, alt in page.images)
    assert all(link.startswith(("https://", "mailto:")) or link in REPO_FILES for link in page.links)
    assert "\r" not in readme
    assert readme.endswith("\n")
    assert "$$" not in readme
    assert not re.search(r"\bNone\b|Undefined|\{\{|\{%", readme)
    assert "not affiliated with or endorsed" in squashed(page.text)
    assert "Machine-generated" in page.text
    removal = re.search(r"## Removal\n(.*?)<details>", readme, re.DOTALL)
    assert removal
    assert "](https://example.org/removal)" in removal[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_and_changes_nothing_else(name: str) -> None:
    harmless = seen(card.render(manifest([account("mallory", "Mallory"), BOB])))
    readme = card.render(manifest([account("mallory", name), BOB]))
    page = seen(readme)
    shown = "@mallory" if escape.is_blank(name) else escape.shorten(name, card_accounts.NAME_LENGTH)
    (table,) = card_reader.statistics(page)
    assert table[0] == ["Data", shown, "Bob | Example"]
    assert table[1:] == card_reader.statistics(harmless)[0][1:]
    assert page.headings[0][1].startswith(f"{shown} & Bob | Example")
    assert page.headings[1:] == harmless.headings[1:]
    assert page.links == harmless.links
    assert [source for source, _ in page.images] == [source for source, _ in harmless.images]
    assert page.code == harmless.code
    assert len(page.tables) == len(harmless.tables)
    body = card_reader.body_of(readme)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\ud800-\udfff]", body)
    assert "$$" not in body
    readme.encode()


@pytest.mark.parametrize("text", [*HOSTILE, "two\nlines\n\nand - one", "1. one\n2. two", "> quoted"])
def test_a_hostile_sample_or_prompt_stays_in_its_place(text: str) -> None:
    made = manifest(
        samples=tuple(Sample(prompt=text, text=text, seed=7) for _ in range(3)),
        prompts=(text,),
        warnings=(text,),
    )
    readme = card.render(made)
    page = seen(readme)
    harmless = seen(card.render(manifest(warnings=("x",))))
    assert page.headings == harmless.headings
    assert page.links == harmless.links
    assert len(page.tables) == len(harmless.tables)
    code = page.code[0]
    call = next(node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.For)).iter
    assert isinstance(call, ast.Call)
    assert ast.literal_eval(call.args[0]) == text
    assert ast.literal_eval(call.keywords[0].value) == 3
    assert front_matter.parse(readme)["pipeline_tag"] == "text-generation"


names = st.text(st.characters(codec=None, exclude_categories=()), max_size=80)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    people=st.lists(
        st.tuples(names, st.lists(st.integers(0, 99_999), min_size=4, max_size=4)), min_size=1, max_size=9
    ),
    texts=st.lists(names, max_size=4),
    language=st.dictionaries(
        st.sampled_from(["en", "no", "und", "in", "ja", "qme", "pt-BR"]), st.integers(0, 99)
    ),
)
def test_any_card_parses_back_to_the_same_facts(
    people: list[tuple[str, list[int]]], texts: list[str], language: dict[str, int]
) -> None:
    accounts = [
        account(
            f"user{number}",
            name,
            downloaded=sum(counts),
            dropped=dict(zip(("retweets", "short", "duplicates"), counts, strict=False)),
            kept=counts[3],
        )
        for number, (name, counts) in enumerate(people)
    ]
    samples = tuple(Sample(prompt="My dream is", text=text, seed=42) for text in texts)
    made = manifest(accounts, samples=samples, languages=language)
    readme = card.render(made)
    assert card.render(made) == readme
    page = seen(readme)
    tables = card_reader.statistics(page)
    names = [squashed(cell) for table in tables for cell in table[0][1:]]
    assert names == [*map(squashed, card_accounts.display_names(accounts))]
    lines = zip(*(table[1:] for table in tables), strict=True)
    rows = {cells[0][0]: [int(cell) for row in cells for cell in row[1:]] for cells in lines}
    assert rows["Tweets downloaded"] == [one.downloaded for one in accounts]
    assert rows["Tweets kept"] == [one.kept for one in accounts]
    assert rows["Retweets"] == [one.dropped["retweets"] for one in accounts]
    columns = list(zip(*rows.values(), strict=True))
    assert all(column[0] == sum(column[1:]) for column in columns)
    wanted = sorted(card_reader.visible(sample) for sample in samples)
    assert sorted("".join(quote.split()) for quote in page.quotes[1:]) == wanted
    found = front_matter.parse(readme)
    assert Published.model_validate(found["mynah"]) == made.published
    assert yaml.safe_load(front_matter.split(readme)[0]) == found


def test_metadata_says_what_is_known_and_no_more() -> None:
    found = front_matter.parse(card.render(CARDS["one"]))
    assert found["language"] == ["en"]
    assert found["license"] == "mit"
    assert found["base_model"] == "openai-community/gpt2"
    assert found["base_model_relation"] == "finetune"
    assert found["tags"] == ["mynah", "poetry"]
    assert found["thumbnail"] == "https://huggingface.co/my-org/ada_example/resolve/main/predictions.png"
    assert found["widget"] == [{"text": "My dream is", "output": {"text": TEXTS[0]}}]
    assert found["inference"]["parameters"]["top_p"] == 0.95
    metrics = found["model-index"][0]["results"][0]["metrics"]
    assert {metric["type"]: metric["value"] for metric in metrics} == {
        "loss": 3.9012,
        "perplexity": 49.4617,
        "bits_per_byte": 1.3719,
        "base_loss": 4.9301,
        "base_perplexity": 138.39,
        "base_bits_per_byte": 1.7338,
    }
    local = front_matter.parse(card.render(CARDS["other_network"]))
    assert not {"license", "base_model", "base_model_relation"} & set(local)


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"license": "my-own"}, "license", None),
        ({"license": "other"}, "license", None),
        (
            {"license": "other", "license_name": "mine", "license_link": "https://example.org/l"},
            "license_link",
            "https://example.org/l",
        ),
        ({"languages": {"und": 3, "zxx": 1}}, "language", None),
        ({"languages": {"in": 9, "no": 90, "en": 1}}, "language", ["no", "id"]),
        ({"tags": ("huggingtweets", "two words", "mynah", "|")}, "tags", ["mynah", "huggingtweets"]),
        ({"sensitive_share": 0.11}, "tags", ["mynah", "poetry", "not-for-all-audiences"]),
        ({"samples": ()}, "widget", None),
        ({"generation": {}}, "inference", None),
    ],
)
def test_what_the_hub_would_not_take_is_left_out(changes: dict[str, Any], key: str, value: object) -> None:
    assert front_matter.parse(card.render(manifest(**changes))).get(key) == value


def test_a_local_base_is_said_with_its_digest_and_what_its_readme_declares() -> None:
    assert "a local base, tiny with digest 0a1b2c3d4e5f6071" in squashed(
        seen(card.render(CARDS["other_network"])).text
    )
    base = Base(
        name="tiny", identity="tiny@00", digest="00", declared="org/parent", parameters=10, context=64
    )
    readme = card.render(manifest(base=base))
    assert front_matter.parse(readme)["base_model"] == "org/parent"
    assert "itself made from org/parent" in squashed(seen(readme).text)


def test_other_networks_speak_of_posts() -> None:
    (table,) = card_reader.statistics(seen(card.render(CARDS["other_network"])))
    assert [row[0] for row in table] == [
        "Data",
        "Posts downloaded",
        "Reposts",
        "Short posts",
        "Duplicates",
        "Posts kept",
    ]
    assert "tweet" not in card.render(CARDS["other_network"]).lower()


def test_reasons_that_did_not_occur_have_no_row_but_the_first_two_do() -> None:
    quiet = account(
        "ada_example", "Ada", downloaded=5, kept=5, dropped={"retweets": 0, "short": 0, "edited": 0}
    )
    (table,) = card_reader.statistics(seen(card.render(manifest([quiet]))))
    assert [row[0] for row in table[1:]] == ["Tweets downloaded", "Retweets", "Short tweets", "Tweets kept"]


def test_equal_names_are_distinguished() -> None:
    twins = [account("one", "Twin"), account("two", "Twin")]
    assert card_accounts.display_names(twins) == ["Twin (@one)", "Twin (@two)"]


def test_consent_is_said_as_recorded() -> None:
    assert "consent of the account's owner." in card.render(manifest(consent="self"))
    assert "](https://example.org/agreed)" in card.render(manifest())
    assert "onsent" not in card.render(manifest(consent=None)).split("## Make your own")[0]


def test_a_file_that_names_no_account_proves_no_consent_and_the_card_says_so() -> None:
    unnamed = [account("ada_example", "Ada", network="other")]
    text = card.render(manifest(unnamed, consent="self", source="jsonl"))
    assert "consent of the account's owner, according to its publisher." in text
    assert "The posts came from a file that names no account: nothing here proves whose they are" in text
    named = card.render(manifest(consent="self"))
    assert "naming no account" not in named
    assert "according to its publisher" not in named
    read = card.render(manifest([account("ada_example", "Ada", id=None)], source="x"))
    assert "naming no account" not in read


@pytest.mark.parametrize(
    ("network", "identifier", "proved"),
    [("mastodon", None, True), ("bluesky", "did:plc:a", False), ("other", "ada@reddit.com", True)],
)
def test_only_a_file_that_its_owner_alone_has_proves_consent(
    network: Network, identifier: str | None, proved: bool
) -> None:
    source = "jsonl" if network == "other" else "archive"
    text = card.render(
        manifest([account("ada", "Ada", network=network, id=identifier)], consent="self", source=source)
    )
    assert ("according to its publisher" in text) is not proved
    assert "that names no account" not in text


def test_how_the_posts_were_obtained_is_said_by_network() -> None:
    mastodon = manifest([account("ida@m.example", "Ida", network="mastodon")], source="archive")
    assert "read from the archive that Mastodon gives its users" in card.render(mastodon)


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("mailto:removal@example.org", "](mailto:removal@example.org)"),
        ("ask | Bob", "Ask for removal: ask &#124; Bob, or [in a discussion](https://huggingface.co/"),
        ("", "[Ask for removal](https://huggingface.co/my-org/ada_example/discussions) in a discussion"),
    ],
)
def test_the_contact_for_removal_is_a_link_when_it_can_be(contact: str, shown: str) -> None:
    assert shown in card.render(manifest(contact=contact))


def test_the_best_step_is_bold_and_kept_when_the_curve_is_thinned() -> None:
    curve = [
        Point(step=step, epoch=step / 50, train=None, held_out=abs(step - 77) / 100 + 3)
        for step in range(200)
    ]
    readme = card.render(manifest(curve=tuple(curve)))
    assert "| **77** | **1.54** |  | **3.000** |" in readme
    assert readme.count("\n| ") < 90
    assert "| 199 |" in readme


def test_a_card_of_a_curve_with_one_point_shows_no_picture_of_it() -> None:
    assert "loss.png" not in card.render(manifest(curve=(Point(step=0, epoch=0, train=None, held_out=4.9),)))


def test_names_stand_for_bots_and_cyborgs() -> None:
    assert card_facts.kind(CARDS["one"]) == "AI bot"
    assert card_facts.kind(CARDS["two"]) == "AI cyborg"


def test_a_registrys_own_partial_replaces_one_part_and_changes_the_digest(tmp_path: Path) -> None:
    folders = [tmp_path, *TEMPLATES]
    before = card.template_digest("model_card", folders)
    assert "Write to" not in card.render(manifest(), folders=folders)
    (tmp_path / "model_card").mkdir()
    (tmp_path / "model_card" / "removal.md.j2").write_text(
        "## Removal\n\nWrite to {{ contact }}.\n", encoding="utf-8"
    )
    assert card.template_digest("model_card", folders) != before
    assert card.template_digest("model_card") == before
    readme = card.render(manifest(), folders=folders)
    assert "Write to https&#58;&#47;&#47;example&#46;org/removal." in readme
    assert "## Bias, risks and limitations" in readme


def test_the_digest_sees_a_change_of_a_picture_and_of_nothing_else(tmp_path: Path) -> None:
    before = card.template_digest("model_card", [tmp_path, *TEMPLATES])
    (tmp_path / "preview.html.j2").write_text("x", encoding="utf-8")
    assert card.template_digest("model_card", [tmp_path, *TEMPLATES]) == before
    (tmp_path / "loss.svg.j2").write_text("x", encoding="utf-8")
    assert card.template_digest("model_card", [tmp_path, *TEMPLATES]) != before


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ nmae }}", "'nmae' is undefined"),
        ("\n{% if %}", "bad.md.j2:2: Expected an expression"),
        ("{{ names|safe }}", "No filter named 'safe'"),
        ("{{ shown.__class__.__mro__ }}", "unsafe"),
        ("{% include 'none.j2' %}", "there is no template none.j2"),
        ("{{ license }}", "prints a value that is None"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_bad_template_is_reported_in_a_sentence(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "bad.md.j2").write_text(source, encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(said)):
        card.render(manifest(license=None), template="bad", folders=[tmp_path])


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("\n\n{{ nmae }}", 3),
        ("\n{{ license }}", 2),
        ("{% include 'none.j2' %}", 1),
        ("{{ training.nil }}", 1),
    ],
)
def test_a_bad_part_is_named_with_its_line(tmp_path: Path, source: str, line: int) -> None:
    (tmp_path / "whole.md.j2").write_text("\n\n\n\n{% include 'part.md.j2' %}", encoding="utf-8")
    (tmp_path / "part.md.j2").write_text(source, encoding="utf-8")
    with pytest.raises(UsageError, match=f"^{re.escape(str(tmp_path))}/part.md.j2:{line}: "):
        card.render(manifest(license=None), template="whole", folders=[tmp_path])


def test_the_digest_names_the_line_that_asks_for_a_missing_part(tmp_path: Path) -> None:
    (tmp_path / "whole.md.j2").write_text("one\n{% include 'part.md.j2' %}", encoding="utf-8")
    (tmp_path / "part.md.j2").write_text("\n\n{% include 'none.j2' %}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"part\.md\.j2:3: there is no template none\.j2"):
        card.template_digest("whole", [tmp_path, *TEMPLATES])


def test_a_template_that_is_no_text_is_reported_by_the_plan_and_by_the_card(tmp_path: Path) -> None:
    (tmp_path / "bad.md.j2").write_bytes(b"fine\n\xff\xfe")
    with pytest.raises(UsageError, match=r"bad\.md\.j2:2: this is not UTF-8"):
        card.template_digest("bad", [tmp_path, *TEMPLATES])
    with pytest.raises(UsageError, match=r"bad\.md\.j2:2: this is not UTF-8"):
        card.render(manifest(), template="bad", folders=[tmp_path])


def test_a_part_outside_the_folders_is_not_read_for_the_digest_either(tmp_path: Path) -> None:
    (tmp_path / "secret.j2").write_text("x", encoding="utf-8")
    (tmp_path / "templates").mkdir()
    for part in ("../secret.j2", str(tmp_path / "secret.j2")):
        (tmp_path / "templates" / "bad.md.j2").write_text(f"{{% include '{part}' %}}", encoding="utf-8")
        with pytest.raises(UsageError, match="there is no template"):
            card.template_digest("bad", [tmp_path / "templates", *TEMPLATES])


def test_a_missing_template_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(f"no template fancy.md.j2 in {tmp_path}")):
        card.find_template("fancy", [tmp_path])
    assert card.find_template("model_card").name == "model_card.md.j2"


def test_the_card_needs_neither_torch_nor_pictures() -> None:
    heavy = {"torch", "transformers", "PIL", "resvg_py", "uharfbuzz", "numpy"}
    code = f"import sys, bot.render.card; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.3, "less than a second"),
        (1.2, "1 second"),
        (42.4, "42 seconds"),
        (412.5, "7 minutes"),
        (12_600, "3.5 hours"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert environment.duration(seconds) == said


def test_a_manifest_that_went_through_json_gives_the_same_card() -> None:
    made = manifest([ADA, BOB])
    assert card.render(Manifest.model_validate_json(made.to_json())) == card.render(made)


def test_a_template_without_an_end_is_stopped(tmp_path: Path) -> None:
    loop = "{% for a in range(9999) %}{% for b in range(9999) %}0123456789{% endfor %}{% endfor %}"
    (tmp_path / "endless.md.j2").write_text(loop)
    with pytest.raises(UsageError, match=r"endless\.md\.j2: it makes more than 128 million characters"):
        card.render(manifest(), template="endless", folders=[tmp_path, *TEMPLATES])


def test_the_lines_that_ask_for_one_voice_stand_below_the_snippet_as_text() -> None:
    assert "asks for its voice" not in card.render(CARDS["two"])
    readme = card.render(CARDS["two"].model_copy(update={"prefixes": {"ada": "ada:\n", "b": "<b>:\n"}}))
    assert "asks for its voice: <code>ada:</code>" in readme
    assert "<b>" not in readme.split("asks for its voice")[1].split("\n")[0].replace("<code>", "")
