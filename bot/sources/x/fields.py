"""Names of fields to request from X: the newest specification's first, then those that worked in this run."""

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


class VocabularyChoice:
    """Chooses the field names for profiles and posts. A refusal costs nothing, and happens once a run at most."""

    def __init__(self) -> None:
        self._profiles = [PROFILE_WITH_NEWEST, PROFILE]
        self._vocabularies: list[Vocabulary] = [POSTS, TWEETS]
        self._worked: set[What] = set()
        self._checked = False

    def for_users(self) -> dict[str, str]:
        """The query parameters of a profile."""
        return {"user.fields": self._profiles[0]}

    def for_posts(self) -> dict[str, str]:
        """The query parameters of a page of posts."""
        return self._vocabularies[0].for_posts()

    def for_look_up(self) -> dict[str, str]:
        """The query parameters of a look-up of posts by their ids."""
        return self._vocabularies[0].for_look_up()

    def reads_per(self, what: What) -> int:
        """Maximum of reads that one profile or post may cost."""
        return self._vocabularies[0].reads_per_post if what == "posts" else 1

    def use_next(self, what: What) -> bool:
        """Switches to the next names after a 400; False when there are none left, or these worked before."""
        words: list[Any] = self._profiles if what == "users" else self._vocabularies
        if what in self._worked or len(words) == 1:
            return False
        del words[0]
        return True

    def confirm(self, what: What) -> None:
        """Keeps the names in use for the rest of the run, since X accepted them."""
        self._worked.add(what)

    def lacks_fields(self, sent: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the first posts of a run have no value for a requested field; other names are then used."""
        if not sent or self._checked:
            return False
        self._checked = True
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
