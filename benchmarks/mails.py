"""What a worker makes of mails that have come: mails a second read in processes of their own, proved, put into threads,
with identity, tickets and files; their median is 20 kB."""

import asyncio
import base64
import hashlib
import random
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from benchmarks import bare
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.table import Line

MAILS = 2_000
PATIENCE = 120.0
WORDS = (
    "the",
    "order",
    "has",
    "not",
    "come",
    "yet",
    "and",
    "we",
    "would",
    "like",
    "to",
    "know",
    "when",
    "it",
    "leaves",
)
OURS = "mx.desk.example"


async def measure(house: House, _: Size) -> list[Line]:
    settings = {"address": "desk@desk.example", "authserv_id": OURS}
    async with Client("127.0.0.1", house.port, house.key) as client:
        made = await client.json(
            "POST", "/api/v1/channel-accounts", {"kind": "email", "name": "bench", "settings": settings}
        )
    account = uuid.UUID(made["id"].rpartition("_")[2])
    raws = list(mails(MAILS))
    await _put(house, account, raws[:50])
    await _until(house, account)  # the processes that read are there
    await _put(house, account, raws[50:])
    seconds = await _until(house, account)
    rate = (MAILS - 50) / seconds
    median = sorted(len(raw) for raw in raws)[MAILS // 2]
    return [
        Line(
            what="mails a second taken in by one worker, with identity, threads, tickets and files",
            floor="30",
            target="100",
            measured=f"{rate:,.0f} ({MAILS:,} mails, median {median / 1000:.0f} kB)",
            met=(rate >= 30, rate >= 100),
        )
    ]


def mails(how_many: int) -> Iterator[bytes]:
    """Of 300 senders, a third of them answers; text and HTML, one in five with a file."""
    dice = random.Random(7)
    now = datetime.now(UTC) - timedelta(hours=how_many / 3600)
    for number in range(how_many):
        sender = dice.randrange(300)
        text = "\r\n".join(" ".join(dice.choices(WORDS, k=12)) for _ in range(int(dice.lognormvariate(4.55, 0.8)) + 5))
        html = "".join(f"<p style='margin:0'>{line}</p>\r\n" for line in text.split("\r\n"))
        answers = f"References: <{number - 300}.{sender}@bench.example>\r\n" if number % 3 == 0 else ""
        file = base64.encodebytes(dice.randbytes(9_000)).replace(b"\n", b"\r\n").decode() if number % 5 == 0 else ""
        attached = (
            "--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=order.pdf\r\n"
            f"Content-Transfer-Encoding: base64\r\n\r\n{file}\r\n" if file else ""
        )  # fmt: skip
        yield (
            f"Authentication-Results: {OURS}; dmarc=pass header.from=s{sender}.example\r\n"
            f"From: Sender {sender} <ann@s{sender}.example>\r\nTo: desk@desk.example\r\nSubject: Order {sender}\r\n"
            f"Date: {format_datetime(now + timedelta(seconds=number))}\r\n{answers}"
            f"Message-ID: <{number}.{sender}@bench.example>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="m"\r\n\r\n--m\r\n'
            'Content-Type: multipart/alternative; boundary="a"\r\n\r\n'
            f"--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
            f"--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--a--\r\n{attached}--m--\r\n"
        ).encode()


async def _put(house: House, account: uuid.UUID, raws: list[bytes]) -> None:
    """As if they had been fetched."""
    db = await bare.connect(house.dsn)
    await bare.begin(db, house.workspace)
    await db.executemany(
        "INSERT INTO inbound_delivery (workspace_id, id, account_id, delivery_key, digest, raw, size, headers, state, "
        "received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', 'waiting', now())",
        [
            (house.workspace, uuid.UUID(int=at + (time.time_ns() << 64)), account, hashlib.sha256(raw).hexdigest(),
             hashlib.sha256(raw).digest(), raw, len(raw))
            for at, raw in enumerate(raws)
        ],
    )  # fmt: skip
    await db.execute("COMMIT")
    await db.close()


async def _until(house: House, account: uuid.UUID) -> float:
    """Seconds between the first that was understood and the last."""
    db = await bare.connect(house.dsn)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                await bare.begin(db, house.workspace)
                row = await db.fetchrow(
                    "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = "
                    "'failed') AS failed, extract(epoch FROM max(decided_at) - min(decided_at) FILTER (WHERE "
                    "received_at = (SELECT max(received_at) FROM inbound_delivery WHERE workspace_id = $1 "
                    "AND account_id = $2))) AS seconds FROM inbound_delivery WHERE workspace_id = $1 "
                    "AND account_id = $2",
                    house.workspace,
                    account,
                )
                await db.execute("COMMIT")
                assert row is not None
                if row["failed"]:
                    raise RuntimeError(f"{row['failed']} mails were not understood")
                if not row["waiting"]:
                    return float(row["seconds"])
                await asyncio.sleep(0.2)
    finally:
        await db.close()
