"""Writing to a customer first, and noting something down about one: nothing has to have come in."""

from typing import Annotated, Final
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.channel_accounts import account_id
from app.api.customers import follow_merges
from app.api.routes import Route, route
from app.api.ticket_commands import Said, enclose
from app.api.tickets import etag
from app.db import Db
from app.limits import PUSH_BYTES
from channels import bouncing, replying
from channels.bouncing import BounceMark
from channels.replying import Sending
from identity.customers import CustomerId
from identity.errors import Impossible
from identity.views import read_people
from timeline.beginning import addresses_of, note_down, write_first
from timeline.commands import MOST_ATTACHED, AddNote, Reply
from timeline.tickets.projection import TicketRef
from timeline.tickets.reading import read_ticket

_REFUSES: Final = frozenset({404, 409, 422})


class FirstMail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mail that answers nothing: by which channel account it goes out, to which of the customer's own addresses, and
    uploads by id that go along."""

    account: str
    to: str
    subject: str
    body: str
    attachments: Annotated[list[str], msgspec.Meta(max_length=MOST_ATTACHED)] = []


class CustomerNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be known about the customer, whatever the matter."""

    body: str


class NotedDown(msgspec.Struct, frozen=True, kw_only=True):
    """What was noted; `ticket` where the ticket policy opens one for notes."""

    event_id: UUID
    ticket: TicketRef | None


class RecipientView(msgspec.Struct, frozen=True, kw_only=True):
    """An address of the customer's own: who `verified` it, whether it is of several people, and `bounced` where no mail
    arrives any more."""

    address: str
    verified: bool
    shared: bool
    bounced: BounceMark | None


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """By which accounts, and to which addresses a customer can be written to."""

    accounts: list[Sending]
    recipients: list[RecipientView]


@route(
    "GET",
    "/api/v1/customers/{customer_id}/recipients",
    "desk",
    answers={200: Writing, 308: None},
)
@follow_merges
async def show_recipients(call: Call) -> Answer:
    """By which accounts this customer can be written to first, and at which addresses: those that were proved come
    first, and none of them is chosen for you."""
    customer = CustomerId(call.path_id("customer_id"))
    async with call.read() as db:
        return answer(await read_writing(db, call, customer))


async def read_writing(db: Db, call: Call, customer: CustomerId) -> Writing:
    """Raises `NotFound` and `Absorbed`."""
    people = await read_people(db, call.workspace, customer)
    accounts, ours = await replying.sending(db, call.workspace)
    held = [one for one in addresses_of(people) if one.value not in ours]
    marks = await bouncing.marks_of(db, call.workspace, [one.value for one in held]) if held else {}
    found = [
        RecipientView(
            address=one.value, verified=one.verified, shared=one.shared is not None, bounced=marks.get(one.value)
        )
        for one in held
    ]
    return Writing(accounts=accounts, recipients=found)


@route(
    "POST",
    "/api/v1/customers/{customer_id}/messages",
    "desk",
    takes=FirstMail,
    most_bytes=PUSH_BYTES,
    answers={201: Said},
    refuses=_REFUSES,
)
async def write(call: Call) -> Answer:
    """Write to a customer first, by mail. It goes out once, to that address alone, and is in a ticket: in the open one
    that the ticket policy has it go on with, else in one that it opens."""
    customer, asked = CustomerId(call.path_id("customer_id")), await call.take(FirstMail)
    said = Reply(
        body=asked.body,
        to=(asked.to,),
        subject=asked.subject,
        attachments=tuple(read_id(one) for one in asked.attachments),
    )
    account_id(call, asked.account)

    async def work(db: Db) -> Answer:
        accounts, ours = await replying.sending(db, call.workspace)
        if all(one.id != asked.account for one in accounts):
            raise Impossible("account", "expected a channel account that sends mail")
        if asked.to.strip().lower() in ours:
            raise Impossible("to", "this address is the desk's own")
        done = await write_first(db, call.desk(), customer, said, asked.account)
        if said.attachments:
            await enclose(db, call, done.event_id, said.attachments)
        assert done.ticket is not None
        shown = await read_ticket(db, call.workspace, str(done.ticket.id))
        bounced = await bouncing.bounced_of(db, call.workspace, done.event_id)
        told = Said(event_id=done.event_id, events=(done.event_id,), ticket=shown, bounced=bounced)
        return answer(told, 201, etag(shown))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/customers/{customer_id}/notes",
    "desk",
    takes=CustomerNote,
    most_bytes=PUSH_BYTES,
    answers={201: NotedDown},
    refuses=_REFUSES,
)
async def note(call: Call) -> Answer:
    """Note something down about a customer, in no ticket: it stands on the thread for colleagues."""
    customer, asked = CustomerId(call.path_id("customer_id")), await call.take(CustomerNote)

    async def work(db: Db) -> Answer:
        done = await note_down(db, call.desk(), customer, AddNote(body=asked.body))
        return answer(NotedDown(event_id=done.event_id, ticket=done.ticket), 201)

    return await call.write(work)


ROUTES: Final[tuple[Route, ...]] = (show_recipients, write, note)
