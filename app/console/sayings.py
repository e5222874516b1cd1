"""What happened, as one says it: each change on a thread in a line, and who did it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from app.console.language import _, counted
from timeline.items import Item

_AGENT: Final = "agent:"
MOST_SHOWN: Final = 200
Data = Mapping[str, Any]


def agents_in(items: Iterable[Item]) -> list[UUID]:
    """The agents who did something on a page, or to whom something was given."""
    found: set[UUID] = set()
    for item in items:
        if item.actor.startswith(_AGENT):
            found.add(UUID(item.actor.removeprefix(_AGENT)))
        if item.type == "TicketAssigned" and (assignee := _data(item).get("assignee")):
            found.add(UUID(assignee))
    return sorted(found)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What came along with an item."""

    id: UUID
    name: str = ""
    type: str = ""
    size: int = 0
    inline: bool = False


class Speaker:
    """Says items of one customer; `agents` are the names of those in `agents_in`, `enclosed` the files of those that
    only name them."""

    def __init__(
        self, agents: Mapping[UUID, str], customer: str | None, enclosed: Mapping[UUID, tuple[File, ...]] | None = None
    ) -> None:
        self._agents = agents
        self.enclosed = enclosed or {}
        self._customer = customer or _("The customer")

    def who(self, item: Item) -> str:
        """Who wrote, called or did it; of what another system recorded, the agent whom it names."""
        if item.kind != "change":
            if item.direction == "inbound":
                return self._customer
            if named := _named(item):
                return named
        kind, _sign, rest = item.actor.partition(":")
        if kind == "agent":
            return self.name(rest)
        if item.kind == "message":
            return _("The desk")
        return {
            "key": item.source or _("An integration"),
            "rule": _("A rule"),
            "policy": _("The policy"),
            "system": item.source or "Throughline",
            "customer": _("The customer"),
        }.get(kind, kind)

    def what(self, item: Item) -> str:
        """A change in words, without who did it."""
        said, data = _SAYINGS.get(item.type), _data(item)
        if item.type == "TicketAssigned" and item.actor == f"{_AGENT}{data.get('assignee')}":
            return _with_reason(_("took it"), data)[:MOST_SHOWN]
        return said(self, data)[:MOST_SHOWN] if said is not None else _plain(item.type)

    def name(self, agent: str | None) -> str:
        """An agent's."""
        try:
            return self._agents.get(UUID(agent or ""), _("an agent of before"))
        except ValueError:
            return _("an agent of before")


class _Naming(msgspec.Struct, frozen=True, kw_only=True):
    agent: str | None = None


_naming: Final = msgspec.json.Decoder(_Naming)


def _named(item: Item) -> str | None:
    try:
        return _naming.decode(item.data).agent if item.data != b"null" else None
    except msgspec.ValidationError:
        return None


def _data(item: Item) -> dict[str, Any]:
    said = msgspec.json.decode(item.data)
    return said if isinstance(said, dict) else {}


def _plain(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _with_reason(words: str, data: Data) -> str:
    return _("%(words)s: %(reason)s", words=words, reason=data["reason"]) if data.get("reason") else words


def _assigned(speaker: Speaker, data: Data) -> str:
    whom = data.get("assignee")
    done = _("gave it to %(agent)s", agent=speaker.name(whom)) if whom else _("made it nobody's")
    return _with_reason(done, data)


def _status(_speaker: Speaker, data: Data) -> str:
    status = str(data.get("status", "")).replace("_", " ")
    if data.get("disposition"):
        return _("set it to %(status)s (%(why)s)", status=status, why=data["disposition"])
    return _("set it to %(status)s", status=status)


def _tags(_speaker: Speaker, data: Data) -> str:
    added, removed = ", ".join((data.get("added") or ())[:20]), ", ".join((data.get("removed") or ())[:20])
    if added and removed:
        return _("tagged %(added)s and untagged %(removed)s", added=added, removed=removed)
    if added:
        return _("tagged %(added)s", added=added)
    return _("untagged %(removed)s", removed=removed) if removed else _("changed the tags")


def _settled(_speaker: Speaker, data: Data) -> str:
    status = str(data.get("status", ""))
    words = {"sent": _("sent the mail"), "bounced": _("saw the mail come back")}
    return _with_reason(words.get(status, _("set the mail to %(status)s", status=status)), data)


def _merged(_speaker: Speaker, data: Data) -> str:
    return _with_reason(_("joined two customers into this one"), data)


def _unmerged(_speaker: Speaker, data: Data) -> str:
    return _with_reason(_("took two customers apart again"), data)


def _split(_speaker: Speaker, data: Data) -> str:
    return _with_reason(_("gave contacts a customer of their own"), data)


def _placed(_speaker: Speaker, data: Data) -> str:
    return _with_reason(_("placed one item by hand"), data)


def _undone(_speaker: Speaker, data: Data) -> str:
    return _with_reason(_("took a decision back"), data)


def _queued(_speaker: Speaker, data: Data) -> str:
    if not data.get("queue"):
        return _("took it out of its queue")
    return _with_reason(_("put it into %(queue)s", queue=data["queue"]), data)


def _typed(_speaker: Speaker, data: Data) -> str:
    return _("set its type to %(type)s", type=data["type"]) if data.get("type") else _("took its type away")


def _filled(_speaker: Speaker, data: Data) -> str:
    return _("filled %(fields)s", fields=", ".join(sorted(data.get("fields") or {})[:20]))


def _confirmed(_speaker: Speaker, data: Data) -> str:
    return _("said that it is solved") if data.get("confirmed") else _("said that it is not solved")


def _renamed(_speaker: Speaker, data: Data) -> str:
    return _("called it “%(subject)s”", subject=data["subject"]) if data.get("subject") else _("took its name away")


def _task(_speaker: Speaker, data: Data) -> str:
    return _("added a task: %(title)s", title=data.get("title", ""))


def _split_off(_speaker: Speaker, data: Data) -> str:
    items = len(data.get("items") or ())
    return counted("made an item a ticket of its own", "made %(num)d items a ticket of their own", items)


def _promise(data: Data) -> str:
    target = str(data.get("target", ""))
    words = {
        "first_response": _("a first response"),
        "next_response": _("the next response"),
        "resolution": _("a resolution"),
    }
    return words.get(target, target)


def _breached(_speaker: Speaker, data: Data) -> str:
    return _("saw the promise of %(target)s missed", target=_promise(data))


def _warned(_speaker: Speaker, data: Data) -> str:
    return _("saw that the promise of %(target)s runs out soon", target=_promise(data))


_SAYINGS: Final[dict[str, Callable[[Speaker, Data], str]]] = {
    "TicketStatusSet": _status,
    "TicketAssigned": _assigned,
    "TicketTagged": _tags,
    "TicketPrioritised": lambda _s, data: _("set the priority to %(priority)s", priority=data.get("priority", "")),
    "TicketRenamed": _renamed,
    "TicketQueued": _queued,
    "TicketTyped": _typed,
    "TicketFieldsSet": _filled,
    "TicketConfirmed": _confirmed,
    "TicketSnoozed": lambda _s, _data: _("snoozed it"),
    "TicketAwoke": lambda _s, _data: _("brought it back"),
    "TicketResolved": lambda _s, _data: _("resolved it after a silence"),
    "TicketClosed": lambda _s, _data: _("closed it after a silence"),
    "TicketReminded": lambda _s, _data: _("reminded the customer"),
    "TicketsJoined": lambda _s, _data: _("joined two tickets into one"),
    "TicketSplit": _split_off,
    "TicketItemMoved": lambda _s, _data: _("moved an item to this ticket"),
    "TicketItemShared": lambda _s, _data: _("put an item into one more ticket"),
    "TicketEscalated": lambda _s, _data: _("made this conversation a ticket"),
    "TicketEditUndone": lambda _s, _data: _("took an edit back"),
    "TicketLinked": lambda _s, _data: _("linked it to another ticket"),
    "TicketClassified": lambda _s, _data: _("found out what it is likely about"),
    "BackstageOpened": lambda _s, _data: _("began work behind the scenes"),
    "TaskAdded": _task,
    "TaskChanged": lambda _s, _data: _("changed a task"),
    "TaskDone": lambda _s, _data: _("finished a task"),
    "TaskReopened": lambda _s, _data: _("opened a task again"),
    "SlaBreached": _breached,
    "SlaWarned": _warned,
    "CustomersMerged": _merged,
    "CustomersUnmerged": _unmerged,
    "ContactsSplit": _split,
    "ItemPlaced": _placed,
    "DecisionUndone": _undone,
    "CustomerErased": lambda _s, _data: _("erased what this person said and was called"),
    "ItemsErased": lambda _s, _data: _("erased what some items said, by a policy"),
    "MailSettled": _settled,
}
