"""The desk: queues."""

from app.api import queues
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Row, Said, Section
from app.console.sections.fields import Field
from app.console.sections.sources import Things


async def _remove_queue(visit: Visit, key: str, values: Row, said: Said) -> Done:
    await ask(visit, queues.remove, {"queue": key}, query={"move_to": values.get("move_to")}, once=said.once)
    return Done(goes="/settings/queues?done=removed")


def _queues() -> Section:
    return Section(
        key="queues",
        group="desk",
        title=_("Queues"),
        noun=_("queue"),
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
        fields=(
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
        ),
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


def sections() -> list[Section]:
    return [_queues()]
