"""How fast an archive of 100,000 posts becomes a corpus, and how much memory that takes.

    python benchmarks/archive.py [POSTS]

The archive is made up: words by frequency, links, entities, mentions, emoji, some Japanese, long posts,
retweets, in parts of some 100 MB as X splits them. Limits: 15 s and 600 MB in all, 6 s of CPU for cleaning.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

POSTS = 100_000
PART = 100 << 20  # bytes
START = datetime(2012, 1, 1, tzinfo=UTC)


def main(posts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive.zip"
        size = make(path, posts)
        print(f"{posts:,} posts, {size / 1e6:.0f} MB of tweets.js, {path.stat().st_size / 1e6:.0f} MB of zip")
        print(f"machine: {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}\n")
        # A process of its own, so that making the archive does not count for its memory.
        subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)


def measure(path: str) -> None:
    from bot import corpus
    from bot.corpus import cleaning
    from bot.corpus.private_data import holds_private_data
    from bot.sources import open_source
    from bot.store import Store

    rows: list[tuple[str, float, float, str]] = []

    def timed(name: str, limit: str, work: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        rows.append((name, time.perf_counter() - wall, time.process_time() - cpu, limit))
        return result

    timeline = timed("read the archive", "", lambda: open_source("archive", file=path).read("ada_example"))
    built = timed("build the corpus", "", lambda: corpus.build([timeline]))
    rows.append(("archive to corpus", sum(r[1] for r in rows), sum(r[2] for r in rows), "15 s"))
    memory = peak_memory()

    def clean() -> None:
        for post in timeline.posts:
            text = cleaning.clean(post.text)
            if not cleaning.is_short(text):
                holds_private_data(text)

    timed("clean every post", "6 s CPU", clean)
    timed("split", "", lambda: corpus.split(built, 0.1))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        timed("put into the store", "", lambda: store.merge(timeline, "archive", now=START))
        timed("load from the store", "", lambda: store.load("ada_example", "archive"))

    print(f"{'stage':<22}{'wall s':>8}{'CPU s':>8}  limit")
    for name, wall, cpu, limit in rows:
        print(f"{name:<22}{wall:>8.2f}{cpu:>8.2f}  {limit}")
    print(f"{'peak memory, MB':<22}{memory:>8.0f}{'':>8}  600 MB")
    (account,) = built.accounts
    print(f"\ndownloaded {account.downloaded:,}, dropped {dict(account.dropped)}, kept {account.kept:,}")


def peak_memory() -> float:
    """MB at most so far, of this program alone; getrusage would count the parent's before it started this."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000


def make(path: Path, posts: int) -> int:
    """Writes the archive part by part; returns the bytes of its posts."""
    chance = random.Random(0)
    words = ["".join(chance.choices("aeioulnrstmdkpb", k=chance.randint(2, 9))) for _ in range(8_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    notes: list[dict[str, Any]] = []
    files: list[dict[str, str]] = []
    total = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        part: list[str] = []
        size = 0
        for number in range(posts):
            record = json.dumps(
                {"tweet": tweet(number, chance, words, weights, notes)}, indent=2, ensure_ascii=False
            )
            part.append(record)
            size += len(record.encode())
            if size > PART or number == posts - 1:
                name = f"data/tweets-part{len(files)}.js" if files else "data/tweets.js"
                archive.writestr(name, f"window.YTD.tweets.part{len(files)} = [\n" + ",\n".join(part) + "\n]")
                files.append({"fileName": name, "count": str(len(part))})
                total, size, part = total + size, 0, []
        archive.writestr("data/note-tweet.js", f"window.YTD.note_tweet.part0 = {json.dumps(notes)}")
        account = [{"account": {"username": "ada_example", "accountId": "1", "accountDisplayName": "Ada"}}]
        archive.writestr("data/account.js", f"window.YTD.account.part0 = {json.dumps(account)}")
        types = {"tweets": {"files": files}, "noteTweet": {"files": [{"fileName": "data/note-tweet.js"}]}}
        archive.writestr("data/manifest.js", f"window.__THAR_CONFIG = {json.dumps({'dataTypes': types})}")
    return total


def tweet(
    number: int, chance: random.Random, words: list[str], weights: list[float], notes: list[dict[str, Any]]
) -> dict[str, Any]:
    """A record with every field that X writes, its text drawn by chance."""
    moment = START + timedelta(seconds=number * 3_600)
    text = " ".join(chance.choices(words, weights, k=chance.randint(1, 40)))[:240]
    kind = chance.random()
    if kind < 0.2:
        text = f"RT @somebody: {text}"
    elif kind < 0.3:
        text = f"@somebody @another {text} 😂👩\u200d💻"
    elif kind < 0.35:
        text = "今日はとても寒いですね、外に出たくない" + str(number)
    elif kind < 0.4:
        text += " &amp; &lt;that&gt; www.example.com (https://example.com/a_(b))"
    elif kind < 0.42:
        whole = " ".join(chance.choices(words, weights, k=200))
        core = {"text": whole, "urls": [], "mentions": [], "hashtags": []}
        notes.append({"noteTweet": {"createdAt": moment.isoformat(), "core": core}})
        text = whole[:270] + "…"
    urls = []
    if kind > 0.6:
        url = f"https://t.co/{number:010}"
        urls = [{"url": url, "expanded_url": "https://example.com", "display_url": "example.com"}]
        urls[0]["indices"] = [str(len(text) + 1), str(len(text) + 1 + len(url))]  # type: ignore[assignment]
        text = f"{text} {url}"
    return {
        "edit_info": {
            "initial": {
                "editTweetIds": [str(10**18 + number)],
                "editableUntil": moment.isoformat(),
                "editsRemaining": "5",
                "isEditEligible": True,
            }
        },
        "retweeted": False,
        "source": '<a href="https://mobile.twitter.com" rel="nofollow">Twitter Web App</a>',
        "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": urls},
        "display_text_range": ["0", str(len(text))],
        "favorite_count": str(chance.randint(0, 99)),
        "id_str": str(10**18 + number),
        "truncated": False,
        "retweet_count": "0",
        "id": str(10**18 + number),
        "created_at": moment.strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "favorited": False,
        "full_text": text,
        "lang": "en",
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS)
