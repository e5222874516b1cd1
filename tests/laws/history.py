"""A random history, carried out step by step on the real database and on the oracle, and the two compared."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import strategies as st

from identity import explaining
from identity.errors import Absorbed, AlreadyUndone, Impossible, NotFound
from tests.laws.oracle import End, Merge, Oracle, Value
from tests.laws.threads import check_order, check_profile
from tests.laws.world import Place
from timeline import desk, placing, suggestions, threads
from timeline.threads import Profile, ThreadQuery

KEYS = tuple("abcdefgh")
VALUES: tuple[Value, ...] = (
    ("email", "", "one@example.com"),
    ("email", "", "two@example.com"),
    ("email", "", "three@example.com"),
    ("phone", "", "+4930123987"),
    ("handle", "twitter", "jane"),
    ("account", "shop", "1"),
    ("account", "shop", "2"),
    ("email", "", "info@example.com"),
    ("visitor", "", "v1"),
)
KINDS = ("message", "message", "order", "note")

Step = tuple[str, int, int, int]
"""What is done, and three numbers that pick with what: modulo of what there is to pick from."""

_number = st.integers(0, 63)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("push",) * 6
            + ("merge",) * 3
            + ("unmerge",) * 3
            + ("split", "split", "unsplit", "place", "place", "unplace", "apart", "accept", "reject", "remember")
        ),
        _number,
        _number,
        _number,
    ),
    min_size=4,
    max_size=22,
)


class Remembered(msgspec.Struct):
    """How everything was at a moment."""

    at: datetime
    customers: dict[UUID, Any]


class History:
    """Runs steps on both; `check` compares everything."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.oracle = Oracle()
        self.ids: dict[str, UUID] = {}
        """contact key -> contact id"""
        self.homes: dict[str, UUID] = {}
        """home, by the oracle's name -> customer id"""
        self.events: dict[str, UUID] = {}
        self.decisions: dict[int, UUID] = {}
        self.remembered: list[Remembered] = []

    async def run(self, steps: Sequence[Step]) -> None:
        for what, *numbers in steps:
            await getattr(self, f"_{what}")(*numbers)
            await self.check_pointers()
        await self.check()

    # -- steps ---------------------------------------------------------------------------------------------------

    async def _push(self, who: int, which: int, how: int) -> None:
        key, held = KEYS[who % len(KEYS)], chosen_identifiers(which, how)
        kind = KINDS[how % len(KINDS)]
        name = f"i{len(self.events)}"
        outcome = await self.place.push(
            key, *(written(value, proved) for value, proved in held.items()), kind=kind, source_id=name
        )
        self.oracle.push(key, held, name)
        assert outcome.status == 201
        self.events[name] = outcome.event_id
        self.ids.setdefault(key, outcome.contact_id)
        home = self.oracle.people[key].home
        if home not in self.homes:
            contacts = await self.place.contacts()
            self.homes[home] = contacts[outcome.contact_id]["home_id"]
        assert (outcome.contact_id, outcome.customer_id) == (self.ids[key], self.customer(key))

    async def _merge(self, one: int, other: int, _: int) -> None:
        live = self.oracle.live()
        if len(live) < 2:
            return
        kept = live[one % len(live)]
        lost = [c for c in live if c != kept][other % (len(live) - 1)]
        before = {p.key for p in self.oracle.members(lost)}
        change = await self._previewed(desk.merge, self.homes[kept], self.homes[lost])
        self.decisions[self.oracle.merge(kept, lost)] = change.decision_id
        assert change.customer_id == self.homes[kept]
        assert set(change.moved) == {self.ids[key] for key in before}

    async def _unmerge(self, which: int, _: int, __: int) -> None:
        if not self.oracle.merges:
            return
        merge = self.oracle.merges[which % len(self.oracle.merges)]
        at = self.oracle.customers()
        present = self.homes[at[self.oracle.home_of(merge.kept)]]
        change = await self._previewed(desk.unmerge, present, await self._id_of(merge))
        assert change.customer_id == self.homes[self.oracle.unmerge(merge)]
        after = self.oracle.customers()
        moved = {p.key for p in self.oracle.people.values() if at[p.home] != after[p.home]}
        assert set(change.moved) == {self.ids[key] for key in moved}

    async def _id_of(self, merge: Merge) -> UUID:
        if merge.number not in self.decisions:
            rows = await self.place.fetch(
                "SELECT id FROM link_decision d WHERE workspace_id = $1 AND kind = 'merge' AND contact_a = $2 "
                "AND contact_b = $3 AND NOT EXISTS "
                "(SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = d.id)",
                self.place.id,
                self.end(merge.kept),
                self.end(merge.lost),
            )
            assert len(rows) == 1
            self.decisions[merge.number] = rows[0]["id"]
        return self.decisions[merge.number]

    async def _split(self, which: int, mask: int, _: int) -> None:
        crowds = [c for c in self.oracle.live() if len(self.oracle.members(c)) > 1]
        if not crowds:
            return
        customer = crowds[which % len(crowds)]
        people = [p.key for p in self.oracle.members(customer)]
        keys = [key for at, key in enumerate(people) if mask >> at & 1][: len(people) - 1] or people[:1]
        before = self.oracle.customers()
        change = await self._previewed(desk.split, self.homes[customer], [self.ids[key] for key in keys])
        homes = {key: self.oracle.people[key].home for key in people}
        new = self.oracle.split(keys)
        number = max(self.oracle.splits)
        self.decisions[number] = change.decision_id
        (row,) = await self.place.fetch(
            "SELECT home_id FROM link_decision WHERE workspace_id = $1 AND id = $2", self.place.id, change.decision_id
        )
        self.homes[self.oracle.splits[number][0]] = row["home_id"]
        assert change.customer_id == self.homes[new]
        after = self.oracle.customers()
        moved = {key for key in people if before[homes[key]] != after[self.oracle.people[key].home]}
        assert set(change.moved) == {self.ids[key] for key in moved}
        assert len({after[self.oracle.people[key].home] for key in people}) > 1, "a split parts somebody"

    async def _unsplit(self, which: int, _: int, __: int) -> None:
        if not self.oracle.splits:
            return
        number = sorted(self.oracle.splits)[which % len(self.oracle.splits)]
        at = self.oracle.customers()
        new, old = (at[home] for home in self.oracle.splits[number])
        standing = any(record.number == number and record.a[0] == "desk" for record in self.oracle.apart)
        try:
            change = await self._previewed(desk.unmerge, self.homes[old], self.decisions[number])
        except AlreadyUndone:
            assert new == old or not standing
            return
        assert new != old
        self.decisions[self.oracle.merge(old, new)] = change.decision_id
        assert change.customer_id == self.homes[old]

    async def _place(self, which: int, where: int, how: int) -> None:
        if not self.events:
            return
        name = list(self.events)[which % len(self.events)]
        stands = self.oracle.stands_on(name)
        to: End = ("contact", list(self.ids)[where % len(self.ids)])
        named: dict[str, UUID] = {"contact": self.end(to)}
        if how % 3 == 0:
            live = self.oracle.live()
            to = ("desk", live[where % len(live)])
            named = {"target": self.end(to)}
        if to == stands:
            return
        customer = self.oracle.customers()[self.oracle.home_of(stands)]
        moved = await self._previewed(placing.place, self.homes[customer], self.events[name], **named)
        self.decisions[self.oracle.place(name, to)] = moved.decision_id
        assert moved.customer_id == self.homes[self.oracle.customers()[self.oracle.home_of(to)]]

    async def _unplace(self, which: int, _: int, __: int) -> None:
        placed = [(name, number) for name, all_of in self.oracle.placings.items() for number, _ in all_of]
        if not placed:
            return
        name, number = placed[which % len(placed)]
        customer = self.homes[self.oracle.customer_of(self.oracle.items[name])]
        change = await self._previewed(desk.unmerge, customer, self.decisions[number])
        self.oracle.take_back(name, number)
        now = self.oracle.customers()[self.oracle.home_of(self.oracle.stands_on(name))]
        assert change.customer_id == self.homes[now]

    async def _apart(self, one: int, other: int, _: int) -> None:
        people = sorted(self.ids)
        if len(people) < 2:
            return
        a = people[one % len(people)]
        b = [key for key in people if key != a][other % (len(people) - 1)]
        apart = self.place.decide(suggestions.keep_apart, self.ids[a], self.ids[b], [])
        if self.oracle.customer_of(a) == self.oracle.customer_of(b):
            with pytest.raises(Impossible):
                await apart
            return
        await apart
        self.oracle.keep_apart(("contact", a), ("contact", b))

    async def _accept(self, which: int, _: int, __: int) -> None:
        listed = await self._suggestions()
        if not listed:
            return
        one = listed[which % len(listed)]
        change = await self._previewed(suggestions.accept, one.id)
        pair = [self.name_of(one.a.customer_id), self.name_of(one.b.customer_id)]
        kept, lost = sorted(pair, key=lambda home: self.oracle.born[home])
        self.decisions[self.oracle.merge(kept, lost)] = change.decision_id
        assert change.customer_id == self.homes[kept]

    async def _reject(self, which: int, _: int, __: int) -> None:
        listed = await self._suggestions()
        if not listed:
            return
        one = listed[which % len(listed)]
        await self.place.decide(suggestions.reject, one.id)
        keys = {contact: key for key, contact in self.ids.items()}
        self.oracle.keep_apart(("contact", keys[one.a.contact_id]), ("contact", keys[one.b.contact_id]))

    async def _suggestions(self) -> list[suggestions.Suggestion]:
        wanted = self.place.desk()
        return await self.place.read(lambda db: suggestions.read_suggestions(db, wanted, "open", None, 100))

    async def _remember(self, _: int, __: int, ___: int) -> None:
        at = await self.place.clock()
        self.remembered.append(Remembered(at, await self.everybody(None)))

    async def _previewed(self, decision: Any, *wanted: Any, **named: Any) -> Any:
        """The preview, then the decision: equal but for the decision's id. The preview changes nothing."""
        before = await self.everything()
        preview = await self.place.decide(decision, *wanted, preview=True, **named)
        assert await self.everything() == before
        done = await self.place.decide(decision, *wanted, **named)
        assert preview.decision_id is msgspec.UNSET
        assert done.decision_id is not msgspec.UNSET
        if decision is not desk.split or preview.customer_id in self.homes.values():
            assert msgspec.structs.replace(done, decision_id=msgspec.UNSET) == preview
        else:  # the id of a home that a split opens is another each time
            assert msgspec.structs.replace(done, decision_id=msgspec.UNSET, customer_id=preview.customer_id) == preview
        return done

    # -- names ---------------------------------------------------------------------------------------------------

    def customer(self, key: str) -> UUID:
        return self.homes[self.oracle.customer_of(key)]

    def end(self, end: End) -> UUID:
        return self.homes[end[1]] if end[0] == "desk" else self.ids[end[1]]

    def name_of(self, customer: Any) -> str:
        return next(home for home, known in self.homes.items() if known == customer)

    # -- comparing -----------------------------------------------------------------------------------------------

    async def everything(self) -> list[Any]:
        tables = ("contact", "contact_past", "customer", "identifier", "link_decision", "link_suggestion", "placement")
        return [
            sorted(map(repr, await self.place.fetch(f"SELECT * FROM {table} WHERE workspace_id = $1", self.place.id)))
            for table in (*tables, "event", "contact_count", "object_state")
        ]

    async def check_pointers(self) -> None:
        """Customer and grade of every contact, and who answers for every id that ever was a customer."""
        contacts = await self.place.contacts()
        at = self.oracle.customers()
        people = {key: contacts[contact] for key, contact in self.ids.items()}
        assert {key: row["customer_id"] for key, row in people.items()} == {key: self.customer(key) for key in people}
        assert {key: row["home_id"] for key, row in people.items()} == {
            key: self.homes[person.home] for key, person in self.oracle.people.items()
        }
        assert {key: row["grade"] for key, row in people.items()} == {
            key: grade for customer in self.oracle.live() for key, grade in self.oracle.grades(customer).items()
        }
        for home, customer in self.homes.items():
            owners = {row["customer_id"] for row in contacts.values() if row["home_id"] == customer}
            assert owners == {self.homes[at[home]]}, "every id has exactly one live owner, its desk contact along"
        asked = {frozenset((row["contact_a"], row["contact_b"])): row["state"] for row in await self._all_suggested()}
        assert {pair: state == "open" for pair, state in asked.items()} == {
            frozenset(self.ids[key] for key in pair): waits for pair, waits in self.oracle.suggested.items()
        }

    async def _all_suggested(self) -> list[Any]:
        return await self.place.fetch(
            "SELECT contact_a, contact_b, state FROM link_suggestion WHERE workspace_id = $1", self.place.id
        )

    async def check(self) -> None:
        await self.check_pointers()
        names = {event: name for name, event in self.events.items()}
        seen: list[str] = []
        for home in self.oracle.live():
            profile = await self.profile(self.homes[home])
            items = await self.place.thread(self.homes[home], limit=3)
            here = [names[item.event_id] for item in items if item.event_id in names]
            assert sorted(here) == sorted(self.oracle.thread(home))
            seen.extend(here)
            check_order(items)
            check_profile(profile, items)
            absorbed = {self.homes[h] for h, c in self.oracle.customers().items() if c == home and h != home}
            assert set(profile.people.absorbed) == absorbed
        assert sorted(seen) == sorted(self.events), "every item is on one thread"
        for home, customer in self.oracle.customers().items():
            if home != customer:
                await self._answers(self.homes[home], self.homes[customer])
        for remembered in self.remembered:
            assert await self.everybody(remembered.at) == remembered.customers

    async def _answers(self, absorbed: UUID, survivor: UUID) -> None:
        with pytest.raises(Absorbed) as found:
            await self.profile(absorbed)
        assert (found.value.customer, found.value.survivor) == (absorbed, survivor)

    async def profile(self, customer: Any, as_of: datetime | None = None) -> Profile:
        query = ThreadQuery(limit=200, as_of=as_of)
        return await self.place.read(lambda db: threads.read_profile(db, self.place.id, customer, query))

    async def everybody(self, as_of: datetime | None) -> dict[UUID, Any]:
        """What every id that ever was a customer answered or answers with, as of a moment."""
        ids = [
            row["id"]
            for row in await self.place.fetch("SELECT id FROM customer WHERE workspace_id = $1", self.place.id)
        ]
        return {customer: found for customer in ids if (found := await self._answer(customer, as_of)) is not None}

    async def _answer(self, customer: Any, as_of: datetime | None) -> Any:
        try:
            profile = await self.profile(customer, as_of)
        except Absorbed as found:
            return found.survivor
        except NotFound:
            return None
        identity = await self.place.read(lambda db: explaining.read_identity(db, self.place.id, customer, as_of))
        return shown(profile), shown_identity(identity)


def shown(profile: Profile) -> Any:
    """A profile without what is of today by its nature: when a value was last seen, when a source last said a name."""
    people = profile.people
    return {
        "contacts": [msgspec.structs.replace(contact, said_at=contact.created_at) for contact in people.contacts],
        "identifiers": sorted((i.contact_id, i.kind, i.value, i.verified, i.first_seen) for i in people.identifiers),
        "placements": sorted((p.event_id, p.contact_id, p.decision_id) for p in people.placements),
        "possible": sorted((p.contact_id, p.customer_id, p.theirs_verified) for p in people.possible),
        "counts": profile.counts,
        "name": profile.name,
        "thread": [(item.event_id, item.why) for item in profile.timeline.items],
    }


def shown_identity(identity: explaining.IdentityView) -> Any:
    return (
        [(d.id, d.kind, d.undone_by, d.words) for d in identity.decisions],
        [(c.id, c.grade, c.words) for c in identity.contacts],
        identity.absorbed,
        sorted((s.id, s.state) for s in identity.suggestions),
    )


def chosen_identifiers(which: int, how: int) -> dict[Value, bool]:
    """Up to three of the values; most are proved."""
    picked = [VALUES[(which * 5 + at * 3) % len(VALUES)] for at in range(how % 4)]
    return {value: (how >> 2 & 3) != at for at, value in enumerate(picked)}


def written(value: Value, proved: bool) -> str:
    return ("" if proved else "?") + ":".join(part for part in value if part)
