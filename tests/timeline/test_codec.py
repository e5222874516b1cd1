"""What was ever written stays readable: a kept sample of every event type and version decodes, with all it holds."""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from timeline import codec
from timeline.errors import UnknownEventType
from timeline.events import CustomersMerged, Event, MessageRecorded

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
TYPES = {event_type.__name__: event_type for event_type in get_args(Event)}


def kept(name: str) -> tuple[str, int]:
    event_type, version, _ = name.rsplit(".", 2)
    return event_type, int(version.removeprefix("v"))


def versions() -> set[tuple[str, int]]:
    """Every version that was ever written: the present ones, and those that an upcast lifts."""
    return {(name, present(event_type)) for name, event_type in TYPES.items()} | set(codec.UPCASTS)


def present(event_type: Any) -> int:
    return next(field.default for field in msgspec.structs.fields(event_type) if field.name == "v")


def test_every_version_of_every_type_has_its_sample():
    """A new type or version keeps a sample in tests/timeline/samples/ before it is written anywhere."""
    assert {kept(path.name) for path in SAMPLES} == versions()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_kept_sample_decodes_and_loses_nothing(path: Path):
    name, version = kept(path.name)
    raw = path.read_bytes()
    event = codec.decode(name, raw)
    assert type(event) is TYPES[name]
    said = json.loads(raw)
    assert said.get("v", 1) == version
    if version == present(TYPES[name]):
        assert json.loads(codec.encode(event)) == said
    assert all(getattr(event, field.name) != field.default for field in msgspec.structs.fields(type(event))
               if field.name != "v"), "a sample says something in every field"  # fmt: skip


def test_an_unknown_type_says_so():
    with pytest.raises(UnknownEventType, match="NothingKnown"):
        codec.decode("NothingKnown", b"{}")


def test_an_old_version_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(codec, "_old", {"CustomersMerged"})
    monkeypatch.setitem(codec.UPCASTS, ("CustomersMerged", 0), lambda old: {**old, "v": 1, "kept": old["winner"]})
    raw = json.loads((SAMPLES[0].parent / "CustomersMerged.v1.json").read_bytes())
    old = {**raw, "v": 0, "winner": raw["kept"]}
    del old["kept"]
    event = codec.decode("CustomersMerged", json.dumps(old).encode())
    assert isinstance(event, CustomersMerged)
    assert str(event.kept) == raw["kept"]


def test_a_later_field_does_not_hide_what_is_known():
    """An older process meets an event of a newer one."""
    event = codec.decode("MessageRecorded", b'{"body": "hello", "mood": "good"}')
    assert event == MessageRecorded(body="hello")
