"""Persons: erased for ever after a look at what would go, held against it, and exported."""

from collections.abc import Mapping
from typing import Any

from app.api import customers, erasure
from app.console.asking import ask
from app.console.language import _, counted
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Listed, Row, Said, Section, Standing, Table
from app.console.sections.fields import Field
from app.console.sections.sources import Things, said_by
from identity.errors import Absorbed, Impossible, NotFound
from timeline.errors import UnderHold


async def named(visit: Visit, said: str) -> str:
    """The one customer that is meant: by id, the address of a page, or an identifier. Raises `Impossible`."""
    text = said.strip().rstrip("/").rpartition("/customers/")[2] or said.strip()
    try:
        return said_by(await ask(visit, customers.show_profile, {"customer_id": text}))["id"]
    except NotFound:
        pass
    label = text if ":" in text else f"{'email' if '@' in text else 'phone'}:{text}"
    found = said_by(await ask(visit, customers.list_customers, query={"identifier": label}))["items"]
    if len(found) != 1:
        words = _("nobody is found by this") if not found else _("several customers hold this: give the id of one")
        raise Impossible("customer", words)
    return found[0]["id"]


def _whom() -> Field:
    return Field(
        name="customer",
        label=_("Customer"),
        must=True,
        words=_("The address of their page here, their id, or an e-mail address or phone number that is theirs alone."),
    )


def _of_whom(field: str) -> str:
    """The control that a path is about: whoever is meant is asked for in another way than the API's."""
    return "customer" if field == "identifier" else field


class Persons:
    """Somebody who is to be erased; nothing is listed."""

    async def rows(self, visit: Visit, query: Mapping[str, Any]) -> Listed:  # noqa: ARG002 - nobody is listed
        return Listed(rows=[])

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]:
        found = said_by(await ask(visit, customers.show_profile, {"customer_id": key}))
        return {"id": found["id"], "name": found["name"] or found["id"], "counts": found["counts"]}, Standing()

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:  # noqa: ARG002 - nothing is done yet
        return await named(visit, values["customer"]), {}

    async def change(self, visit: Visit, key: str, before: Row, after: Row, said: Said) -> Row:  # noqa: ARG002
        raise NotFound

    def path_of(self, field: str, key: str) -> str:  # noqa: ARG002 - the form is flat
        return _of_whom(field)


async def _foresee(visit: Visit, key: str) -> list[str]:
    try:
        found = said_by(await ask(visit, erasure.erase, {"customer_id": key}, query={"preview": "true"}))["changed"]
    except (UnderHold, Absorbed) as error:
        return [_("Nothing, as it stands: %(why)s.", why=error)]
    lines = [
        counted("%(num)s event: what was said and done.", "%(num)s events: what was said and done.", found["events"]),
        counted("%(num)s contact, with its names.", "%(num)s contacts, with their names.", found["contacts"]),
        counted(
            "%(num)s address, number or account.", "%(num)s addresses, numbers and accounts.", found["identifiers"]
        ),
    ]
    if found["placed_here"]:
        lines.append(
            counted(
                "%(num)s item of others on this thread.",
                "%(num)s items of others on this thread.",
                found["placed_here"],
            )
        )
    if found["placed_elsewhere"]:
        lines.append(
            counted(
                "%(num)s item of theirs on another thread.",
                "%(num)s items of theirs on other threads.",
                found["placed_elsewhere"],
            )
        )
    return [*lines, _("Ids, times and states stay, so that counts hold. Backups of before keep everything.")]


async def _erase(visit: Visit, key: str, values: Row, said: Said) -> Done:
    body = {"reason": values.get("reason")}
    done = said_by(await ask(visit, erasure.erase, {"customer_id": key}, body=body, once=said.once))
    return Done(
        words=_("This person was erased."),
        lines=(
            _("Erasure %(id)s.", id=done.get("erasure_id") or ""),
            _("What is left in the database's files is swept out within minutes."),
        ),
        goes="/settings/erasure",
    )


def _erasure() -> Section:
    return Section(
        key="erasure",
        group="data",
        title=_("Erasure"),
        adding=_("Find whom to erase"),
        words=_(
            "Takes a person out of everything, for ever: what they said, what they were called, how to reach them."
        ),
        notes=(_("First you see what would go. Who is under a legal hold cannot be erased."),),
        source=Persons(),
        reads="erase",
        writes="erase",
        adds=True,
        columns=(Column(name="name", label=_("Name")),),
        fields=(_whom(),),
        facts=(
            Column(name="id", label=_("Id"), kind="code", link="/customers/{}"),
            Column(name="counts.events", label=_("Events"), kind="count"),
            Column(name="counts.messages", label=_("Messages"), kind="count"),
            Column(name="counts.orders", label=_("Orders"), kind="count"),
            Column(name="counts.tickets", label=_("Tickets"), kind="count"),
        ),
        empty=_("Nobody is chosen. Say whom it is about, and see what would go before anything does."),
        actions=(
            Action(
                key="erase",
                label=_("Erase"),
                words=_("This is erased for ever, and nothing brings it back:"),
                does=_erase,
                right="erase",
                danger=True,
                typed="name",
                foresees=_foresee,
                fields=(
                    Field(
                        name="reason",
                        label=_("Reason"),
                        words=_("It is kept: write the number of the request, and no name."),
                    ),
                ),
            ),
        ),
    )


class Holds(Things):
    """Legal holds, standing or lifted."""

    def __init__(self) -> None:
        super().__init__(erasure.list_holds, None, erasure.add_hold, query={"state": "all"})

    def path_of(self, field: str, key: str) -> str:  # noqa: ARG002 - the form is flat
        return _of_whom(field)

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:
        return await super().add(visit, {**values, "customer": await named(visit, values["customer"])}, said)


async def _lift(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, erasure.lift_hold, {"hold_id": key}, once=said.once)
    return Done()


def _holds() -> Section:
    told = (
        Column(name="actor", label=_("Laid by"), kind="who"),
        Column(name="held_from", label=_("Since"), kind="when"),
        Column(name="lifted_at", label=_("Lifted"), kind="when"),
    )
    return Section(
        key="holds",
        group="data",
        title=_("Legal holds"),
        adding=_("Lay a hold"),
        words=_("Until it is lifted, nobody erases the person, and no policy does."),
        source=Holds(),
        reads="holds.read",
        writes="holds.write",
        adds=True,
        name="reason",
        columns=(Column(name="reason", label=_("Why")), *told),
        fields=(_whom(), Field(name="reason", label=_("Why"), must=True, empty="text")),
        facts=(
            Column(name="customer_id", label=_("Customer"), kind="code", link="/customers/{}"),
            Column(name="contacts", label=_("Contacts"), kind="count"),
            *told,
            Column(name="lifted_by", label=_("Lifted by"), kind="who"),
        ),
        empty=_("Nobody is held. A hold keeps what a court or an office may ask for from being erased."),
        actions=(
            Action(
                key="lift",
                label=_("Lift"),
                words=_("The person may be erased again, and policies hold for them."),
                does=_lift,
                right="holds.write",
                danger=True,
                when=lambda there: there["lifted_at"] is None,
            ),
        ),
    )


class Nothing:
    """A section that explains, and has nothing of its own."""

    async def rows(self, visit: Visit, query: Mapping[str, Any]) -> Listed:  # noqa: ARG002
        return Listed(rows=[])

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]:  # noqa: ARG002
        if key:
            raise NotFound
        return {}, Standing()

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:  # noqa: ARG002
        raise NotFound

    async def change(self, visit: Visit, key: str, before: Row, after: Row, said: Said) -> Row:  # noqa: ARG002
        raise NotFound

    def path_of(self, field: str, key: str) -> str:  # noqa: ARG002
        return field


async def _commands(visit: Visit, there: Row) -> list[Table]:  # noqa: ARG001 - the same for all
    rows = [
        {
            "does": _("All that is held about one person, to be read"),
            "says": "throughline export customer ID --format html",
        },
        {"does": _("The same, for programs"), "says": "throughline export customer ID --format json"},
        {"does": _("Every interaction of the desk, to be imported again"), "says": "throughline export interactions"},
        {"does": _("Who is who, as it was decided"), "says": "throughline export identity"},
    ]
    columns = (Column(name="does", label=_("What")), Column(name="says", label=_("Command"), kind="code"))
    return [Table(title=_("On the server"), columns=columns, rows=rows)]


def _exports() -> Section:
    return Section(
        key="exports",
        group="data",
        title=_("Exports"),
        words=_("What is held about a person, or all of it, as files."),
        notes=(
            _("A person's export may be of any length, so it is written on the server, by who runs it."),
            _("ID is the last part of the address of the customer's page. Each command says more with `--help`."),
        ),
        source=Nothing(),
        reads="notes.read",
        beside=_commands,
    )


def sections() -> list[Section]:
    return [_exports(), _erasure(), _holds()]
