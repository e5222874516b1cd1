"""Which contact does somebody mean: by an id, a customer's id, an identifier, or a source and its own key?"""

from typing import Final
from uuid import UUID

from identity import blocking_store, store
from identity.customers import DESK_SOURCE, ContactId, CustomerId, WorkspaceId
from identity.errors import NotFound
from identity.identifiers import KINDS, parse_label

MOST_MEMBERS: Final = 50
MOST_SLASHES: Final = 4


async def find_contact(db: store.Db, workspace: WorkspaceId, said: str, region: str | None) -> ContactId:
    """The contact that a text names: by its id; as the oldest of a customer, by that one's id; as who proves an
    identifier, else claims it, the oldest first, by `kind:value`; by `source/key`. Raises `NotFound`."""
    for find in (_by_id, _by_label, _by_key):
        found = await find(db, workspace, said, region)
        if found is not None:
            return found
    raise NotFound


async def _by_id(db: store.Db, workspace: WorkspaceId, said: str, region: str | None) -> ContactId | None:
    del region
    try:
        named = UUID(said)
    except ValueError:
        return None
    (row,) = await store.contacts(db, workspace, [ContactId(named)]) or (None,)
    if row is not None and row["source"] != DESK_SOURCE:
        return row["id"]
    customer = await store.survivor(db, workspace, CustomerId(named))
    rows = await store.members(db, workspace, [customer], MOST_MEMBERS) if customer else []
    people = [row for row in rows if row["source"] != DESK_SOURCE]
    here = (row["id"] for row in (*(row for row in people if row["home_id"] == named), *people))
    return next(here, None)


async def _by_label(db: store.Db, workspace: WorkspaceId, said: str, region: str | None) -> ContactId | None:
    if said.partition(":")[0] not in KINDS:
        return None
    try:
        values = [one.key for one in parse_label(said, region) if one.problem is None]
    except ValueError:
        return None
    for value in values:
        rows = await store.owners(db, workspace, [value], 1) or await blocking_store.people_on(
            db, workspace, [value], MOST_MEMBERS
        )
        if rows:
            return rows[0]["contact_id"]
    return None


async def _by_key(db: store.Db, workspace: WorkspaceId, said: str, region: str | None) -> ContactId | None:
    del region
    parts = said.split("/")
    splits = [("/".join(parts[:at]), "/".join(parts[at:])) for at in range(1, min(len(parts), MOST_SLASHES + 1))]
    names = [(source, f"{ours}{key}") for source, key in splits for ours in ("", "key/", "claimed/")]
    rows = await store.contacts_by_key(db, workspace, [name[0] for name in names], [name[1] for name in names])
    found = {(row["source"], row["source_key"]): row["id"] for row in rows if row["source"] != DESK_SOURCE}
    return next((found[name] for name in names if name in found), None)
