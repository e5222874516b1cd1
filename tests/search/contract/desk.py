"""A few documents, vectors that point where they are told to, and questions, for the cases of every engine."""

import math
import struct
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from identity.customers import WorkspaceId
from search.documents import Document, Facts, meaning_digest
from search.engine import Asked, Candidate, Embedded, Engine, Filters, Index, Word, Words

DIMENSIONS: Final = 8
NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANYBODY: Final = Filters(internal=True)
ANNA: Final = uuid.UUID(int=0xA)
BEN: Final = uuid.UUID(int=0xB)


def message(number: int, text: str = "", **more: Any) -> Document:
    """The n-th item, n minutes after noon, of Anna's if nobody else is named."""
    known: dict[str, Any] = {"kind": "message", "contact_id": ANNA, "channel": "email", "direction": "inbound"}
    known |= {"event_id": uuid.UUID(int=number), "at": NOON + timedelta(minutes=number), "text": text}
    known["facts"] = Facts(**more.pop("facts", {}))
    return Document(id=f"item-{number:032x}", **(known | more))


def contact(number: int, *people: str, **more: Any) -> Document:
    known: dict[str, Any] = {"contact_id": uuid.UUID(int=number), "at": NOON, "title": people[0], "people": people}
    return Document(id=f"contact-{number:032x}", kind="contact", **(known | more))


def words(text: str, **more: Any) -> Words:
    """Every word of a text, all of them asked for unless `least` says less."""
    split = text.split()
    known: dict[str, Any] = {"least": len(split) or 1}
    return Words(words=tuple(Word(text=word) for word in split), **(known | more))


def vector(*numbers: float) -> bytes:
    """Of length one, zeros behind what is given."""
    size = math.sqrt(sum(number * number for number in numbers)) or 1.0
    whole = [number / size for number in numbers] + [0.0] * (DIMENSIONS - len(numbers))
    return struct.pack(f"<{DIMENSIONS}f", *whole)


def embedded(document: Document, *numbers: float) -> Embedded:
    return Embedded(id=document.id, digest=meaning_digest(document), vector=vector(*numbers))


async def put(engine: Engine, workspace: WorkspaceId, index: Index, *documents: Document) -> None:
    assert await engine.write(workspace, index, documents) == []


async def found(
    engine: Engine, workspace: WorkspaceId, index: Index, asked: Words | None = None, **more: Any
) -> list[int]:
    """The numbers of what the words find, best first."""
    filters = more.pop("filters", ANYBODY)
    answer = await engine.find(workspace, index, Asked(filters=filters, words=asked, **more))
    return numbers(answer.words)


def numbers(candidates: list[Candidate]) -> list[int]:
    return [int(one.id.split("-")[1], 16) for one in candidates]
