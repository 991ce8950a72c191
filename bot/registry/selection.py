"""Selection: which posts of a timeline a model is trained on, and in which form."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.registry.values import Apps, Date

MASK = "@user"
"""The word in the place of a handle: plain text, so that a base keeps its vocabulary."""


class Selection(BaseModel):
    """Keys of an entry. docs/corpus.md says how the defaults were chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    replies: Literal["keep", "strip", "drop"] = Field(
        "strip",
        description="strip: posts without the mentions that they begin with; drop: no replies to others",
    )
    mentions: Literal["keep", "mask"] = Field(
        "mask", description="mask: the handles of others become @user; keep: they stay"
    )
    since: Date | None = Field(
        None, description="no posts from before this day (UTC)", examples=["2020-01-01"]
    )
    until: Date | None = Field(
        None, description="no posts from after this day (UTC)", examples=["2023-12-31"]
    )
    apps: Apps = Field(
        (), description="names of apps whose posts are left out", examples=[["foursquare", "IFTTT"]]
    )
    threads: Literal["keep", "join"] = Field(
        "keep", description="join: posts by which a person continues their own become one text"
    )
    lines: Literal["join", "keep"] = Field(
        "join", description="keep: line breaks stay, as poems need; join: a post is one line"
    )

    @property
    def span(self) -> tuple[date, date]:
        """The first and the last day of the posts that count."""
        return self.since or date.min, self.until or date.max

    def ends_before(self, moment: datetime) -> bool:
        """Whether no post that is newer than the moment (UTC) counts."""
        return moment.date() > self.span[1]

    def values(self) -> dict[str, Any]:
        """The values that were set, as JSON has them; apps in order, since theirs means nothing."""
        values = self.model_dump(mode="json", exclude_unset=True)
        return {**values, "apps": sorted(values["apps"])} if "apps" in values else values


UNCHANGED = Selection(replies="keep", mentions="keep")
"""All posts as they are: how models were trained before there was a choice."""
