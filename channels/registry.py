"""The kinds of channels that there are, in one place, and how a kind's settings are read."""

from typing import Any, Final

import msgspec

from channels.contract import ChannelKind
from channels.email.kind import Email
from channels.orders.kind import Orders
from timeline.interactions import InvalidField, refused_json

KINDS: Final[dict[str, ChannelKind]] = {kind.name: kind for kind in (Orders(), Email())}


def kind_of(name: str) -> ChannelKind:
    """Raises `InvalidField`."""
    if name not in KINDS:
        raise InvalidField("kind", "unknown; expected one of " + ", ".join(sorted(KINDS)))
    return KINDS[name]


def read_settings(kind: ChannelKind, said: Any) -> msgspec.Struct:
    """Settings as the kind's own type. Raises `InvalidField`, which names the setting."""
    try:
        return msgspec.convert(said, kind.settings)
    except msgspec.ValidationError as error:
        refused = error.__cause__ if isinstance(error.__cause__, InvalidField) else refused_json(error, b"")
        raise InvalidField(f"settings.{refused.field}".rstrip("."), refused.words) from None
