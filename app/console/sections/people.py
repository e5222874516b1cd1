"""People: agents with their roles and ways in, and teams."""

from typing import Any
from uuid import UUID

from app import inviting, sign_in_store
from app.access import permit
from app.api import agents, teams
from app.api.calls import read_id
from app.console.asking import ask
from app.console.language import _, counted
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Row, Said, Section, Table
from app.console.sections.fields import Choice, Field, choices
from app.console.sections.sources import Things, said_by
from app.signing_in import Purpose
from identity.errors import Impossible


def roles() -> tuple[Choice, ...]:
    return choices(
        ("agent", _("agent: works the desk")),
        ("lead", _("lead: also queues, policies, numbers")),
        ("auditor", _("auditor: reads everything, changes nothing")),
        ("admin", _("admin: all of it")),
    )


class Agents(Things):
    """Agents, who are let in by a link that works once."""

    def __init__(self) -> None:
        super().__init__(agents.list_agents, agents.show, agents.add, agents.change, parameter="agent")

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:
        way = values.pop("way", "link")
        key, made = await super().add(visit, {**values, "invite": way == "mail"}, said)
        if way == "link":
            made["link"] = await link_for(visit, UUID(key), "invitation")
        return key, made


async def link_for(visit: Visit, agent: UUID, purpose: Purpose) -> str:
    """A new link, for whoever hands it over."""
    permit(visit.caller, "people.write")
    settings = visit.edge.settings
    return await visit.commit(lambda db: inviting.link_of(db, visit.workspace, agent, purpose, settings))


async def _let_in(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    permit(visit.caller, "people.write")
    there = said_by(await ask(visit, agents.show, {"agent": key}))
    agent, settings = UUID(there["id"]), visit.edge.settings
    purpose: Purpose = "reset" if values["purpose"] == "reset" else "invitation"
    if values["way"] != "mail":
        link = await link_for(visit, agent, purpose)
        return Done(
            shown=((_("Link"), link),), words=_("It works once. Hand it over in a way that only they can read.")
        )
    send = inviting.reset if purpose == "reset" else inviting.invite

    async def work(db: Any) -> None:
        if not await send(db, visit.workspace, agent, there["email"], settings):
            raise Impossible("way", inviting.NOBODY_WRITES)

    await visit.commit(work)
    return Done(words=_("A mail with the link is on its way to %(email)s.", email=there["email"]))


async def _end_sessions(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    permit(visit.caller, "people.write")
    agent = UUID(said_by(await ask(visit, agents.show, {"agent": key}))["id"])

    async def work(db: Any) -> list[UUID]:
        held = [UUID(bytes=row["id"].bytes) for row in await sign_in_store.sessions(db, visit.workspace, agent)]
        await sign_in_store.end_sessions(db, visit.workspace, agent, None, visit.caller.key)
        return held

    for session in await visit.commit(work):
        visit.edge.doorkeeper.forget(session)
    return Done()


async def _leave(visit: Visit, key: str, values: Row, said: Said) -> Done:
    body = {"disabled": True, "reason": values.get("reason")}
    await ask(visit, agents.change, {"agent": key}, body=body, once=said.once)
    return Done()


async def _come_back(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, agents.change, {"agent": key}, body={"disabled": False}, once=said.once)
    return Done()


async def _foresee_leaving(visit: Visit, key: str) -> list[str]:
    there = said_by(await ask(visit, agents.show, {"agent": key}))
    number = there["holds"]
    return [
        _("They are signed out everywhere, and their API keys are revoked, with the next request."),
        counted(
            "%(num)s open ticket of theirs goes back to its queue, with the reason.",
            "%(num)s open tickets of theirs go back to their queues, with the reason.",
            number,
        ),
        _("What they did and wrote stays theirs. They can be let in again later."),
    ]


async def _sessions(visit: Visit, there: Row) -> list[Table]:
    if not visit.may("people.write"):
        return []
    async with visit.read() as db:
        found = await sign_in_store.sessions(db, visit.workspace, read_id(there["id"]))
    return [
        Table(
            title=_("Signed in on"),
            columns=(
                Column(name="device", label=_("Device")),
                Column(name="created_at", label=_("Since"), kind="when"),
                Column(name="used_at", label=_("Last used"), kind="when"),
            ),
            rows=[{name: str(row[name]) for name in ("device", "created_at", "used_at")} for row in found],
            empty=_("Not signed in anywhere."),
        )
    ]


def _person() -> tuple[Field, ...]:
    return (
        Field(
            name="email", label=_("E-mail address"), must=True, new=True, words=_("They sign in with it, and it stays.")
        ),
        Field(name="name", label=_("Name"), empty="text", words=_("As customers and colleagues see it.")),
        Field(name="role", label=_("Role"), kind="choice", must=True, choices=roles(), start="agent"),
        Field(
            name="teams",
            label=_("Teams"),
            kind="several",
            look="teams",
            words=_("Whose queues they do, and whose views they see."),
        ),
        Field(
            name="zone",
            label=_("Time zone"),
            kind="zone",
            look="zones",
            default=_("UTC"),
            words=_("All times are shown to them in it, such as Europe/Berlin."),
        ),
        Field(
            name="calendar",
            label=_("Working hours"),
            kind="choice",
            look="calendars",
            default=_("none"),
            words=_("One of the business calendars."),
        ),
    )


def _ways() -> Field:
    return Field(
        name="way",
        label=_("How they get in"),
        kind="choice",
        must=True,
        start="link",
        choices=choices(
            ("link", _("Show me a link to hand over")),
            ("mail", _("Mail them the link")),
        ),
        words=_("The link sets their password, works once and for a limited time. Mail takes a mailbox that notifies."),
    )


def _purposes() -> Field:
    return Field(
        name="purpose",
        label=_("What it is for"),
        kind="choice",
        must=True,
        start="invitation",
        choices=choices(("invitation", _("First sign-in: good for a week")), ("reset", _("A forgotten password"))),
        words=_("With a reset, they are signed out wherever they are once it is used."),
    )


def _works(there: Row) -> bool:
    return there["disabled_at"] is None


def _agent_actions() -> tuple[Action, ...]:
    return (
        Action(
            key="link",
            label=_("New sign-in link"),
            words=_("Makes a link that sets their password once. Links made before do not work any more."),
            does=_let_in,
            right="people.write",
            fields=(_purposes(), _ways()),
            when=_works,
        ),
        Action(
            key="end-sessions",
            label=_("End all sessions"),
            words=_("They are signed out on every device, and may sign in again."),
            does=_end_sessions,
            right="people.write",
            when=_works,
        ),
        Action(
            key="disable",
            label=_("Disable"),
            words=_("From now on they work here no more."),
            does=_leave,
            right="people.write",
            danger=True,
            when=_works,
            foresees=_foresee_leaving,
            fields=(Field(name="reason", label=_("Reason"), words=_("Each ticket that goes back will say it.")),),
        ),
        Action(
            key="enable",
            label=_("Let in again"),
            words=_("They may sign in again with the password of before. Revoked keys stay revoked."),
            does=_come_back,
            right="people.write",
            when=lambda there: not _works(there),
        ),
    )


def _agents() -> Section:
    shown = (
        Column(name="email", label=_("Address")),
        Column(name="role", label=_("Role")),
        Column(name="teams", label=_("Teams"), look="teams"),
    )
    return Section(
        key="agents",
        group="people",
        title=_("Agents"),
        adding=_("Add an agent"),
        words=_("Who works here, as what, and how they get in."),
        source=Agents(),
        writes="people.write",
        adds=True,
        changes=True,
        columns=(
            Column(name="name", label=_("Name")),
            *shown,
            Column(name="state", label=_("Now"), tones={"online": "good"}),
            Column(name="holds", label=_("Open tickets"), kind="count"),
            Column(name="disabled_at", label=_("Left"), kind="when"),
        ),
        fields=_person(),
        fields_for=lambda about: _person() if "id" in about else (*_person(), _ways()),
        facts=(
            Column(name="email", label=_("Address")),
            Column(name="state", label=_("Now"), tones={"online": "good"}),
            Column(name="holds", label=_("Open tickets"), kind="count"),
            Column(name="created_at", label=_("Came"), kind="when"),
            Column(name="disabled_at", label=_("Left"), kind="when"),
            Column(name="left_because", label=_("Because")),
        ),
        looks=frozenset({"teams"}),
        actions=_agent_actions(),
        beside=_sessions,
        empty=_("Nobody works here yet. Add the first: they get a link that sets their password."),
        once=(("link", _("Link to hand over")),),
        after=_("It works once, for a week, and is not shown again. Hand it over in a way that only they can read."),
    )


async def _dissolve(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, teams.remove, {"team": key}, once=said.once)
    return Done(goes="/settings/teams?done=removed")


def _teams() -> Section:
    return Section(
        key="teams",
        group="people",
        title=_("Teams"),
        adding=_("Add a team"),
        words=_("Agents who do the same queues and share views."),
        source=Things(teams.list_teams, teams.show, teams.add, teams.change, parameter="team", id="key"),
        writes="config.write",
        adds=True,
        changes=True,
        id="key",
        columns=(
            Column(name="name", label=_("Name")),
            Column(name="key", label=_("Key"), kind="code"),
            Column(name="members", label=_("Members"), look="agents"),
            Column(name="queues", label=_("Queues"), look="queues"),
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
            Field(name="members", label=_("Members"), kind="several", look="agents"),
        ),
        facts=(
            Column(name="key", label=_("Key"), kind="code"),
            Column(name="queues", label=_("Queues"), look="queues"),
            Column(name="created_at", label=_("Made"), kind="when"),
        ),
        looks=frozenset({"queues"}),
        empty=_("There are no teams yet. A team does queues together: add one, then give it queues."),
        actions=(
            Action(
                key="remove",
                label=_("Dissolve"),
                words=_("The team is gone, with the views that only it saw. It must have no queues left."),
                does=_dissolve,
                right="config.write",
                danger=True,
            ),
        ),
    )


def sections() -> list[Section]:
    return [_agents(), _teams()]
