from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import RegistryError, UsageError
from bot.github.handle_list import Question
from bot.github.proposal import (
    Asked,
    Proposal,
    accepted,
    added,
    branch,
    changes,
    description,
    ours_alone,
    read,
    refused,
)

REGISTRY = """\
# The fleet.
version: 1
namespace: org
contact: https://example.org/removal
models:
  # Ada came first.
  - handles: [ada_example]
    consent: self
removed:
  - handles: [dave_example]
x: {terms_acknowledged: true}
"""


def form(handles: str, network: str = "x", consent: str = "self") -> str:
    return f"### Handles\n\n{handles}\n\n### Network\n\n{network}\n\n### Consent\n\n{consent}\n"


def test_a_request_becomes_an_entry_and_every_comment_stays() -> None:
    made = read(
        form("@Bob_Example cleo_example", consent="https://example.org/agreed"),
        REGISTRY,
        Path("registry.yaml"),
    )
    assert made.handles == ("bob_example", "cleo_example")
    assert made.title == "Add bob_example and cleo_example"
    assert made.registry.startswith(REGISTRY[: REGISTRY.index("removed:")])
    assert "# Ada came first." in made.registry
    assert "consent: https://example.org/agreed" in made.registry


def test_each_issue_has_a_branch_of_its_own() -> None:
    assert branch(7) != branch(6)
    assert all(character in "abcdefghijklmnopqrstuvwxyz0123456789-/" for character in branch(7))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (form("ada_example"), "already listed"),
        (form("dave_example"), "was removed"),
        (form("$(touch x)"), "is not a handle"),
        (form('"; echo'), "is not a handle"),
        (form("bob_example", consent="self\nno"), "one line"),
        (form("bob_example", network="x\nx"), "one line"),
        (form("<script>alert(1)</script>"), "is not a handle"),
        (form("carol.example.social"), "set source: bluesky"),
        (form("bob_example", network="facebook"), "is none of"),
        (form("bob_example", network="`x`"), "is none of"),
        (form("bob_example", consent="http://example.org"), "https"),
        (form("bob_example", consent="![x](https://evil.example/a.png)"), "consent"),
        (form("bob_example", consent="_No response_"), "write self"),
        (form("_No response_"), "name at least one"),
        (form(" ".join(f"h{number}" for number in range(11))), "1 to 10"),
        ("add bob please", "not the form"),
    ],
)
def test_what_is_wrong_is_a_sentence_for_the_one_who_asked(body: str, words: str) -> None:
    with pytest.raises((UsageError, RegistryError), match=words):
        read(body, REGISTRY, Path("registry.yaml"))


def test_a_fault_that_was_there_before_does_not_stand_in_the_way() -> None:
    broken = REGISTRY.replace("    consent: self\n", "")
    assert read(form("bob_example"), broken, Path("registry.yaml")).handles == ("bob_example",)


def test_an_answer_quotes_nothing_that_works() -> None:
    with pytest.raises(UsageError) as caught:
        read(form("@everyone<img/src=x>"), REGISTRY, Path("registry.yaml"))
    text = refused(caught.value)
    assert "<img" not in text
    assert "@everyone" not in text


def test_a_pull_request_closes_the_issue_and_asks_to_make_sure_of_consent() -> None:
    made = read(form("bob_example"), REGISTRY, Path("registry.yaml"))
    assert "Closes #7" in description(made, 7)
    assert "own word" in description(made, 7)
    linked = read(
        form("bob_example", consent="https://example.org/@everyone"), REGISTRY, Path("registry.yaml")
    )
    assert "`https://example.org/@everyone`" in description(linked, 7)
    assert "https://github.example/pull/1" in accepted(made, "https://github.example/pull/1")


@pytest.mark.parametrize("typed", ["self", "Self", "SELF", "self.", " `self` ", "“Self”"])
def test_a_consent_is_taken_as_phones_write_it(typed: str) -> None:
    assert read(form("bob_example", consent=typed), REGISTRY, Path("registry.yaml")).consent == "self"


@pytest.mark.parametrize(
    "typed",
    [
        "https://example.org/agreed",
        "<https://example.org/agreed>",
        "https://example.org/agreed.",
        "[here](https://example.org/agreed)",
    ],
)
def test_a_consents_address_is_taken_out_of_what_stands_around_it(typed: str) -> None:
    made = read(form("bob_example", consent=typed), REGISTRY, Path("registry.yaml"))
    assert made.consent == "https://example.org/agreed"


@pytest.mark.parametrize(
    ("handles", "expected"),
    [
        ("mara_quay and bob_x", ("mara_quay", "bob_x")),
        ("mara_quay, bob_x.", ("mara_quay", "bob_x")),
        ("[@mara_quay](https://x.com/mara_quay)", ("mara_quay",)),
    ],
)
def test_what_people_type_around_handles_is_no_handle(handles: str, expected: tuple[str, ...]) -> None:
    made = read(form(handles, network="archive"), REGISTRY, Path("registry.yaml"))
    assert made.handles == expected


def test_what_is_not_clear_is_asked_back() -> None:
    with pytest.raises(Question) as caught:
        read(form("bob_example and"), REGISTRY, Path("registry.yaml"))
    text = refused(caught.value)
    assert "One question before it can be proposed" in text
    assert "cannot be taken" not in text


def test_several_accounts_and_imports_are_explained_where_they_are_read() -> None:
    made = read(form("bob_example cleo_example", network="archive"), REGISTRY, Path("registry.yaml"))
    for text in (description(made, 7), accepted(made, "https://github.example/pull/1")):
        assert "become ONE model" in text
        assert "`bot import bob_example FILE`" in text
    alone = read(form("bob_example"), REGISTRY, Path("registry.yaml"))
    assert "ONE model" not in description(alone, 7)
    assert "import" not in description(alone, 7)


def test_a_changed_consent_is_said_first_and_loudly() -> None:
    made = read(form("bob_example"), REGISTRY, Path("registry.yaml"))
    before = Asked(("bob_example",), "https://example.org/@everyone", "archive")
    said = changes(before, made.asked)
    assert said[0].startswith(
        "CONSENT: proposed with `https://example.org/@everyone`; the issue says the account"
    )
    assert said[1] == "Network: proposed with archive; the issue says x."
    body = description(made, 7, said)
    assert body.startswith("> [!CAUTION]\n> **#7 was edited")
    assert all(line.startswith(">") for line in body.split("\n\n")[0].splitlines())
    assert changes(made.asked, made.asked) == []


def test_what_a_branch_adds_is_read_out_of_its_registry() -> None:
    path = Path("registry.yaml")
    made = read(form("bob_example cleo_example"), REGISTRY, path)
    assert added(made.registry, REGISTRY, path) == [made.asked]
    assert added("models: [", REGISTRY, path) == []
    faulty = made.registry.replace("handles: [bob_example", "handles: [b b")
    assert [one.consent for one in added(faulty, REGISTRY, path)] == [None]


def test_a_branch_is_ours_alone_while_nobody_else_wrote_to_it() -> None:
    made: Proposal = read(form("bob_example"), REGISTRY, Path("registry.yaml"))
    place, text = "registry.yaml", made.registry
    assert ours_alone([made.message], [place], place, text)
    assert ours_alone([], [], place, REGISTRY)
    assert not ours_alone([made.message], [place], place, text + "# agreed\n")
    assert not ours_alone([made.message, "by hand"], [place], place, text)
    assert not ours_alone([made.message], [place, "README.md"], place, text)
    assert not ours_alone(["by hand"], [place], place, text)
