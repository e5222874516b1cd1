"""Cutting a batch into its items without reading them, so that a malformed one is named and stops no other."""

import re
from typing import Final

import msgspec

from app.errors import Problem, bad_request, too_large
from app.limits import BATCH_ITEMS, PUSH_BYTES

Piece = bytes | Problem

NDJSON: Final = ("application/x-ndjson", "application/jsonl", "application/ndjson")
MOST_TOKENS: Final = 500_000

_raws: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},]', re.DOTALL)


def split_batch(body: bytes, content_type: str) -> list[Piece]:
    """The raw items of a JSON array or of NDJSON; one that is too long is its own refusal.

    Raises the 400 and the 413 that concern the whole."""
    start = body.lstrip()[:1]
    kind = content_type.partition(";")[0].strip().lower()
    if kind in NDJSON or start == b"{":
        items = [line.strip() for line in body.split(b"\n", 4 * BATCH_ITEMS)]
        items = [line for line in items if line]
    elif start == b"[":
        items = _array(body)
    else:
        raise bad_request("", "expected a JSON array of interactions, or NDJSON")
    if len(items) > BATCH_ITEMS:
        raise too_large(f"A batch is at most {BATCH_ITEMS:,} items.")
    return [
        too_large(f"An item is at most {PUSH_BYTES:,} bytes.") if len(item) > PUSH_BYTES else item for item in items
    ]


def _array(body: bytes) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _raws.decode(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _cut(body)


def _cut(body: bytes) -> list[bytes]:
    """The items of an array of which some are malformed: cut at the commas outside of brackets and strings."""
    items: list[bytes] = []
    depth, begun = 0, 0
    for count, token in enumerate(_TOKEN.finditer(body)):
        mark = token[0]
        if count > MOST_TOKENS:
            break
        if mark in (b"[", b"{"):
            depth += 1
            begun = token.end() if depth == 1 else begun
        elif mark in (b"]", b"}"):
            depth -= 1
        if (mark == b"," and depth == 1) or depth == 0:
            items.append(body[begun : token.start()].strip())
            begun = token.end()
        if depth == 0 and not body[token.end() :].strip():
            return [] if items == [b""] else items
        if depth == 0:
            break
    raise bad_request("", f"this array is malformed JSON; it can be read up to its item {len(items)}")
