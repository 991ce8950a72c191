"""The words in which X is asked: the newest specification's first, and for the rest of a run those that worked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bot.sources.x.posts import (
    POSTS,
    POSTS_WITH_VERSIONS,
    PROFILE,
    PROFILE_WITH_NEWEST,
    TWEETS,
    Vocabulary,
    has_versions,
)

What = Literal["users", "posts"]


class Words:
    """What to ask profiles and posts with. A refusal costs nothing, and is met at most once a run for each kind."""

    def __init__(self) -> None:
        self._profiles = [PROFILE_WITH_NEWEST, PROFILE]
        self._vocabularies: list[Vocabulary] = [POSTS, TWEETS]
        self._worked: set[What] = set()
        self._judged = False

    def for_users(self) -> dict[str, str]:
        """The parameters of a profile."""
        return {"user.fields": self._profiles[0]}

    def for_posts(self) -> dict[str, str]:
        """The parameters of a page of posts."""
        return self._vocabularies[0].for_posts()

    def for_look_up(self) -> dict[str, str]:
        """The parameters of a look-up of posts by their ids."""
        return self._vocabularies[0].for_look_up()

    def reads_per(self, what: What) -> int:
        """How many reads one of what is asked for may cost, at most."""
        return self._vocabularies[0].reads_per_post if what == "posts" else 1

    def refused(self, what: What) -> bool:
        """Goes on to the next words after X refused these with a 400; False when there are none, or these worked."""
        words: list[Any] = self._profiles if what == "users" else self._vocabularies
        if what in self._worked or len(words) == 1:
            return False
        del words[0]
        return True

    def understood(self, what: What) -> None:
        """Keeps to the words in use: X has answered them."""
        self._worked.add(what)

    def lack(self, sent: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the first posts of a run lack what was asked for: then words that may bring it are used."""
        if not sent or self._judged:
            return False
        self._judged = True
        if self._vocabularies[0] is not POSTS:
            return False
        if not any(one.get("created_at") for one in sent):
            better = TWEETS
        elif not any(map(has_versions, sent)):
            better = POSTS_WITH_VERSIONS
        else:
            return False
        self._vocabularies = [better, POSTS]
        self._worked.discard("posts")
        return True
