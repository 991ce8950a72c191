"""What is counted while an archive is read: records, characters, and those records that are odd."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.errors import SourceError
from bot.sources.archive import tweets

MOST_POSTS = 500_000
"""A guard against made-up archives, which would fill the memory; hardly a real account has more."""

MOST_RECORDS = 2 * MOST_POSTS
"""With those that are skipped or come again."""

MOST_CHARACTERS = 100_000_000
"""Of all texts together: two hundred for each of the most posts."""

FEWER = "not read; write the newest of them as JSONL, and use source: jsonl"


@dataclass(slots=True)
class Tally:
    """Records that are none X is known to write. A few are skipped and said; most of a file are an error."""

    odd_posts: int = 0
    records: int = 0
    characters: int = 0
    warnings: list[str] = field(default_factory=list)

    def add_record(self, where: str) -> None:
        """Counts a record of any file. Raises SourceError for more than any archive has."""
        self.records += 1
        if self.records > MOST_RECORDS:
            raise SourceError(f"{where}: with it the archive has more than {MOST_RECORDS:,} records; {FEWER}")

    def add_text(self, text: str, where: str) -> None:
        """Counts a text that is kept. Raises SourceError for more than any archive has."""
        self.characters += len(text)
        if self.characters > MOST_CHARACTERS:
            raise SourceError(
                f"{where}: with it the texts have more than {MOST_CHARACTERS:,} characters; {FEWER}"
            )

    def close(self, where: str, parse: object, records: int, odd: int, first: str) -> None:
        """Takes what was odd in one file. Raises SourceError for a file of which most is."""
        if odd * 2 > records:
            raise SourceError(
                f"{where}: {first}, and {odd:,} of its {records:,} records are like that; not read"
            )
        if odd:
            self.odd_posts += odd if parse is tweets.parse else 0
            self.warnings.append(f"{where}: {first}; {odd:,} of its {records:,} records were skipped")
