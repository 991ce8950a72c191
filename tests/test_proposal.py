from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import RegistryError, UsageError
from bot.proposal import accepted, description, read, refused

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


def test_the_same_people_have_the_same_branch_and_others_another() -> None:
    path = Path("registry.yaml")
    one = read(form("bob_example cleo_example"), REGISTRY, path).branch
    assert one == read(form("@Cleo_Example, BOB_EXAMPLE"), REGISTRY, path).branch
    assert (
        one
        != read(
            form("bob_example-cleo_example".replace("-", " ").replace("bob_", "bobb_")), REGISTRY, path
        ).branch
    )
    assert all(character in "abcdefghijklmnopqrstuvwxyz0123456789-/" for character in one)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (form("ada_example"), "already listed"),
        (form("dave_example"), "was removed"),
        (form("$(touch x)"), "is not a handle"),
        (form('"; echo'), "is not a handle"),
        (form("a\nb"), "one line"),
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
    assert "https://github.example/pull/1" in accepted("https://github.example/pull/1")
