"""What a card says of copying, intervals, voices, tracking and what is withheld, as a reader sees it."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from typing import Any

import card_reader
import pytest
from card_facts import ADA, BASE_SCORE, BOB, CARDS, TEXTS, TRACKING, TUNED_SCORE, WHEN, account, manifest

from bot.hub import front_matter
from bot.manifest import Evaluation, Manifest, Sample, Score, Tracking
from bot.render import card
from bot.render.card import snippet
from bot.render.card import variables as card_facts


def page(made: Manifest) -> card_reader.Seen:
    return card_reader.by_cmark(card_reader.body_of(card.render(made)))


def words(made: Manifest) -> str:
    return " ".join(page(made).text.split())


def table(made: Manifest, head: str) -> list[list[str]]:
    """The one table whose header row holds `head`."""
    found = [one for one in page(made).tables if head in one[0]]
    assert len(found) == 1
    return found[0]


def test_copying_is_reported_beside_the_natural_level_with_its_method() -> None:
    assert table(CARDS["one"], "Natural level") == [
        ["Measure", "This model", "Natural level"],
        ["Texts that are a whole training tweet", "0.0%", "0.6%"],
        ["Texts with a copied run", "4.0%", "15.8%"],
        ["Words inside copied runs", "1.1%", "5.2%"],
    ]
    said = words(CARDS["one"])
    assert "200 texts written without a prompt" in said
    assert "the same measure on 167 held-out tweets" in said
    assert "A copied run is 6 words or more that stand word for word in one training tweet" in said
    assert "How much it copies" not in words(CARDS["three"])


def test_intervals_of_the_loss_are_said_only_where_they_were_computed() -> None:
    scores = table(CARDS["one"], "Base")
    assert scores[2] == ["Loss, nats per token", "4.930", "3.901"]
    assert "base 4.871–4.990, this model 3.822–3.978" in words(CARDS["one"])
    plain = Score(loss=3.9, perplexity=49.4, bits_per_byte=1.37)
    bare = manifest(evaluation=Evaluation(posts=9, tokens=90, bytes=400, base=BASE_SCORE, tuned=plain))
    assert "95% intervals" not in words(bare)


def test_a_cyborgs_voices_have_a_row_each_by_name() -> None:
    rows = table(CARDS["two"], "Account")
    assert rows[0] == ["Account", "Tweets", "Base", "This model"]
    assert rows[1] == ["Bob | Example", "335", "4.930", "3.840"]
    assert rows[2] == ["Ada Example", "167", "4.930", "3.901"]
    assert not [one for one in page(CARDS["one"]).tables if "Account" in one[0]]


def test_a_gain_is_reported_in_a_sentence_and_a_loss_is_not_dressed_up() -> None:
    assert "needs 21% fewer bits than its base" in words(CARDS["one"])
    swapped = Evaluation(posts=9, tokens=90, bytes=400, base=TUNED_SCORE, tuned=BASE_SCORE)
    assert card_facts.improvement(manifest(evaluation=swapped)) is None
    assert "fewer bits" not in words(manifest(evaluation=swapped))


@pytest.mark.parametrize(
    ("tracking", "links"),
    [
        (None, []),
        (Tracking(service="wandb"), []),
        (TRACKING, [TRACKING.run_url, TRACKING.data_url]),
        (Tracking(service="trackio", run_url="https://example.org/run"), ["https://example.org/run"]),
        (
            Tracking(service="wandb", model_url="https://wandb.ai/m", report_url="https://wandb.ai/r"),
            ["https://wandb.ai/m", "https://wandb.ai/r"],
        ),
    ],
)
def test_links_to_a_tracked_run_stand_there_only_when_there_is_a_run(
    tracking: Tracking | None, links: list[str]
) -> None:
    seen = page(manifest(tracking=tracking))
    before = set(page(manifest()).links)
    assert [link for link in seen.links if link not in before] == links
    assert ("Tracked by" in seen.text) == bool(links)


def test_what_was_not_fetched_is_said_and_never_a_zero() -> None:
    budgeted = account(
        "ada_example",
        "Ada",
        downloaded=110,
        kept=100,
        dropped={"short": 10},
        not_fetched=("retweets", "replies"),
    )
    made = manifest([budgeted, BOB])
    rows = {row[0]: row[1:] for row in card_reader.statistics(page(made))[0]}
    assert rows["Retweets"] == ["not fetched", "992"]
    assert rows["Replies"] == ["not fetched", "0"]
    assert (rows["Tweets downloaded"][0], rows["Short tweets"][0], rows["Tweets kept"][0]) == (
        "110",
        "10",
        "100",
    )
    assert "the first row is the sum of the other counts" in words(made)
    assert "not fetched" not in words(manifest())


def test_how_posts_were_selected_is_said_with_its_counts() -> None:
    chosen = {
        "replies": "drop",
        "mentions": "mask",
        "since": "2020-01-01",
        "until": "2023-12-31",
        "apps": ["foursquare"],
        "threads": "join",
        "lines": "keep",
    }
    dropped = {"retweets": 0, "short": 10, "dates": 0, "apps": 7, "replies": 30, "joined": 3}
    one = account(
        "ada_example",
        "Ada",
        downloaded=150,
        kept=100,
        dropped=dropped,
        changed={"stripped": 1200, "masked": 45},
    )
    made = manifest([one], selection=chosen)
    rows = {row[0]: row[1:] for row in card_reader.statistics(page(made))[0]}
    assert [
        rows[name] for name in ("Outside the dates", "By apps left out", "Replies", "Joined to a thread")
    ] == [
        ["0"],
        ["7"],
        ["30"],
        ["3"],
    ]
    said = words(made)
    for part in (
        "from 2020-01-01 on, up to 2023-12-31",
        "foursquare",
        "1,200 tweets lost the mentions",
        "In 45 tweets the handles of other people became @user",
        "Line breaks were kept",
        "is one text",
        "Replies to other people were left out",
    ):
        assert part in said


def test_a_model_without_a_choice_says_nothing_of_one() -> None:
    assert "became @user" not in words(manifest([ADA]))
    plain = {"replies": "strip", "mentions": "mask", "apps": [], "threads": "keep", "lines": "join"}
    assert "@user" not in words(manifest([ADA], selection=plain))


def test_what_came_although_it_is_no_longer_fetched_is_counted() -> None:
    dropped = {"retweets": 50, "short": 10}
    some = account("ada_example", "Ada", downloaded=160, kept=100, dropped=dropped, not_fetched=("retweets",))
    rows = {row[0]: row[1:] for row in card_reader.statistics(page(manifest([some])))[0]}
    assert rows["Tweets downloaded"] == ["160"]
    assert rows["Retweets"] == ["50"]  # else the first row is not the sum of the others


def test_a_copied_sample_is_shown_nowhere_and_counted() -> None:
    secret = "SECRET POST"
    samples = (
        Sample(prompt="My dream is", text=secret, seed=42, copied=True),
        Sample(prompt="My dream is", text=TEXTS[0], seed=42),
    )
    made = manifest(samples=samples)
    readme = card.render(made)
    assert secret not in readme
    assert "1 more is withheld: word for word, it is a training tweet or a long run of one." in words(made)
    loop = next(node for node in ast.walk(ast.parse(page(made).code[0])) if isinstance(node, ast.For))
    assert isinstance(loop.iter, ast.Call)
    assert ast.literal_eval(loop.iter.keywords[0].value) == 2
    assert front_matter.parse(readme)["widget"] == [{"text": "My dream is", "output": {"text": TEXTS[0]}}]
    nothing = manifest(samples=samples[:1])
    assert "The only text is withheld" in words(nothing)
    assert "widget" not in front_matter.parse(card.render(nothing))


@pytest.mark.parametrize(
    ("prompt", "text"), [("Why?", "nobody knows"), ('"Well"', "said"), ("* * *", "x"), ("`a`", "b")]
)
def test_a_prompt_is_bold_whatever_it_ends_in(prompt: str, text: str) -> None:
    made = manifest(samples=(Sample(prompt=prompt, text=text, seed=1),))
    assert page(made).quotes[1] == prompt + text
    assert "<strong>" in card.render(made).split("## What it writes")[1].split("## How")[0]


def test_every_hyperparameter_that_was_used_is_said() -> None:
    made = manifest(recipe={"batch_size": 8, "seed": 42, "lora_rank": None, "of_a_newer_bot": 1.5})
    tables = [one for one in page(made).tables if one[0][0] == "Hyperparameter"]
    assert [[row[:2] for row in one[1:]] for one in tables] == [
        [["Batch size", "8"], ["LoRA rank", "none"], ["Seed", "42"], ["Of a newer bot", "1.5"]],
    ]


def test_an_adapter_is_called_one_and_asks_for_peft() -> None:
    made = manifest(recipe={"lora_rank": 8})
    found = front_matter.parse(card.render(made))
    assert (found["library_name"], found["base_model_relation"]) == ("peft", "adapter")
    assert "pip install transformers torch peft" in words(made)
    assert "What is published is a LoRA adapter" in words(made)
    assert "peft" not in card.render(manifest())


def test_an_adapter_merged_into_a_local_base_is_a_whole_model_and_says_so() -> None:
    made = manifest(
        recipe={"lora_rank": 8}, base=manifest().base.model_copy(update={"id": None, "digest": "0" * 16})
    )
    assert front_matter.parse(card.render(made))["library_name"] == "transformers"
    assert "it was merged into the weights, which are published whole in" in words(made)
    assert "peft" not in card.render(made)


def test_steps_that_overflowed_are_counted_on_the_card() -> None:
    training = manifest().training
    assert training is not None
    made = manifest(training=training.model_copy(update={"dtype": "fp16 autocast", "skipped_steps": 2}))
    assert "in fp16 autocast; 2 steps overflowed and changed nothing." in words(made)


def test_without_samples_the_snippet_asks_the_registrys_first_prompt() -> None:
    assert 'generator("Once upon"' in card.render(manifest(samples=(), prompts=("Once upon", "x")))


@pytest.mark.parametrize(
    "prompt", ["a $$x^2$$ b", "$$$", "costs $5", "\\(x\\) and \\[y\\]", "\\\\(", 'say "$$`']
)
def test_a_prompt_that_looks_like_a_formula_is_none_in_the_snippet_and_is_asked_all_the_same(
    prompt: str,
) -> None:
    code = snippet.snippet("org/ada", (), (prompt,))
    assert "$$" not in code
    assert not re.search(r"\\\\[()\[\]]", code)
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    asked = [
        call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "generator"
    ]
    assert [ast.literal_eval(one) for one in asked] == [prompt]


def test_a_dollar_alone_stays_as_it_is() -> None:
    assert 'generator("costs $5"' in snippet.snippet("org/ada", (), ("costs $5",))


def test_hardware_facts_are_reported_when_they_were_measured() -> None:
    said = words(CARDS["three"])
    assert (
        "240 steps over 6,033 tweets (4 epochs, 61,204 tokens in all) and 21 seconds on NVIDIA T4 in bf16."
        in said
    )
    assert "The weights of epoch 3 were the best on validation tweets" in said
    assert "The weights are published in bf16." in said


def test_the_recipe_is_the_one_that_was_used_and_what_was_asked_stands_beside_it() -> None:
    rows = [row for table in page(CARDS["three"]).tables for row in table if row[0] == "Block size"]
    assert [row[1] for row in rows] == ["64 (1024 requested; the base's context)"]
    assert "requested;" not in words(CARDS["one"])


def test_what_the_network_says_of_an_account_is_said() -> None:
    assert "Ève Exämple 🦜 is itself a parody account, and marked so on X." in words(CARDS["three"])
    assert "Bluesky labels Carol: satire." in words(CARDS["other_network"])
    assert "parody account" not in words(CARDS["one"])
    hostile = manifest([account("ada_example", "Ada", labels=("a | b", "</div>"))])
    assert "X labels Ada: a | b, </div>." in words(hostile)


@pytest.mark.parametrize(
    ("changes", "tagged", "said"),
    [
        (
            {"sensitive_share": 0.25},
            True,
            "25.0% of the tweets it learned from were marked sensitive; above 10%",
        ),
        ({"sensitive_share": 0.05, "sensitive": True}, True, "Its makers marked it so."),
        ({"sensitive_share": 0.05}, False, "5.0% of the tweets were marked sensitive."),
        ({"sensitive_share": 0.0, "sensitive": True}, True, "Its makers marked it so."),
    ],
)
def test_sensitive_posts_are_reported_with_their_share(
    changes: dict[str, Any], tagged: bool, said: str
) -> None:
    made = manifest(**changes)
    assert said in words(made)
    assert ("Not for all audiences" in words(made)) == tagged
    assert ("not-for-all-audiences" in front_matter.parse(card.render(made))["tags"]) == tagged
    if made.sensitive_share:
        assert f"{made.sensitive_share:.1%}" in words(made)


def test_many_names_are_reported_once_each_and_the_title_stays_short() -> None:
    many = manifest([account(f"user_{number}", f"Name {number}") for number in range(9)])
    seen = page(many)
    assert seen.headings[0][1] == "Name 0 & Name 1 & 7 more: 🤖 AI cyborg"
    assert "Tweets of the 9 people named above" in words(many)
    assert [link for link in seen.links if "x.com" in link] == [f"https://x.com/user_{n}" for n in range(9)]


def test_the_older_systems_tag_stands_there_where_the_registry_asks_for_it() -> None:
    assert front_matter.parse(card.render(manifest(tags=("huggingtweets",))))["tags"] == [
        "mynah",
        "huggingtweets",
    ]
    assert "huggingtweets" not in card.render(manifest([ADA]))


def test_the_day_of_the_last_look_for_deletions_is_the_oldest_and_only_where_all_were_looked_for() -> None:
    old, new = WHEN - timedelta(days=9), WHEN
    both = [account("ada_example", "Ada", checked_at=new), account("bob_example", "Bob", checked_at=old)]
    said = words(manifest(both))
    assert "Deletions and edits at the source were last checked on 2026-11-11." in said
    one = [account("ada_example", "Ada", checked_at=new), account("bob_example", "Bob")]
    assert "Whether tweets were deleted at the source since was not checked." in words(manifest(one))


def unfolded(made: Manifest) -> int:
    """Words of a card that a visitor sees without unfolding anything."""
    body = re.sub(r"(?s)<details>.*?</details>", "", card_reader.body_of(card.render(made)))
    return len(card_reader.by_cmark(body).text.split())


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_short_before_anything_is_unfolded(name: str) -> None:
    made = CARDS[name]
    assert unfolded(made) <= (600 if len(made.accounts) == 1 else 700)


def test_the_way_to_a_removal_comes_before_the_first_sample() -> None:
    for made in CARDS.values():
        body = card_reader.body_of(card.render(made))
        assert body.index("Is this you?") < body.index("\n## ")


def test_the_time_in_which_a_removal_is_promised_stands_there_only_where_it_is() -> None:
    assert "The model is taken down within 7 days, and no" in words(manifest(removal_within="7d"))
    assert "The model is taken down within 1 week, and no" in words(manifest(removal_within="1w"))
    assert "The model is taken down, and no" in words(manifest())


def test_the_line_of_facts_holds_what_is_known_and_nothing_else() -> None:
    assert "1,676 tweets · Mar 2019 – Nov 2026 · English · perplexity 138 → 49 · 0% copied · mit" in words(
        CARDS["one"]
    )
    bare = manifest([account("ada", "Ada", first=None, last=None)], languages={}, license=None, copying=None)
    assert "1,676 tweets · perplexity 138 → 49 ## What".replace(" ## What", "") in words(bare)
    assert "copied · " not in words(bare)


def test_five_samples_are_shown_the_first_of_each_prompt_among_them() -> None:
    samples = tuple(
        Sample(prompt=prompt, text=f" {number}{prompt[-1]}", seed=1)
        for prompt in ("Aa", "Bb", "Cc")
        for number in range(1, 4)
    )
    seen = page(manifest(samples=samples))
    assert seen.quotes[1:6] == ["Aa 1a", "Aa 2a", "Aa 3a", "Bb 1b", "Cc 1c"]
    assert seen.quotes[6:] == ["Bb 2b", "Bb 3b", "Cc 2c", "Cc 3c"]
    assert "This call made the first prompt's texts above." in seen.text


def test_from_four_accounts_on_no_table_has_more_than_three_of_them() -> None:
    many = manifest([account(f"user_{number}", f"Name {number}") for number in range(8)])
    tables = card_reader.statistics(page(many))
    assert [len(one[0]) - 1 for one in tables] == [3, 3, 2]
    assert [name for one in tables for name in one[0][1:]] == [f"Name {number}" for number in range(8)]
    assert all([row[0] for row in one] == [row[0] for row in tables[0]] for one in tables)


def test_a_long_word_can_break_in_a_tables_head_and_reads_the_same() -> None:
    wide = "W" * 60
    made = manifest([account("ada", wide), BOB])
    assert card_reader.statistics(page(made))[0][0][1] == wide
    row = next(line for line in card.render(made).splitlines() if line.startswith("| Data |"))
    assert max(map(len, re.split(r"&#8203;|[ |]", row))) <= 8


def test_what_the_bot_wrote_itself_reads_well_in_the_source() -> None:
    readme = card.render(CARDS["one"])
    assert "<code>do_sample</code>" in readme
    assert "torch 2.13.0" in readme
    body = card_reader.body_of(readme)
    assert set(re.findall(r"&#(\d+);", body)) <= {"64", "38", "124", "39"}
