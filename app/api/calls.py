"""One request on its way: what a handler may ask of it, and the only doors to a transaction.

A handler gets a `Call` and returns an `Answer`. Reading and writing go through the call, so that the key is asked
for in every transaction, and `Idempotency-Key` is kept with the effect it belongs to.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException

from app import store
from app.access import Caller
from app.api.feeds import Feeds
from app.api.queries import Query
from app.auth import Doorkeeper
from app.db import Database, Db, Held, new_id
from app.engines import engine_of
from app.errors import Problem, bad_request
from app.filing import FOLDER
from app.limits import Rates
from app.live import Live
from app.mail_doors import MailDoors
from app.mailroom import Mailroom
from app.outstanding import Outstanding
from app.outward import Outward
from app.previewing import Previews
from app.settings import Settings
from app.signed_in import Agents
from app.signing_in import Hashing, form_key
from app.tokens import Tokens
from channels.files import open_files
from channels.vault import DoesNotOpen, Vault
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.errors import NotFound
from search.embeddings import Embedder
from timeline.decisions import Desk
from timeline.intake import Sender
from timeline.interactions import check_json, refused_json
from timeline.pseudonyms import pseudonyms

T = TypeVar("T")

JSON: Final = "application/json"
MOST_KEY: Final = 255


class Edge:
    """What every request needs and the process has once."""

    def __init__(self, settings: Settings, database: Database, live: Live) -> None:
        self.settings = settings
        self.database = database
        self.live = live
        self.names = pseudonyms(settings.secret)
        self.doorkeeper = Doorkeeper(database, self.names)
        self.outstanding = Outstanding(settings.home)
        self.rates = Rates()
        self.tokens = Tokens(settings.secret)
        self.vault = Vault(settings.secret)
        self.outward = Outward(private=settings.webhooks_private)
        self.mail_doors = MailDoors(Outward(private=settings.mail_private))
        self.files = open_files(settings.files, settings.home / FOLDER)
        self.mailroom = Mailroom(settings, database, self.files)
        self.engine = engine_of(settings, database)
        self.embedder: Embedder | None = None
        self.streams: dict[UUID, int] = {}
        self.previews = Previews(database)
        self.feeds = Feeds(database, live, self.tokens)
        self.agents = Agents(database)
        self.hashing = Hashing()
        self.form_key = form_key(settings.secret)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back: bytes that are JSON already, or a stream."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    media_type: str = JSON
    stream: AsyncIterator[bytes] | None = None


def moved_to(path: str, query: bytes) -> Answer:
    """What was asked for went to another: ask there, with the same query."""
    location = f"{path}?{query.decode('ascii')}" if query else path
    return Answer(status=308, headers={"Location": location, "Cache-Control": "no-store"})


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers or {})


class Call:
    """A request with its caller. `template` is the route's path, for the scope of idempotency keys."""

    def __init__(
        self, edge: Edge, request: Request[Any, Any, Any], caller: Caller | None, allowed: frozenset[str]
    ) -> None:
        self.edge = edge
        self.request = request
        self.asked = False
        self.streamed: bytes | None = None
        """The SHA-256 of a body that the handler has read as a stream."""
        self._caller = caller
        self._allowed = allowed
        self._query: Query | None = None
        self.asked_too = b""
        """Parameters that are asked for beside those of the request."""

    @property
    def caller(self) -> Caller:
        assert self._caller is not None, "the route asks for no key"
        return self._caller

    @property
    def somebody(self) -> Caller | None:
        """The caller, where there is one."""
        return self._caller

    @property
    def workspace(self) -> WorkspaceId:
        return self.caller.workspace.id

    @property
    def query(self) -> Query:
        """The query, of which the route declares every parameter. Raises the 400."""
        if self._query is None:
            asked = b"&".join(part for part in (self.request.scope["query_string"], self.asked_too) if part)
            self._query = Query(asked, self._allowed)
        return self._query

    @property
    def sender(self) -> Sender:
        return Sender(workspace=self.caller.workspace, actor=self.caller.actor, proves=self.caller.proves)

    def desk(self, *, reason: str | None = None, preview: bool = False) -> Desk:
        return Desk(
            workspace=self.workspace,
            actor=self.caller.actor,
            new_id=new_id,
            reason=reason,
            preview=preview,
            salt=self.caller.workspace.salt,
        )

    def path_id(self, name: str) -> UUID:
        """An id in the path; a malformed one is nobody's. Raises `NotFound`."""
        return read_id(self.request.path_params[name])

    def start_of(self, listed: str) -> UUID | None:
        """Where a list in order of ids goes on, by its cursor; `listed` names it with its filters. Raises the 400."""
        cursor = self.query.text("cursor")
        return None if cursor is None else self.edge.tokens.open_id(self.workspace, listed, cursor)

    def next_of(self, listed: str, ids: Sequence[UUID], limit: int) -> str | None:
        """The cursor of the next page, where more than `limit` were found."""
        return self.edge.tokens.seal_id(self.workspace, listed, ids[limit - 1]) if len(ids) > limit else None

    async def body(self) -> bytes:
        """The body, at most as long as the route takes. Raises the 413."""
        try:
            return await self.request.body()
        except InternalServerException as error:
            raise Problem(400, "incomplete", "The body ended before its end.") from error

    async def take(self, shape: type[T]) -> T:
        """The body as `shape`. Raises `InvalidField`."""
        raw = await self.body()
        try:
            taken = msgspec.json.decode(raw, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise refused_json(error, raw, shape) from None
        check_json(msgspec.to_builtins(taken))
        return taken

    def read(self) -> Held:
        """A snapshot of the caller's workspace, if the key still holds."""
        self.asked = True
        return self.edge.database.read(self.workspace, self.caller.key)

    async def commit(self, work: Callable[[Db], Awaitable[T]], *, configures: bool = False) -> T:
        """Do `work` in one transaction, whatever `Idempotency-Key` says; what `configures`, beside no other write."""
        self.asked = True
        return await self.edge.database.write(self.workspace, work, self.caller.key, configures=configures)

    async def write(
        self, work: Callable[[Db], Awaitable[Answer]], *, secret: bool = False, configures: bool = False
    ) -> Answer:
        """Do `work` in one transaction; under an `Idempotency-Key`, once. A `secret` answer is kept sealed."""
        name = self.idempotency_key()
        if name is None:
            return await self.commit(work, configures=configures)
        digest = await self._digest()

        async def once(db: Db) -> Answer:
            kept = await self._kept(db, name, digest)
            if kept is not None:
                return self._unsealed(kept) if secret else kept
            done = await work(db)
            await self._keep(db, name, digest, self._sealed(done) if secret else done)
            return done

        return await self.commit(once, configures=configures)

    def _sealed(self, done: Answer) -> Answer:
        return msgspec.structs.replace(done, body=self.edge.vault.seal(done.body, *self._seal))

    def _unsealed(self, kept: Answer) -> Answer:
        try:
            return msgspec.structs.replace(kept, body=self.edge.vault.open(kept.body, *self._seal))
        except DoesNotOpen:
            words = "This Idempotency-Key was used before, and its answer can no longer be opened."
            raise Problem(422, "idempotency_key_reused", words, [("Idempotency-Key", words)]) from None

    @property
    def _seal(self) -> tuple[bytes, bytes, bytes]:
        return b"answer", self.workspace.bytes, self.caller.key.bytes

    async def write_in_parts(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do `work`, which commits in parts that may be repeated; under an `Idempotency-Key`, keep its answer."""
        name = self.idempotency_key()
        if name is None:
            return await work()
        digest = await self._digest()
        async with self.read() as db:
            kept = await self._kept(db, name, digest, wait=False)
        if kept is not None:
            return kept
        done = await work()

        async def keep(db: Db) -> Answer:
            first = await self._kept(db, name, digest)
            if first is None:
                await self._keep(db, name, digest, done)
            return first or done

        return await self.commit(keep)

    def idempotency_key(self) -> str | None:
        """The header, if there is one. Raises the 400."""
        name = self.request.headers.get("idempotency-key")
        if name is None:
            return None
        if not 0 < len(name) <= MOST_KEY or not name.isascii() or not name.isprintable():
            raise bad_request("Idempotency-Key", f"expected 1 to {MOST_KEY} printable characters of ASCII")
        return name

    @property
    def _place(self) -> str:
        return f"{self.request.method} {self.request.url.path}"

    async def _digest(self) -> bytes:
        """Keyed: the bare one would tell who guesses a password that the body sets."""
        digest = hashlib.sha256(self.request.scope["query_string"] + b"\n")
        digest.update(await self.body() if self.streamed is None else self.streamed)
        return self.edge.names.of_digest(self.workspace, digest.digest())

    async def _kept(self, db: Db, name: str, digest: bytes, *, wait: bool = True) -> Answer | None:
        """The answer given before. With `wait`, whoever comes later with the same key waits for this transaction."""
        caller = str(self.caller.key)
        if wait:
            await store.lock(db, lock_key(self.workspace, "idempotency", f"{caller} {self._place} {name}"))
        names = [name, self.edge.names.of_request(self.workspace, name)]
        row = await store.kept_answer(db, self.workspace, caller, self._place, names)
        if row is None:
            return None
        if row["request_hash"] != digest:
            words = "This Idempotency-Key came before with another request."
            raise Problem(422, "idempotency_key_reused", words, [("Idempotency-Key", words)])
        return Answer(status=row["status"], body=row["body"], headers={"Idempotency-Replayed": "true"})

    async def _keep(self, db: Db, name: str, digest: bytes, done: Answer) -> None:
        if not 200 <= done.status < 300:
            return
        caller = str(self.caller.key)
        await store.keep_answer(
            db, self.workspace, caller, self._place, name, request_hash=digest, status=done.status, body=done.body
        )


def read_id(text: str) -> UUID:
    """An id as we write it. Raises `NotFound`: ids are opaque, and any other text is nobody's."""
    if len(text) == 36:
        try:
            found = UUID(text)
        except ValueError:
            raise NotFound from None
        if str(found) == text.lower():
            return found
    raise NotFound
