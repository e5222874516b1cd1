"""A set goes through the API into a fresh workspace; what became of it is read as anybody can read it."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks import house
from benchmarks.client import Client
from benchmarks.identity.figures import Figures, Told, measure, units_of, with_suggestions
from benchmarks.identity.records import Name, Record

NDJSON: Final = "application/x-ndjson"
SUGGESTIONS: Final = "/api/v1/identity/suggestions"
TAKEN: Final = (201, 200)
"""Twice in one file is once."""

_told: Final = msgspec.json.Decoder(Told)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How sets are pushed: so many at once, into workspaces of this region and with this policy of identity."""

    batch: int = 100
    region: str | None = None
    policy: dict[str, Any] | None = None


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay went: seconds in all, of each single push (empty for batches), and what was refused, and why."""

    seconds: float
    each: list[float]
    refused: dict[Name, str]


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One set in one order."""

    name: str
    order: str
    figures: Figures
    pushed: Pushed


async def replay(where: house.House, name: str, order: str, records: Sequence[Record], way: Way) -> Replay:
    """Push the records in their order into a workspace of their own, and measure what came of them."""
    slug = re.sub(r"[^a-z0-9]+", "-", f"set-{name}-{order}-{os.urandom(4).hex()}".lower())
    _, key = house.workspace(where.home, slug, *(("--region", way.region) if way.region else ()))
    async with Client("127.0.0.1", where.port, key) as client:
        await set_policy(client, way)
        pushed = await (push_batches(client, records, way.batch) if way.batch > 1 else push_singly(client, records))
        suggestions = await read_suggestions(client)
    units = units_of(records, read_told(where.home, slug))
    figures = with_suggestions(measure(units), units, suggestions)
    return Replay(name=name, order=order, figures=figures, pushed=pushed)


async def set_policy(client: Client, way: Way) -> None:
    if way.policy is not None:
        await client.json("POST", "/api/v1/identity/policies", {"policy": way.policy})


async def push_batches(client: Client, records: Sequence[Record], size: int) -> Pushed:
    seconds = 0.0
    refused: dict[Name, str] = {}
    for start in range(0, len(records), size):
        some = records[start : start + size]
        body = b"\n".join(msgspec.json.encode(record.item) for record in some)
        began = time.perf_counter()
        status, raw = await client.ask("POST", "/api/v1/interactions/batch", body, NDJSON)
        seconds += time.perf_counter() - began
        if status != 200:
            raise RuntimeError(f"{status} {raw[:400]!r}")
        for record, answer in zip(some, msgspec.json.decode(raw)["items"], strict=True):
            if answer["status"] not in TAKEN:
                refused[record.name] = f"{answer['status']} {answer.get('error')}"
    return Pushed(seconds=seconds, each=[], refused=refused)


async def push_singly(client: Client, records: Sequence[Record]) -> Pushed:
    each: list[float] = []
    refused: dict[Name, str] = {}
    for record in records:
        body = msgspec.json.encode(record.item)
        began = time.perf_counter()
        status, raw = await client.ask("POST", "/api/v1/interactions", body)
        each.append(time.perf_counter() - began)
        if status not in TAKEN:
            refused[record.name] = f"{status} {raw[:200].decode(errors='replace')}"
    return Pushed(seconds=sum(each), each=each, refused=refused)


def read_told(home: Path, slug: str) -> Iterator[Told]:
    """What `throughline export identity` prints."""
    return map(_told.decode, house.run("export", "identity", "--workspace", slug, home=home).splitlines())


async def read_suggestions(client: Client) -> list[dict[str, Any]]:
    """The suggestions in every state that the API says there is."""
    described = (await client.json("GET", "/schema/openapi.json"))["paths"][SUGGESTIONS]["get"]["parameters"]
    found: list[dict[str, Any]] = []
    for state in next(one["schema"]["enum"] for one in described if one["name"] == "state"):
        path = start = f"{SUGGESTIONS}?state={state}&limit=200"
        while path:
            page = await client.json("GET", path)
            found += page["items"]
            path = page["next"] and f"{start}&cursor={page['next']}"
    return found


def quantile(seconds: Sequence[float], share: float) -> float:
    """Milliseconds below which this share lies."""
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)] * 1e3
