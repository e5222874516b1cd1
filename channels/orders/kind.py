"""The kind of channel that shops push through: Standard Webhooks about orders, reservations, shipments, payments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from channels import signatures
from channels.contract import Account, Delivery
from channels.orders.items import OrdersSettings, interactions
from channels.orders.payloads import open_envelope
from timeline.interactions import Interaction

MOST_BYTES: Final = 1024 * 1024


class Orders:
    """`docs/hooks.md` says what it takes."""

    name = "orders"
    settings: type[msgspec.Struct] = OrdersSettings
    proves: tuple[str, ...] = ("account", "email", "phone")
    headers: tuple[str, ...] = (signatures.TIMESTAMP, "content-type")
    is_apart = False

    def new_secret(self) -> str:
        return signatures.new_secret()

    def read_secret(self, text: str) -> str:
        return signatures.read_secret(text)

    def verify(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], now: datetime) -> str:
        return signatures.verify(headers, raw, secrets, now)

    def most_bytes(self, settings: msgspec.Struct) -> int:  # noqa: ARG002 - alike for all
        return MOST_BYTES

    def parse(self, delivery: Delivery, account: Account) -> list[Interaction]:
        return interactions(open_envelope(delivery.raw), delivery.key, account)
