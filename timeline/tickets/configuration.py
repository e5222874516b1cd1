"""What a desk sets up beside its ticket policy, as one immutable version at a time.

Each section is a part of the desk with a module of its own; what is in force for an event is `DeskRules`."""

import msgspec

from timeline.tickets.calendars import Calendar
from timeline.tickets.routing import Routing, check_routing
from timeline.tickets.sla import Sla, SlaRules, sla_rules_of
from timeline.tickets.types import Types, check_types


class DeskConfiguration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The sections as they are written and kept."""

    types: Types = Types()
    routing: Routing = Routing()
    calendars: dict[str, Calendar] = {}
    sla: Sla = Sla()


def decode_desk(kept: bytes) -> DeskConfiguration:
    return msgspec.json.decode(kept, type=DeskConfiguration)


class DeskRules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The sections as the fold uses them."""

    version: int = 0
    types: Types = Types()
    routing: Routing = Routing()
    sla: SlaRules = SlaRules()


def desk_rules_of(configuration: DeskConfiguration, version: int) -> DeskRules:
    """Raises `InvalidField` with the path at fault."""
    check_types(configuration.types)
    check_routing(configuration.routing)
    sla = sla_rules_of(configuration.sla, configuration.calendars, version)
    return DeskRules(version=version, sla=sla, types=configuration.types, routing=configuration.routing)


NO_DESK = DeskConfiguration()
NO_DESK_RULES = desk_rules_of(NO_DESK, 0)
