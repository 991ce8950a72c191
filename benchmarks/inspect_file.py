"""How long `bot inspect` takes, and how much memory, for a zip of 4 GB of pictures beside 100,000 posts.

    python benchmarks/inspect_file.py [POSTS] [GIGABYTES]

The pictures are holes in the file, which no disk stores; nobody opens them. Limits: the memory of reading the same
posts without any picture (benchmarks/archive.py), a time bound by the posts alone, 0.3 s of CPU for the detector.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from archive import POSTS, make, peak_memory

PICTURES = 40_000
GIGABYTES = 4


def main(posts: int, gigabytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain, large = Path(folder) / "posts.zip", Path(folder) / "archive.zip"
        make(plain, posts)
        large.write_bytes(plain.read_bytes())
        add_pictures(large, gigabytes << 30)
        print(
            f"{'file':<16}{'GB':>6}{'detect, CPU s':>15}{'inspect, wall s':>17}{'CPU s':>8}{'memory, MB':>12}"
        )
        for path in (plain, large):
            size = path.stat().st_size / 1e9
            print(f"{path.name:<16}{size:>6.1f}", end="", flush=True)
            subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)


def measure(path: str) -> None:
    from click.testing import CliRunner

    from bot.cli.commands.inspect import inspect
    from bot.sources.archives.detector import detect

    start = time.process_time()
    detect([path])
    detected = time.process_time() - start
    wall, cpu = time.perf_counter(), time.process_time()
    result = CliRunner().invoke(inspect, [path], standalone_mode=False)
    assert result.exception is None, result.exception
    taken = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{detected:>15.2f}{taken[0]:>17.2f}{taken[1]:>8.2f}{peak_memory():>12.0f}")


def add_pictures(path: Path, size: int) -> None:
    """Adds members of `size` bytes together that were never written: their bytes are a hole in the file."""
    with zipfile.ZipFile(path, "a") as archive:
        stream = archive.fp
        assert stream is not None
        stream.seek(archive.start_dir)
        for number in range(PICTURES):
            info = zipfile.ZipInfo(f"data/tweets_media/{10**18 + number}-AbCdEfGhIjKl.jpg")
            info.header_offset, info.CRC = stream.tell(), 0
            info.file_size = info.compress_size = size // PICTURES
            stream.write(info.FileHeader())
            stream.seek(info.compress_size, 1)
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
        archive.start_dir = stream.tell()
        archive._didModify = True  # type: ignore[attr-defined]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2])
    else:
        numbers = [int(each) for each in sys.argv[1:]]
        main(*(numbers + [POSTS, GIGABYTES][len(numbers) :]))
