"""What channels keep of a person who is erased: archived deliveries, and payloads in the quarantine.

A payload is the person's when it was refused beside an event of theirs, when it names them as its contact, or, where
nobody can read it, when their own address, number, account or full name stands in it.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from channels import accounts, automatic_store, forgotten, outbox_store
from channels.contract import Delivery, Unparseable
from channels.email import threading_store
from channels.inbox import HOOKS
from channels.registry import KINDS
from channels.store import Db, Row
from identity.claims import read_claim
from identity.customers import ContactClaim
from identity.errors import NotFound
from timeline.erasure import Person
from timeline.interactions import InvalidField
from timeline.threads import Workspace

PAGE: Final = 200
LEAST_TEXT: Final = 5
"""Shorter values (a visitor called 1) stand in anybody's payload."""


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a pushed interaction as says whom it is about, whatever else is wrong with it."""

    source: str
    source_id: str
    contact: ContactClaim = msgspec.field(default_factory=ContactClaim)


async def entries_about(db: Db, workspace: Workspace, person: Person, now: datetime) -> list[UUID]:
    """The quarantined payloads of a person, whose events are not blanked yet."""
    found = await forgotten.entries_beside(db, workspace.id, person.contacts, person.items)
    texts = _texts(person)
    after: UUID | None = None
    while person.contacts and (rows := await forgotten.payloads(db, workspace.id, after, PAGE)):
        found.extend([row["id"] for row in rows if await _is_about(db, workspace, row, person, texts, now)])
        after = rows[-1]["id"]
    return list(dict.fromkeys(found))


async def entries_naming(db: Db, workspace: Workspace, person: Person, now: datetime) -> list[UUID]:
    """The quarantined payloads that can be read and name this person as their contact."""
    found: list[UUID] = []
    after: UUID | None = None
    while rows := await forgotten.payloads(db, workspace.id, after, PAGE):
        found.extend([row["id"] for row in rows if await _is_about(db, workspace, row, person, None, now)])
        after = rows[-1]["id"]
    return found


async def forget(
    db: Db, workspace: Workspace, entries: Sequence[UUID], erasure: UUID, contacts: Sequence[UUID]
) -> None:
    """Blank these entries, the deliveries by which what an erasure has blanked came in, and the mails that carried it
    out or went to these contacts."""
    await forgotten.blank_entries(db, workspace.id, entries)
    assert workspace.pseudonyms is not None
    await forgotten.blank_deliveries(db, workspace.id, entries, erasure, workspace.pseudonyms.blocks)
    await automatic_store.erase(db, workspace.id, contacts, erasure)
    await outbox_store.forget_lanes(db, workspace.id, contacts, erasure)
    await outbox_store.erase(db, workspace.id, contacts, erasure)
    await threading_store.forget(db, workspace.id, erasure)


async def _is_about(
    db: Db, workspace: Workspace, row: Row, person: Person, texts: re.Pattern[str] | None, now: datetime
) -> bool:
    try:
        said = await _read(db, workspace, row)
    except (InvalidField, Unparseable, NotFound, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return texts is not None and texts.search(_text_of(row["raw"])) is not None
    for one in said:
        claim = read_claim(one.source, one.source_id, one.contact, frozenset(row["proves"]), workspace.region, now)
        if (claim.source, claim.key) in person.keys or any(held.identifier.key in person.own for held in claim.held):
            return True
    return False


async def _read(db: Db, workspace: Workspace, row: Row) -> Sequence[Any]:
    """What the payload says, as it would be replayed."""
    if not row["door"].startswith(HOOKS):
        return [msgspec.json.decode(row["raw"], type=_Said)]
    account = await accounts.find_account(db, workspace.id, row["account_id"])
    headers = msgspec.json.decode(row["headers"], type=dict[str, str])
    return KINDS[account.kind].parse(Delivery(key=row["source_id"], raw=row["raw"], headers=headers), account)


def _texts(person: Person) -> re.Pattern[str] | None:
    """What an unreadable payload is searched for, whole words of it, in either case."""
    values = {*(value for _, _, value in person.own), *person.raws, *(name for name in person.names if " " in name)}
    words = sorted(re.escape(value) for value in values if len(value) >= LEAST_TEXT)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None


def _text_of(raw: bytes) -> str:
    """The payload as people read it, with what JSON may have escaped."""
    text = raw.decode(errors="replace")
    try:
        return text + json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
