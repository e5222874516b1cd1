"""What the console costs: its pages against the bare statements, their bytes, the first paint, what others see and how
soon, and five hundred who look on."""

import asyncio
import contextlib
import gzip
import re
import shutil
import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx
from playwright.async_api import Browser, async_playwright

from app.console.pages import COOKIE
from app.console.rendering import STATIC
from app.db import Database, new_id
from app.signing_in import open_session
from app.store import add_agent
from benchmarks import bare, house
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.queues import QUEUE, furnished
from benchmarks.reads import PER_TURN, get, in_turns, some_customers, times_bare
from benchmarks.table import Line
from benchmarks.writes import push
from identity.customers import WorkspaceId

STREAMS: Final = 500
STREAMS_A_SESSION: Final = 25
PUSHES: Final = 150
PAINTS: Final = 20
SHOWN: Final = 40
PAINT: Final = "performance.getEntriesByName('first-contentful-paint')"
_LOADED: Final = re.compile(rf'(?:href|src)="({STATIC}[^"]+)"')


async def measure(where: House, _: Size) -> list[Line]:
    async with _browsing(where) as client:
        lines = [*await _profiles(where), *await _bytes(where, client), *await _streams(where)]
        lines += await _in_a_browser(where)
    return [*lines, await _queue(where)]


@contextlib.asynccontextmanager
async def _browsing(where: House) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who signed in: an admin of the house's workspace."""
    cookie = await session(where)
    url = f"http://127.0.0.1:{where.port}"
    async with httpx.AsyncClient(base_url=url, cookies={COOKIE: cookie}, timeout=30) as client:
        yield client


@contextlib.asynccontextmanager
async def _browser(where: House) -> AsyncIterator[Client]:
    """The same, by a client that costs little beside what it measures."""
    cookie = await session(where)
    async with Client("127.0.0.1", where.port, cookie=f"{COOKIE}={cookie}") as client:
        yield client


async def session(where: House) -> str:
    """The cookie of a new agent's browser."""
    database, work = Database(where.dsn), WorkspaceId(where.workspace)
    await database.open()

    async def enter(db: Any) -> str | None:
        agent = new_id()
        assert await add_agent(db, work, agent, email=f"{agent.hex}@bench.example", name="Bench", role="admin")
        return await open_session(db, work, agent, "bench", session=new_id(), who=None, now=datetime.now(UTC))

    try:
        text = await database.write(work, enter)
    finally:
        await database.close()
    assert text is not None
    return text


async def _profiles(where: House) -> list[Line]:
    db = await bare.connect(where.dsn)
    customers = await some_customers(db, where.workspace, PER_TURN)

    async def plain(customer: UUID) -> None:
        await bare.customer_page(db, where.workspace, customer)

    async with _browser(where) as client:

        async def ours(customer: UUID) -> None:
            await get(client, f"/customers/{customer}")

        compared = await in_turns(where, plain, ours, customers)
    await db.close()
    took = compared.p50[0]
    return [
        times_bare(
            "profile page, complete HTML, p50 at one client, against the statements for what it shows",
            compared.p50,
            10,
            6,
        ),
        _between("profile page, p50, against the fastest peer's ticket of 48 ms", took, 4.8, 1.6, "ms"),
    ]


async def _queue(where: House) -> Line:
    """The page of a queue of fifty, over the desk of `queues`."""
    async with furnished(where) as (desk, db):
        async with _browser(desk) as client:

            async def plain(_: int) -> None:
                await bare.queue_page(db, desk.workspace, QUEUE)

            async def ours(_: int) -> None:
                await get(client, "/?queue=orders&sort=sla_due_at")

            compared = await in_turns(desk, plain, ours, list(range(PER_TURN)))
    return times_bare(
        "queue page of 50, p50 at one client, against the statements for what it shows", compared.p50, 10, 6
    )


async def _bytes(where: House, client: httpx.AsyncClient) -> list[Line]:
    """As they go over the wire to a browser, which takes them compressed."""
    db = await bare.connect(where.dsn)
    customers = await some_customers(db, where.workspace, 20)
    await db.close()
    pages = [await client.get(f"/customers/{customer}") for customer in customers]
    following = statistics.median(_sent(page) for page in pages) / 1e3
    files = set(_LOADED.findall(pages[0].text))
    first = following + sum([_sent(await client.get(path)) for path in files]) / 1e3
    return [
        _between("profile page and its files, first load", first, 250, 120, "kB"),
        _between("profile page, next load", following, 60, 25, "kB"),
    ]


def _sent(answer: httpx.Response) -> int:
    """Bytes of a body as it was sent."""
    return answer.num_bytes_downloaded or len(gzip.compress(answer.content))


async def _streams(where: House) -> list[Line]:
    alone = await _pushed(where)
    before = house.memory(where.server())
    cookies = [await session(where) for _ in range(STREAMS // STREAMS_A_SESSION)]
    opened = [await _listening(where, cookies[at % len(cookies)]) for at in range(STREAMS)]
    beside = await _pushed(where)
    added = house.memory(where.server()) - before
    for writer in opened:
        writer.close()
    return [
        _between(f"memory of {STREAMS} open streams", added, 200, 80, "MB"),
        times_bare(f"push beside {STREAMS} open streams, p50, against none", (beside, alone), 2, 1.3),
    ]


async def _listening(where: House, cookie: str) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", where.port, limit=2**16)
    writer.write(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {COOKIE}={cookie}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise RuntimeError(head.decode())
    reading = asyncio.create_task(_drain(reader), name="reading")
    reading.add_done_callback(lambda done: done.exception())
    return writer


async def _drain(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while await reader.read(2**16):
            pass


async def _pushed(where: House) -> float:
    """Milliseconds of a push, the median; each a little after the one before."""
    taken: list[float] = []
    said = {"Authorization": f"Bearer {where.key}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{where.port}", headers=said, timeout=30) as client:
        for number in range(PUSHES):
            item = push(number, f"watched-{time.time_ns()}")
            began = time.perf_counter()
            (await client.post("/api/v1/interactions", json=item)).raise_for_status()
            taken.append(time.perf_counter() - began)
            await asyncio.sleep(0.02)
    return statistics.median(taken) * 1e3


# -- in a browser ------------------------------------------------------------------------------------------------------


async def _in_a_browser(where: House) -> list[Line]:
    chromium = shutil.which("chromium")
    if chromium is None:
        return []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        paint, shown = await _painted_and_shown(where, browser)
        await browser.close()
    return [
        _between("first paint of a profile in chromium, warm, p50", paint, 300, 120, "ms"),
        _between("push to shown on another agent's screen, p95", shown, 1_000, 300, "ms"),
    ]


async def _painted_and_shown(where: House, browser: Browser) -> tuple[float, float]:
    url = f"http://127.0.0.1:{where.port}"
    room = await browser.new_context(viewport={"width": 1280, "height": 800})
    await room.add_cookies([{"name": COOKIE, "value": await session(where), "url": url}])
    page = await room.new_page()
    said = {"Authorization": f"Bearer {where.key}"}
    async with httpx.AsyncClient(base_url=url, headers=said, timeout=30) as client:
        made = (await client.post("/api/v1/interactions", json=push(1, f"shown-{time.time_ns()}"))).json()
        paints: list[float] = []
        for _ in range(PAINTS):
            await page.goto(f"{url}/customers/{made['customer_id']}")
            await page.wait_for_timeout(200)
            paints.append(await page.evaluate(f"{PAINT}[0].startTime"))
        await asyncio.sleep(1)
        taken: list[float] = []
        for _ in range(SHOWN):
            began = time.perf_counter()
            sent = (await client.post("/api/v1/interactions", json=push(1, f"shown-{time.time_ns()}"))).json()
            await page.wait_for_selector(f"#item-{sent['event_id']}", state="attached")
            taken.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(0.2)
    await room.close()
    return statistics.median(paints), sorted(taken)[int(0.95 * len(taken)) - 1]


def _between(what: str, measured: float, floor: float, target: float, unit: str) -> Line:
    return Line(
        what=what,
        floor=f"{floor:g} {unit}",
        target=f"{target:g} {unit}",
        measured=f"{measured:.1f} {unit}",
        met=(measured <= floor, measured <= target),
    )
