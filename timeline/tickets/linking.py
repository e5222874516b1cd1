"""Two customers become one: what that makes of their open tickets, as the policy says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.merging import Joined
from timeline.store import Db
from timeline.tickets import projection, store
from timeline.tickets.fold import Root
from timeline.tickets.items import Written
from timeline.tickets.policy import Rules, Versions
from timeline.tickets.store import Kept, NewRow
from timeline.tickets.ticket import Ticket, TicketId

NEXT: Final = 2**62
"""A position behind every other: of a merge that is only looked at."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two open tickets that would have been one, had the customers been known to be one."""

    earlier: TicketId
    later: TicketId


async def join(db: Db, workspace: WorkspaceId, merge: Joined, versions: Versions) -> None:
    """Carry out what the policy does to open tickets at a merge that was just written. Raises `NumbersSpent`."""
    position = await store.position_of(db, workspace, merge.decision)
    rules = versions.at(position)
    if rules.on_link != "join":
        return
    came = frozenset(merge.came)  # and not those of a later merge in the same transaction, who belong here by now
    kept, deriving = await store.open_on(db, workspace, [contact.id for contact in merge.contacts])
    if deriving:
        return
    written = Written()
    root, other = sides(kept, came, written)
    root.join(other, position, rules)
    numbers = {row.fold.id: row.number for row in kept}
    await projection.keep(db, workspace, written, root.tickets, numbers)


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """Open tickets that became one, and what that made of them: before and after."""

    pairs: list[Pair]
    before: dict[TicketId, Ticket]
    after: dict[TicketId, Ticket]
    numbers: dict[TicketId, int]


async def pairs(
    db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId], came: frozenset[ContactId], rules: Rules
) -> list[Pair]:
    """The pairs of open tickets of which one is on a contact that `came` and the other is not."""
    return pairs_of(await store.open_tickets(db, workspace, customers), came, rules)


async def tried(
    db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId], came: frozenset[ContactId], rules: Rules
) -> Linked:
    """What joining them makes of them, under a policy that joins."""
    kept = await store.open_tickets(db, workspace, customers)
    written = Written()
    root, other = sides(kept, came, written)
    root.join(other, NEXT, rules)
    before = {i: ticket for i, ticket in written.changed.items() if ticket is not None}
    after = {i: root.tickets[i] for i in before}
    return Linked(
        pairs=joined_in(after),
        before=before,
        after=after,
        numbers={one.fold.id: one.number for one in kept},
    )


def joined_in(after: Mapping[TicketId, Ticket]) -> list[Pair]:
    return [Pair(earlier=one.joined_into, later=i) for i, one in after.items() if one.joined_into is not None]


def pairs_of(kept: Iterable[Kept], came: frozenset[ContactId], rules: Rules) -> list[Pair]:
    root, other = sides(kept, came, Written())
    both = (list(root.tickets), list(other.tickets))
    for ticket in other.tickets.values():
        root.load(ticket)
    return [Pair(earlier=earlier, later=later) for earlier, later in root.would_be_one(both, rules)]


def sides(kept: Iterable[Kept | NewRow], came: frozenset[ContactId], written: Written) -> tuple[Root, Root]:
    root, other = Root(written), Root(written)
    for one in kept:
        if one.fold.joined_into is not None:
            continue
        (other if one.fold.contact_id in came else root).load(one.fold)
    return root, other
