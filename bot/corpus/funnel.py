"""From a timeline to an account's corpus: which posts are dropped, for which reason, and the texts of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from bot.corpus import cleaning, detection, mentions
from bot.corpus.private_data import holds_private_data
from bot.corpus.threads import threads
from bot.corpus.values import ALWAYS_LISTED, REASONS, AccountCorpus, Text
from bot.registry.languages import iso_639
from bot.registry.selection import Selection
from bot.sources import scripts
from bot.sources.posts import Post, Profile, Timeline


def account(timeline: Timeline, selection: Selection, own: Collection[str] = ()) -> AccountCorpus:
    """Drops and cleans from the oldest post on: of equal texts the first stays, as the corpus grows, too.

    `own` are the handles, in lower case, that are not masked.
    """
    posts = by_age(timeline.posts)
    dropped: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    chosen = []
    answers_others = replies(posts, timeline.profile) if selection.replies == "drop" else frozenset()
    apps = {app.casefold() for app in selection.apps}
    first, last = selection.span
    for post in posts:
        if post.is_repost:
            dropped["retweets"] += 1
        elif post.superseded_by:
            dropped["edited"] += 1
        elif not first <= post.created_at.date() <= last:
            dropped["dates"] += 1
        elif (post.app or "").casefold() in apps:
            dropped["apps"] += 1
        elif post.id in answers_others:
            dropped["replies"] += 1
        else:
            chosen.append(post)
    texts: list[Text] = []
    seen: set[str] = set()
    for thread in threads(chosen) if selection.threads == "join" else ([post] for post in chosen):
        parts = [(post, cleaning.clean(post.text, lines=selection.lines == "keep")) for post in thread]
        if len(parts) > 1:
            parts = [part for part in parts if not holds_private_data(part[1].replace("\n", " "))]
            dropped["private_data"] += len(thread) - len(parts)
            if not parts:
                continue
        said, changes = _said([text for _, text in parts], selection, timeline.profile.network, own)
        if reason := _reason(said, seen):
            dropped[reason] += len(parts)
            continue
        dropped["joined"] += len(parts) - 1
        changed.update(changes)
        seen.add(said)
        texts.append(_text([post for post, _ in parts], said, timeline.profile.handle))
    return AccountCorpus(
        profile=timeline.profile,
        downloaded=len(posts),
        dropped={
            reason: dropped[reason]
            for reason in REASONS
            if dropped[reason] or reason in ALWAYS_LISTED or reason in _used(selection)
        },
        texts=_with_languages(texts),
        newest=posts[-1].created_at if posts else None,
        not_fetched=tuple(reason for reason in REASONS if reason in timeline.not_fetched),
        checked_at=timeline.checked_at,
        changed=dict(changed),
    )


def by_age(posts: Iterable[Post]) -> list[Post]:
    """The posts, the oldest first; of one second in the order of their ids."""
    return sorted(posts, key=lambda post: (post.created_at, len(post.id), post.id))


def replies(posts: Sequence[Post], profile: Profile) -> frozenset[str]:
    """The ids of the posts that answer somebody else.

    A post that answers one of the account's own does not, unless it begins with a mention of somebody else, as in a
    conversation. Where a network does not say whom a post answers, the mention at its beginning does.
    """
    ids = {post.id for post in posts if not post.is_repost}

    def answers_others(post: Post) -> bool:
        if addressed := mentions.leading(post.text.lstrip()):
            return any(handle != profile.handle.lower() for handle in addressed)
        if post.reply_to_author is not None:
            return post.reply_to_author != profile.id
        return post.reply_to is not None and post.reply_to not in ids

    return frozenset(post.id for post in posts if answers_others(post))


def _used(selection: Selection) -> set[str]:
    """The reasons that a selection adds to the funnel, which then lists them with 0 as well."""
    used = {
        "replies": selection.replies == "drop",
        "dates": selection.since is not None or selection.until is not None,
        "apps": bool(selection.apps),
        "joined": selection.threads == "join",
    }
    return {reason for reason, is_used in used.items() if is_used}


def _said(
    texts: Sequence[str], selection: Selection, network: str, own: Collection[str]
) -> tuple[str, list[str]]:
    """The text of a thread, or of one post, and the ways in which the selection changed it."""
    first, *more = texts
    begin = mentions.without_leading(first) if selection.replies == "strip" else first
    between = "\n" if selection.lines == "keep" else " "
    whole = between.join([begin, *map(mentions.without_leading, more)])
    said = mentions.masked(whole, network, own) if selection.mentions == "mask" else whole
    return said, [*(["stripped"] if begin != first else []), *(["masked"] if said != whole else [])]


def _reason(text: str, seen: set[str]) -> str | None:
    """The first reason for dropping a text that holds, or None."""
    if cleaning.is_short(text):
        return "short"
    if holds_private_data(text.replace("\n", " ")):
        return "private_data"
    return "duplicates" if text in seen else None


def _text(posts: Sequence[Post], said: str, handle: str) -> Text:
    """The text of posts that are one, with the language that their network states, not yet as ISO 639."""
    lang = next((post.lang for post in posts if post.lang is not None), None)
    return Text(posts[0].id, handle, said, posts[0].created_at, lang, any(post.sensitive for post in posts))


def _with_languages(texts: Sequence[Text]) -> tuple[Text, ...]:
    """The texts with ISO 639 codes. What a network states is believed unless the script excludes it.

    Without a statement, or with one that is not believed, the language is detected, or follows from the script.
    """
    possible = [scripts.languages(text.text) for text in texts]
    stated = [iso_639(text.lang) for text in texts]
    found = [
        code if code is None or allowed is None or code in allowed else None
        for code, allowed in zip(stated, possible, strict=True)
    ]
    unknown = [at for at, text in enumerate(texts) if found[at] is None and (text.lang is None or stated[at])]
    for at, code in zip(unknown, detection.languages([texts[at].text for at in unknown]), strict=True):
        allowed = possible[at]
        by_script = allowed[0] if allowed and len(allowed) == 1 else None
        found[at] = code if code and (allowed is None or code in allowed) else by_script
    return tuple(replace(text, lang=code) for text, code in zip(texts, found, strict=True))
