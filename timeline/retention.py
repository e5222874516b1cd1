"""What goes by itself once it is old: a workspace's policy, in words that an administrator understands, and what it
means at a moment. Carrying it out is the edge's, in short transactions."""

import re
from calendar import monthrange
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from identity.claims import lock_key
from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.store import lock
from timeline import erasure_views, store
from timeline.events import KIND_OF, RECORDED
from timeline.interactions import InvalidField, check_json, refused_json

Kind = Literal["message", "call", "note", "order", "payment", "shipment", "visit", "fact"]

_AGE: Final = re.compile(r"([1-9]\d{0,4}) (day|week|month|year)s?")
AGE_WORDS: Final = 'expected a number and a unit, such as "3 years" (days, weeks, months or years)'
LEAST: Final = timedelta(days=7)
MOST_YEARS: Final = 200
MOST_RULES: Final = 50


class ItemRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Erase items that happened longer ago than this, of these kinds and channels; empty: of any."""

    older_than: str
    kinds: tuple[Kind, ...] = ()
    channels: tuple[str, ...] = ()


class CustomerRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Erase whoever has not been heard of, and not written to, for this long."""

    inactive_for: str


class RetentionPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One policy, as it is written and kept; without rules everything stays. `docs/erasure.md` has every word of it."""

    items: tuple[ItemRule, ...] = ()
    customers: CustomerRule | None = None


class RetentionVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A policy of a workspace; the highest version is in force. Version 0, by nobody, keeps everything."""

    version: int
    policy: RetentionPolicy
    actor: str | None = None
    decided_at: datetime | None = None


SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(RetentionPolicy)


def read_policy(raw: bytes, channels: Collection[str]) -> RetentionPolicy:
    """A policy from JSON, checked. Raises `InvalidField` with the path at fault."""
    try:
        policy = msgspec.json.decode(raw, type=RetentionPolicy)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refused_json(error, raw, RetentionPolicy) from None
    check_json(msgspec.to_builtins(policy))
    check_policy(policy, channels)
    return policy


def check_policy(policy: RetentionPolicy, channels: Collection[str]) -> None:
    """Raises `InvalidField` with the path at fault."""
    if len(policy.items) > MOST_RULES:
        raise InvalidField("items", f"expected at most {MOST_RULES} rules")
    now = datetime(2026, 1, 1)  # noqa: DTZ001 - any day: only the distance counts
    for at, rule in enumerate(policy.items):
        before(f"items[{at}].older_than", rule.older_than, now)
        for place, channel in enumerate(rule.channels):
            if channel not in channels:
                raise InvalidField(f"items[{at}].channels[{place}]", "expected a channel of this workspace")
    if policy.customers is not None:
        before("customers.inactive_for", policy.customers.inactive_for, now)


def before(field: str, age: str, now: datetime) -> datetime:
    """The moment that is so long ago, by the calendar. Raises `InvalidField`."""
    found = _AGE.fullmatch(age)
    if found is None:
        raise InvalidField(field, AGE_WORDS)
    number, unit = int(found[1]), found[2]
    days = {"day": 1, "week": 7, "month": 30, "year": 365}[unit] * number
    if not LEAST <= timedelta(days=days) <= timedelta(days=365 * MOST_YEARS):
        raise InvalidField(field, f"expected 7 days to {MOST_YEARS} years")
    if unit in ("day", "week"):
        return now - timedelta(days=days)
    months = now.year * 12 + now.month - 1 - number * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    return now.replace(year=year, month=month, day=min(now.day, monthrange(year, month)[1]))


class OldItems(msgspec.Struct, frozen=True, kw_only=True):
    """A rule about items at a moment: those shown before it, of these types and channels (None: any)."""

    before: datetime
    types: list[str]
    channels: list[str] | None


def old_items(policy: RetentionPolicy, now: datetime) -> list[OldItems]:
    return [
        OldItems(
            before=before("", rule.older_than, now),
            types=[RECORDED[kind].__name__ for kind in rule.kinds] or list(KIND_OF),
            channels=list(rule.channels) or None,
        )
        for rule in policy.items
    ]


async def read_versions(db: store.Db, workspace: WorkspaceId) -> list[RetentionVersion]:
    """The newest first: it is in force."""
    rows = await erasure_views.retention_policies(db, workspace)
    return [*(_version(row) for row in rows), RetentionVersion(version=0, policy=RetentionPolicy())]


async def decide(
    db: store.Db, workspace: WorkspaceId, policy: RetentionPolicy, *, actor: str, now: datetime
) -> RetentionVersion:
    """Put a policy in force; the one in force already makes no new version."""
    await lock(db, [lock_key(workspace, "retention")])
    latest = (await read_versions(db, workspace))[0]
    if latest.policy == policy:
        return latest
    version = latest.version + 1
    await erasure_views.add_retention_policy(db, workspace, version, msgspec.json.encode(policy), actor, now)
    return RetentionVersion(version=version, policy=policy, actor=actor, decided_at=now)


def _version(row: store.Row) -> RetentionVersion:
    return RetentionVersion(
        version=row["version"],
        policy=msgspec.json.decode(row["policy"], type=RetentionPolicy),
        actor=row["actor"],
        decided_at=row["decided_at"],
    )


async def contacts_after(db: store.Db, workspace: WorkspaceId, after: ContactId | None, limit: int) -> list[ContactId]:
    """Contacts in order of id."""
    return await erasure_views.contacts_after(db, workspace, after, limit)


async def items_due(
    db: store.Db, workspace: WorkspaceId, contacts: Sequence[ContactId], rule: OldItems, limit: int
) -> list[tuple[ContactId, UUID]]:
    """Items in the streams of some contacts that a rule erases now, at most so many of each: none of an open ticket,
    and none that a legal hold keeps."""
    return await erasure_views.items_due(
        db, workspace, contacts, before=rule.before, types=rule.types, channels=rule.channels, limit=limit
    )


async def inactive(
    db: store.Db, workspace: WorkspaceId, customers: Sequence[CustomerId], since: datetime
) -> list[CustomerId]:
    """Which of some customers are to be erased: nothing on their threads since a moment, no open ticket, no hold,
    and something that is not erased yet."""
    return await erasure_views.inactive(db, workspace, customers, since, list(KIND_OF))
