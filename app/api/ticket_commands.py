"""What is asked of tickets: change one or many, answer, take a note. Each is an event; a stale asker is refused."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.routes import Parameter, Route, route
from app.api.shapes import ItemError
from app.api.tickets import etag
from app.db import Db
from app.errors import bad_request, problem_of, too_large, version_required
from app.limits import PUSH_BYTES
from channels.bouncing import BounceView, bounced_of
from channels.files import FileGone, use_uploads
from identity.errors import Impossible, NotFound
from timeline.acting import Ask, Done, Refusal, perform, perform_on_each
from timeline.addressing import MOST_RECIPIENTS
from timeline.commands import (
    MOST_ATTACHED,
    AddNote,
    Assign,
    Command,
    Reply,
    SetFields,
    SetPriority,
    SetQueue,
    SetStatus,
    SetSubject,
    SetType,
    Tag,
)
from timeline.events import Priority, Status
from timeline.interactions import InvalidField
from timeline.telling import MOST_MENTIONED, mentions_in
from timeline.tickets.naming import find_tickets
from timeline.tickets.reading import TicketView, read_ticket
from timeline.tickets.ticket import TicketId

MOST_TICKETS: Final = 500
CHUNK: Final = 100
_TAG: Final = re.compile(r'"(\d{1,9})"')
_REFUSES: Final = frozenset({404, 409, 412, 422})
IF_MATCH: Final = Parameter(
    name="If-Match", words="The `ETag` that was seen: another version by now answers 412.", schema={"type": "string"}
)

Version = Annotated[int, msgspec.Meta(ge=0, le=999_999_999)]


class TagChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tags to put on and to take off."""

    add: list[str] = []
    remove: list[str] = []


class TicketChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a ticket is to be; what is left out stays. A list of `tags` replaces them; nobody is null. Of the `fields`
    of its type those that are named are filled, or emptied with null."""

    status: Status | msgspec.UnsetType = msgspec.UNSET
    disposition: str | msgspec.UnsetType = msgspec.UNSET
    waiting: Literal["third_party"] | msgspec.UnsetType = msgspec.UNSET
    assignee: str | msgspec.UnsetType | None = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    subject: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: list[str] | TagChange | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType | None = msgspec.UNSET
    fields: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    queue: str | msgspec.UnsetType | None = msgspec.UNSET


class ChangeTicket(TicketChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`version` is the one that was seen; `If-Match` says the same."""

    version: Version | msgspec.UnsetType = msgspec.UNSET


class SeenTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticket, by id or number, at the version that was seen."""

    ticket: str | int
    version: Version


class ChangeTickets(TicketChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same change for up to 500 tickets by id or number, each with its version or whatever that is."""

    tickets: Annotated[list[str | int | SeenTicket], msgspec.Meta(min_length=1)]


class Say(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`about` is the item that it is about, by default the customer's latest message; `status` is set with it."""

    body: str
    about: str | msgspec.UnsetType = msgspec.UNSET
    status: Status | msgspec.UnsetType = msgspec.UNSET
    disposition: str | msgspec.UnsetType = msgspec.UNSET
    version: Version | msgspec.UnsetType = msgspec.UNSET


class SayToCustomer(Say, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By mail, whom it goes to (`to` is by default the contact point of the item answered), what it is called, and
    uploads by id that go along. What came by a web form may name one in `to`, and nothing else of these."""

    to: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_RECIPIENTS)] | msgspec.UnsetType = msgspec.UNSET
    cc: Annotated[list[str], msgspec.Meta(max_length=MOST_RECIPIENTS)] = []
    bcc: Annotated[list[str], msgspec.Meta(max_length=MOST_RECIPIENTS)] = []
    subject: str | msgspec.UnsetType = msgspec.UNSET
    attachments: Annotated[list[str], msgspec.Meta(max_length=MOST_ATTACHED)] = []


class SayToColleagues(Say, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mentions` are agents by id whom it is for, beside those whom the text names: `@name`."""

    mentions: Annotated[list[str], msgspec.Meta(max_length=MOST_MENTIONED)] = []


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, all events that came of it in their order, and the ticket as it is now. `bounced`: of those whom
    a reply goes to, at whom mail did not arrive lately."""

    event_id: UUID
    events: tuple[UUID, ...]
    ticket: TicketView
    bounced: list[BounceView] = []


class TicketResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one ticket: `status` is what a single change would have answered with."""

    index: int
    status: int
    id: UUID
    number: int
    events: tuple[UUID, ...] | msgspec.UnsetType = msgspec.UNSET
    error: ItemError | None = None


class TicketResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result a ticket, in the order of the input."""

    items: list[TicketResult]


@route(
    "PATCH",
    "/api/v1/tickets/{ticket}",
    "desk",
    headers=(IF_MATCH,),
    takes=ChangeTicket,
    answers={200: TicketView},
    refuses=_REFUSES | {428},
)
async def change(call: Call) -> Answer:
    """Change a ticket as it was seen: without a version 428, with one of before 412. All of it happens, or nothing."""
    asked = await call.take(ChangeTicket)
    version, commands = seen_version(call, asked.version), _commands(asked)
    if version is None:
        raise version_required()
    return await performed(call, version, commands)


async def performed(call: Call, version: int | None, commands: list[Command]) -> Answer:
    """Carry commands out on the ticket of the path: the ticket as it is then."""

    async def work(db: Db) -> Answer:
        ticket = await meant(db, call)
        await perform(db, call.desk(), Ask(ticket=ticket, version=version), commands)
        shown = await read_ticket(db, call.workspace, str(ticket))
        return answer(shown, headers=etag(shown))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/tickets/{ticket}/replies",
    "desk",
    headers=(IF_MATCH,),
    takes=SayToCustomer,
    most_bytes=PUSH_BYTES,
    answers={201: Said},
    refuses=_REFUSES,
)
async def reply(call: Call) -> Answer:
    """Answer the customer on the channel of what is answered. By mail it goes out where the item came in by an account
    that sends, to exactly those that the event names in `data.mail`; what becomes of it is the item's `delivery`."""
    asked = await call.take(SayToCustomer)
    said = Reply(
        body=asked.body,
        to=None if asked.to is msgspec.UNSET else tuple(asked.to),
        cc=tuple(asked.cc),
        bcc=tuple(asked.bcc),
        subject=None if asked.subject is msgspec.UNSET else asked.subject,
        attachments=tuple(read_id(one) for one in asked.attachments),
    )
    return await _say(call, asked, said)


@route(
    "POST",
    "/api/v1/tickets/{ticket}/notes",
    "desk",
    headers=(IF_MATCH,),
    takes=SayToColleagues,
    most_bytes=PUSH_BYTES,
    answers={201: Said},
    refuses=_REFUSES,
)
async def take_note(call: Call) -> Answer:
    """Write something down for colleagues. Whom it names hears of it."""
    asked = await call.take(SayToColleagues)
    named = [read_id(one) for one in asked.mentions]
    async with call.read() as db:
        mentions = await mentions_in(db, call.workspace, asked.body, named)
    return await _say(call, asked, AddNote(body=asked.body, mentions=mentions))


async def _say(call: Call, asked: Say, said: Reply | AddNote) -> Answer:
    version = seen_version(call, asked.version)
    about = None if asked.about is msgspec.UNSET else read_id(asked.about)
    then = _moves(asked.status, asked.disposition, msgspec.UNSET)

    async def work(db: Db) -> Answer:
        ticket = await meant(db, call)
        done = await perform(db, call.desk(), Ask(ticket=ticket, version=version), [said, *then], about=about)
        if isinstance(said, Reply) and said.attachments:
            await enclose(db, call, done.events[0], said.attachments)
        shown = await read_ticket(db, call.workspace, str(ticket))
        bounced = await bounced_of(db, call.workspace, done.events[0]) if isinstance(said, Reply) else []
        said_so = Said(event_id=done.events[0], events=done.events, ticket=shown, bounced=bounced)
        return answer(said_so, 201, etag(shown))

    return await call.write(work)


async def enclose(db: Db, call: Call, reply: UUID, uploads: Sequence[UUID]) -> None:
    """Let uploads go along with what was just said. Raises `Impossible`."""
    try:
        await use_uploads(db, call.workspace, reply, list(dict.fromkeys(uploads)))
    except FileGone:
        raise Impossible(
            "attachments", "expected uploads of yours that were not used yet, from the last 24 hours"
        ) from None


@route(
    "POST",
    "/api/v1/tickets/bulk",
    "desk",
    takes=ChangeTickets,
    most_bytes=PUSH_BYTES,
    answers={200: TicketResults},
    refuses=frozenset({404, 422}),
)
async def change_many(call: Call) -> Answer:
    """Change up to 500 tickets alike: one result each, and one that is refused stops no other. Where one of them is
    nobody's, nothing is done. It commits in parts: after an error in the middle, ask for all of it again."""
    asked = await call.take(ChangeTickets)
    if len(asked.tickets) > MOST_TICKETS:
        raise too_large(f"A bulk change takes at most {MOST_TICKETS} tickets.")
    commands = _commands(asked)

    async def work() -> Answer:
        named = await _all_meant(call, asked.tickets)
        results: list[TicketResult] = []
        for start in range(0, len(named), CHUNK):
            results.extend(await _change_some(call, start, named[start : start + CHUNK], commands))
        return answer(TicketResults(items=results))

    return await call.write_in_parts(work)


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    ask: Ask
    number: int


async def _all_meant(call: Call, asked: Sequence[str | int | SeenTicket]) -> list[_Named]:
    """Raises `NotFound` where one is nobody's, and the 400 where one is named twice."""
    seen = [one if isinstance(one, SeenTicket) else None for one in asked]
    names = [str(one.ticket if isinstance(one, SeenTicket) else one) for one in asked]
    async with call.read() as db:
        found = await find_tickets(db, call.workspace, names)
    if any(name not in found for name in names):
        raise NotFound
    first: dict[TicketId, int] = {}
    for index, name in enumerate(names):
        if first.setdefault(found[name].id, index) != index:
            raise InvalidField(f"tickets[{index}]", f"the same ticket as tickets[{first[found[name].id]}]")
    return [
        _Named(ask=Ask(ticket=found[name].id, version=one and one.version), number=found[name].number)
        for name, one in zip(names, seen, strict=True)
    ]


async def _change_some(
    call: Call, start: int, named: Sequence[_Named], commands: Sequence[Command]
) -> list[TicketResult]:
    """Change a run of tickets in a transaction of its own."""

    async def work(db: Db) -> list[Done | Refusal]:
        return await perform_on_each(db, call.desk(), [one.ask for one in named], commands)

    return [
        _result(index, one, outcome)
        for index, (one, outcome) in enumerate(zip(named, await call.commit(work), strict=True), start)
    ]


def _result(index: int, named: _Named, outcome: Done | Refusal) -> TicketResult:
    ticket = named.ask.ticket
    if isinstance(outcome, Done):
        return TicketResult(index=index, status=200, id=ticket, number=named.number, events=outcome.events)
    problem = problem_of(outcome)
    error = ItemError(code=problem.code, detail=problem.detail, fields=problem.fields)
    return TicketResult(index=index, status=problem.status, id=ticket, number=named.number, error=error)


async def meant(db: Db, call: Call) -> TicketId:
    """The ticket in the path, wherever it went. Raises `NotFound`."""
    name = call.request.path_params["ticket"]
    found = await find_tickets(db, call.workspace, [name])
    if name not in found:
        raise NotFound
    return found[name].id


def seen_version(call: Call, said: int | msgspec.UnsetType) -> int | None:
    """The version that was seen, from header or body. Raises the 400 where they are not the same, or no version."""
    header = call.request.headers.get("if-match")
    version = None if said is msgspec.UNSET else said
    if header is None:
        return version
    matched = _TAG.fullmatch(header.strip())
    if matched is None:
        raise bad_request("If-Match", 'expected the ETag of the ticket, such as "7"')
    if version not in (None, int(matched[1])):
        raise bad_request("version", "another one than If-Match says")
    return int(matched[1])


def _commands(asked: TicketChange) -> list[Command]:
    """In the order in which they are carried out: the status last, because assigning opens a new ticket."""
    commands: list[Command] = []
    if asked.subject is not msgspec.UNSET:
        commands.append(SetSubject(subject=asked.subject))
    if asked.priority is not msgspec.UNSET:
        commands.append(SetPriority(priority=asked.priority))
    if isinstance(asked.tags, TagChange):
        commands.append(Tag(added=tuple(asked.tags.add), removed=tuple(asked.tags.remove)))
    elif asked.tags is not msgspec.UNSET:
        commands.append(Tag(added=tuple(asked.tags), only=True))
    if asked.type is not msgspec.UNSET:
        commands.append(SetType(type=asked.type))
    if asked.fields is not msgspec.UNSET:
        commands.append(SetFields(fields=asked.fields))
    if asked.queue is not msgspec.UNSET:
        commands.append(SetQueue(queue=asked.queue))
    if asked.assignee is not msgspec.UNSET:
        commands.append(Assign(assignee=None if asked.assignee is None else read_id(asked.assignee)))
    commands.extend(_moves(asked.status, asked.disposition, asked.waiting))
    return commands


def _moves(
    status: Status | msgspec.UnsetType,
    disposition: str | msgspec.UnsetType,
    waiting: Literal["third_party"] | msgspec.UnsetType,
) -> list[SetStatus]:
    if status is msgspec.UNSET:
        for field, said in (("disposition", disposition), ("waiting", waiting)):
            if said is not msgspec.UNSET:
                raise InvalidField(field, "expected together with a status")
        return []
    ends = None if disposition is msgspec.UNSET else disposition
    return [SetStatus(status=status, disposition=ends, waiting=None if waiting is msgspec.UNSET else waiting)]


ROUTES: Final[tuple[Route, ...]] = (change, reply, take_note, change_many)
