"""What holds of identity whatever was weighed: read from the product's rows, and judged without its weights."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from identity import keys
from identity.identifiers import mailbox
from tests.laws.evidence_people import ROLE
from tests.laws.world import KEY, Place

AGREES: Final = 1.5
"""Bits from which a comparison speaks for one person."""
STRONG: Final = frozenset({"email", "phone", "account", "external", "handle"})
PARTING: Final = frozenset({"unmerge", "split", "not_same"})
Row = dict[str, Any]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about identity at one moment."""

    contacts: dict[UUID, Row]
    held: dict[UUID, list[Row]]
    decisions: list[Row]
    suggestions: dict[UUID, Row]

    @property
    def people(self) -> dict[UUID, Row]:
        return {one: row for one, row in self.contacts.items() if row["source"] != "desk"}

    @property
    def undone(self) -> set[UUID]:
        return {row["undoes"] for row in self.decisions if row["undoes"] is not None}

    def standing(self, *kinds: str) -> list[Row]:
        return [row for row in self.decisions if row["kind"] in kinds and row["id"] not in self.undone]

    def customer(self, end: UUID) -> UUID:
        """The customer of a contact, or of a home by its desk contact, there or not yet."""
        if end in self.contacts:
            return self.contacts[end]["customer_id"]
        return next(row["customer_id"] for row in self.contacts.values() if row["home_id"] == end)

    def ends(self, customer: UUID, at: dict[UUID, UUID] | None = None) -> set[UUID]:
        """What a decision about a customer may name; `at`: the customer of each contact, where it is not today's."""
        mine = [row for one, row in self.contacts.items() if (at[one] if at else row["customer_id"]) == customer]
        return {end for row in mine for end in (row["id"], row["home_id"])}

    def proved(self, contact: UUID) -> bool:
        return any(row["proved"] and row["kind"] in STRONG for row in self.held.get(contact, ()))

    def accounts(self, contacts: Iterable[UUID]) -> dict[str, set[str]]:
        """Shop -> accounts there."""
        shops: dict[str, set[str]] = defaultdict(set)
        for row in (row for contact in contacts for row in self.held.get(contact, ())):
            if row["kind"] == "account" and row["problem"] is None and row["value"].strip("0"):
                shops[row["scope"]].add(row["value"])
        return shops


async def seen(place: Place) -> Seen:
    held: dict[UUID, list[Row]] = defaultdict(list)
    for row in await place.fetch(
        "SELECT contact_id, kind, scope, value, problem, verified_at IS NOT NULL AND problem IS NULL AS proved "
        "FROM identifier WHERE workspace_id = $1",
        place.id,
    ):
        held[row["contact_id"]].append(dict(row))
    decisions = await place.fetch("SELECT * FROM link_decision WHERE workspace_id = $1 ORDER BY position", place.id)
    suggestions = await place.fetch("SELECT * FROM link_suggestion WHERE workspace_id = $1", place.id)
    return Seen(
        contacts=await place.contacts(),
        held=held,
        decisions=[{**dict(row), "evidence": msgspec.json.decode(row["evidence"])} for row in decisions],
        suggestions={row["id"]: dict(row) for row in suggestions},
    )


# -- who belongs together, and how surely ---------------------------------------------------------------------


def check_customers(now: Seen) -> None:
    """Customers are the components of homes under the standing merges, replayed in their order."""
    at = {row["home_id"]: row["home_id"] for row in now.contacts.values()}
    homes = {**{home: home for home in at}, **{one: row["home_id"] for one, row in now.contacts.items()}}
    for edge in now.standing("merge"):
        kept, lost = at[homes[edge["contact_a"]]], at[homes[edge["contact_b"]]]
        assert kept != lost, "a merge joins what is joined"
        at = {home: kept if customer == lost else customer for home, customer in at.items()}
    assert {one: row["customer_id"] for one, row in now.contacts.items()} == {
        one: at[row["home_id"]] for one, row in now.contacts.items()
    }


def check_grades(now: Seen) -> None:
    customers: dict[UUID, list[Row]] = defaultdict(list)
    for row in sorted(now.people.values(), key=lambda row: (row["created_at"], row["id"])):
        customers[row["customer_id"]].append(row)
    found = {row["id"]: row["grade"] for row in now.people.values()}
    assert found == {one: grade for people in customers.values() for one, grade in grades(now, people).items()}


def grades(now: Seen, people: Sequence[Row]) -> dict[UUID, str]:
    """By the letter of DESIGN: in company the oldest proved group is verified, alone a proved contact is."""
    if len(people) == 1:
        return {people[0]["id"]: "verified" if now.proved(people[0]["id"]) else "possible"}
    groups = [{row["id"]} for row in people] + [{home} for home in _empty_homes(now, people)]
    for a, b in _verified(now, people):
        touched = [group for group in groups if a in group or b in group]
        if len(touched) == 2:
            groups = [group for group in groups if group not in touched] + [touched[0] | touched[1]]
    age = {row["id"]: at for at, row in enumerate(people)}
    crowds = [sorted((one for one in group if one in age), key=age.__getitem__) for group in groups]
    proved = [crowd for crowd in crowds if len(crowd) > 1 or any(now.proved(one) for one in crowd)]
    if not proved:
        return dict.fromkeys(age, "presumed")
    oldest = min(proved, key=lambda crowd: age[crowd[0]])
    return {one: "verified" if one in oldest else "presumed" for one in age}


def _empty_homes(now: Seen, people: Sequence[Row]) -> set[UUID]:
    customer = people[0]["customer_id"]
    homes = {row["home_id"] for row in now.contacts.values() if row["customer_id"] == customer}
    return homes - {row["home_id"] for row in people}


def _verified(now: Seen, people: Sequence[Row]) -> Iterable[tuple[UUID, UUID]]:
    """What makes two contacts one proved group. A home's desk contact stands for the oldest contact there."""
    first: dict[UUID, UUID] = {}
    for row in people:
        first.setdefault(row["home_id"], row["id"])
    for row in now.decisions:
        if row["kind"] in ("link", "proof") and row["grade"] == "verified" and row["contact_b"] is not None:
            yield row["contact_a"], row["contact_b"]
    for row in now.standing("merge"):
        a: UUID = row["contact_a"]
        b: UUID = row["contact_b"]
        if row["grade"] == "verified":
            yield first.get(a, a), first.get(b, b)
    splits = {row["id"] for row in now.decisions if row["kind"] == "split"}
    together: dict[UUID, UUID] = {}
    for row in people:
        split: UUID = row["home_decision"]
        if split in splits:
            yield together.setdefault(split, row["id"]), row["id"]


# -- what a push decided --------------------------------------------------------------------------------------


def check_pushed(before: Seen, now: Seen, *, alone: bool) -> None:
    """What pushes did by themselves: `alone`, one push did it, and all that is held now was held then."""
    known = {row["id"] for row in before.decisions}
    made = [row for row in now.decisions if row["id"] not in known]
    assert {row["kind"] for row in made} <= {"link", "merge", "proof"}, "a push parts nobody"
    at = {one: before.contacts[one]["customer_id"] if one in before.contacts else row["home_id"]
          for one, row in now.contacts.items()}  # fmt: skip
    linked = {row["contact_a"]: row for row in made if row["kind"] == "link"}
    for one in sorted(set(now.contacts) - set(before.contacts)):
        if one not in linked and now.contacts[one]["source"] == "desk":
            at[one] = at.get(one, one)
    _check_moves(before if not alone else now, now, made, at)
    for row in now.standing(*PARTING):
        ends = [row["contact_a"], row["contact_b"]]
        if all(end in before.contacts or _is_home(before, end) for end in ends):
            was, is_now = [before.customer(end) for end in ends], [now.customer(end) for end in ends]
            assert was[0] == was[1] or is_now[0] != is_now[1], "a push united what a person parted"


def _is_home(then: Seen, end: UUID) -> bool:
    return any(row["home_id"] == end for row in then.contacts.values())


def _check_moves(held: Seen, now: Seen, made: Sequence[Row], at: dict[UUID, UUID]) -> None:
    """Replay the decisions of a push: each is explained, and joins nothing that is kept apart or has two accounts."""
    homes = {row["home_id"]: row["home_id"] for row in now.contacts.values()}
    for one, row in now.contacts.items():
        homes[row["home_id"]] = at[one] if row["source"] == "desk" or row["home_id"] == one else homes[row["home_id"]]
    for row in (row for row in made if row["kind"] in ("link", "merge")):
        assert row["actor"] == KEY
        check_evidence(now, row)
        a, b = row["contact_a"], row["contact_b"]
        one, other = ({a}, {c for c in at if at[c] == at[b] and c != a}) if row["kind"] == "link" else (
            {c for c in at if at[c] == at[a]}, {c for c in at if at[c] == at[b]}
        )  # fmt: skip
        _check_sides(held, now, one, other)
        kept, lost = (at[b], at[a]) if row["kind"] == "link" else (at[a], at[b])
        at.update({c: kept for c in (one if row["kind"] == "link" else other) if at[c] == lost or c == a})


def _check_sides(held: Seen, now: Seen, one: set[UUID], other: set[UUID]) -> None:
    ours, theirs = ({end for c in side for end in (c, now.contacts[c]["home_id"])} for side in (one, other))
    for row in now.standing(*PARTING):
        ends = {row["contact_a"], row["contact_b"]}
        assert not (len(ends & (ours - theirs)) == 1 and len(ends & (theirs - ours)) == 1), "kept apart by a person"
    mine, others = held.accounts(one), held.accounts(other)
    for shop in mine.keys() & others.keys():
        assert mine[shop] & others[shop], "different accounts of one shop"


def check_evidence(now: Seen, row: Row) -> None:
    """A link by itself is likely enough, rests on more than a claim, and on nothing that is nobody's own."""
    *pieces, decision = row["evidence"]
    assert decision["comparison"] == "decision"
    assert decision["probability"] >= decision["needed"]
    assert decision["vetoes"] == []
    assert decision["level"] in ("proof", "evidence")
    agreeing = [one for one in pieces if one.get("stranger", AGREES) >= AGREES and one["level"] != "exact_shared"]
    assert agreeing
    values = {f"{one['comparison']}:{value}" for one in agreeing for value in one.get("values", ())}
    assert not values & set(ROLE)
    assert all(_proved_both(now, one, row) for one in pieces if one["level"] == "exact_verified")
    if row["grade"] == "verified":
        assert decision["level"] == "proof"
        ours, theirs = (set(map(told_by, filter(_is_proof, now.held[row[end]]))) for end in ("contact_a", "contact_b"))
        assert ours & theirs, "a verified link is between two who prove the same"
    if len(agreeing) == 1 and agreeing[0]["comparison"] in STRONG | {"visitor"}:
        assert _proved_somewhere(now, agreeing[0]), "a claim alone links nobody"
    assert any(one["comparison"] != "visitor" or _proved_somewhere(now, one) for one in agreeing)


def _proved_both(now: Seen, piece: Row, row: Row) -> bool:
    """Whether the two sides prove the value by which they were linked."""
    holders = [one for one in now.held if any(h["proved"] and label(h) == piece["identifier"] for h in now.held[one])]
    return row["contact_a"] in holders and row["contact_b"] in holders


def _is_proof(held: Row) -> bool:
    return held["proved"] and held["kind"] in STRONG


def told_by(held: Row) -> Any:
    """A number is the same with its country and without, a mailbox by whatever name it bears."""
    value = held["value"].lstrip("+0")[-9:] if held["kind"] == "phone" else held["value"]
    return held["kind"], held["scope"], mailbox(value) if held["kind"] == "email" else value


def label(held: Row) -> str:
    return ":".join(part for part in (held["kind"], held["scope"], held["value"]) if part)


def _proved_somewhere(now: Seen, piece: Row) -> bool:
    texts = {value.partition(" at ")[0] for value in piece["values"]}
    return any(
        held["proved"] and held["kind"] == piece["comparison"] and held["value"] in texts
        for rows in now.held.values()
        for held in rows
    )


# -- questions, and keys --------------------------------------------------------------------------------------


def check_asked(before: Seen, now: Seen) -> None:
    """A pair is asked about once; two customers are asked about by one question at a time."""
    pairs = [(row["kind"], frozenset((row["contact_a"], row["contact_b"]))) for row in now.suggestions.values()]
    assert len(set(pairs)) == len(pairs)
    fresh = set(now.suggestions) - set(before.suggestions)
    joined = len(now.standing("merge")) != len(before.standing("merge"))
    waiting: dict[frozenset[UUID], set[UUID]] = defaultdict(set)
    for one, row in now.suggestions.items():
        sides = frozenset(now.customer(row[end]) for end in ("contact_a", "contact_b"))
        if row["kind"] == "link" and row["state"] == "open" and len(sides) == 2:
            waiting[sides].add(one)
    assert joined or all(len(asked) == 1 or not asked & fresh for asked in waiting.values())


async def check_keys(place: Place, now: Seen) -> None:
    """Every home stands under the keys of the contacts that are there."""
    homes = list({row["home_id"] for row in now.people.values()})
    wanted = await place.read(lambda db: keys.keys_of(db, place.id, homes, place.workspace.salt))
    under: dict[UUID, set[int]] = defaultdict(set)
    for row in await place.fetch("SELECT key, home_id FROM home_key WHERE workspace_id = $1", place.id):
        under[row["home_id"]].add(row["key"])
    assert {home: some - under[home] for home, some in wanted.items() if some - under[home]} == {}
