"""Somebody at the desk says whose a value is: one person's own, or several people's."""

from typing import Final
from uuid import UUID

import msgspec

from identity import listing
from identity.identifiers import Identifier
from identity.value_classes import Said, ValueView
from timeline import store, worth
from timeline.decisions import Desk, time_of

REASONS: Final[dict[Said, str]] = {"shared": "listed", "personal": "one person's own"}


class ClassedValue(msgspec.Struct, frozen=True, kw_only=True):
    """The value as it stands, and the questions about earlier links that rested on it alone."""

    value: ValueView
    asked: list[UUID]


async def class_value(db: store.Db, desk: Desk, identifier: Identifier, to: Said) -> ClassedValue:
    """From the next push on the value links nobody, or links again. What it linked before stays; of links that nothing
    else holds a person is asked."""
    view, asked = await listing.class_value(
        db,
        desk.workspace,
        identifier,
        to,
        salt=desk.salt or desk.workspace.bytes,
        reason=desk.reason or REASONS[to],
        actor=desk.actor,
        now=await time_of(db, desk),
        new_id=desk.new_id,
    )
    if asked:
        await worth.weigh(db, desk.workspace, asked)
    return ClassedValue(value=view, asked=asked)
