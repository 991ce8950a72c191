"""Advice that works when followed: what a message proposes is put into the file, and the problem must be gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from registry_texts import read

from bot.errors import Problem, RegistryError
from bot.registry.advice import did_you_mean, nearest

HEAD = "version: 1\nnamespace: my-org\ncontact: https://example.org/removal\n"
X = "x: {terms_acknowledged: true}\n"


def entry(*lines: str, consent: str = "consent: self") -> str:
    """A registry with one entry of these keys."""
    keys = [line for line in (*lines, consent) if line]
    return f"{HEAD}{X}models:\n  - " + "\n    ".join(keys) + "\n"


def with_ada(line: str) -> str:
    return entry("handles: [ada]", line)


ADDRESS = "https://x.com/jack/status/20"
FIXED_BY_ONE = {
    'handles: "@grace_example"': "handles: [grace_example]",
    "handles: @grace_example": "handles: [grace_example]",
    "handles: [@ada, @bob]": "handles: [ada, bob]",
    "handles: [bob, @ada]  # @him": "handles: [bob, ada]  # @him",
    "handle: frank_example": "handles: [frank_example]",
    'handle: "@frank_example"': "handles: [frank_example]",
    "handle: [frank_example]": "handles: [frank_example]",
    "Handles: [ada]": "handles: [ada]",
    "user: ada": "handles: [ada]",
    "handels: [ada]": "handles: [ada]",
    "handles: ada": "handles: [ada]",
    "handles: ada bob": "handles: [ada, bob]",
    "handles: ada, @bob": "handles: [ada, bob]",
    "handles: https://x.com/jack": "handles: [jack]",
    f"handles: {ADDRESS}": "handles: [jack]",
    f"handles: [{ADDRESS}]": "handles: [jack]",
    f"handles: ['{ADDRESS}?s=21']": "handles: [jack]",
    "handles: [[ada], bob]": "handles: [ada, bob]",
    "handles: {ada: 1}": "handles: [ada]",
    "handles: []": "handles: [ada_example]",
    "handles: [\u201cada\u201d]": "handles: [ada]",
    "handles:\u00a0[ada]": "handles: [ada]",
    "name: x": "handles: [ada_example]\n    name: x",
    "handles: [carol.example.social]": "source: bluesky\n    handles: [carol.example.social]",
    "handles: [ada@host.example]": "source: mastodon\n    handles: [ada@host.example]",
}
"""The first line of an entry as people write it, and as it is once the proposal was followed."""

FIXED_BESIDE = {
    'prompts: "My dream is"': 'prompts: ["My dream is"]',
    "prompts: Today, I": 'prompts: ["Today, I"]',
    "prompts: 'I: am \"so\"'": 'prompts: ["I: am \\"so\\""]',
    f"prompts: {'long ' * 20}end": f'prompts: ["{"long " * 20}end"]',
    "prompts: [\u201cMy dream is\u201d]": 'prompts: ["My dream is"]',
    "prompts: \u201cMy dream is\u201d": 'prompts: ["My dream is"]',
    "tags: poetry": "tags: [poetry]",
    "tags: poetry, two": "tags: [poetry, two]",
    "tags: ['#poetry']": "tags: [poetry]",
    "tags: [two words]": "tags: [two-words]",
    "source: twitter": "source: x",
    "source: X": "source: x",
    "sampling: clasic": "sampling: classic",
    "recipe: clasic": "recipe: classic",
    "recipe: {epoch: 3}": "recipe: {epochs: 3}",
    "epochs: 3": "recipe: {epochs: 3}",
    "temperature: 0.7": "sampling: {temperature: 0.7}",
    "max_age: 3 months": "max_age: 12h",
    "license: MIT": "license: mit",
    "licence: mit": "license: mit",
    "sensitive: tru": "sensitive: true",
    "min_new_posts: 1,000": "min_new_posts: 1000",
    "min_new_posts: 1k": "min_new_posts: 1000",
    "name: my model": "name: my-model",
    "template: templates/model_card.md.j2": "template: model_card",
}
"""The same for a further line of an entry."""

WHOLE_FILES = [
    HEAD + "models:\n  - handles: [ada]\n    consent: self\n",
    HEAD + "x: {}\nmodels:\n  - handles: [ada]\n    consent: self\n",
    HEAD + "x:\n  terms_acknowledged: false\nmodels:\n  - handles: [ada]\n    consent: self\n",
    HEAD + "x:\n  monthly_reads: 5\nmodels:\n  - handles: [ada]\n    consent: self\n",
    HEAD + "x: {monthly_reads: 5}\nmodels:\n  - handles: [ada]\n    consent: self\n",
    entry("handles: [ada]", consent=""),
    entry("handles: [ada]", consent="consent: Self"),
    HEAD + X + "models: [{handles: [ada]}]\n",
    HEAD + X + "models: [{handles: [c.example.social], consent: self}]\n",
    HEAD + X + "policy: {consent: off}\nmodels: [ada]\n",
    HEAD + X + "policy: {consent: off}\nmodels:\n  - ada\n",
    HEAD + "removed:\n  - ada\n",
    HEAD + "removed: [ada, bob]\n",
    HEAD + "removed:\n  - handle: ada\n",
    HEAD + "removed:\n  - handles: ada\n",
    HEAD + f"removed:\n  - handles: [{ADDRESS}]\n",
    HEAD + "removed:\n  - handles: [ada]\n    on: 20.11.2026\n",
    HEAD + "model: []\n",
    HEAD + "hub: models\n",
    HEAD + "hub: ./my models\n",
    HEAD + "hub: hub.example.org\n",
    HEAD + "policy: {consent: require}\n",
    HEAD + "policy: {max_copying: 5%}\n",
    HEAD + "requires: 0.2\n",
    HEAD + "requires: '>2,<1'\n",
    HEAD + X + "models:\n\u00a0\u00a0- handles: [ada]\n    consent: self\n",
    HEAD + X + "models:\n  -\u00a0handles: [ada]\n    consent:\u00a0self\n",
    HEAD.replace("1", "1.0", 1) + "models: []\n",
    HEAD.replace("my-org", "my org") + "models: []\n",
    HEAD.replace("https://example.org/removal", "ada@example.org") + "models: []\n",
    entry("handles: [ada]", "archive: [a.zip, b.zip]"),
    entry("source: x", "handles: [ada]", "archive: [a.zip, b.zip]"),
    entry("handles: [ada, bob]", "source: archive", "archive: [a.zip, b.zip]"),
    entry(
        "handles: ['did:plc:abcdefghijklmnopqrstuvwx', bob.example.org]", "source: archive", "archive: [a, b]"
    ),
]

TEXTS = [*map(entry, FIXED_BY_ONE), *map(with_ada, FIXED_BESIDE), *WHOLE_FILES]


def problems(text: str, folder: Path) -> list[Problem]:
    """Problems and warnings of this registry."""
    try:
        found = read(text, folder)
    except RegistryError as error:
        return list(error.problems)
    return [*found.problems, *found.warnings]


@pytest.mark.parametrize("text", TEXTS)
def test_each_proposal_removes_its_problem_and_makes_no_new_one(text: str, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip", "a", "b"):
        (tmp_path / name).write_bytes(b"")
    before = problems(text, tmp_path)
    assert any(each.replacements for each in before)
    messages = [each.message for each in before]
    for problem in before:
        for replacement in problem.replacements:
            after = [each.message for each in problems(replacement.applied(text), tmp_path)]
            assert after.count(problem.message) < messages.count(problem.message), replacement
            assert set(after) <= set(messages), replacement


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        *((entry(line), entry(fixed)) for line, fixed in FIXED_BY_ONE.items()),
        *((with_ada(line), with_ada(fixed)) for line, fixed in FIXED_BESIDE.items()),
    ],
)
def test_the_first_proposal_makes_the_line_right(wrong: str, right: str, tmp_path: Path) -> None:
    first = next(each for each in problems(wrong, tmp_path) if each.replacements)
    fixed = first.replacements[0].applied(wrong)
    assert fixed == right
    assert not problems(fixed, tmp_path)


@pytest.mark.parametrize("text", TEXTS)
def test_a_sentence_that_proposes_text_carries_it_and_shows_it(text: str, tmp_path: Path) -> None:
    """`write X` and `did you mean X?` are made of the value that a caller can apply."""
    for problem in problems(text, tmp_path):
        meant = re.findall(r"did you mean '([^']*)'", problem.message)
        assert set(meant) <= {each.text.strip('"') for each in problem.replacements}
        written = re.findall(r"write (\w+: \S*\[[^.\]]+\])", problem.message)
        assert not written or problem.replacements


def test_nothing_is_proposed_for_a_block_of_several_lines(tmp_path: Path) -> None:
    text = with_ada("prompts: |\n      one\n      two")
    assert [each.replacements for each in problems(text, tmp_path)] == [()]


def test_the_nearest_word_is_offered_and_nothing_far() -> None:
    assert nearest("handels", ["handles", "name"]) == "handles"
    assert nearest("Twitter", ["archive", "x"]) == "x"
    assert nearest("zzz", ["handles", "name"]) is None
    assert did_you_mean("handles") == "; did you mean 'handles'?"
    assert did_you_mean(None) == ""
