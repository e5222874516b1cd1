"""What happened, as one says it: each change on a thread in a line, and who did it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from timeline.items import Item

_AGENT: Final = "agent:"
_SYSTEMS: Final = {"system": "Throughline", "customer": "the customer"}
MOST_SHOWN: Final = 200


def agents_in(items: Iterable[Item]) -> list[UUID]:
    """The agents who did something on a page, or to whom something was given."""
    found: set[UUID] = set()
    for item in items:
        if item.actor.startswith(_AGENT):
            found.add(UUID(item.actor.removeprefix(_AGENT)))
        if item.type == "TicketAssigned" and (assignee := _data(item).get("assignee")):
            found.add(UUID(assignee))
    return sorted(found)


class Speaker:
    """Says items of one customer; `agents` are the names of those in `agents_in`."""

    def __init__(self, agents: Mapping[UUID, str], customer: str | None) -> None:
        self._agents = agents
        self._customer = customer or "The customer"

    def who(self, item: Item) -> str:
        """Who wrote, called or did it."""
        if item.kind != "change" and item.direction == "inbound":
            return self._customer
        if item.kind == "message" and not item.actor.startswith(_AGENT):
            return "The desk"
        kind, _, rest = item.actor.partition(":")
        if kind == "agent":
            return self._name(rest)
        return {"key": item.source or "an integration", "rule": "a rule", "policy": "the policy"}.get(
            kind, _SYSTEMS.get(kind, kind)
        )

    def what(self, item: Item) -> str:
        """A change in words, without who did it."""
        said = _SAYINGS.get(item.type)
        if said is None:
            return _FIXED.get(item.type) or _plain(item.type)
        return said(self, _data(item))[:MOST_SHOWN]

    def _name(self, agent: str | None) -> str:
        try:
            return self._agents.get(UUID(agent or ""), "an agent of before")
        except ValueError:
            return "an agent of before"

    def assigned(self, data: Mapping[str, Any]) -> str:
        whom = data.get("assignee")
        because = f": {data['reason']}" if data.get("reason") else ""
        return (f"gave it to {self._name(whom)}" if whom else "took it from whoever had it") + because


def _data(item: Item) -> dict[str, Any]:
    said = msgspec.json.decode(item.data)
    return said if isinstance(said, dict) else {}


def _plain(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _status(_: Speaker, data: Mapping[str, Any]) -> str:
    became = f"set it to {str(data.get('status', '')).replace('_', ' ')}"
    return f"{became} ({data['disposition']})" if data.get("disposition") else became


def _tags(_: Speaker, data: Mapping[str, Any]) -> str:
    added, removed = data.get("added") or (), data.get("removed") or ()
    parts = ([f"tagged {', '.join(added)}"] if added else []) + ([f"untagged {', '.join(removed)}"] if removed else [])
    return " and ".join(parts) or "changed the tags"


def _settled(_: Speaker, data: Mapping[str, Any]) -> str:
    status = str(data.get("status", ""))
    reason = f": {data['reason']}" if data.get("reason") else ""
    return {"sent": "the mail was sent", "bounced": "the mail came back"}.get(status, f"the mail is {status}") + reason


def _merged(_: Speaker, data: Mapping[str, Any]) -> str:
    return "joined two customers into this one" + (f": {data['reason']}" if data.get("reason") else "")


_FIXED: Final = {
    "TicketSnoozed": "laid it aside",
    "TicketAwoke": "it is back",
    "TicketResolved": "silence resolved it",
    "TicketClosed": "silence closed it",
    "TicketReminded": "reminded the customer",
    "CustomersUnmerged": "took two customers apart again",
    "ContactsSplit": "gave contacts a customer of their own",
    "ItemPlaced": "placed an item here",
}
_SAYINGS: Final[dict[str, Any]] = {
    "TicketStatusSet": _status,
    "TicketAssigned": Speaker.assigned,
    "TicketTagged": _tags,
    "TicketPrioritised": lambda _, data: f"set the priority to {data.get('priority')}",
    "TicketRenamed": lambda _, data: f"called it “{data.get('subject') or 'nothing'}”",
    "TicketQueued": lambda _, data: f"put it into {data['queue']}" if data.get("queue") else "took it out of its queue",
    "TicketTyped": lambda _, data: f"made it a {data['type']}" if data.get("type") else "took its type away",
    "TicketFieldsSet": lambda _, data: f"filled {', '.join(sorted(data.get('fields') or {}))}",
    "TicketConfirmed": lambda _, data: (
        "said that it is solved" if data.get("confirmed") else "said that it is not solved"
    ),
    "CustomersMerged": _merged,
    "MailSettled": _settled,
}
