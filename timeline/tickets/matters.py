"""Is this the same matter? How an item, or a ticket found on the other side of a merge, is matched with a ticket."""

from datetime import datetime

import msgspec

from timeline.tickets.items import FoldEvent
from timeline.tickets.policy import Rules
from timeline.tickets.ticket import Named, Ticket, TicketId, can_reopen, matter_of


class Asking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a matter is recognised by."""

    shown_at: datetime
    channel: str | None
    objects: tuple[Named, ...]
    matter: str
    has_conversation: bool

    @staticmethod
    def by(event: FoldEvent) -> "Asking":
        return Asking(
            shown_at=event.shown_at,
            channel=event.channel,
            objects=(event.object,) if event.object else (),
            matter=matter_of(event.subject),
            has_conversation=event.conversation is not None,
        )

    @staticmethod
    def of(ticket: Ticket) -> "Asking":
        return Asking(
            shown_at=ticket.opened_at,
            channel=ticket.channel,
            objects=ticket.objects,
            matter=ticket.matter,
            has_conversation=False,
        )


Rank = tuple[bool, bool, bool, datetime, int, TicketId]


def rank_of(asking: Asking, ticket: Ticket, rules: Rules) -> Rank | None:
    """How well a ticket is continued; None: not at all."""
    rank = order_of(asking, ticket)
    same = rank[0] or rank[1]
    if asking.shown_at > ticket.last_at + rules.gap and not _outlasts(asking, ticket, rules, rank):
        return None
    if rules.same_channel and asking.channel not in ticket.channels:
        return None
    if rules.same_conversation and asking.has_conversation and not same:
        return None
    if rules.same_object and asking.objects and ticket.objects and not rank[0]:
        return None
    if rules.same_subject and asking.matter and ticket.matter and not same:
        return None
    return rank


def _outlasts(asking: Asking, ticket: Ticket, rules: Rules, rank: Rank) -> bool:
    """Whether it is continued after a longer silence than the gap."""
    same_object, same_subject = rank[0], rank[1]
    if not ticket.is_ended:
        return same_object or (same_subject and asking.shown_at <= ticket.last_at + rules.within)
    return can_reopen(ticket, asking.shown_at, rules) and (same_object or same_subject or not asking.has_conversation)


def order_of(asking: Asking, ticket: Ticket) -> Rank:
    shares = bool(asking.objects) and any(named in ticket.objects for named in asking.objects)
    same = bool(asking.matter) and asking.matter == ticket.matter
    return shares, same, not ticket.is_ended, ticket.last_at, ticket.opened_position, ticket.id
