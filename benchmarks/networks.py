"""How long files of other networks than X take, and how much memory: Mastodon's archives and a Bluesky repository.

    python benchmarks/networks.py [POSTS] [MEGABYTES]

MEGABYTES of a picture stand before the posts of the tar.gz, as Mastodon writes it, and beside those of the zip.
`owner` is what `bot validate` and `bot plan` do with a file. Each file is measured in a process of its own.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import libipld
from archive import peak_memory

POSTS, MEGABYTES = 20_000, 200
START = datetime(2012, 1, 1, tzinfo=UTC)
DID, HOST = "did:plc:carolcarolcarolcarolcaro", "https://m.example/users/ida"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def main(posts: int, megabytes: int) -> None:
    chance = random.Random(0)
    words = ["".join(chance.choices("aeioulnrstmdkpb", k=chance.randint(2, 9))) for _ in range(8_000)]
    texts = [" ".join(chance.choices(words, k=25)) for _ in range(posts)]
    outbox, picture = make_outbox(texts), chance.randbytes(megabytes << 20)
    print(f"{posts:,} posts, {megabytes} MB of pictures\n")
    print(
        f"{'file':<10}{'MB':>8}{'detect, CPU s':>15}{'owner, CPU s':>14}{'read, CPU s':>13}{'memory, MB':>12}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, handle, make in (
            ("a.zip", "ida@m.example", lambda path: pack(path, outbox, picture)),
            ("a.tar.gz", "ida@m.example", lambda path: pack_tar(path, outbox, picture)),
            ("repo.car", "carol.example.social", lambda path: path.write_bytes(make_repository(texts))),
        ):
            path = Path(folder) / name
            make(path)
            print(f"{name:<10}{path.stat().st_size / 1e6:>8.0f}", end="", flush=True)
            subprocess.run([sys.executable, __file__, "--measure", str(path), handle], check=True)


def measure(path: str, handle: str) -> None:
    from bot.sources.archives.detector import detect
    from bot.sources.archives.kind import Choices

    times = [time.process_time()]
    found = detect([path])
    times.append(time.process_time())
    found.kind.owner(found.looks)
    times.append(time.process_time())
    found.kind.read(found.looks, handle, Choices())
    times.append(time.process_time())
    detected, owned, read = (later - before for before, later in itertools.pairwise(times))
    print(f"{detected:>15.2f}{owned:>14.2f}{read:>13.2f}{peak_memory():>12.0f}")


def moment(number: int) -> str:
    return (START + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_outbox(texts: list[str]) -> bytes:
    activities = [
        {
            "id": f"{HOST}/statuses/{number}/activity",
            "type": "Create",
            "actor": HOST,
            "published": moment(number),
            "to": [PUBLIC],
            "object": {
                "id": f"{HOST}/statuses/{number}",
                "type": "Note",
                "content": f"<p>{text}</p>",
                "contentMap": {"en": f"<p>{text}</p>"},
            },
        }
        for number, text in enumerate(texts)
    ]
    value = {"@context": "https://www.w3.org/ns/activitystreams", "orderedItems": activities}
    return json.dumps(value).encode()


def pack(path: Path, outbox: bytes, picture: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("media_attachments/files/1.png", picture, zipfile.ZIP_STORED)
        archive.writestr("outbox.json", outbox)


def pack_tar(path: Path, outbox: bytes, picture: bytes) -> None:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, data in (("media_attachments/files/1.png", picture), ("outbox.json", outbox)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def make_repository(texts: list[str]) -> bytes:
    """A CAR file of posts and twice as many likes, in nodes of twenty entries under one root a level."""
    records = {
        f"app.bsky.feed.post/3k{number:011d}": {
            "$type": "app.bsky.feed.post",
            "createdAt": moment(number),
            "langs": ["en"],
            "text": text,
        }
        for number, text in enumerate(texts)
    } | {
        f"app.bsky.feed.like/3k{number:011d}": {
            "$type": "app.bsky.feed.like",
            "createdAt": moment(number),
            "subject": {"uri": f"at://did:plc:x/app.bsky.feed.post/{number}"},
        }
        for number in range(2 * len(texts))
    }
    blocks = [(key, block(record)) for key, record in sorted(records.items())]
    level = [node(blocks[start : start + 20]) for start in range(0, len(blocks), 20)]
    nodes = list(level)
    while len(level) > 1:
        level = [node([], level[start : start + 20]) for start in range(0, len(level), 20)]
        nodes += level
    commit = block({"did": DID, "version": 3, "data": level[0][0]})
    header = libipld.encode_dag_cbor({"version": 1, "roots": [commit[0]]})
    parts = [commit, *nodes, *(each for _, each in blocks)]
    return section(header) + b"".join(section(cid + data) for cid, data in parts)


def node(
    records: list[tuple[str, tuple[bytes, bytes]]], below: list[tuple[bytes, bytes]] | None = None
) -> tuple[bytes, bytes]:
    entries: list[dict[str, Any]] = [
        {"p": 0, "k": key.encode(), "v": cid, "t": None} for key, (cid, _) in records
    ]
    entries += [{"p": 0, "k": b"x", "v": cid, "t": cid} for cid, _ in below or []]
    return block({"l": None, "e": entries})


def block(value: object) -> tuple[bytes, bytes]:
    data = libipld.encode_dag_cbor(value)
    return b"\x01\x71\x12\x20" + hashlib.sha256(data).digest(), data


def section(data: bytes) -> bytes:
    length, begin = len(data), b""
    while length > 0x7F:
        begin += bytes([length & 0x7F | 0x80])
        length >>= 7
    return begin + bytes([length]) + data


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(*sys.argv[2:])
    else:
        numbers = [int(each) for each in sys.argv[1:]]
        main(*(numbers + [POSTS, MEGABYTES][len(numbers) :]))
