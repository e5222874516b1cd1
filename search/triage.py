"""What is a new ticket about, which queue and priority fit it, by the tickets that people labelled before? Learns from
them, and says it of new ones; acts on nothing.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from search import classifying, mending, sources, triage_store
from search.building import Case, case_id
from search.classifying import Head
from search.embeddings import Embedder
from search.engine import Asked, Engine, Filters, Index
from search.indexing import Access, Db
from search.languages import language_of
from search.mending import Wanted
from search.studying import AIMS, Aim, AimReport, Labelled, spoken, study
from timeline.tickets.ticket import Ticket
from timeline.triage_events import Likely, TicketClassified

PAGE: Final = 200
MOST_LEARNED: Final = 20_000
"""Tickets, the latest: more teach little, and take memory."""
NEAR: Final = 40
CASES: Final = 3
KEPT: Final = 3
"""Versions whose weights are kept."""
FIRST: Final = UUID(int=0)

Told = Callable[[str, int, int | None], None]
"""What is done now, how much is behind it, and of how much."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned from `tickets`: of each aim how right it is; how many of them are in which language."""

    tickets: int
    aims: list[AimReport]
    languages: dict[str, int]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    embedder: str
    heads: dict[str, Head]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that is to be classified: whose it is, and what it begins with."""

    ticket: UUID
    contact: UUID
    text: str


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is done by it yet."""

    report: Report
    heads: dict[str, Head]
    embedder: str


# -- learning --------------------------------------------------------------------------------------------------------


async def learn(access: Access, workspace: WorkspaceId, embedder: Embedder, told: Told, now: datetime) -> Learned:
    """Raises `EmbedderAway`."""
    tickets: deque[Labelled] = deque(maxlen=MOST_LEARNED)
    languages: dict[str, int] = {}
    done = 0
    async for page in _labelled(access, workspace, now):
        vectors = await embedder.embed([one.text for one in page])
        tickets.extend(msgspec.structs.replace(one, vector=vector) for one, vector in zip(page, vectors, strict=True))
        done += len(page)
        told("Reading tickets", done, None)
    for one in tickets:
        language = language_of(one.text)
        name = language.label if language is not None else "unclear"
        languages[name] = languages.get(name, 0) + 1
    heads: dict[str, Head] = {}
    reports: list[AimReport] = []
    for at, aim in enumerate(AIMS):
        told(f"Learning the {aim}", at, len(AIMS))
        labels = sorted({one.labels[aim] for one in tickets if aim in one.labels})
        vectors = await embedder.embed([spoken(label) for label in labels])
        head, report = await asyncio.to_thread(study, aim, list(tickets), dict(zip(labels, vectors, strict=True)))
        reports.append(report)
        if head is not None:
            heads[aim] = head
    by_count = dict(sorted(languages.items(), key=lambda one: (-one[1], one[0])))
    report = Report(tickets=len(tickets), aims=reports, languages=by_count)
    return Learned(report=report, heads=heads, embedder=embedder.model)


async def _labelled(access: Access, workspace: WorkspaceId, now: datetime) -> AsyncIterator[list[Labelled]]:
    """The tickets that say something, as they are labelled, the eldest first."""
    after = FIRST
    while True:
        async with access.read(workspace) as db:
            ids = await sources.tickets_after(db, workspace, after, PAGE)
            found = await mending.read(db, workspace, Wanted(tickets=set(ids)), None, now)
        if not ids:
            return
        after = ids[-1]
        page: list[Labelled] = []
        for ticket in ids:
            case, document = found.cases.get(ticket), found.documents.get(case_id(ticket))
            if case is not None and document is not None and document.meaning:
                page.append(
                    Labelled(
                        ticket=ticket,
                        contact=document.contact_id,
                        text=document.meaning,
                        vector=b"",
                        labels=labels_of(case.fold),
                    )
                )
        yield page


def labels_of(ticket: Ticket) -> dict[Aim, str]:
    """Its topic is its type, or its tag where it has no type and one tag."""
    topic = ticket.type or (ticket.tags[0] if len(ticket.tags) == 1 else None)
    labels: dict[Aim, str | None] = {"topic": topic, "queue": ticket.queue, "priority": ticket.priority}
    return {aim: label for aim, label in labels.items() if label}


async def keep(db: Db, workspace: WorkspaceId, learned: Learned, *, actor: str, now: datetime) -> int:
    """The version under which it is kept; nothing is done by it yet."""
    version = await triage_store.add(
        db,
        workspace,
        embedder=learned.embedder,
        report=msgspec.json.encode(learned.report),
        heads=msgspec.msgpack.encode(learned.heads),
        actor=actor,
        now=now,
    )
    await triage_store.forget_old(db, workspace, KEPT)
    return version


async def read_model(db: Db, workspace: WorkspaceId, version: int, embedder: str) -> Model:
    packed = await triage_store.heads(db, workspace, version)
    heads = msgspec.msgpack.decode(packed, type=dict[str, Head]) if packed else {}
    return Model(version=version, embedder=embedder, heads=heads)


# -- classifying -----------------------------------------------------------------------------------------------------


async def opened(db: Db, workspace: WorkspaceId, events: Sequence[UUID], now: datetime) -> list[Opened]:
    """The tickets that some events opened and that stand, but for those that were history when they came."""
    found = await mending.read(db, workspace, Wanted(tickets=set(events)), None, now)
    tickets: list[Opened] = []
    for event in events:
        case, document = found.cases.get(event), found.documents.get(case_id(event))
        if case is not None and not case.fold.history and document is not None and document.meaning:
            tickets.append(Opened(ticket=event, contact=document.contact_id, text=document.meaning))
    return tickets


async def classify(
    access: Access, workspace: WorkspaceId, ticket: Opened, model: Model, vector: bytes, engine: Engine, index: Index
) -> TicketClassified:
    """Raises `EngineAway`."""
    filters = Filters(internal=False, kinds=frozenset({"case"}), without=frozenset({case_id(ticket.ticket)}))
    found = await engine.find(workspace, index, Asked(filters=filters, vector=vector, limit=NEAR))
    near = {UUID(one.id.removeprefix("case-")): one.score for one in found.meaning}
    async with access.read(workspace) as db:
        standing = await mending.read_standing(db, workspace, list(near))
    cases = [(score, case) for of, score in near.items() if (case := standing[of]) is not None]
    return await asyncio.to_thread(told_of, ticket, model, vector, cases)


def told_of(ticket: Opened, model: Model, vector: bytes, cases: Sequence[tuple[float, Case]]) -> TicketClassified:
    """`cases` are those that are like it, with their cosines, the most alike first."""
    likeness = cases[0][0] if cases else -1.0
    language = language_of(ticket.text)
    return TicketClassified(
        ticket=ticket.ticket,
        model=model.version,
        embedder=model.embedder,
        likely=tuple(
            _likely(aim, model.heads[aim], ticket, vector, cases, likeness) for aim in AIMS if aim in model.heads
        ),
        language=language.label if language is not None else None,
        language_confidence=language.confidence if language is not None else None,
        likeness=round(likeness, 4) if cases else None,
    )


def _likely(
    aim: Aim, head: Head, ticket: Opened, vector: bytes, cases: Sequence[tuple[float, Case]], likeness: float
) -> Likely:
    labelled = [(score, label, case) for score, case in cases if (label := labels_of(case.fold).get(aim))]
    (said,) = classifying.guesses(head, [ticket.text], [vector], [[(score, label) for score, label, _ in labelled]])
    best = said[0]
    why = "unlike" if likeness < head.like else "unsure" if best.confidence < head.sure else None
    alike = dict.fromkeys(case.fold.id for _, label, case in labelled if label == best.label)
    return Likely(
        aim=aim,
        label=None if why else best.label,
        why=why,
        likeliest=tuple((one.label, one.confidence) for one in said),
        cases=tuple(list(alike)[:CASES]),
    )


# -- what was said ---------------------------------------------------------------------------------------------------


class Prediction(TicketClassified, frozen=True, kw_only=True):
    """As it was said at `at` by the event of this id."""

    id: UUID
    at: datetime


async def read_predictions(db: Db, workspace: WorkspaceId, ticket: UUID, limit: int) -> list[Prediction]:
    """The latest first."""
    rows = await triage_store.predictions(db, workspace, ticket, limit)
    return [
        msgspec.convert({**msgspec.json.decode(row["data"]), "id": row["id"], "at": row["recorded_at"]}, Prediction)
        for row in rows
    ]
