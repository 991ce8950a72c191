"""Counts of an archive while it is read: records, characters, and records that cannot be parsed."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.errors import SourceError

MOST_POSTS = 500_000
"""Maximum of posts, so that a fabricated archive does not exhaust the memory."""

MOST_RECORDS = 2 * MOST_POSTS
"""Maximum of records, with skipped and repeated ones."""

MOST_CHARACTERS = 100_000_000
"""Maximum of characters of all texts: two hundred per post."""

FEWER = "not read; write the newest of them as JSONL, and use source: jsonl"


@dataclass(slots=True)
class Tally:
    """Records of an archive. A few that cannot be parsed are skipped with a warning; most of a file are an error."""

    odd_posts: int = 0
    withheld: int = 0
    records: int = 0
    characters: int = 0
    warnings: list[str] = field(default_factory=list)

    def add_record(self, where: str) -> None:
        """Counts a record of any file. Raises SourceError beyond the maximum."""
        self.records += 1
        if self.records > MOST_RECORDS:
            raise SourceError(f"{where}: with it the archive has more than {MOST_RECORDS:,} records; {FEWER}")

    def add_text(self, text: str, where: str) -> None:
        """Counts a post's text. Raises SourceError beyond the maximum."""
        self.characters += len(text)
        if self.characters > MOST_CHARACTERS:
            raise SourceError(
                f"{where}: with it the texts have more than {MOST_CHARACTERS:,} characters; {FEWER}"
            )

    def close(self, where: str, records: int, odd: int, first: str, *, posts: bool) -> None:
        """Counts the records of one file, `posts` or others, that could not be parsed. SourceError for most of it."""
        if odd * 2 > records:
            raise SourceError(
                f"{where}: {first}, and {odd:,} of its {records:,} records are like that; not read"
            )
        if odd:
            self.odd_posts += odd if posts else 0
            self.warnings.append(f"{where}: {first}; {odd:,} of its {records:,} records were skipped")
