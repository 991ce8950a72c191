"""Tables and plain texts of people's own, read by what the person says of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import corpus
from bot.errors import SourceError
from bot.sources.archives import dates
from bot.sources.archives.detector import detect
from bot.sources.archives.kind import Choices, PostPer
from bot.sources.archives.source import read
from bot.sources.archives.table import NO_DATES
from bot.sources.posts import Timeline, is_dated

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def table(folder: Path, text: str, choices: Choices | None = None, name: str = "posts.csv") -> Timeline:
    (folder / name).write_bytes(text.encode())
    return read(detect([str(folder / name)]), "diary", choices or Choices())


def plain(folder: Path, text: str, per: PostPer = "line") -> list[str]:
    (folder / "notes.txt").write_text(text)
    choices = Choices(post_per=per)
    return [post.text for post in read(detect([str(folder / "notes.txt")]), "diary", choices).posts]


def test_a_table_with_the_names_of_json_lines_needs_no_mapping(tmp_path: Path) -> None:
    timeline = table(tmp_path, 'id,created_at,text\n7,2024-05-01T12:00:00Z,"Hello, ""all""\nof you"\n')
    (post,) = timeline.posts
    assert (post.id, post.text, post.created_at) == ("7", 'Hello, "all"\nof you', NOON)
    assert (timeline.profile.network, timeline.profile.notes, timeline.warnings) == ("other", (), ())


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_person_says_what_the_columns_hold(tmp_path: Path, mark: str) -> None:
    rows = [["Nr", "Wann", "Was"], ["1", "01.05.2024 12:00", "Hello all"]]
    text = "\ufeff" + "\r\n".join(mark.join(row) for row in rows)
    choices = Choices(text_column="Was", date_column="WANN", id_column="Nr", date_format="%d.%m.%Y %H:%M")
    (post,) = table(tmp_path, text, choices).posts
    assert (post.id, post.text, post.created_at) == ("1", "Hello all", NOON)


def test_posts_without_dates_keep_their_order_and_the_corpus_says_so(tmp_path: Path) -> None:
    timeline = table(tmp_path, "id,text\n2,all is well here\n1,birds sing at dawn\n")
    assert timeline.profile.notes == (NO_DATES,)
    assert not any(is_dated(post.created_at) for post in timeline.posts)
    (account,) = corpus.build([timeline]).accounts
    assert [text.id for text in account.texts] == ["2", "1"]
    assert (account.first, account.last) == (None, None)
    assert NO_DATES in corpus.build([timeline]).warnings


def test_a_row_without_an_id_has_the_same_one_in_every_reading(tmp_path: Path) -> None:
    first = [post.id for post in table(tmp_path, "text,n\nyes,1\nyes,2\nno,3\n").posts]
    later = [post.id for post in table(tmp_path, "text,n\nnew,0\nyes,1\nyes,2\nno,3\n").posts]
    assert len(set(first)) == 3
    assert later[1:] == first


@pytest.mark.parametrize(
    ("text", "choices", "said"),
    [
        ("Was,Wann\na,b\n", Choices(), r"the columns 'was', 'wann'; say which holds the text"),
        (
            "Was,Wann\na,b\n",
            Choices(text_column="x"),
            r"no column 'x' \(--text-column\); its columns are 'was'",
        ),
        ("text,created_at\nhello,soon\n", Choices(), "record 1 has a date that is no date in ISO 8601"),
        ("text,created_at\nhello,2999-01-01\n", Choices(), "is from the future"),
        ('text,n\n"hello\n', Choices(), "cut short"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_a_sentence(
    tmp_path: Path, text: str, choices: Choices, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        table(tmp_path, text, choices)


def test_a_table_that_is_not_utf_8_says_how_to_save_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("text,n\nÖl,1\n".encode("latin-1"))
    with pytest.raises(SourceError, match="line 2 is not UTF-8"):
        read(detect([str(tmp_path / "a.csv")]), "diary", Choices())


def test_a_few_bad_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    text = "text,created_at\na,2024-05-01\nb,2024-05-02\nc,soon\n,2024-05-03\n"
    timeline = table(tmp_path, text)
    assert [post.text for post in timeline.posts] == ["a", "b"]
    assert "1 of its 4 records were skipped" in timeline.warnings[0]
    assert timeline.warnings[1] == "rows left out, since they have no text: 1"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-05-01 12:00:00 UTC", None),
        ("2024-05-01T14:00:00+02:00", None),
        ("1714564800", None),
        ("1714564800000", None),
        ("Wed, 01 May 2024 12:00:00 +0000", None),
        ("05/01/24 12h", "%m/%d/%y %Hh"),
    ],
)
def test_dates_are_read_as_files_write_them(text: str, form: str | None) -> None:
    assert dates.moment(text, form) == NOON


@pytest.mark.parametrize("text", ["", "soon", "05/01/24", "99999999999999", "9" * 5000])
def test_what_is_no_date_is_none(text: str) -> None:
    assert dates.moment(text) is None


def test_a_plain_text_is_lines_or_paragraphs(tmp_path: Path) -> None:
    text = "\ufeffroses are red\n  violets are blue\n\n\nanother one\n"
    assert plain(tmp_path, text) == ["roses are red", "violets are blue", "another one"]
    assert plain(tmp_path, text, "paragraph") == ["roses are red\n  violets are blue", "another one"]


def test_a_plain_text_asks_what_a_post_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("roses are red\n")
    with pytest.raises(SourceError, match="--post-per line"):
        read(detect([str(tmp_path / "notes.txt")]), "diary", Choices())
