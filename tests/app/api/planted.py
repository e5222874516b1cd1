"""Things of a workspace that no request makes: put into its tables."""

from typing import Any
from uuid import uuid4

from tests.app.api.conftest import Api, Tenant


async def posted(api: Api, tenant: Tenant, state: str = "waiting") -> str:
    """A mail on its way."""
    mail = uuid4()

    async def post(db: Any) -> None:
        await db.execute(
            "INSERT INTO outbound_mail (workspace_id, id, key, account_id, purpose, message_id, recipients, domain, "
            "state, made_at, due_at) VALUES ($1, $2, $3, $2, 'reply', $3 || '@desk', '{}', '', $3, now(), now())",
            tenant.id,
            mail,
            state,
        )

    await api.database.write(tenant.id, post)
    return str(mail)


async def set_aside(api: Api, tenant: Tenant, event: str) -> str:
    """A document that the index did not take."""
    fault, document = uuid4(), f"item-{event.replace('-', '')}"

    async def work(db: Any) -> None:
        await db.execute(
            "INSERT INTO search_index (workspace_id, generation, engine, dimensions, state, timed_until, made_at) "
            "VALUES ($1, 1, 'postgres', 0, 'live', now(), now())",
            tenant.id,
        )
        await db.execute(
            "INSERT INTO search_fault (workspace_id, generation, id, document_id, step, words, failed_at) "
            "VALUES ($1, 1, $2, $3, 'write', 'it was not taken', now())",
            *(tenant.id, fault, document),
        )

    await api.database.write(tenant.id, work)
    return str(fault)


async def come_back(api: Api, tenant: Tenant) -> str:
    """A mail that did not arrive."""
    bounce = uuid4()

    async def work(db: Any) -> None:
        await db.execute(
            "INSERT INTO mail_bounce (workspace_id, id, mail_id, address, event_id, bounced_at) "
            "VALUES ($1, $2, $2, 'x@shop.example', $2, now())",
            *(tenant.id, bounce),
        )

    await api.database.write(tenant.id, work)
    return str(bounce)


async def suggest(api: Api, tenant: Tenant, one: str, other: str) -> str:
    """A suggestion that two contacts are one person."""
    suggestion = uuid4()

    async def work(db: Any) -> None:
        await db.execute(
            "INSERT INTO link_suggestion (workspace_id, id, contact_a, contact_b, state, evidence, created_at) "
            "VALUES ($1, $2, least($3::uuid, $4::uuid), greatest($3::uuid, $4::uuid), 'open', '[]', now())",
            tenant.id,
            suggestion,
            one,
            other,
        )

    await api.database.write(tenant.id, work)
    return str(suggestion)
