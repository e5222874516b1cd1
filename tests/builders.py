"""Things that tests need, with everything that does not matter filled in."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from standardwebhooks import Webhook

from app.settings import Settings
from identity.customers import ClaimedIdentifier, ContactClaim
from timeline.interactions import Interaction

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
_number = itertools.count(1)


def identifier(kind: str = "email", value: str = "ann@example.com", *, verified: bool = True, **rest: Any) -> Any:
    return {"kind": kind, "value": value, "verified": verified, **rest}


def pushed(**fields: Any) -> dict[str, Any]:
    """An interaction as JSON, as a source would push it: each call another one of the same contact."""
    number = next(_number)
    return {
        "source": "shop",
        "source_id": f"o-{number}",
        "kind": "order",
        "channel": "orders",
        "direction": "inbound",
        "occurred_at": (START + timedelta(minutes=number)).isoformat(),
        "contact": {"key": "c-1", "name": "Ann Example", "identifiers": [identifier()]},
        "subject": f"Order {number}",
        "body": "Two red shoes",
        **fields,
    }


def contact(key: str, *identifiers: Any, **fields: Any) -> dict[str, Any]:
    return {"key": key, "identifiers": list(identifiers), **fields}


def interaction(**fields: Any) -> Interaction:
    """The same as a struct."""
    return msgspec.convert(pushed(**fields), Interaction)


def claim(*identifiers: ClaimedIdentifier, key: str | None = "c-1", name: str | None = "Ann Example") -> ContactClaim:
    return ContactClaim(key=key, name=name, identifiers=list(identifiers))


def settings(home: Path, **fields: Any) -> Settings:
    """What an operator decides, decided: a loopback address and a fixed secret."""
    decided: dict[str, Any] = {
        "home": home,
        "host": "127.0.0.1",
        "port": 0,
        "secret": "a secret of tests, long enough",
        "public_url": "http://127.0.0.1",
        "database_url": None,
        "meilisearch_url": None,
        "meilisearch_key": None,
        "embedder": "none",
        "parent_pipe": None,
        "sources": {},
    }
    return Settings(**{**decided, **fields})


def signed(secret: str, body: bytes, key: str = "msg_1", at: datetime | None = None) -> dict[str, str]:
    """The headers of a Standard Webhook, as another hand than ours makes them."""
    at = at or datetime.now(UTC)
    return {
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(key, at, body.decode()),
    }
