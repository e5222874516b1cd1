"""What a desk sets up beside its ticket policy, as one immutable version at a time.

Each section is a part of the desk with a module of its own; what is in force for an event is `DeskRules`."""

import msgspec


class DeskConfiguration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The sections as they are written and kept."""


def decode_desk(kept: bytes) -> DeskConfiguration:
    return msgspec.json.decode(kept, type=DeskConfiguration)


class DeskRules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The sections as the fold uses them."""

    version: int = 0


def desk_rules_of(configuration: DeskConfiguration, version: int) -> DeskRules:
    """Raises `InvalidField` with the path at fault."""
    del configuration
    return DeskRules(version=version)


NO_DESK = DeskConfiguration()
NO_DESK_RULES = desk_rules_of(NO_DESK, 0)
