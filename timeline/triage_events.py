"""What a ticket looks like by those before it: told about the item that opened it, and read by no ticket."""

from typing import Literal
from uuid import UUID

import msgspec


class Likely(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a ticket's topic, queue or priority probably is, the likeliest first, each with the probability that it is.

    `label` is given where that is sure enough; else `why` it is not: it could be several (`unsure`), or nothing like
    it was seen (`unlike`). `cases` are tickets like it that have the likeliest label, the most alike first."""

    aim: str
    label: str | None = None
    why: Literal["unsure", "unlike"] | None = None
    likeliest: tuple[tuple[str, float], ...] = ()
    cases: tuple[UUID, ...] = ()


class TicketClassified(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By the `model` of that version, made for vectors of `embedder`. `likeness` is the cosine of the most alike."""

    v: int = 1
    ticket: UUID
    model: int
    embedder: str
    likely: tuple[Likely, ...] = ()
    language: str | None = None
    language_confidence: float | None = None
    likeness: float | None = None
