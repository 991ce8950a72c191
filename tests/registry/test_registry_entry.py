from __future__ import annotations

from pathlib import Path

import pytest
from registry_texts import HEAD, only, problems, read
from tiny_bases import write_base_files


def entry(text: str, folder: Path) -> tuple[int, int, str]:
    """The one problem of a registry whose only entry holds these lines; the entry stands on line 6, column 5."""
    body = "".join(f"    {line}\n" for line in text.splitlines())
    return only(HEAD + "models:\n  - " + body[4:], folder)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("handles: ada\nconsent: self", (6, 14), "handles must be a list: write handles: [ada]"),
        ("handles: []\nconsent: self", (6, 14), "handles is empty"),
        ("handles: {a: b}\nconsent: self", (6, 14), "handles must be a list"),
        ("handles: [[a]]\nconsent: self", (6, 15), "a handle is one word"),
        ("handle: [a]\nconsent: self", (6, 5), "unknown key 'handle'; did you mean 'handles'?"),
        ("consent: self", (6, 5), "handles is missing"),
        ("handles: [ada, '@ADA']\nconsent: self", (6, 20), "'ada' stands twice in this entry"),
        ("handles: [ada, a b]\nconsent: self", (6, 20), "'a b' is not a handle of source x"),
        ("handles: [~]\nconsent: self", (6, 15), "is not a handle of source x"),
        (
            f"handles: [{', '.join('abcdefghijk')}]\nconsent: self",
            (6, 45),
            "11 handles in one entry: at most 10",
        ),
        ("handles: [a]\nsource: tiktok\nconsent: self", (7, 13), "'tiktok' is not one of"),
        ("handles: [a]", (6, 5), "consent is missing"),
        ("handles: [a]\nconsent: http://example.org", (7, 14), "write self if the account is yours"),
        ("handles: [a]\nconsent: yes", (7, 14), "write self if the account is yours"),
        ("handles: [a]\nconsnt: x\nconsent: self", (7, 5), "unknown key 'consnt'; did you mean 'consent'?"),
        ("handles: [a]\nnamespace: x\nconsent: self", (7, 5), "belongs to the top of the file"),
        ("handles: [a]\nconsent: self\nconsent: self", (8, 5), "'consent' stands twice, here and on line 7"),
        ("handles: [a]\nconsent: self\nname: a--b", (8, 11), "the Hub would refuse it: '--'"),
        ("handles: [a]\nconsent: self\nrecipe: {epochs: 0}", (8, 22), "'0' is too small, the least is 1"),
        ("handles: [a]\nconsent: self\nrecipe: {epoch: 3}", (8, 14), "did you mean 'epochs'?"),
        ("handles: [a]\nconsent: self\nrecipe: {learning_rate: fast}", (8, 29), "is not a number"),
        ("handles: [a]\nconsent: self\nrecipe: {learning_rate: nan}", (8, 29), "learning_rate"),
        ("handles: [a]\nconsent: self\nrecipe: grand", (8, 13), "there is no recipe of that name"),
        ("handles: [a]\nconsent: self\nrecipe: [1]", (8, 13), "recipe must be a mapping"),
        ("handles: [a]\nconsent: self\nmax_age: 3 months", (8, 14), "12h, 90d, 2w"),
        ("handles: [a]\nconsent: self\nmax_age:", (8, 13), "max_age has no value"),
        ("handles: [a]\nconsent: self\nmin_new_posts: -1", (8, 20), "too small"),
        (
            "handles: [a]\nconsent: self\nprompts: My dream",
            (8, 14),
            'prompts must be a list: write prompts: ["My dream"]',
        ),
        ("handles: [a]\nconsent: self\nprompts: []", (8, 14), "prompts is empty"),
        ("handles: [a]\nconsent: self\nprompts: [ok, '']", (8, 19), "prompts is empty"),
        ("handles: [a]\nconsent: self\ntags: [ok, a b]", (8, 16), "a tag is one word"),
        ("handles: [a]\nconsent: self\nlicense: MIT", (8, 14), "did you mean 'mit'?"),
        ("handles: [a]\nconsent: self\nlicense: other", (8, 14), "needs license_name: and license_link:"),
        ("handles: [a]\nconsent: self\nlicense_name: Mine", (8, 5), "goes with license: other alone"),
        ("handles: [a]\nconsent: self\npaused: maybe", (8, 13), "neither true nor false"),
        ("handles: [a]\nconsent: self\nbase: a b", (8, 11), "neither a folder nor a model's Hub id"),
        ("handles: [a]\nconsent: self\nbase: ../nowhere", (8, 11), "there is no folder '../nowhere'"),
        ("handles: [a]\nconsent: self\ntemplate: ../../etc/passwd", (8, 15), "write the name alone"),
        ("handles: [a]\nconsent: self\narchive: a.zip", (8, 5), "archive is read by source: archive alone"),
        ('handles: ["a\\0"]\nconsent: self', (6, 15), "forbidden character (U+0000)"),
    ],
)
def test_a_fault_is_reported_at_its_place_with_the_fix(
    tmp_path: Path, text: str, place: tuple[int, int], words: str
) -> None:
    line, column, message = entry(text, tmp_path)
    assert (line, column) == place
    assert words in message


@pytest.mark.parametrize("word", ["no", "007", "1_000", "null", "on", "yes", "1e5"])
def test_words_that_yaml_turns_into_other_things_stay_handles(tmp_path: Path, word: str) -> None:
    (found,) = read(HEAD + f"models: [{{handles: [{word}], consent: self}}]", tmp_path).entries
    assert found.handles == (word,)


def test_every_fault_of_an_entry_is_reported_in_one_run(tmp_path: Path) -> None:
    text = HEAD + (
        "models:\n  - handles: [a b, ok, OK]\n    licence: mit\n    recipe: {epochs: x, sed: 1}\n    tags: [a b, c d]\n"
        "    max_age: 1y\n    license: mti\n    base: ./nope\n    paused: perhaps\n"
    )
    places = [(each.line, each.column) for each in problems(text, tmp_path)]
    assert places[:6] == [(6, 5), (6, 15), (6, 24), (7, 5), (8, 22), (8, 25)]
    assert places[6:] == [(9, 12), (9, 17), (10, 14), (11, 14), (12, 11), (13, 13)]


def test_a_fault_behind_another_is_reported_in_the_same_run(tmp_path: Path) -> None:
    text = HEAD + "models: [{handles: [ada], consent: self, recipe: {epochs: x, clip: inf}, prompts: ['']}]"
    assert [each.message.split()[0] for each in problems(text, tmp_path)] == ["epochs:", "clip", "prompts"]


def test_a_removed_handle_is_refused_on_its_line_in_any_spelling(tmp_path: Path) -> None:
    text = HEAD + (
        "removed:\n  - handles: [Dave, carol.example.org]\n"
        "models:\n  - {handles: [ada, '@DAVE'], consent: self}\n"
        "  - {handles: ['https://bsky.app/profile/carol.example.org'], source: bluesky, consent: self}\n"
    )
    first, second = problems(text, tmp_path)
    assert (first.line, first.column) == (8, 21)
    assert "'dave' was removed (line 6) and is never made again" in first.message
    assert (second.line, second.column) == (9, 16)


@pytest.mark.parametrize(
    ("policy", "consent", "faults"),
    [
        ("required", "", 1),
        ("recorded", "", 0),
        ("off", "", 0),
        ("recorded", ", consent: maybe", 1),
        ("off", ", consent: self", 0),
    ],
)
def test_consent_is_asked_for_as_the_policy_says(
    tmp_path: Path, policy: str, consent: str, faults: int
) -> None:
    text = HEAD + f"policy: {{consent: {policy}}}\nmodels: [{{handles: [ada]{consent}}}]\n"
    assert len(problems(text, tmp_path)) == faults


def test_a_license_of_ones_own_has_a_name_and_a_link(tmp_path: Path) -> None:
    text = "license: other, license_name: Mine, license_link: 'https://example.org/license'"
    (found,) = read(HEAD + f"models: [{{handles: [ada], consent: self, {text}}}]", tmp_path).entries
    assert (found.license, found.license_name, found.license_link) == (
        "other",
        "Mine",
        "https://example.org/license",
    )


def test_a_long_name_made_of_many_handles_asks_for_a_short_one(tmp_path: Path) -> None:
    many = ", ".join(f"handle_number_{n}" for n in range(9))
    text = HEAD + f"models:\n  - handles: [{many}]\n    consent: self\n"
    line, column, message = only(text, tmp_path)
    assert (line, column) == (6, 14)
    assert "and 96 are allowed; give a name:" in message
    (found,) = read(text + "    name: all-of-them\n", tmp_path).entries
    assert found.name == "all-of-them"


@pytest.mark.parametrize(
    "base", ["~/tiny", "./bases/tiny", "bases/tiny", "../{here}/bases/tiny", "{home}/bases/tiny"]
)
def test_a_base_is_a_folder_where_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "bases"))
    write_base_files(tmp_path / "bases/tiny")
    text = base.format(here=tmp_path.name, home=tmp_path)
    (found,) = read(HEAD + f"models: [{{handles: [ada], consent: self, base: '{text}'}}]", tmp_path).entries
    assert found.base == str(tmp_path / "bases/tiny")


def test_a_base_that_is_a_gguf_file_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases/model.gguf").write_bytes(b"GGUF")
    (found,) = read(
        HEAD + "models: [{handles: [ada], consent: self, base: bases/model.gguf}]", tmp_path
    ).entries
    assert found.base == str(tmp_path / "bases/model.gguf")


@pytest.mark.parametrize(
    ("file", "content", "wanted"),
    [
        ("notes.txt", b"", "base: './bases/tiny' holds no config.json"),
        ("config.json", b"{}", "base: './bases/tiny' holds no *.safetensors"),
        ("model.gguf", b"GGUF", "base: './bases/tiny' holds a GGUF model: name the file itself"),
    ],
)
def test_a_folder_that_is_no_base_is_an_error_on_its_line(
    file: str, content: bytes, wanted: str, tmp_path: Path
) -> None:
    (tmp_path / "bases/tiny").mkdir(parents=True)
    (tmp_path / "bases/tiny" / file).write_bytes(content)
    text = HEAD + "models:\n  - handles: [ada]\n    consent: self\n    base: ./bases/tiny\n"
    line, _, message = only(text, tmp_path)
    assert text.splitlines()[line - 1].strip() == "base: ./bases/tiny"
    assert wanted in message


def test_a_base_on_the_hub_keeps_its_revision(tmp_path: Path) -> None:
    text = HEAD + "models: [{handles: [ada], consent: self, base: openai-community/gpt2@main}]"
    assert read(text, tmp_path).entries[0].base == "openai-community/gpt2@main"


def test_a_template_lies_beside_the_registry(tmp_path: Path) -> None:
    text = HEAD + "models: [{handles: [ada], consent: self, template: fancy}]"
    assert "there is no templates/fancy.md.j2" in only(text, tmp_path)[2]
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/fancy.md.j2").write_text("")
    assert read(text, tmp_path).entries[0].template == "fancy"
