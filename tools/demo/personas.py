"""Who the demo's four accounts are, and how their source texts become posts.

The texts are public-domain and their authors long dead; the accounts, links and dates are made up.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from texts import SLURS, Headword, Verse, one_line

POST_LENGTH = 280
"""Characters a post holds; a longer one goes to note-tweet.js."""

LONGEST_NOTE = 900
MOST_POSTS = 1000
"""Definitions an account posts at most, so that the whole demo trains in a minute or two."""

MOST_VERSES = 1900
SEED = 1911

CRUDE = re.compile(
    r"fuck|penis|gang bang|dildo|\btits\b|sex partner|mongol|afro-american|chinese custom|joss-|mohammedan|aborigin",
    re.IGNORECASE,
)
"""Definitions that hold one of these are left out: a demo is no place to shock or to slight."""


@dataclass(frozen=True, slots=True)
class Account:
    """What account.js and profile.js say of an account, and the emblem of its avatar."""

    handle: str
    number: str
    name: str
    bio: str
    location: str
    website: str
    emblem: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A post before X's format is put on it: links in full, nothing escaped.

    `first_version` is what stood there before an edit; `reply_to` a handle; `photo` whether one hangs on it.
    """

    text: str
    lang: str = "en"
    reply_to: str | None = None
    retweet_of: str | None = None
    first_version: str | None = None
    photo: bool = False


DEVIL = Account(
    handle="devils_dict",
    number="1100000000000001881",
    name="The Devil's Dictionary 😈",
    bio="Definitions for the disenchanted, since 1881. Words by A. Bierce, last seen riding south.",
    location="San Francisco & elsewhere",
    website="https://example.org/devil",
    emblem="devil",
    created_at="2023-12-11T09:13:00.000Z",
)
JARGON = Account(
    handle="jargon_file",
    number="1100000000000004407",
    name="Jargon File | 4.4.7 💾",
    bio="The hacker's dictionary, an entry at a time. foo, bar & baz. <insert witty bio here>",
    location="/dev/null",
    website="https://example.org/jargon",
    emblem="terminal",
    created_at="2023-12-29T04:04:07.000Z",
)
KING_JAMES = Account(
    handle="king_james_1611",
    number="1100000000000001611",
    name="King James 📜 1611",
    bio="Vanity of vanities, posted daily. Proverbs, Psalms and the Preacher.",
    location="Hampton Court",
    website="https://example.org/kjv",
    emblem="book",
    created_at="2023-11-02T06:11:00.000Z",
)
RICHARD = Account(
    handle="poor_richard",
    number="1100000000000001732",
    name="Poor Richard 🪁",
    bio="Almanack-maker. Early to bed. Never wrote a thread.",
    location="Philadelphia",
    website="https://example.org/almanack",
    emblem="kite",
    created_at="2023-12-19T17:32:00.000Z",
)
ACCOUNTS = (DEVIL, JARGON, KING_JAMES, RICHARD)

POOR_RICHARD = (
    "Three may keep a secret, if two of them are dead.",
    "Fish and visitors stink in three days.",
    "Early to bed and early to rise, makes a man healthy, wealthy and wise.",
    "God helps them that help themselves.",
    "He that lies down with dogs, shall rise up with fleas.",
    "Keep your eyes wide open before marriage, half shut afterwards.",
    "Necessity never made a good bargain.",
    "A true friend is the best possession.",
    "Beware of little expenses; a small leak will sink a great ship.",
    "When the well's dry, we know the worth of water.",
    "Lost time is never found again.",
    "Well done is better than well said.",
    "Haste makes waste.",
    "To lengthen thy life, lessen thy meals.",
    "Hunger never saw bad bread.",
    "He that drinks fast, pays slow.",
    "Eat to live, and not live to eat.",
    "Half the truth is often a great lie.",
    "Dost thou love life? Then do not squander time, for that's the stuff life is made of.",
    "The sleeping fox catches no poultry. Up! up!",
    "Diligence is the mother of good luck.",
    "Love your neighbour; yet don't pull down your hedge.",
    "If you would be loved, love and be lovable.",
    "Glass, china, and reputation, are easily cracked, and never well mended.",
    "He that falls in love with himself, will have no rivals.",
    "An empty bag cannot stand upright.",
    "Have you somewhat to do to-morrow; do it to-day.",
    "The worst wheel of the cart makes the most noise.",
    "He that can have patience, can have what he will.",
    "Creditors have better memories than debtors.",
    "There are no gains without pains.",
    "Wish not so much to live long, as to live well.",
    "If you would not be forgotten, as soon as you are dead and rotten, either write things worth "
    "reading, or do things worth the writing.",
    "Search others for their virtues, thyself for thy vices.",
    "Let thy discontents be thy secrets.",
    "Speak little, do much.",
    "Fools make feasts, and wise men eat them.",
    "Experience keeps a dear school, yet fools will learn in no other.",
    "Great talkers, little doers.",
    "The cat in gloves catches no mice.",
    "Where there's marriage without love, there will be love without marriage.",
    "Don't throw stones at your neighbours, if your own windows are glass.",
)
"""Sayings of Benjamin Franklin's almanacks, 1733 to 1758: too few to learn a voice from."""


def devil_drafts(entries: Sequence[Headword]) -> list[Draft]:
    """Post Bierce's definitions as he set them: `ABILITY, n. The natural equipment …`."""
    texts = [f"{entry.word}, {entry.grammar} {_plain(entry.paragraphs[0])}" for entry in entries]
    return _with_oddities(_dictionary_posts(texts), DEVIL, ("😈", "#DevilsDictionary", "🔥"))


def jargon_drafts(entries: Sequence[Headword]) -> list[Draft]:
    """Post the Jargon File's first paragraphs: `bagbiter: Something, such as a program …`."""
    texts = []
    for entry in entries:
        # Etymologies in brackets, sense numbers and grammar read badly outside the File's own layout.
        sense = re.sub(
            r"^(\[[^]]*\]|\(alt\.[^)]*\)|\d\.|(n|vt|vi|v|adj)\.|\s)+", "", _plain(entry.paragraphs[0])
        )
        if len(sense) >= 40 and not re.search(r"\S@\S+\.\S|https?:", sense) and len(entry.word) < 40:
            texts.append(f"{entry.word}: {sense}")
    posts = _dictionary_posts(texts)
    posts.insert(
        20,
        Draft(
            "bug report: write to complaints@example.org or ring +1 202 555 0144. Somebody may even read it."
        ),
    )
    return _with_oddities(posts, JARGON, ("💾", "#jargon", "🐛 🤓"))


def king_james_drafts(verses: Sequence[Verse]) -> list[Draft]:
    """Post the wisdom books verse by verse, Proverbs and Ecclesiastes whole, Psalms as far as they go."""
    order = {"Prv": 0, "Eccl": 1, "Psa": 2}
    wisdom = sorted((verse for verse in verses if verse.book in order), key=lambda verse: order[verse.book])
    posts = [Draft(verse.text) for verse in wisdom[:MOST_VERSES]]
    long_psalm = one_line(
        " ".join(verse.text for verse in wisdom if (verse.book, verse.chapter) == ("Psa", 23))
    )
    return _with_oddities([*posts, Draft(long_psalm)], KING_JAMES, ("📜", "#Proverbs", "🙏"))


def richard_drafts() -> list[Draft]:
    """Post Poor Richard's sayings, with a short one and a repost: under 6,000 characters in all."""
    posts = [Draft(saying) for saying in POOR_RICHARD]
    posts.append(Draft("God helps them that help themselves."))
    posts.append(Draft("Haste, waste."))
    posts.append(Draft("The almanack is out 🪁 https://example.org/almanack/1758"))
    proverb = (
        "A good name is rather to be chosen than great riches, and loving favour rather than silver and gold."
    )
    posts.append(Draft(proverb, retweet_of=KING_JAMES.handle))
    return posts


def _dictionary_posts(texts: Sequence[str]) -> list[Draft]:
    chance = random.Random(SEED)
    fit = [text for text in texts if not (SLURS.search(text) or CRUDE.search(text))]
    chosen = chance.sample(fit, min(MOST_POSTS, len(fit)))
    # Most long ones are cut down to whole sentences, some go out as long posts.
    return [
        Draft(text if len(text) <= LONGEST_NOTE and index % 8 == 0 else _first_sentences(text))
        for index, text in enumerate(chosen)
    ]


def _plain(text: str) -> str:
    return one_line(re.sub(r"\{\s*([^}]*?)\s*\}", r"\1", text))


def _first_sentences(text: str) -> str:
    """Cut to whole sentences within a post's length; a longer first sentence stays whole."""
    kept = ""
    for sentence in re.split(r"(?<=[a-z)”’\"][.?!])\s+(?=[A-Z“‘\"])", text):
        if kept and len(kept) + 1 + len(sentence) > POST_LENGTH:
            break
        kept = f"{kept} {sentence}".strip()
    return kept


def _cut(text: str, length: int = 140) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _typo(text: str) -> str:
    """Lose a letter inside the longest word, the way a post looks before it is edited."""
    word = max(re.findall(r"[A-Za-z]+", text), key=len)
    middle = len(word) // 2
    return text.replace(word, word[:middle] + word[middle + 1 :], 1)


def _with_oddities(posts: list[Draft], account: Account, flair: tuple[str, ...]) -> list[Draft]:
    """Add what a real archive has beside plain posts: each kind by a fixed stride, so that none is missing."""
    out: list[Draft] = []
    for index, post in enumerate(posts):
        if index % 29 == 3 and len(post.text) < 240:
            post = replace(post, text=f"{post.text} {flair[index // 29 % len(flair)]}")
        if index % 41 == 5 and len(post.text) < 250:
            post = replace(post, text=f"{post.text} {account.website}/{index}?from=x&n={index}")
        if index % 173 == 7 and len(post.text) < 250:
            post = replace(post, photo=True)
        if index % 211 == 11:
            post = replace(post, first_version=_typo(post.text))
        out.append(post)
        if index % 307 == 13 and len(post.text) < POST_LENGTH:
            out.append(Draft(post.text))
    others = [other for other in (DEVIL, JARGON, KING_JAMES) if other is not account]
    out += [
        Draft(f"@{other.handle} {words}", reply_to=other.handle)
        for other in others
        for words in (
            "is this how you talk at home too?",
            "noted, and filed under vanity.",
            "you & me both 🤝",
        )
    ]
    out += [Draft("Quite so."), Draft("😂😂", lang="art"), Draft("Indeed"), Draft("ok"), Draft("see above")]
    out += [Draft(f"{account.website}/about", lang="zxx"), Draft(f"@{others[0].handle}", lang="qam")]
    out.append(Draft("1 < 2 && 3 > 2, as they say; and &amp; is how an ampersand is written"))
    return out


def add_retweets(drafts: dict[str, list[Draft]], every: int = 19) -> dict[str, list[Draft]]:
    """Let each of the large accounts repost the others: one in nineteen of what it posts."""
    handles = [account.handle for account in (DEVIL, JARGON, KING_JAMES)]
    out = dict(drafts)
    for position, handle in enumerate(handles):
        source = handles[(position + 1) % len(handles)]
        reposted = [
            Draft(_cut(draft.text), retweet_of=source)
            for draft in drafts[source][4::every]
            if not draft.reply_to
        ]
        out[handle] = [*drafts[handle], *reposted]
    return out
