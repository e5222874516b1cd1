"""Go over everybody who is there: count again what is kept of them, then look at each customer as if it came today.

In short transactions beside traffic. Where it got to is kept, so that what was cut short goes on from there.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

import msgspec
import structlog

from app import counting
from app.counting import FIRST
from app.db import Busy, Database, Db, new_id
from identity import pass_store
from identity.customers import CustomerId
from identity.deciding import Evidence
from identity.decision import STEPS, offer_floor
from identity.learning import LEARNING
from identity.second_look import Finding, Wanted, anybody, doubtful, older
from identity.statistics import Counts, Statistics
from timeline.resolving import Seen, foresee, look_again
from timeline.threads import Workspace

log = structlog.get_logger(__name__)

CUSTOMERS_AT_ONCE: Final = 50
MOST_ROUNDS: Final = 10
"""Links make other links possible: everybody is looked at again until nothing is linked any more."""
GOES_ON: Final = timedelta(days=1)
"""What was cut short longer ago is begun again."""
NEVER: Final = 2.0
"""The probability from which a person is asked where nobody is to be asked."""

Phase = Literal["keys", "values", "numbers", "customers"]
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
Told = Callable[[Phase, int], None]
"""Told how many homes or customers are done in a phase."""


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """How far it got, and what came of it so far."""

    phase: Phase = "keys"
    after: CustomerId = FIRST
    round: int = 1
    contacts: int = 0
    customers: int = 0
    done: int = 0
    """Customers looked at in this round."""
    keys: int = 0
    """Homes that stood under other keys."""
    values: int = 0
    """Values of which another count was kept."""
    learned_again: bool = False
    links: int = 0
    links_now: int = 0
    """Of this round."""
    asked: int = 0
    unlinks: int = 0
    left: int = 0
    """Customers that others kept changing meanwhile: looked at with the next pass."""
    room: float = 0.0
    """How many pairs more the workspace lets a person be asked about."""
    offers: dict[int, int] = {}
    """How likely the pairs in question were so far, in steps."""


class Pass:
    """One pass. `told` hears how far it is, `tell` each finding; with `apply` it is carried out."""

    def __init__(
        self,
        database: Database,
        workspace: Workspace,
        *,
        apply: bool,
        told: Told = lambda *_: None,
        tell: Callable[[Finding], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._workspace = workspace
        self._apply = apply
        self._told = told
        self._tell = tell
        self._name = "resolve --apply" if apply else "resolve"
        self.stand = Stand()

    async def resume(self) -> bool:
        """Whether one like it was cut short, and is gone on with."""
        since = datetime.now(UTC) - GOES_ON
        async with self._database.read(self._workspace.id) as db:
            kept = await pass_store.stand(db, self._workspace.id, self._name, since)
        if kept is not None:
            self.stand = msgspec.json.decode(kept, type=Stand)
        return kept is not None

    async def run(self) -> Stand:
        phases = {"keys": self._keys, "values": self._values, "numbers": self._numbers, "customers": self._customers}
        for phase in PHASES[PHASES.index(self.stand.phase) :]:
            if self.stand.phase != phase:
                await self._move(phase=phase, after=FIRST)
            await phases[phase]()
        await counting.write_learned(self._database, self._workspace)
        await self._database.write(
            self._workspace.id, lambda db: pass_store.drop_stand(db, self._workspace.id, self._name)
        )
        return self.stand

    async def _move(self, **changes: object) -> None:
        self.stand = msgspec.structs.replace(self.stand, **changes)
        state, now = msgspec.json.encode(self.stand), datetime.now(UTC)
        await self._database.write(
            self._workspace.id, lambda db: pass_store.keep_stand(db, self._workspace.id, self._name, state, now)
        )

    # -- counting ------------------------------------------------------------------------------------------------

    async def _keys(self) -> None:
        async def stood(after: CustomerId, differed: int) -> None:
            await self._move(after=after, keys=self.stand.keys + differed)

        await counting.mend_keys(
            self._database, self._workspace, self.stand.after, lambda done: self._told("keys", done), stood
        )

    async def _values(self) -> None:
        differed = await counting.count_again(self._database, self._workspace, lambda done: self._told("values", done))
        self.stand = msgspec.structs.replace(self.stand, values=differed)

    async def _numbers(self) -> None:
        made = await counting.number_again(self._database, self._workspace, lambda done: self._told("numbers", done))
        most = self._workspace.identity.suggestions * (made.contacts + 100)
        self.stand = msgspec.structs.replace(
            self.stand,
            contacts=made.contacts,
            customers=made.customers,
            learned_again=made.learned_again,
            room=most - made.asked,
        )

    # -- looking -------------------------------------------------------------------------------------------------

    async def _customers(self) -> None:
        while True:
            await self._round()
            if not self._apply or not self.stand.links_now or self.stand.round >= MOST_ROUNDS:
                return
            await counting.follow_links(self._database, self._workspace)
            await self._move(round=self.stand.round + 1, after=FIRST, done=0, links_now=0, left=0, offers={})

    async def _round(self) -> None:
        while True:
            async with self._database.read(self._workspace.id) as db:
                counts = (await LEARNING.of(db, self._workspace.id)).counts
                page = await pass_store.customers_after(db, self._workspace.id, self.stand.after, CUSTOMERS_AT_ONCE)
                evidence = Evidence(self._workspace.id, self._workspace.salt, counts, self._workspace.identity)
                closer = await doubtful(db, evidence, page)
            for customer in closer:
                await self._look(customer, counts)
            done = self.stand.done + len(page)
            self._told("customers", done)
            if len(page) < CUSTOMERS_AT_ONCE:
                self.stand = msgspec.structs.replace(self.stand, done=done)
                return
            await self._move(after=page[-1], done=done)

    async def _look(self, customer: CustomerId, counts: Counts) -> None:
        """A customer that was linked is looked at again, until it is linked with nobody more."""
        wanted = older
        while True:
            try:
                seen = await self._seen(customer, counts, wanted)
            except Busy as error:
                log.info("resolve_left", customer=str(customer), error=error)
                self.stand = msgspec.structs.replace(self.stand, left=self.stand.left + 1)
                return
            self._note(seen)
            if seen.joined is None:
                return
            customer, wanted = seen.joined, anybody

    async def _seen(self, customer: CustomerId, counts: Counts, wanted: Wanted) -> Seen:
        ask_from = self._ask_from()
        if not self._apply:
            async with self._database.read(self._workspace.id) as db:
                return await foresee(db, self._workspace, counts, customer, ask_from, new_id)

        async def work(db: Db) -> Seen:
            return await look_again(db, self._workspace, counts, customer, wanted, ask_from, new_id)

        return await self._database.write(self._workspace.id, work)

    def _ask_from(self) -> float:
        """The likeliest pairs are asked about, as far as the workspace's share of the contacts so far allows."""
        if self.stand.room < 1:
            return NEVER
        so_far = self.stand.contacts * self.stand.done / max(self.stand.customers, 1)
        offers = {f"offer {step}": float(pairs) for step, pairs in self.stand.offers.items()}
        statistics = Statistics(Counts({"contacts": so_far, **offers}), Counts(), {}, b"")
        return offer_floor(statistics, self._workspace.identity.suggestions)

    def _note(self, seen: Seen) -> None:
        of = [finding.kind for finding in seen.findings]
        offers = self.stand.offers
        if seen.review is not None:
            step = int(seen.review * STEPS)
            offers = {**offers, step: offers.get(step, 0) + 1}
        self.stand = msgspec.structs.replace(
            self.stand,
            links=self.stand.links + of.count("link"),
            links_now=self.stand.links_now + of.count("link"),
            asked=self.stand.asked + of.count("ask"),
            unlinks=self.stand.unlinks + of.count("unlink"),
            room=self.stand.room - of.count("ask"),
            offers=offers,
        )
        for finding in seen.findings:
            self._tell(finding)
