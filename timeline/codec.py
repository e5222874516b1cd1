"""Events to and from the bytes in the ledger, with upcasts for what older versions wrote."""

from collections.abc import Callable
from typing import Any, Final, get_args

import msgspec

from timeline.errors import UnknownEventType
from timeline.events import Event

UPCASTS: Final[dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""(type, version) -> what turns that version's fields into the next version's."""

_encoder = msgspec.json.Encoder()
_decoders: Final[dict[str, msgspec.json.Decoder[Event]]] = {
    event_type.__name__: msgspec.json.Decoder(event_type) for event_type in get_args(Event)
}
_old = {event_type for event_type, _ in UPCASTS}


def encode(event: Event) -> bytes:
    return _encoder.encode(event)


def decode(event_type: str, data: bytes | msgspec.Raw) -> Event:
    """The event that `data` holds, of whatever version it was written in.

    Raises `UnknownEventType`."""
    if event_type in _old:
        return _decode_old(event_type, data)
    decoder = _decoders.get(event_type)
    if decoder is None:
        raise UnknownEventType(event_type)
    return decoder.decode(data)


def _decode_old(event_type: str, data: bytes | msgspec.Raw) -> Event:
    fields = msgspec.json.decode(data)
    while upcast := UPCASTS.get((event_type, fields.get("v", 1))):
        fields = upcast(fields)
    return msgspec.convert(fields, _decoders[event_type].type)
