"""Whoever is erased stands in mails to others as well, beside whom those went to: there the address goes, the mail
stays, and what still waits goes to the others alone."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from channels import mentioned_store
from channels.email.composing import Recipient
from channels.outbox import Recipients, outcomes_of
from channels.outbox_store import Db, Row
from timeline.erasure import Person

NOBODY: Final = b"erased@erased.invalid"
_SPECIAL: Final = re.compile(r"[%_\\]")
_END: Final = re.compile(rb"\r?\n\r?\n")


def addresses_of(person: Person) -> list[str]:
    """The addresses that are this person's alone, in small letters."""
    said = [value for kind, _, value in person.own if kind == "email"]
    return sorted({one.lower() for one in (*said, *(raw for raw in person.raws if "@" in raw))})


async def forget(db: Db, workspace: UUID, addresses: Sequence[str]) -> None:
    """Take these addresses out of the outbox, and what servers said of them."""
    if not addresses:
        return
    patterns = [f"%{_SPECIAL.sub(_escaped, one)}%" for one in addresses]
    for row in await mentioned_store.naming(db, workspace, patterns):
        await _rewrite(db, workspace, row, {*addresses})
    await mentioned_store.forget_words(db, workspace, addresses, patterns)


def _escaped(found: re.Match[str]) -> str:
    """For LIKE."""
    return f"\\{found[0]}"


async def _rewrite(db: Db, workspace: UUID, row: Row, erased: set[str]) -> None:
    said = msgspec.json.decode(row["recipients"], type=Recipients)
    to, cc, bcc = (_without(some, erased) for some in (said.to, said.cc, said.bcc))
    left = Recipients(to=to, cc=cc, bcc=bcc)
    outcomes = {address: one for address, one in outcomes_of(row).items() if address.lower() not in erased}
    await mentioned_store.rewrite(
        db,
        workspace,
        row["id"],
        recipients=msgspec.json.encode(left),
        outcomes=msgspec.json.encode(outcomes),
        raw=None if row["raw"] is None else blanked(bytes(row["raw"]), erased),
        ends=not left.addresses,
    )


def _without(some: Sequence[Recipient], erased: set[str]) -> tuple[Recipient, ...]:
    return tuple(one for one in some if one.address.lower() not in erased)


def blanked(raw: bytes, erased: set[str]) -> bytes:
    """A mail of ours whose header names these addresses no more; what somebody wrote below it stays. Names beside
    them go with their line's address: ours are bare."""
    end = _END.search(raw)
    at = end.start() if end else len(raw)
    named = b"|".join(re.escape(one.encode()) for one in sorted(erased, key=len, reverse=True))
    whole = re.compile(rb"(?<![\w.+-])(?:" + named + rb")(?![\w.-])", re.IGNORECASE)
    return whole.sub(NOBODY, raw[:at]) + raw[at:]
