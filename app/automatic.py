"""Automatic mail in the worker: acknowledgements, reminders and confirmation links to customers, what agents are told,
and what comes back. Each is decided in the transaction that puts it into the outbox."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog

from app.confirming import GOOD_FOR, Confirmation, seal
from app.db import Database, DatabaseAway, Db, new_id
from app.live import Live
from app.settings import Settings
from channels import acknowledging, automatic, bouncing, notifying, outbox_store
from channels.automatic import Asked, Box
from channels.email import automatic as limits
from channels.email.tokens import Tokens
from channels.outbox import KIND
from identity.customers import WorkspaceId
from identity.errors import NotFound
from timeline.errors import StillDeriving, TicketElsewhere
from timeline.events import RecordedEvent
from timeline.followers import BATCH, Followed, advance
from timeline.tickets.aiming import Aim, Place, at_item, read_aims
from timeline.tickets.reading import TicketView, read_ticket

AUTOMATIC: Final = "automatic"
BOUNCES: Final = "bounces"
LINKS: Final = "/api/v1/confirmations/"
POLL_SECONDS: Final = 2.0
GATHER_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 0.5
AFTER_A_FAULT: Final = 5.0

_MESSAGE: Final = "MessageRecorded"

log = structlog.get_logger(__name__)


class _Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What of an event says that a ticket is settled."""

    ticket: UUID | None = None
    status: str = "resolved"


class _Past(msgspec.Struct, frozen=True, kw_only=True):
    history: bool = False


class Robots:
    """What goes out by itself, for all workspaces."""

    def __init__(self, database: Database, live: Live, settings: Settings) -> None:
        self._database = database
        self._live = live
        self._secret = settings.secret
        self._tokens = Tokens(settings.secret)
        self._public_url = settings.public_url

    async def attend(self, workspace: WorkspaceId) -> None:
        """Follow one workspace until cancelled."""
        while True:
            try:
                async with self._database.read(workspace) as db:
                    listening = await outbox_store.is_listening(db, workspace, KIND)
                if listening and await self.step(workspace, datetime.now(UTC)):
                    self._live.say(workspace)
                if await self._live.wait(workspace, POLL_SECONDS):
                    await asyncio.sleep(GATHER_SECONDS)
            except DatabaseAway:
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception as error:  # noqa: BLE001 - a fault of ours here stops no other work of the process
                log.error("automatic.fault", workspace=str(workspace), error=error)
                await asyncio.sleep(AFTER_A_FAULT)

    async def step(self, workspace: WorkspaceId, now: datetime) -> int:
        """Do what is to be done now; of how many notices it was decided."""
        for name, take in ((BOUNCES, self._take_bounces), (AUTOMATIC, self._take)):
            while await self._database.write(workspace, _move(workspace, name, take, now)) == BATCH:
                pass

        async def notify(db: Db) -> int:
            return await notifying.notify(db, workspace, self._public_url, tokens=self._tokens, new_id=new_id, now=now)

        return await self._database.write(workspace, notify)

    async def _take_bounces(self, db: Db, workspace: WorkspaceId, batch: Sequence[Followed], now: datetime) -> None:
        boxes = await automatic.boxes(db, workspace)
        await bouncing.take(db, workspace, batch, boxes, tokens=self._tokens, new_id=new_id, now=now)

    async def _take(self, db: Db, workspace: WorkspaceId, batch: Sequence[Followed], now: datetime) -> None:
        boxes, epoch = await automatic.boxes(db, workspace), await outbox_store.epoch(db)
        asked = await acknowledging.asked(db, workspace, batch, boxes, tokens=self._tokens, epoch=epoch, now=now)
        if any(box.settings.confirm for box in boxes):
            fresh = [
                one.event for one in batch if one.at.epoch == epoch and now - one.event.recorded_at < limits.LATEST
            ]
            for event in fresh:
                confirmation = await self._confirmation(db, workspace, event, boxes, now)
                asked += [confirmation] if confirmation is not None else []
        if asked:
            ours = automatic.own_addresses(boxes)
            await automatic.post(db, workspace, asked, ours, tokens=self._tokens, new_id=new_id, now=now)

    async def _confirmation(
        self, db: Db, workspace: WorkspaceId, event: RecordedEvent, boxes: Sequence[Box], now: datetime
    ) -> Asked | None:
        """The question whether a ticket that was just settled is, where its account asks."""
        ticket = _settled(event) or await _answered(db, workspace, event)
        found = await _last_heard(db, workspace, ticket) if ticket is not None else None
        if found is None:
            return None
        shown, place = found
        if event.type == _MESSAGE and shown.resolved_at is not None and shown.resolved_at < event.recorded_at:
            return None  # it was settled before, and asked about then
        items = await acknowledging.read_items(db, workspace, [place.about])
        item = items.get(place.about)
        box = acknowledging.box_of(boxes, item.source) if item is not None else None
        if item is None or item.came is None or box is None or not box.settings.confirm:
            return None
        return Asked(
            box=box,
            key=f"{limits.CONFIRMATION}/{shown.id}/{shown.resolved_at}",
            purpose=limits.CONFIRMATION,
            to=item.came.address,
            subject=limits.subject(box.settings, shown.number),
            text=limits.filled(box.settings.confirm, shown.number, self._link(workspace, shown, now)),
            references=item.references,
            event=event.id,
            answers=item.id,
            whose=place.contact_id,
            conversation=item.conversation,
            refusal=limits.not_told(item.came),
        )

    def _link(self, workspace: WorkspaceId, shown: TicketView, now: datetime) -> str:
        assert shown.resolved_at is not None
        link = Confirmation(
            workspace=workspace, ticket=shown.id, resolved_at=shown.resolved_at, expires_at=now + GOOD_FOR
        )
        return f"{self._public_url}{LINKS}{seal(self._secret, link)}"


def _move(
    workspace: WorkspaceId,
    name: str,
    take: Callable[[Db, WorkspaceId, Sequence[Followed], datetime], Awaitable[None]],
    now: datetime,
) -> Callable[[Db], Awaitable[int]]:
    async def step(db: Db) -> int:
        return await advance(db, workspace, name, lambda batch: take(db, workspace, batch, now), now)

    return step


def _settled(event: RecordedEvent) -> str | None:
    """The ticket that an event says is settled."""
    if event.type not in ("TicketResolved", "TicketStatusSet"):
        return None
    said = msgspec.json.decode(event.data, type=_Resolved)
    return str(said.ticket) if said.ticket is not None and said.status == "resolved" else None


async def _answered(db: Db, workspace: WorkspaceId, event: RecordedEvent) -> str | None:
    """The ticket that an answer of ours is in, by its number: a policy may settle it with the answer."""
    if event.type != _MESSAGE or event.direction != "outbound" or msgspec.json.decode(event.data, type=_Past).history:
        return None
    item = (await acknowledging.read_items(db, workspace, [event.id])).get(event.id)
    return str(item.number) if item is not None and item.number is not None else None


async def _last_heard(db: Db, workspace: WorkspaceId, ticket: str) -> tuple[TicketView, Place] | None:
    """A ticket that is settled still, with what its customer wrote last."""
    try:
        shown = await read_ticket(db, workspace, ticket)
        aim = (await read_aims(db, workspace, [shown.id]))[shown.id]
        if shown.status != "resolved" or shown.resolved_at is None or not isinstance(aim, Aim):
            return None
        at = await at_item(db, workspace, aim, None)
    except (NotFound, StillDeriving, TicketElsewhere):
        return None
    return None if at.answered is None else (shown, at.answered)
