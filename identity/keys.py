"""Under which blocking keys do homes stand? Written anew for homes whose contacts changed, from what these hold."""

from collections import defaultdict
from collections.abc import Sequence

from identity import blocking_store, store
from identity.blocking import blocking_keys, key_of
from identity.customers import CustomerId, WorkspaceId
from identity.facts import Profile, read_facts
from identity.identifiers import shared_by_form
from identity.known import Known, known_of


async def rekey(db: store.Db, workspace: WorkspaceId, homes: Sequence[CustomerId], salt: bytes) -> None:
    """Let the homes stand under the keys of the contacts that are there now."""
    under = await keys_of(db, workspace, homes, salt)
    pairs = [(key, home) for home, keys in under.items() for key in sorted(keys)]
    await blocking_store.replace_keys(db, workspace, homes, [key for key, _ in pairs], [home for _, home in pairs])


async def keys_of(
    db: store.Db, workspace: WorkspaceId, homes: Sequence[CustomerId], salt: bytes
) -> dict[CustomerId, set[int]]:
    """The keys of the contacts that are at these homes now."""
    under: dict[CustomerId, set[int]] = defaultdict(set)
    for row in await blocking_store.contacts_at(db, workspace, homes):
        known = known_of(row)
        under[known.home_id] |= {key_of(salt, key) for key in blocking_keys(facts_alone(known))}
    return under


def facts_alone(known: Known) -> Profile:
    """What a contact holds by the form of its values alone, whatever was said or learned of them."""
    held = known.held.values()
    usable = [(one.identifier, one.verified) for one in held if shared_by_form(one.identifier) is None]
    return read_facts(known.name, known.attributes, usable)
