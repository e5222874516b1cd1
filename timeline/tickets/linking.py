"""Two customers become one: what that makes of their open tickets, as the policy says."""

from collections.abc import Iterable, Sequence

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.merging import Joined
from timeline.store import Db
from timeline.tickets import projection, store
from timeline.tickets.fold import Root
from timeline.tickets.items import Written
from timeline.tickets.policy import Rules, Versions
from timeline.tickets.store import Kept, NewRow
from timeline.tickets.ticket import TicketId


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


async def pairs(
    db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId], came: frozenset[ContactId], rules: Rules
) -> list[Pair]:
    """The pairs of open tickets of which one is on a contact that `came` and the other is not."""
    return pairs_of(await store.open_tickets(db, workspace, customers), came, rules)


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
