"""Reads MultiDoGO files: what real people typed to the support of six domains, with intents and slots.

A file is tab-separated with quoted fields that may hold tabs and line ends. The source gives no dates: each
conversation begins within the year before the anchor of `times`, and its turns (the agent's, which the source
leaves out, counted too) follow 20 to 90 seconds apart. Names, phone numbers and addresses that the labels
mark are what a stranger typed: claims, from the turn on in which they were said.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from channels.imports.imported import Imported, Refusal, Unreadable, attempt, checked, in_order
from channels.imports.times import ANCHOR, days_from, turn_times
from identity.customers import ClaimedIdentifier, ContactClaim
from timeline.interactions import Interaction, InvalidField

MAX_TURNS: Final = 1000
MAX_RECORD: Final = 64 * 1024
_COLUMNS: Final = ["conversationId", "turnNumber", "utteranceId", "utterance", "slot-labels", "intent"]
_BEGINS: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\t")
_NAMES: Final = ("name", "username")
_CLAIMS: Final[dict[str, Literal["email", "phone"]]] = {
    "email_address": "email",
    "email": "email",
    "phone_number": "phone",
    "phonenumber": "phone",
    "phone": "phone",
}
_MOST_CLAIMS: Final = 20
_PHONE: Final = re.compile(r"\d{7,15}")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    conversation: str
    turn: int
    utterance: str
    labels: list[str]
    intents: list[str]


class _Speaker:
    """Who somebody says to be, as far as the conversation has come."""

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        self.name: str | None = None
        self.claims: dict[tuple[str, str], ClaimedIdentifier] = {}

    def hear(self, slots: list[tuple[str, list[str]]]) -> None:
        for label, words in slots:
            kind, joined = _CLAIMS.get(label), "".join(words)
            if label in _NAMES:
                self.name = self.name or " ".join(words)
            elif kind and (kind == "email" or _PHONE.fullmatch(joined)) and len(self.claims) < _MOST_CLAIMS:
                self.claims.setdefault((kind, joined), ClaimedIdentifier(kind=kind, value=joined))

    def contact(self) -> ContactClaim:
        return ContactClaim(key=self.conversation, name=self.name, identifiers=list(self.claims.values()))


def read(paths: Iterable[str | Path]) -> Iterator[Imported | Refusal]:
    """Every row of the files: refusals first, then all items by `occurred_at`. The domain is the file's name
    up to its first dash. Raises `Unreadable` where a file cannot be read or is not such a file at all."""
    opened = [(path, _text(path)) for path in map(Path, paths)]
    return in_order(one for path, text in opened for one in _file(path, text))


def _text(path: Path) -> str:
    """The file; bytes that are not UTF-8 become lone surrogates, which refuse their own row only."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from None
    if text.split("\n", 1)[0].rstrip("\r").split("\t") != _COLUMNS:
        raise Unreadable(f"{path}: expected a first line with the columns " + ", ".join(_COLUMNS))
    return text


def _file(path: Path, text: str) -> Iterator[Imported | Refusal]:
    domain = path.name.split(".")[0].split("-")[0]
    bad: list[Refusal] = []
    conversations: dict[str, list[tuple[str, Row]]] = {}
    for number, record in _records(text):
        where = f"{path.name} line {number}"
        row = attempt(where, bad, lambda record=record: _row(record))
        if row:
            conversations.setdefault(row.conversation, []).append((where, row))
    yield from bad
    for id_, rows in conversations.items():
        times = turn_times(days_from(ANCHOR, f"{domain} {id_}", -365, -1), id_, max(r.turn for _, r in rows) + 1)
        speaker = _Speaker(id_)
        for where, row in sorted(rows, key=lambda placed: placed[1].turn):
            yield checked(where, _message(domain, row, times[row.turn], speaker))


def _records(text: str) -> Iterator[tuple[int, str]]:
    """Records with the number of their first line. A record goes on over line ends while a quote is open, but
    never past a line that begins as a record does: a quote left open spoils one record and not the rest."""
    begun, first = "", 0
    for number, line in enumerate(text.split("\n")[1:], 2):
        if begun and (_BEGINS.match(line) or len(begun) > MAX_RECORD):
            yield first, begun
            begun = ""
        if not begun and not line.strip():
            continue
        begun, first = (f"{begun}\n{line}", first) if begun else (line, number)
        if begun.count('"') % 2 == 0:
            yield first, begun.rstrip("\r")
            begun = ""
    if begun:
        yield first, begun


def _row(record: str) -> Row:
    if len(record) > MAX_RECORD:
        raise InvalidField("", f"longer than {MAX_RECORD} characters")
    try:
        fields = next(csv.reader([record], delimiter="\t", strict=True))
    except csv.Error as error:
        raise InvalidField("", f"not a row: {error}") from None
    if len(fields) != len(_COLUMNS):
        raise InvalidField("", f"expected {len(_COLUMNS)} columns and found {len(fields)}")
    conversation, turn, _, utterance, labels, intents = fields
    if not conversation.strip():
        raise InvalidField("conversationId", "expected an id")
    if not utterance.strip():
        raise InvalidField("utterance", "empty")
    return Row(
        conversation=conversation,
        turn=_number(turn),
        utterance=utterance,
        labels=labels.split(" "),
        intents=[intent for intent in intents.split("<div>") if intent],
    )


def _number(text: str) -> int:
    """`4` and, as some of the files write it, `4.0`."""
    match = re.fullmatch(r"(\d{1,4})(?:\.0)?", text)
    if not match or int(match[1]) > MAX_TURNS:
        raise InvalidField("turnNumber", f"expected a number from 0 to {MAX_TURNS}")
    return int(match[1])


def _message(domain: str, row: Row, at: datetime, speaker: _Speaker) -> Interaction:
    slots = _slots(row)
    speaker.hear(slots)
    data: dict[str, Any] = {"domain": domain, "turn": row.turn, "intents": row.intents}
    if slots:
        data["slots"] = [{"label": label, "value": " ".join(words)} for label, words in slots]
    return Interaction(
        source=f"multidogo-{domain}",
        source_id=f"{row.conversation}/{row.turn}",
        kind="message",
        channel="chat",
        direction="inbound",
        occurred_at=at,
        contact=speaker.contact(),
        conversation=row.conversation,
        body=" ".join(row.utterance.split()),
        data=data,
    )


def _slots(row: Row) -> list[tuple[str, list[str]]]:
    """Runs of words with one label. Labels that do not fit the words are left aside: the words still
    count."""
    words = row.utterance.split(" ")
    found: list[tuple[str, list[str]]] = []
    before = "O"
    for word, label in zip(words, row.labels, strict=False) if len(words) == len(row.labels) else ():
        if label != "O" and label == before:
            found[-1][1].append(word)
        elif label != "O":
            found.append((label, [word]))
        before = label
    return found
