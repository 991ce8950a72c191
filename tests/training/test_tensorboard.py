from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event

from bot.manifest import Point
from bot.training import tensorboard

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CURVE = (
    Point(step=0, epoch=0.0, train=None, held_out=4.5),
    Point(step=7, epoch=1.0, train=4.0, held_out=3.75),
)


def events(path: Path) -> list[Event]:
    """Every record of an event file: eight bytes of length, four of checksum, the data, four of checksum."""
    data, found = path.read_bytes(), []
    while data:
        size = int.from_bytes(data[:8], "little")
        found.append(Event.FromString(data[12 : 12 + size]))
        data = data[16 + size :]
    return found


def test_the_curve_is_written_as_scalars_a_step(tmp_path: Path) -> None:
    first, *rest = events(tensorboard.write(tmp_path / "runs", CURVE, NOW))
    assert first.file_version == "brain.Event:2"
    values = [(event.step, event.summary.value[0].tag, event.summary.value[0].simple_value) for event in rest]
    assert values == [(0, "loss/held_out", 4.5), (7, "loss/train", 4.0), (7, "loss/held_out", 3.75)]


def test_the_same_curve_makes_the_same_bytes_on_any_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tensorboard.write(tmp_path / "one", CURVE, NOW)
    monkeypatch.setattr(socket, "gethostname", lambda: "another-host")
    second = tensorboard.write(tmp_path / "two", CURVE, NOW)
    assert first.name == second.name == f"events.out.tfevents.{int(NOW.timestamp())}.mynah"
    assert first.read_bytes() == second.read_bytes()
    assert {event.wall_time for event in events(first)} == {NOW.timestamp()}
