"""The desk: queues, routing, ticket types with their fields, dispositions."""

from app.api import queues, routing, ticket_types
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Row, Said, Section
from app.console.sections.fields import Field, choices
from app.console.sections.removing import removal
from app.console.sections.sources import Part, Things
from timeline.tickets.types import TicketType


async def _remove_queue(visit: Visit, key: str, values: Row, said: Said) -> Done:
    await ask(visit, queues.remove, {"queue": key}, query={"move_to": values.get("move_to")}, once=said.once)
    return Done(goes="/settings/queues?done=removed")


def _queue_fields() -> tuple[Field, ...]:
    return (
        Field(name="name", label=_("Name"), must=True),
        Field(
            name="key",
            label=_("Key"),
            must=True,
            new=True,
            words=_("What rules and programs call it, for good: small letters, digits, dashes."),
        ),
        Field(
            name="team",
            label=_("Team"),
            kind="choice",
            look="teams",
            default=_("none"),
            words=_("Who does its work."),
        ),
        Field(
            name="place",
            label=_("Place"),
            kind="number",
            start=0,
            must=True,
            default="0",
            words=_("Queues are shown in the order of this number, the smallest first."),
        ),
    )


def _queues() -> Section:
    return Section(
        key="queues",
        group="desk",
        title=_("Queues"),
        adding=_("Add a queue"),
        words=_("Where tickets wait until somebody takes them."),
        source=Things(queues.list_queues, queues.show, queues.add, queues.change, parameter="queue", id="key"),
        writes="config.write",
        adds=True,
        changes=True,
        id="key",
        columns=(
            Column(name="name", label=_("Name")),
            Column(name="key", label=_("Key"), kind="code"),
            Column(name="team", label=_("Team"), look="teams"),
            Column(name="place", label=_("Place"), kind="count"),
        ),
        fields=_queue_fields(),
        facts=(
            Column(name="key", label=_("Key"), kind="code"),
            Column(name="created_at", label=_("Made"), kind="when"),
        ),
        empty=_("There are no queues yet. Add one, then let routing put new tickets into it."),
        actions=(
            Action(
                key="remove",
                label=_("Remove"),
                words=_("The queue is gone. Tickets that were ended in it keep its key; open ones must go to another."),
                does=_remove_queue,
                right="config.write",
                danger=True,
                fields=(
                    Field(
                        name="move_to",
                        label=_("Its open tickets go to"),
                        kind="choice",
                        look="queues",
                        default=_("none: only where it has none"),
                    ),
                ),
            ),
        ),
    )


def _routing() -> Section:
    return Section(
        key="routing",
        group="desk",
        title=_("Routing"),
        words=_("Into which queue a new ticket comes: the first rule that fits decides, from the top down."),
        source=Part(routing.show, routing.replace, ("rules", "default")),
        writes="config.write",
        changes=True,
        reasons=True,
        notes=(_("It holds for tickets from now on; those that are there stay where they are."),),
        fields=(
            Field(
                name="rules",
                label=_("Rules"),
                kind="rows",
                words=_("What a rule leaves empty may be anything. The last, empty row adds one."),
                columns=(
                    Field(name="channel", label=_("Channel"), kind="choice", look="channels", default=_("any")),
                    Field(name="source", label=_("Source")),
                    Field(name="type", label=_("Type"), kind="choice", look="types", default=_("any")),
                    Field(name="queue", label=_("Queue"), kind="choice", look="queues", must=True, default=_("choose")),
                ),
            ),
            Field(
                name="default",
                label=_("Where none fits"),
                kind="choice",
                look="queues",
                default=_("no queue"),
            ),
        ),
    )


def _kinds() -> Field:
    return Field(
        name="kind",
        label=_("Kind"),
        kind="choice",
        must=True,
        start="text",
        choices=choices(
            ("text", _("text")),
            ("number", _("number")),
            ("integer", _("whole number")),
            ("boolean", _("yes or no")),
            ("date", _("date")),
            ("choice", _("one of some")),
            ("multi-choice", _("some of some")),
        ),
    )


def _type_fields() -> tuple[Field, ...]:
    return (
        Field(name="name", label=_("Name"), must=True),
        Field(
            name="key",
            label=_("Key"),
            must=True,
            new=True,
            words=_("What rules and programs call it, for good: small letters, digits, dashes."),
        ),
        Field(
            name="fields",
            label=_("Fields"),
            kind="rows",
            words=_("What is asked of such a ticket. Options are for a choice, one a line. The last row adds a field."),
            columns=(
                Field(name="key", label=_("Key"), must=True),
                Field(name="name", label=_("Name"), must=True),
                _kinds(),
                Field(
                    name="required",
                    label=_("Needed"),
                    kind="choice",
                    must=True,
                    start="never",
                    choices=choices(("never", _("never")), ("at_close", _("to close"))),
                ),
                Field(name="options", label=_("Options"), kind="lines"),
                Field(name="max_length", label=_("Longest"), kind="number"),
            ),
        ),
    )


_TYPES = ("types", "dispositions", "disposition_required")


def _types() -> Section:
    source = Part(ticket_types.show, ticket_types.replace, _TYPES, "types", TicketType)
    return Section(
        key="types",
        group="desk",
        title=_("Ticket types"),
        adding=_("Add a type"),
        words=_("Kinds of matters, each with the fields that are asked of it."),
        source=source,
        writes="config.write",
        adds=True,
        changes=True,
        reasons=True,
        id="key",
        columns=(
            Column(name="name", label=_("Name")),
            Column(name="key", label=_("Key"), kind="code"),
            Column(name="fields", label=_("Fields"), kind="count"),
        ),
        fields=_type_fields(),
        facts=(Column(name="key", label=_("Key"), kind="code"),),
        empty=_("There are no types yet. A type, such as a return, asks its own fields of a ticket."),
        actions=(
            removal(
                "types",
                source,
                _("Tickets of this type keep what was filled in; nobody can choose it any more."),
            ),
        ),
    )


def _dispositions() -> Section:
    return Section(
        key="dispositions",
        group="desk",
        title=_("Dispositions"),
        words=_("What came of a ticket, in the desk's own words: chosen when it is ended."),
        source=Part(ticket_types.show, ticket_types.replace, _TYPES),
        writes="config.write",
        changes=True,
        reasons=True,
        fields=(
            Field(
                name="dispositions",
                label=_("Dispositions"),
                kind="rows",
                words=_("The last, empty row adds one."),
                columns=(
                    Field(name="key", label=_("Key"), must=True),
                    Field(name="name", label=_("Name"), must=True),
                ),
            ),
            Field(
                name="disposition_required",
                label=_("A ticket cannot be ended without one"),
                kind="flag",
                default=_("it can"),
            ),
        ),
    )


def sections() -> list[Section]:
    return [_queues(), _routing(), _types(), _dispositions()]
