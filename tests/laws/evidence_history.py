"""A random history under the policy that everybody begins with, held against what the rows themselves must show."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from identity.explaining import read_identity
from tests.laws import evidence_oracle as oracle
from tests.laws.evidence_people import item
from tests.laws.threads import check_order, check_profile
from tests.laws.world import Place
from timeline import desk, placing, suggestions, threads
from timeline.decisions import Change
from timeline.threads import ThreadQuery

Step = tuple[str, int, int, int]
MOST_IN_BATCH = 6


class History:
    """Runs steps; after each the rows are read and judged."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.now = oracle.Seen(contacts={}, held={}, decisions=[], suggestions={})
        self.parted: list[UUID] = []

    async def run(self, steps: Sequence[Step]) -> None:
        for what, *numbers in steps:
            await getattr(self, f"_{what}")(*numbers)
            if what not in ("push", "batch"):
                await self.look()
        await self.check_threads()

    async def look(self) -> oracle.Seen:
        """Read everything anew and judge it; returns what was there before."""
        before, self.now = self.now, await oracle.seen(self.place)
        oracle.check_customers(self.now)
        oracle.check_grades(self.now)
        oracle.check_asked(before, self.now)
        await oracle.check_keys(self.place, self.now)
        return before

    # -- steps ---------------------------------------------------------------------------------------------------

    async def _push(self, who: int, which: int, how: int) -> None:
        (outcome,) = await self.place.receive(item(self.place, who, which, how))
        assert outcome.status == 201
        before = await self.look()
        oracle.check_pushed(before, self.now, alone=True)
        assert self.now.contacts[outcome.contact_id]["customer_id"] == outcome.customer_id

    async def _batch(self, who: int, which: int, how: int) -> None:
        """Several people at once, in an order that the numbers give."""
        count = 2 + how % (MOST_IN_BATCH - 1)
        items = [item(self.place, who + at * (1 + how % 3), which + at * 3, how + at * 7) for at in range(count)]
        outcomes = await self.place.receive(*items)
        assert [outcome.status for outcome in outcomes] == [201] * count
        before = await self.look()
        oracle.check_pushed(before, self.now, alone=False)

    async def _merge(self, one: int, other: int, _: int) -> None:
        pair = self._two(one, other)
        if pair:
            await self.place.decide(desk.merge, *pair)

    async def _unmerge(self, which: int, _: int, __: int) -> None:
        """Take a merge back, by hand or by itself."""
        edges = self.now.standing("merge")
        if edges:
            edge = edges[which % len(edges)]
            await self.place.decide(desk.unmerge, self.now.customer(edge["contact_a"]), edge["id"])

    async def _part(self, which: int, _: int, __: int) -> None:
        """Take back the link by which a contact came to its home."""
        links = self.now.standing("link")
        alone = {people[0] for people in self._customers() if len(people) == 1}
        came = {row["home_decision"] for one, row in self.now.people.items() if one not in alone}
        links = [row for row in links if row["id"] in came]
        if links:
            link = links[which % len(links)]
            change = await self.place.decide(desk.unmerge, self.now.customer(link["contact_a"]), link["id"])
            self._remember(change)

    def _remember(self, change: Change) -> None:
        assert change.decision_id is not msgspec.UNSET
        self.parted.append(change.decision_id)

    async def _split(self, which: int, mask: int, _: int) -> None:
        crowds = [people for people in self._customers() if len(people) > 1]
        if not crowds:
            return
        people = crowds[which % len(crowds)]
        chosen = [one for at, one in enumerate(people) if mask >> at & 1][: len(people) - 1] or people[:1]
        change = await self.place.decide(desk.split, self.now.customer(people[0]), chosen)
        self._remember(change)
        after = await oracle.seen(self.place)
        assert len({after.customer(one) for one in people}) > 1, "a split parts somebody"

    async def _unsplit(self, which: int, _: int, __: int) -> None:
        standing = [one for one in self.parted if one not in self.now.undone]
        if not standing:
            return
        decision = standing[which % len(standing)]
        row = next(row for row in self.now.decisions if row["id"] == decision)
        sides = [self.now.customer(row[end]) for end in ("contact_a", "contact_b")]
        if sides[0] != sides[1]:
            await self.place.decide(desk.unmerge, sides[1], decision)

    async def _place(self, which: int, where: int, _: int) -> None:
        rows = await self.place.fetch(
            "SELECT e.contact_id, e.id FROM event e WHERE e.workspace_id = $1 AND e.source IS NOT NULL AND NOT EXISTS "
            "(SELECT FROM placement p WHERE p.workspace_id = $1 AND p.event_id = e.id) ORDER BY e.position",
            self.place.id,
        )
        people = self._everybody()
        if not rows:
            return
        row, to = rows[which % len(rows)], people[where % len(people)]
        if row["contact_id"] != to:
            await self.place.decide(placing.place, self.now.customer(row["contact_id"]), row["id"], contact=to)

    async def _apart(self, one: int, other: int, _: int) -> None:
        pair = self._two(one, other)
        if pair:
            a, b = (next(c for c in self._everybody() if self.now.customer(c) == customer) for customer in pair)
            await self.place.decide(suggestions.keep_apart, a, b, [])

    async def _accept(self, which: int, _: int, __: int) -> None:
        await self._answer(suggestions.accept, which)

    async def _reject(self, which: int, _: int, __: int) -> None:
        await self._answer(suggestions.reject, which)

    async def _later(self, which: int, _: int, __: int) -> None:
        await self._answer(suggestions.postpone, which)

    async def _answer(self, answer: Any, which: int) -> None:
        wanted = self.place.desk()
        listed = await self.place.read(lambda db: suggestions.read_suggestions(db, wanted, "open", None, 100))
        if listed:
            keys = {one: row["source_key"] for one, row in self.now.contacts.items()}
            listed.sort(key=lambda one: (one.kind, keys[one.a.contact_id], keys[one.b.contact_id]))
            await self.place.decide(answer, listed[which % len(listed)].id)

    async def _there_and_back(self, one: int, other: int, _: int) -> None:
        """Law 3, at any point of any history."""
        pair = self._two(one, other)
        if not pair:
            return
        before = await how_it_is(self.place)
        merged = await self.place.decide(desk.merge, *pair)
        assert await how_it_is(self.place) != before
        assert merged.decision_id is not msgspec.UNSET
        await self.look()
        await self.place.decide(desk.unmerge, pair[0], merged.decision_id)
        assert await how_it_is(self.place) == before

    # -- who there is ----------------------------------------------------------------------------------------------

    def _everybody(self) -> list[UUID]:
        people = self.now.people
        return sorted(people, key=lambda one: people[one]["source_key"])

    def _customers(self) -> list[list[UUID]]:
        """People's contacts, by customer, in an order that is the same in every run."""
        found: dict[UUID, list[UUID]] = {}
        for one in self._everybody():
            found.setdefault(self.now.customer(one), []).append(one)
        return list(found.values())

    def _two(self, one: int, other: int) -> list[UUID]:
        customers = [self.now.customer(people[0]) for people in self._customers()]
        if len(customers) < 2:
            return []
        first = customers[one % len(customers)]
        rest = [customer for customer in customers if customer != first]
        return [first, rest[other % len(rest)]]

    async def check_threads(self) -> None:
        """Every event is on one thread, in order, counted once; every id that ever was a customer answers."""
        customers = {row["customer_id"] for row in self.now.contacts.values()}
        shown: list[UUID] = []
        for customer in customers:
            items = await self.place.thread(customer)
            check_order(items)
            query = ThreadQuery(limit=200)
            profile = await self.place.read(
                lambda db, customer=customer, query=query: threads.read_profile(db, self.place.id, customer, query)
            )
            check_profile(profile, items)
            shown.extend(item.event_id for item in items)
        events = await self.place.fetch("SELECT id FROM event WHERE workspace_id = $1", self.place.id)
        assert sorted(shown) == sorted(row["id"] for row in events)


async def how_it_is(place: Place) -> dict[str, Any]:
    """Contacts, threads, tickets and the explanation of every customer; of decisions and questions, none."""
    contacts = await place.contacts()
    found: dict[str, Any] = {}
    for customer in {row["customer_id"] for row in contacts.values() if row["source"] != "desk"}:
        found[f"customer {customer}"] = await place.read(lambda db, customer=customer: _told(db, place, customer))
    for one, row in contacts.items():
        if row["source"] != "desk":
            found[f"contact {one}"] = {name: value for name, value in row.items() if name != "since"}
    tickets = await place.fetch("SELECT * FROM ticket WHERE workspace_id = $1 ORDER BY id", place.id)
    found["tickets"] = [(row["id"], row["contact_id"], row["fold"]) for row in tickets]
    return found


async def _told(db: Any, place: Place, customer: Any) -> Any:
    profile = await threads.read_profile(db, place.id, customer, ThreadQuery(limit=200))
    explained = await read_identity(db, place.id, customer, None, place.workspace.salt)
    return {
        "tickets": profile.tickets,
        "identifiers": sorted((i.contact_id, i.kind, i.value, i.verified) for i in profile.people.identifiers),
        "thread": [(i.event_id, i.contact_id, i.why) for i in profile.timeline.items if i.kind != "change"],
        "possible": sorted((p.contact_id, p.customer_id) for p in profile.people.possible),
        "contacts": [
            (c.id, c.grade, c.home_id, c.via, c.decision, c.evidence, [standing(step) for step in (c.words, *c.steps)])
            for c in explained.contacts
        ],
    }


def standing(words: str) -> str:
    """A merge lifts what kept its customers apart, for good: another record stands after it is taken back."""
    return words.removesuffix(", undone since")
