"""Random histories of tickets that are edited, beside all that happens to tickets without."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from identity.errors import AlreadyUndone, Impossible, NotFound
from tests.laws import edits_oracle
from tests.laws.ticket_folding import REASONS, answer, differences
from tests.laws.ticket_history import EVERYTHING, TicketHistory, briefly, picked
from tests.laws.ticket_ledger import KIND_OF, Ledger, read_ledger, read_tickets, rows_of
from tests.laws.ticket_ledgers import POLICIES
from tests.laws.ticket_steps import STATES, Do, Push, Wait
from tests.laws.ticket_telling import check_told, seen
from tests.laws.world import Place
from timeline import acting, desk, editing, escalating
from timeline.acting import Ask
from timeline.errors import StillDeriving, TicketElsewhere
from timeline.tickets import edits

EDITS: Final = edits.EDITS
WHY: Final = {
    edits.NO_TICKET: edits_oracle.NO_TICKET,
    edits.NO_ITEM: edits_oracle.NO_ITEM,
    edits.NO_EDIT: edits_oracle.NO_EDIT,
}


async def read_edited(place: Place) -> Ledger:
    """The ledger with edits as the oracle reads them, and without those that were undone."""
    ledger = await read_ledger(place)
    rows = await place.fetch(
        "SELECT id, type, data FROM event WHERE workspace_id = $1 AND type = ANY($2)",
        place.id,
        [*EDITS, "TicketEditUndone"],
    )
    said = {row["id"]: (row["type"], _words(row["data"])) for row in rows}
    undone = {words["undoes"] for _, words in said.values() if "undoes" in words}
    told = [
        dataclasses.replace(event, sets=(edits_oracle.EDIT, said[event.id])) if event.id in said else event
        for event in ledger.events
        if event.id not in undone and said.get(event.id, ("",))[0] != "TicketEditUndone"
    ]
    return msgspec.structs.replace(ledger, events=told)


def _words(data: bytes) -> dict[str, Any]:
    """What an edit says; every text that is an id is one."""

    def read(value: Any) -> Any:
        if isinstance(value, list):
            return [read(one) for one in value]
        return UUID(value) if isinstance(value, str) and len(value) == 36 else value

    return {name: read(value) for name, value in msgspec.json.decode(data).items()}


class EditHistory(TicketHistory):
    """A history whose tickets are edited."""

    async def check(self) -> None:
        REASONS.update(WHY)
        ledger = await read_edited(self.place)
        derived = edits_oracle.derive(ledger.events, ledger.merges, ledger.homes, ledger.policies)
        wrong = differences(await read_tickets(self.place), answer(derived))
        assert not wrong, "\n".join(briefly(ledger, wrong))
        await self.check_rebuilding()

    async def _join(self, kept: Any, lost: Any) -> UUID:
        return (await self.previewed(desk.merge, kept, lost)).decision_id

    async def command(self, ticket: Any, value: Any) -> None:
        try:
            await self.decide(acting.perform, acting.Ask(ticket=ticket), [await self.asked(value)])
        except (TicketElsewhere, Impossible):
            return

    # -- edits ---------------------------------------------------------------------------------------------------

    async def tried(self, edit: Callable[..., Any], *wanted: Any) -> Any:
        try:
            return await self.decide(edit, *wanted)
        except (TicketElsewhere, Impossible, StillDeriving, NotFound):
            return None

    async def _combine(self, one: int, other: int, _: Any) -> None:
        tickets = [row["id"] for row in await self.tickets()]
        if len(tickets) > 1:
            kept = picked(tickets, one)
            lost = picked([ticket for ticket in tickets if ticket != kept], other)
            await self.tried(editing.merge_tickets, Ask(ticket=kept), lost)

    async def _divide(self, which: int, mask: int, _: Any) -> None:
        """Items of a ticket and its parts that did not open them."""
        held = await self.place.fetch(
            "SELECT i.ticket_id, i.event_id, t.joined_into FROM ticket_item i JOIN ticket t ON t.workspace_id = $1 "
            "AND t.id = i.ticket_id JOIN event e ON e.workspace_id = $1 AND e.id = i.event_id "
            "WHERE i.workspace_id = $1 AND i.event_id <> i.ticket_id AND e.type = ANY($2) ORDER BY i.position, 1",
            self.place.id,
            [*KIND_OF],
        )
        if held:
            row = picked(held, which)
            ticket = row["joined_into"] or row["ticket_id"]
            family = [one for one in held if (one["joined_into"] or one["ticket_id"]) == ticket]
            items = [one["event_id"] for at, one in enumerate(family) if mask >> (at % 4) & 1] or [row["event_id"]]
            await self.tried(editing.split_ticket, Ask(ticket=ticket), list(dict.fromkeys(items)), None)

    async def _move(self, item: int, to: int, value: Any) -> None:
        items = await self.place.fetch(
            "SELECT id FROM event WHERE workspace_id = $1 AND type = ANY($2) ORDER BY position",
            self.place.id,
            [*KIND_OF],
        )
        tickets = await self.tickets()
        if items and tickets:
            ask = Ask(ticket=picked(tickets, to)["id"])
            await self.tried(editing.file_item, ask, picked(items, item)["id"], value)

    async def _escalate(self, which: int, _: int, __: Any) -> None:
        items = await self.place.fetch(
            "SELECT e.id, c.customer_id FROM event e JOIN contact c ON c.workspace_id = $1 AND c.id = e.contact_id "
            "WHERE e.workspace_id = $1 AND e.type = ANY($2) ORDER BY e.position",
            self.place.id,
            [*KIND_OF],
        )
        if items:
            row = picked(items, which)
            await self.tried(escalating.escalate, row["customer_id"], row["id"])

    async def _behind(self, which: int, _: int, __: Any) -> None:
        tickets = await self.tickets()
        if tickets:
            await self.tried(editing.open_backstage, picked(tickets, which)["id"], "Lamp")

    async def _undo(self, which: int, _: int, __: Any) -> None:
        standing = await self.standing()
        if standing:
            await self.undo(picked(standing, which))

    async def standing(self) -> list[UUID]:
        rows = await self.place.fetch(
            "SELECT id FROM ticket_edit WHERE workspace_id = $1 AND undone_at IS NULL ORDER BY position", self.place.id
        )
        return [row["id"] for row in rows]

    async def undo(self, edit: UUID) -> None:
        """The preview says what is done, and changes nothing; the second time it is refused."""
        rows, before = await rows_of(self.place, *EVERYTHING, "ticket_edit"), await seen(self.place)
        preview = await self.decide(editing.undo_edit, edit, preview=True)
        assert await rows_of(self.place, *EVERYTHING, "ticket_edit") == rows
        done = await self.decide(editing.undo_edit, edit)
        assert msgspec.structs.replace(done, event_id=msgspec.UNSET) == preview
        check_told(done.tickets, before, await seen(self.place), self.now)
        try:
            await self.decide(editing.undo_edit, edit)
        except AlreadyUndone:
            return
        raise AssertionError("undone twice")


# -- steps -----------------------------------------------------------------------------------------------------------

_number = st.integers(0, 9)


def _do(what: str, values: Sequence[Any] = (None,)) -> st.SearchStrategy[Do]:
    return st.builds(Do, st.just(what), _number, _number, st.sampled_from(values))


_push = st.builds(
    Push,
    who=st.sampled_from("ab"),
    what=st.sampled_from(("message", "message", "message", "call", "note", "order")),
    direction=st.sampled_from(("inbound", "inbound", "outbound", "internal")),
    channel=st.sampled_from(("email", "chat")),
    conversation=st.sampled_from((None, "c", "d")),
    subject=st.sampled_from((None, "Lamp", "Invoice")),
    object=st.sampled_from((None, None, "7")),
    late=st.sampled_from((0, 0, 0, 1, 100)),
    ticket=st.sampled_from((None, None, 0, 1)),
)
TALKS: Final = next(at for at, words in enumerate(POLICIES) if "opens_on_escalation" in words)
"""The policy under which a chat is no ticket until somebody makes it one."""
_step = st.one_of(
    _push,
    _push,
    _push,
    st.builds(Wait, st.sampled_from((1, 24, 100, 200))),
    _do("command", [("status", state) for state in STATES]),
    _do("command", [("assignee", True), ("reply", "Dear customer"), ("note", "Hm"), ("subject", "New")]),
    _do("combine"),
    _do("combine"),
    _do("divide"),
    _do("divide"),
    _do("move", ("move", "move", "share")),
    _do("move", ("move", "share")),
    _do("behind"),
    _do("escalate"),
    st.builds(Do, st.just("policy"), st.sampled_from((0, TALKS))),
    _do("undo"),
    _do("undo"),
    _do("merge"),
    _do("unmerge"),
    _do("place"),
    _do("unplace"),
    _do("silence"),
)
_first = (
    Push(who="a", subject="Lamp"),
    Push(who="b"),
    Push(who="a", subject="Invoice"),
    Push(who="a", conversation="c"),
)
EDITED: Final = st.tuples(st.booleans(), st.lists(_step, min_size=6, max_size=16)).map(
    lambda both: [*_first, *([Do("merge")] if both[0] else []), *both[1]]
)
