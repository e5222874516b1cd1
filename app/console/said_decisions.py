"""What a decision about who is who was, what it changes, and on what evidence: in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from app.console.language import _, counted
from app.console.rendering import words
from app.console.verdicts import stands_alone, verdict_words, weight_words
from timeline.consequences import Standing, TicketChange, TicketChanges
from timeline.tickets.projection import TicketRef

STRONG: Final = 8.0
SOME: Final = 2.0
"""Bits from which a piece of evidence weighs much, and something."""
MOST_TOLD: Final = 2
_AGENT: Final = "agent:"
UNDOABLE: Final = frozenset({"merge", "link", "split", "place", "not_same"})


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence. `bits` say how much more often it is seen of one person than of strangers (2 to that power),
    negative where it speaks against; none where nothing was weighed."""

    words: str
    values: tuple[str, ...]
    bits: float | None

    @property
    def against(self) -> bool:
        return self.bits is not None and self.bits < 0

    @property
    def weight(self) -> str:
        if self.bits is None:
            return ""
        size = abs(self.bits)
        if self.bits < 0:
            return _("strongly against") if size >= STRONG else _("against") if size >= SOME else _("a little against")
        return _("strong") if size >= STRONG else _("some") if size >= SOME else _("little")

    @property
    def weight_words(self) -> str:
        """The same as a figure that is understood."""
        return "" if self.bits is None else weight_words(self.bits)


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found: what speaks for one person, what against, and what it came to."""

    reasons: list[Reason]
    verdict: str
    conflicts: list[str]


def weighed(evidence: Sequence[Mapping[str, Any]]) -> Weighed:
    """Of evidence as it is kept with questions and decisions, the weightiest first."""
    told = [one for one in evidence if one.get("words")]
    verdict = next((one for one in told if one.get("comparison") == "decision"), None)
    conflicts = [str(one["words"]) for one in told if one.get("comparison") == "conflict"]
    vetoes = [str(veto) for veto in (verdict or {}).get("vetoes") or ()]
    reasons = [_reason(one) for one in told if one.get("comparison") not in ("decision", "conflict")]
    reasons.sort(key=lambda one: -(one.bits or 0.0))
    return Weighed(
        reasons=reasons, verdict=verdict_words(evidence), conflicts=list(dict.fromkeys([*conflicts, *vetoes]))
    )


def _reason(piece: Mapping[str, Any]) -> Reason:
    bits, values = piece.get("stranger"), piece.get("values") or ()
    return Reason(
        words=str(piece["words"]),
        values=tuple(str(value) for value in values),
        bits=float(bits) if isinstance(bits, int | float) else None,
    )


def evidence_line(evidence: Sequence[Mapping[str, Any]]) -> str:
    """What weighs most, and what contradicts, in one line; what another piece says with more words is left out."""
    found = weighed(evidence)
    told = [one.words for one in found.reasons[:MOST_TOLD]] + found.conflicts[:MOST_TOLD]
    against = [one.words for one in found.reasons[MOST_TOLD:] if one.against][:1]
    alone = [_("nothing else supports it")] if stands_alone(evidence) else []
    lines = dict.fromkeys([*told, *against, *alone])
    return "; ".join(one for one in lines if not any(other.startswith(f"{one}: ") for other in lines))


# -- what it was -------------------------------------------------------------------------------------------------------


def title_of(kind: str) -> str:
    """What a decision of this kind did."""
    return {
        "merge": _("Two customers were merged"),
        "link": _("A contact was linked"),
        "split": _("Contacts were split off"),
        "unmerge": _("A merge was taken back"),
        "not_same": _("Two were kept apart"),
        "place": _("An item was placed on another customer"),
        "undo": _("A decision was taken back"),
        "proof": _("A contact was proved"),
    }.get(kind, _("A decision"))


def agent_of(actor: str) -> UUID | None:
    """The agent who did it, if it was one."""
    try:
        return UUID(actor.removeprefix(_AGENT)) if actor.startswith(_AGENT) else None
    except ValueError:
        return None


def actor_words(actor: str, agents: Mapping[UUID, str]) -> str:
    """Who did it, for people; `agents` are their names."""
    kind = actor.partition(":")[0]
    agent = agent_of(actor)
    if agent is not None:
        return agents.get(agent, _("an agent of before"))
    return {"key": _("an integration, as a message came in"), "system": _("Throughline, by itself")}.get(kind, kind)


# -- what changes ----------------------------------------------------------------------------------------------------


def changes(told: Mapping[str, Any]) -> list[str]:
    """What a decision moves and makes of tickets, a sentence each; `told` is its `changed`."""
    tickets = msgspec.convert(told.get("tickets") or {}, TicketChanges)
    said = [_moved(int(told.get("contacts") or 0), int(told.get("events") or 0))] if "contacts" in told else []
    if "contacts" not in told and told.get("events") is not None:
        said.append(counted("%(num)d event moves.", "%(num)d events move.", int(told["events"])))
    if told.get("absorbed"):
        said.append(_("Links to the other customer keep working: they lead here."))
    return [*said, *_tickets(tickets)]


def _moved(contacts: int, events: int) -> str:
    if not contacts:
        return _("No contact moves.")
    return _(
        "%(contacts)s with %(events)s: moved, and nothing is rewritten.",
        contacts=counted("%(num)d contact", "%(num)d contacts", contacts),
        events=counted("%(num)d event", "%(num)d events", events),
    )


def _tickets(told: TicketChanges) -> list[str]:
    numbers = {one.id: one.number for one in (*told.moved_open, *told.changed) if one.number is not None}
    said: list[str] = []
    if told.moved:
        said.append(_along(told))
    if told.state == "deriving":
        said.append(
            _("The tickets follow in a moment: they are counted out anew, and what becomes of them is not known yet.")
        )
    said += [
        _(
            "Ticket %(later)s becomes part of %(earlier)s.",
            later=_name(one.later, numbers),
            earlier=_name(one.earlier, numbers),
        )
        for one in told.joined
    ]
    parts = {one.later for one in told.joined}
    said += [_changed(one, numbers) for one in told.changed if one.id not in parts]
    if told.could_join:
        said.append(
            counted(
                "%(num)d pair of open tickets is about one matter, perhaps: they stay two.",
                "%(num)d pairs of open tickets are about one matter, perhaps: they stay as they are.",
                len(told.could_join),
            )
        )
    if told.voids:
        said.append(
            counted(
                "%(num)d thing that was done to a ticket comes to nothing.",
                "%(num)d things that were done to tickets come to nothing.",
                len(told.voids),
            )
        )
    if not told.moved and not told.changed and not told.joined and told.state == "current":
        said.append(_("No ticket changes."))
    return said


def _along(told: TicketChanges) -> str:
    if not told.moved_open:
        return counted("%(num)d ticket moves along as it is.", "%(num)d tickets move along as they are.", told.moved)
    return _(
        "%(tickets)s along, open: %(open)s.",
        tickets=counted("%(num)d ticket moves", "%(num)d tickets move", told.moved),
        open=", ".join(_numbered(one) for one in told.moved_open),
    )


def _numbered(ticket: TicketRef) -> str:
    return f"#{ticket.number}"


def _name(ticket: UUID, numbers: Mapping[Any, int | None]) -> str:
    number = numbers.get(ticket)
    return f"#{number}" if number is not None else _("another")


def _changed(one: TicketChange, numbers: Mapping[Any, int | None]) -> str:
    name = f"#{one.number}" if one.number is not None else _("a new ticket")
    if one.before is None:
        status = words(one.after.status) if one.after else ""
        return _("Ticket %(name)s is there again: %(status)s.", name=name, status=status)
    if one.after is None:
        return _("Ticket %(name)s is there no more.", name=name)
    if one.after.part_of and one.after.part_of != one.before.part_of:
        return _("Ticket %(name)s becomes part of %(other)s.", name=name, other=_name(one.after.part_of, numbers))
    return _("Ticket %(name)s: %(what)s.", name=name, what=_difference(one.before, one.after))


def _difference(before: Standing, after: Standing) -> str:
    told: list[str] = []
    if before.status != after.status:
        told.append(_("%(before)s becomes %(after)s", before=words(before.status), after=words(after.status)))
    if before.items != after.items:
        told.append(_("%(before)d items become %(after)d", before=before.items, after=after.items))
    if before.contact_id != after.contact_id:
        told.append(_("it stands with another contact"))
    return ", ".join(told) or _("its clocks change")
