"""Which answers of the past may answer this ticket's last message? Each with the case that it ended: an agent reads,
chooses and writes; nothing here can act.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from search.building import MOST_MEANING, Told, said
from search.embeddings import Embedder
from search.engine import Engine, Index
from search.similar import Alike, SimilarCase, like_text, like_ticket
from timeline.threads import ThreadQuery, read_page_of
from timeline.tickets.reading import TicketView

Db = Any
LOOKED_AT: Final = 20
MOST_ITEMS: Final = 50
SPOKEN: Final = frozenset({"message", "call"})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer said last: the item, and its words."""

    event_id: UUID
    text: str


class SuggestedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer in its own words: `event_id` is the item that it was, `case` what it ended."""

    event_id: UUID
    text: str
    case: SimilarCase


async def last_asked(db: Db, workspace: WorkspaceId, ticket: TicketView) -> Asked | None:
    """What the customer of a ticket said last that is not erased."""
    page = await read_page_of(db, workspace, ticket, ThreadQuery(limit=MOST_ITEMS, kinds=SPOKEN))
    for item in page.items:
        told = Told(subject=item.subject, body=item.body, data=msgspec.json.decode(item.data))
        words = said(told)[:MOST_MEANING].strip()
        if item.direction == "inbound" and words and not item.erased:
            return Asked(event_id=item.event_id, text=words)
    return None


async def alike(
    engine: Engine,
    embedder: Embedder | None,
    workspace: WorkspaceId,
    index: Index,
    ticket: UUID,
    asked: str,
    now: datetime,
) -> Alike:
    """Cases like what was asked last, or like the whole ticket where no text can be embedded here. Raises `EngineAway`
    and `EmbedderAway`."""
    if embedder is None or embedder.model != index.model:
        return await like_ticket(engine, workspace, index, ticket, now)
    return await like_text(engine, embedder, workspace, index, asked, now)


def suggested(cases: Sequence[SimilarCase], ticket: UUID, most: int) -> list[SuggestedAnswer]:
    """The answers that ended other cases, each once."""
    found: dict[str, SuggestedAnswer] = {}
    for one in cases:
        if one.answer is None or one.case.event_id == ticket or not one.answer.text.strip():
            continue
        words = " ".join(one.answer.text.casefold().split())
        found.setdefault(words, SuggestedAnswer(event_id=one.answer.event_id, text=one.answer.text, case=one))
    return list(found.values())[:most]
