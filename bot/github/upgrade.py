"""What a change of the bot itself, such as a newer pin in a workflow, would do to the fleet as it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot import __version__
from bot.github import token_code
from bot.plan.steps import Plan

Number = Annotated[int, Field(ge=0, le=10**6)]


class Upgrade(BaseModel):
    """What the bot of version `version` would do because it is another one than before.

    `cards` and `trained` are models, `held` those of both that a guard holds back, `unreadable` published models
    that it cannot read, such as those of a newer version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: Annotated[str, Field(max_length=100)]
    cards: Number
    trained: Number
    held: Number
    unreadable: Number

    @property
    def sentences(self) -> tuple[str, ...]:
        """The counts in words; the guard and what cannot be read only where there is any."""
        cards = f"{self.cards:,} {'card' if self.cards == 1 else 'cards'} would be rendered, {self.trained:,} trained"
        return (
            f"The bot of this change is {self.version}: {cards}.",
            *(
                [
                    f"{self.held:,} of these {'step is' if self.held == 1 else 'steps are'} held back by the guard "
                    "against large changes, until a maintainer raises --max-change."
                ]
                if self.held
                else []
            ),
            *(
                [
                    f"{self.unreadable:,} published {'model' if self.unreadable == 1 else 'models'} cannot be read by "
                    "it and would be left alone; a newer version may have made them."
                ]
                if self.unreadable
                else []
            ),
        )


def concerns_the_bot(files: Iterable[str]) -> bool:
    """Whether a change of these files may change the bot that runs after the merge."""
    return any(PurePosixPath(path).parts[0] != "templates" for path in token_code.touched(files))


def of(unchanged: Plan) -> Upgrade:
    """What the bot that runs now would do to a fleet whose registry and templates are `unchanged`."""
    cards = [step for step in unchanged.steps if step.action == "card" and step.cause == "card"]
    trained = [step for step in unchanged.steps if step.action == "train" and step.cause == "changed"]
    return Upgrade(
        version=__version__,
        cards=len(cards),
        trained=len(trained),
        held=sum(step.held for step in (*cards, *trained)),
        unreadable=sum(step.kind == "damaged-repo" for step in unchanged.steps),
    )
