"""Who is this customer, now or at any moment: one statement that brings contacts, identifiers, the decisions behind
them, the items placed by hand and the contacts that may be the same person."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from identity import store
from identity.customers import DESK_SOURCE, ContactId, CustomerId, DecisionId, Grade, WorkspaceId
from identity.errors import Absorbed, NotFound
from identity.identifiers import Identifier, shared_by_form


class SeenContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it stands at the moment asked for."""

    id: ContactId
    source: str
    key: str
    home_id: CustomerId
    customer_id: CustomerId
    grade: Grade
    name: str | None
    attributes: dict[str, str]
    said_at: datetime
    via: str | None
    home_decision: DecisionId | None
    customer_decision: DecisionId | None
    created_at: datetime


class HeldIdentifier(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier on one contact. `shared` says why the value links nobody, where it does not."""

    contact_id: ContactId
    kind: str
    scope: str
    value: str
    raw: str
    problem: str | None
    verified: bool
    first_seen: datetime
    last_seen: datetime
    value_class: str | None
    shared: str | None = None
    class_reason: str | None = None
    class_by: str | None = None
    class_since: datetime | None = None

    @property
    def identifier(self) -> Identifier:
        return Identifier(kind=self.kind, scope=self.scope, value=self.value, raw=self.raw, problem=self.problem)


class Possible(msgspec.Struct, frozen=True, kw_only=True):
    """A contact of somebody else that names an identifier of this customer: shown beside the thread, never in it."""

    contact_id: ContactId
    customer_id: CustomerId
    name: str | None
    kind: str
    scope: str
    value: str
    ours_verified: bool
    theirs_verified: bool


class PlacedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item that a person gave to another contact than the one it came in by."""

    event_id: UUID
    contact_id: ContactId
    origin_id: ContactId
    decision_id: DecisionId


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence as far as it is told; `stranger` are its bits for one person, of what was weighed."""

    comparison: str = ""
    level: str = ""
    words: str = ""
    identifier: str | None = None
    stranger: float | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as evidence: what it was, how sure, by whom, when, on what: the weightiest pieces alone."""

    id: DecisionId
    kind: str
    grade: Grade
    actor: str
    reason: str | None
    decided_at: datetime
    evidence: list[Piece]


class People(msgspec.Struct, frozen=True, kw_only=True):
    """A customer: its contacts, the oldest first, and what hangs on them."""

    customer_id: CustomerId
    contacts: list[SeenContact]
    identifiers: list[HeldIdentifier]
    possible: list[Possible]
    placements: list[PlacedItem]
    decisions: list[Decided]

    @property
    def persons(self) -> list[SeenContact]:
        """The contacts without the desk's own."""
        return [contact for contact in self.contacts if contact.source != DESK_SOURCE]

    @property
    def absorbed(self) -> list[CustomerId]:
        """The customers that were merged into this one."""
        homes = dict.fromkeys(contact.home_id for contact in self.contacts)
        return [home for home in homes if home != self.customer_id]


_COLUMNS = (
    "c.id, c.source, c.source_key AS key, {p}.home_id, {p}.customer_id, {p}.grade, {p}.name, {p}.attributes, "
    "{p}.said_at, {p}.via, {p}.home_decision, {p}.customer_decision, c.created_at"
)
_NOW = f"SELECT {_COLUMNS.format(p='c')} FROM contact c WHERE c.workspace_id = $1 AND c.customer_id = $2"
_THEN = (
    f"{_NOW} AND c.since <= $3 UNION ALL SELECT {_COLUMNS.format(p='p')} FROM contact_past p "
    "JOIN contact c ON c.workspace_id = $1 AND c.id = p.contact_id "
    "WHERE p.workspace_id = $1 AND p.customer_id = $2 AND p.since <= $3 AND p.until > $3"
)
_HELD = (
    ", held AS (SELECT i.contact_id, i.kind, i.scope, i.value, i.raw, i.problem, "
    "coalesce(i.verified_at <= {at}, false) AS verified, i.first_seen, least(i.last_seen, {at}) AS last_seen, "
    "v.class AS value_class, v.reason AS class_reason, v.actor AS class_by, v.decided_at AS class_since "
    "FROM mine CROSS JOIN LATERAL "
    "(SELECT * FROM identifier o WHERE o.workspace_id = $1 AND o.contact_id = mine.id OFFSET 0) AS i "
    "LEFT JOIN LATERAL (SELECT class, reason, actor, decided_at FROM value_class c WHERE c.workspace_id = $1 "
    "AND c.kind = i.kind AND c.scope = i.scope AND c.value = i.value AND c.decided_at <= {at} LIMIT 1) AS v ON true "
    "WHERE i.first_seen <= {at})"
)
_IDENTIFIERS = (
    ", (SELECT json_agg(held ORDER BY held.first_seen, held.kind, held.value) FROM held) AS identifiers, "
    "(SELECT json_agg(p) FROM (SELECT DISTINCT ON (o.id) o.id AS contact_id, o.customer_id, o.name, h.kind, "
    "  h.scope, h.value, h.verified AS ours_verified, coalesce(x.verified_at <= {at}, false) AS theirs_verified "
    "  FROM held h "
    "  CROSS JOIN LATERAL (SELECT i.contact_id, i.verified_at FROM identifier i WHERE i.workspace_id = $1 "
    "    AND i.kind = h.kind AND i.scope = h.scope AND i.value = h.value AND i.first_seen <= {at} LIMIT 20) AS x "
    "  CROSS JOIN LATERAL ({other}) AS o "
    "  WHERE o.customer_id <> $2 AND h.problem IS NULL AND h.kind <> 'visitor' "
    "  AND h.value_class IS DISTINCT FROM 'shared' AND o.id NOT IN (SELECT id FROM mine) "
    "  ORDER BY o.id, h.kind LIMIT 20) AS p) AS possible"
)
_PEOPLE = (
    "WITH mine AS ({mine}){held} SELECT (SELECT json_agg(mine ORDER BY mine.created_at, mine.id) FROM mine) AS "
    "contacts, "
    "(SELECT json_agg(p) FROM (SELECT event_id, contact_id, origin_id, decision_id FROM placement "
    "  WHERE workspace_id = $1 AND since <= {at} AND (until = 'infinity' OR until > {at}) "
    "  AND origin_id IN (SELECT id FROM mine) "
    "  UNION SELECT event_id, contact_id, origin_id, decision_id FROM placement "
    "  WHERE workspace_id = $1 AND since <= {at} AND (until = 'infinity' OR until > {at}) "
    "  AND contact_id IN (SELECT id FROM mine)) AS p) AS placements, "
    "(SELECT json_agg(d) FROM (SELECT id, kind, grade, actor, reason, decided_at, "
    "  jsonb_path_query_array(evidence, 'lax $[0 to 3]') AS evidence FROM link_decision WHERE workspace_id = $1 "
    "  AND id IN (SELECT home_decision FROM mine UNION SELECT customer_decision FROM mine)) AS d) "
    "AS decisions{identifiers}{rider}"
)


_OTHER_NOW = "SELECT * FROM contact c WHERE c.workspace_id = $1 AND c.id = x.contact_id LIMIT 1"
_OTHER_THEN = (
    "SELECT id, customer_id, name, grade FROM contact WHERE workspace_id = $1 AND id = x.contact_id AND since <= $3 "
    "UNION ALL SELECT contact_id, customer_id, name, grade FROM contact_past WHERE workspace_id = $1 "
    "AND contact_id = x.contact_id AND since <= $3 AND until > $3 LIMIT 1"
)


class Rider(msgspec.Struct, frozen=True, kw_only=True):
    """More columns for the statement that reads a customer of today, over its contacts `mine`; `values` are $3 and on.
    A round trip saved costs less than what it asks for."""

    columns: str
    values: tuple[Any, ...]


@cache
def _people(then: bool, whole: bool, rider: str) -> str:
    """Whole with identifiers and possible contacts, which a page of the thread does without."""
    at = "$3::timestamptz" if then else "'infinity'::timestamptz"
    other = _OTHER_THEN if then else _OTHER_NOW
    held, identifiers = (_HELD.format(at=at), _IDENTIFIERS.format(at=at, other=other)) if whole else ("", "")
    return _PEOPLE.format(mine=_THEN if then else _NOW, at=at, held=held, identifiers=identifiers, rider=rider)


_contacts = msgspec.json.Decoder(list[SeenContact])
_identifiers = msgspec.json.Decoder(list[HeldIdentifier])
_possible = msgspec.json.Decoder(list[Possible])
_placements = msgspec.json.Decoder(list[PlacedItem])
_decisions = msgspec.json.Decoder(list[Decided])


async def read_people(
    db: store.Db, workspace: WorkspaceId, customer: CustomerId, as_of: datetime | None = None, *, whole: bool = True
) -> People:
    """The customer's people today, or as they were; not `whole`, without identifiers and possible contacts.

    Raises `Absorbed` (then or today) and `NotFound`."""
    statement = _people(as_of is not None, whole, "")
    row = await db.fetchrow(statement, workspace, customer, *([] if as_of is None else [as_of]))
    assert row is not None
    return await _people_in(db, workspace, customer, row, as_of, whole=whole)


async def read_people_with(
    db: store.Db, workspace: WorkspaceId, customer: CustomerId, rider: Rider, *, whole: bool
) -> tuple[People, store.Row]:
    """As `read_people` today, and the row with the rider's columns."""
    row = await db.fetchrow(_people(False, whole, rider.columns), workspace, customer, *rider.values)
    assert row is not None
    return await _people_in(db, workspace, customer, row, None, whole=whole), row


async def _people_in(
    db: store.Db, workspace: WorkspaceId, customer: CustomerId, row: store.Row, as_of: datetime | None, *, whole: bool
) -> People:
    if row["contacts"] is None:
        survivor = await survivor_of(db, workspace, customer, as_of)
        raise NotFound if survivor is None else Absorbed(customer, survivor)
    return People(
        customer_id=customer,
        contacts=_contacts.decode(row["contacts"]),
        placements=_placements.decode(row["placements"] or "[]"),
        decisions=_decisions.decode(row["decisions"] or "[]"),
        identifiers=[_classed(held) for held in _identifiers.decode(row["identifiers"] or "[]")] if whole else [],
        possible=_possible.decode(row["possible"] or "[]") if whole else [],
    )


def _classed(held: HeldIdentifier) -> HeldIdentifier:
    """Why a value links nobody: by its class in this workspace, else by its own form."""
    if held.value_class == "personal":
        return held
    reason = shared_by_form(held.identifier) if held.value_class is None else held.class_reason
    return msgspec.structs.replace(held, shared=reason) if reason else held


async def survivor_of(
    db: store.Db, workspace: WorkspaceId, customer: CustomerId, as_of: datetime | None
) -> CustomerId | None:
    """The customer that a home added up to; None where there was no such customer."""
    if as_of is None:
        return await store.survivor(db, workspace, customer)
    return await db.fetchval(
        "SELECT customer_id FROM contact WHERE workspace_id = $1 AND home_id = $2 AND since <= $3 "
        "UNION ALL SELECT customer_id FROM contact_past WHERE workspace_id = $1 AND home_id = $2 AND since <= $3 "
        "AND until > $3 LIMIT 1",
        workspace,
        customer,
        as_of,
    )


async def customer_then(db: store.Db, workspace: WorkspaceId, contact: ContactId, as_of: datetime) -> CustomerId | None:
    """Whose a contact was at a moment; None before it was known."""
    return await db.fetchval(
        "SELECT customer_id FROM contact WHERE workspace_id = $1 AND id = $2 AND since <= $3 "
        "UNION ALL SELECT customer_id FROM contact_past WHERE workspace_id = $1 AND contact_id = $2 AND since <= $3 "
        "AND until > $3 LIMIT 1",
        workspace,
        contact,
        as_of,
    )


def best_name(people: People) -> str | None:
    """What to call the customer: the newest name of the surest contact, else an identifier, else nothing."""
    rank = {"verified": 0, "presumed": 1, "possible": 2}
    named = [contact for contact in people.persons if contact.name]
    if named:
        surest = min(rank[contact.grade] for contact in named)
        return max((c for c in named if rank[c.grade] == surest), key=lambda c: (c.said_at, c.id)).name
    return next((held.raw for held in people.identifiers if held.kind != "visitor"), None)


async def by_identifiers(
    db: store.Db, workspace: WorkspaceId, values: list[Identifier], after: UUID | None, limit: int
) -> list[CustomerId]:
    """The customers whose contacts hold one of the values (any scope where none is given), in order of id."""
    rows = await db.fetch(
        "SELECT DISTINCT c.customer_id FROM unnest($2::text[], $3::text[], $4::text[]) AS k(kind, scope, value) "
        "JOIN identifier i ON i.workspace_id = $1 AND i.kind = k.kind AND i.value = k.value "
        "AND (i.scope = k.scope OR k.scope = '') JOIN contact c ON c.workspace_id = $1 AND c.id = i.contact_id "
        "WHERE $5::uuid IS NULL OR c.customer_id > $5 ORDER BY c.customer_id LIMIT $6",
        workspace,
        [v.kind for v in values],
        [v.scope for v in values],
        [v.value for v in values],
        after,
        limit,
    )
    return [row["customer_id"] for row in rows]


async def page_of_customers(db: store.Db, workspace: WorkspaceId, after: UUID | None, limit: int) -> list[CustomerId]:
    """Customers that stand (absorbed ones do not), in order of id."""
    rows = await db.fetch(
        "SELECT u.id FROM customer u WHERE u.workspace_id = $1 AND ($2::uuid IS NULL OR u.id > $2) AND EXISTS "
        "(SELECT FROM contact c WHERE c.workspace_id = $1 AND c.customer_id = u.id) ORDER BY u.id LIMIT $3",
        workspace,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def people_of(db: store.Db, workspace: WorkspaceId, customers: list[CustomerId]) -> list[People]:
    """Contacts and identifiers of some customers, in their order: enough for a list."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS.format(p='c')} FROM contact c WHERE c.workspace_id = $1 AND c.customer_id = ANY($2::uuid[]) "
        "ORDER BY c.created_at, c.id",
        workspace,
        customers,
    )
    held = await held_by(db, workspace, [row["id"] for row in rows])
    contacts = [_seen_contact(row) for row in rows]
    owner = {contact.id: contact.customer_id for contact in contacts}
    return [
        People(
            customer_id=customer,
            contacts=[contact for contact in contacts if contact.customer_id == customer],
            identifiers=[one for one in held if owner[one.contact_id] == customer],
            possible=[],
            placements=[],
            decisions=[],
        )
        for customer in customers
    ]


async def held_by(db: store.Db, workspace: WorkspaceId, contacts: list[ContactId]) -> list[HeldIdentifier]:
    """The identifiers of some contacts as they are today, with the class of each value."""
    rows = await store.identifiers_of(db, workspace, contacts)
    values = list({_value(row): None for row in rows})
    classes = {_value(row): row for row in await store.value_classes(db, workspace, values)} if values else {}
    return [_held(row, classes.get(_value(row))) for row in rows]


def _value(row: store.Row) -> tuple[str, str, str]:
    return row["kind"], row["scope"], row["value"]


def _seen_contact(row: store.Row) -> SeenContact:
    return SeenContact(**{**dict(row), "attributes": store.decode(row, "attributes")})


def _held(row: store.Row, said: store.Row | None) -> HeldIdentifier:
    fields: dict[str, Any] = dict(row)
    verified = fields.pop("verified_at") is not None
    if said is not None:
        fields |= {"class_reason": said["reason"], "class_by": said["actor"], "class_since": said["decided_at"]}
    return _classed(HeldIdentifier(**fields, verified=verified, value_class=said["class"] if said else None))
