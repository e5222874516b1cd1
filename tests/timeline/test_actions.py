"""Commands: each is an event about something, moves its ticket as the fold says, and what may not be is refused."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from app.db import new_id
from app.store import add_agent
from identity.errors import Impossible, NotFound
from tests.laws.world import AGENT, NOON, Place, World
from timeline import desk, placing
from timeline.acting import Ask, Done, perform, perform_on_each
from timeline.commands import AddNote, Assign, Command, Reply, SetPriority, SetStatus, SetSubject, Tag
from timeline.errors import StillDeriving, TicketElsewhere, TicketStale
from timeline.interactions import InvalidField
from timeline.tickets.listing import Listing
from timeline.tickets.policy_store import add_policy
from timeline.tickets.projection import TicketRef
from timeline.tickets.reading import TicketView, list_tickets, read_ticket
from timeline.tickets.ticket import TicketId


def told(world: World, story: Any) -> None:
    async def run() -> None:
        await story(await world.open_workspace())

    world.run(run())


async def act(
    place: Place,
    ticket: TicketRef | TicketId,
    *commands: Command,
    version: int | None = None,
    about: UUID | None = None,
) -> Done:
    ticket_id = ticket.id if isinstance(ticket, TicketRef) else ticket
    ask = Ask(ticket=ticket_id, version=version)
    return await place.write(lambda db: perform(db, place.desk(), ask, commands, about=about))


async def shown(place: Place, ticket: TicketRef) -> TicketView:
    return await place.read(lambda db: read_ticket(db, place.id, str(ticket.number)))


async def listed(place: Place, **asked: Any) -> list[TicketView]:
    return await place.read(lambda db: list_tickets(db, place.id, Listing(**asked)))


async def agent(place: Place, *, disabled: bool = False) -> UUID:
    made = new_id()
    await place.write(lambda db: add_agent(db, place.id, made, email=f"{made}@desk.example", name="Kim", role="agent"))
    if disabled:
        await place.write(lambda db: db.execute("UPDATE agent SET disabled_at = now() WHERE id = $1", made))
    return made


async def event(place: Place, event_id: Any) -> dict[str, Any]:
    (row,) = await place.fetch("SELECT * FROM event WHERE id = $1", event_id)
    return dict(row)


def test_a_reply_answers_the_latest_message_on_its_channel(world: World):
    async def story(place: Place) -> None:
        first = await place.push("a", "email:ann@example.com", body="Where is it?")
        second = await place.push("a", "phone:+4930123987", channel="sms", body="Still waiting")
        assert first.ticket == second.ticket
        done = await act(place, first.ticket, Reply(body="On its way"))
        row = await event(place, done.events[0])
        assert (row["type"], row["direction"], row["channel"]) == ("MessageRecorded", "outbound", "sms")
        assert (row["about"], row["contact_id"], row["actor"]) == (second.event_id, second.contact_id, AGENT)
        assert b'"to": {"kind": "phone", "value": "+4930123987"}' in row["data"]
        ticket = await shown(place, first.ticket)
        assert (ticket.status, ticket.waiting, ticket.items, ticket.version) == ("pending", "customer", 3, 3)
        assert ticket.first_reply_at == row["recorded_at"]
        again = await act(place, first.ticket, Reply(body="By mail too"), about=first.event_id)
        row = await event(place, again.events[0])
        assert (row["channel"], row["about"]) == ("email", first.event_id)
        assert b'"value": "ann@example.com"' in row["data"]

    told(world, story)


def test_a_reply_says_so_where_nobody_is_reached(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a", channel="sms")
        done = await act(place, pushed.ticket, Reply(body="Hello"))
        data = (await event(place, done.events[0]))["data"]
        assert b'"to": null' in data
        assert b"nothing is known by which" in data

    told(world, story)


def test_a_web_form_may_be_answered_to_one_address_that_is_named(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a", "account:7", channel="web_form")
        text = await place.push("b", "phone:+4930123987", channel="sms")
        done = await act(place, pushed.ticket, Reply(body="The long one", to=("ann@example.com",)))
        row = await event(place, done.events[0])
        assert (row["channel"], row["about"]) == ("web_form", pushed.event_id)
        data = msgspec.json.decode(row["data"])["data"]
        assert data["to"] == {"kind": "email", "value": "ann@example.com"}
        assert {"mail", "words"} & set(data) == set()
        for ticket, said in (
            (pushed.ticket, Reply(body="Hello", to=("ann@example.com", "ben@example.com"))),
            (pushed.ticket, Reply(body="Hello", to=("ann@example.com",), subject="Poles")),
            (text.ticket, Reply(body="Hello", to=("ann@example.com",))),
        ):
            with pytest.raises(Impossible, match="answers by mail"):
                await act(place, ticket, said)

    told(world, story)


def test_a_note_is_seen_by_colleagues_and_moves_nothing(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")
        done = await act(place, pushed.ticket, AddNote(body="called the carrier"))
        row = await event(place, done.events[0])
        assert (row["type"], row["direction"], row["channel"]) == ("NoteRecorded", "internal", None)
        ticket = await shown(place, pushed.ticket)
        assert (ticket.status, ticket.waiting, ticket.items) == ("new", "us", 2)

    told(world, story)


def test_what_is_about_a_reply_is_about_what_it_answered(world: World):
    """A placement carries what is about its item, and nothing that is about that."""

    async def story(place: Place) -> None:
        pushed = await place.push("a")
        reply = await act(place, pushed.ticket, Reply(body="Hello"))
        note = await act(place, pushed.ticket, AddNote(body="was too curt"), about=reply.events[0])
        assert (await event(place, note.events[0]))["about"] == pushed.event_id

    told(world, story)


def test_every_command_is_an_event_about_the_opening(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a", subject="Shoes")
        kim = await agent(place)
        commands = (
            SetStatus(status="on_hold"),
            Assign(assignee=kim),
            Tag(added=(" Refund ", "vip", "refund")),
            SetPriority(priority="urgent"),
            SetSubject(subject="  Two left shoes "),
        )
        done = await act(place, pushed.ticket, *commands, version=1)
        rows = [await event(place, one) for one in done.events]
        assert [row["type"] for row in rows] == [
            "TicketStatusSet", "TicketAssigned", "TicketTagged", "TicketPrioritised", "TicketRenamed",
        ]  # fmt: skip
        assert {(row["about"], row["contact_id"], row["actor"]) for row in rows} == {
            (pushed.event_id, pushed.contact_id, AGENT)
        }
        assert all(b'"cause": "api"' in row["data"] for row in rows)
        ticket = await shown(place, pushed.ticket)
        assert (ticket.status, ticket.assignee, ticket.priority) == ("on_hold", kim, "urgent")
        assert (ticket.tags, ticket.subject, ticket.version) == (("refund", "vip"), "Two left shoes", 6)
        again = await act(place, pushed.ticket, *commands)
        assert again.events == ()
        untagged = await act(place, pushed.ticket, Tag(added=("vip", "late"), only=True))
        assert (await shown(place, pushed.ticket)).tags == ("late", "vip")
        assert b'"removed": ["refund"]' in (await event(place, untagged.events[0]))["data"]

    told(world, story)


def test_an_assigned_ticket_is_open_and_nobody_unassigns(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")
        await act(place, pushed.ticket, Assign(assignee=await agent(place)))
        assert (await shown(place, pushed.ticket)).status == "open"
        await act(place, pushed.ticket, Assign(assignee=None))
        assert (await shown(place, pushed.ticket)).assignee is None

    told(world, story)


def test_only_agents_who_work_here_get_tickets(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")
        foreign = await agent(await world.open_workspace())
        for assignee in (uuid4(), foreign):
            with pytest.raises(NotFound):
                await act(place, pushed.ticket, Assign(assignee=assignee))
        with pytest.raises(Impossible, match="works here") as refused:
            await act(place, pushed.ticket, Assign(assignee=await agent(place, disabled=True)))
        assert refused.value.field == "assignee"
        assert len(await place.thread(pushed.customer_id)) == 1

    told(world, story)


def test_a_move_that_is_none_is_refused_and_nothing_appended(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")
        await act(place, pushed.ticket, SetStatus(status="resolved"))
        for status in ("pending", "on_hold", "new"):
            with pytest.raises(Impossible, match="cannot become"):
                await act(place, pushed.ticket, SetPriority(priority="low"), SetStatus(status=status))
        await act(place, pushed.ticket, SetStatus(status="closed"))
        with pytest.raises(Impossible, match="cannot become"):
            await act(place, pushed.ticket, SetStatus(status="resolved"))
        await act(place, pushed.ticket, SetStatus(status="open"))
        assert (await shown(place, pushed.ticket)).reopened == 1
        assert (await shown(place, pushed.ticket)).priority == "normal"
        assert await place.fetch("SELECT * FROM ticket_void") == []

    told(world, story)


def test_a_closed_ticket_is_opened_again_for_a_week(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")

        async def asked(day: int, status: Any) -> Done:
            at = msgspec.structs.replace(place.desk(), now=NOON + timedelta(days=day))
            return await place.write(
                lambda db: perform(db, at, Ask(ticket=pushed.ticket.id), [SetStatus(status=status)])
            )

        await asked(1, "closed")
        with pytest.raises(Impossible, match="too long ago"):
            await asked(9, "open")
        assert len((await asked(8, "open")).events) == 1

    told(world, story)


def test_a_stale_version_changes_nothing(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")
        await place.push("a")
        with pytest.raises(TicketStale) as stale:
            await act(place, pushed.ticket, SetPriority(priority="low"), version=1)
        assert stale.value.version == 2
        await act(place, pushed.ticket, SetPriority(priority="low"), version=2)

    told(world, story)


def test_texts_and_tags_are_checked(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")
        many = tuple(f"t{n}" for n in range(51))
        for command, field in (
            (Reply(body=" \n"), "body"),
            (Reply(body="x" * 100_001), "body"),
            (AddNote(body="a\x07b"), "body"),
            (SetSubject(subject=" "), "subject"),
            (SetSubject(subject="a\nb"), "subject"),
            (Tag(added=("",)), "tags"),
            (Tag(added=("x" * 51,)), "tags"),
            (Tag(added=("a\nb",)), "tags"),
            (Tag(added=("a\u202eb",)), "tags"),
            (Tag(added=many), "tags"),
        ):
            with pytest.raises(InvalidField) as refused:
                await act(place, pushed.ticket, command)
            assert refused.value.field == field
        await act(place, pushed.ticket, Tag(added=many[:30]))
        with pytest.raises(Impossible, match="at most 50"):
            await act(place, pushed.ticket, Tag(added=many[21:]))
        assert (await shown(place, pushed.ticket)).items == 2

    told(world, story)


def test_about_is_an_item_of_this_ticket(world: World):
    async def story(place: Place) -> None:
        pushed, other = await place.push("a"), await place.push("b")
        theirs = await (await world.open_workspace()).push("a")
        with pytest.raises(Impossible, match="item of this ticket"):
            await act(place, pushed.ticket, Reply(body="hi"), about=other.event_id)
        for event_id in (uuid4(), theirs.event_id):
            with pytest.raises(NotFound):
                await act(place, pushed.ticket, Reply(body="hi"), about=event_id)

    told(world, story)


def test_nothing_is_asked_of_tickets_that_wait_for_a_job(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")
        (contact,) = (await place.contacts()).values()
        await place.write(
            lambda db: db.execute(
                "INSERT INTO ticket_deriving (workspace_id, home_id, asked_at) VALUES ($1, $2, now())",
                place.id,
                contact["home_id"],
            )
        )
        with pytest.raises(StillDeriving):
            await act(place, pushed.ticket, SetPriority(priority="low"))

    told(world, story)


def test_what_is_said_of_a_placed_item_lies_where_it_lies_and_stands_where_it_stands(world: World):
    async def story(place: Place) -> None:
        ann, ben = await place.push("a"), await place.push("b", kind="fact")
        await place.decide(placing.place, ann.customer_id, ann.event_id, contact=ben.contact_id)
        ticket = await shown(place, ann.ticket)
        assert ticket.customer_id == ben.customer_id
        done = await act(place, ann.ticket, Reply(body="Hello"), SetPriority(priority="high"))
        for one in done.events:
            assert (await event(place, one))["contact_id"] == ann.contact_id
        theirs = {item.event_id for item in await place.thread(ben.customer_id)}
        assert {*done.events, ann.event_id} <= theirs
        assert not theirs & {item.event_id for item in await place.thread(ann.customer_id)}
        assert (await shown(place, ann.ticket)).items == 3

    told(world, story)


def test_two_at_once_on_one_version_and_one_wins(world: World):
    async def story(place: Place) -> None:
        pushed = await place.push("a")

        async def tried(number: int) -> bool:
            try:
                await act(place, pushed.ticket, SetSubject(subject=f"subject {number}"), version=1)
            except TicketStale:
                return False
            return True

        assert sum(await asyncio.gather(*(tried(number) for number in range(8)))) == 1
        assert (await shown(place, pushed.ticket)).version == 2

    told(world, story)


def test_replies_race_a_merge_and_none_is_lost(world: World):
    async def story(place: Place) -> None:
        for number in range(5):
            ann = await place.push(f"a{number}", f"email:a{number}@example.com")
            ben = await place.push(f"b{number}", f"email:b{number}@example.com")
            work: list[Awaitable[Any]] = [place.decide(desk.merge, ann.customer_id, ben.customer_id)]
            for other in range(3):
                work += [
                    act(place, ann.ticket, Reply(body=f"a{other}")),
                    act(place, ben.ticket, Reply(body=f"b{other}")),
                ]
            await asyncio.gather(*work)
            assert (await shown(place, ann.ticket)).items == 4
            assert (await shown(place, ben.ticket)).items == 4
            assert (await shown(place, ben.ticket)).customer_id == ann.customer_id
        assert await place.fetch("SELECT * FROM ticket_void") == []

    told(world, story)


def test_each_of_several_has_its_own_outcome(world: World):
    async def story(place: Place) -> None:
        pushed = [await place.push(f"k{n}") for n in range(4)]
        await act(place, pushed[1].ticket, SetStatus(status="closed"))
        asks = [Ask(ticket=one.ticket.id, version=1 if n == 2 else None) for n, one in enumerate(pushed)]
        await act(place, pushed[2].ticket, SetPriority(priority="high"))

        async def work(db: Any) -> Any:
            return await perform_on_each(db, place.desk(), asks, [SetStatus(status="pending")])

        first, second, third, fourth = await place.write(work)
        assert isinstance(second, Impossible)
        assert isinstance(third, TicketStale)
        assert [len(one.events) for one in (first, fourth)] == [1, 1]
        assert {t.number for t in await listed(place, statuses=frozenset({"pending"}))} == {
            pushed[0].ticket.number,
            pushed[3].ticket.number,
        }

    told(world, story)


def test_a_ticket_that_went_elsewhere_says_where(world: World):
    async def story(place: Place) -> None:
        policy = msgspec.json.encode({"on_link": "join"})
        await place.write(
            lambda db: add_policy(db, place.id, 1, policy, past=False, actor="test", reason=None, now=datetime.now(UTC))
        )
        ann, ben = await place.push("a", subject="x"), await place.push("b", subject="x")
        await place.decide(desk.merge, ann.customer_id, ben.customer_id)
        with pytest.raises(TicketElsewhere) as gone:
            await act(place, ben.ticket, SetPriority(priority="low"))
        assert (gone.value.survivor, gone.value.number) == (ann.ticket.id, ann.ticket.number)
        with pytest.raises(NotFound):
            await act(place, TicketId(uuid4()), SetPriority(priority="low"))

    told(world, story)
