"""TensorBoard events of a run: the Hub shows them beside the card. File names contain no host and no process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import scalar

from bot.manifest import Point


def write(folder: Path, curve: Sequence[Point], when: datetime) -> Path:
    """Writes the curve as one event file into `folder`; every event carries the time `when`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{int(when.timestamp())}.mynah"
    wall_time = when.timestamp()
    writer = RecordWriter(str(path))
    writer.write(Event(wall_time=wall_time, file_version="brain.Event:2").SerializeToString())
    for point in curve:
        for tag, value in (("loss/train", point.train), ("loss/held_out", point.held_out)):
            if value is not None:
                event = Event(wall_time=wall_time, step=point.step, summary=scalar(tag, value))
                writer.write(event.SerializeToString())
    writer.close()
    return path
