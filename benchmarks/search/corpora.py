"""What is searched, and what of it each question should find: the public sets where they are present."""

import csv
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from channels.imports import tau_airline, tau_retail
from channels.imports.imported import Imported
from search.query import pieces

DATA: Final = Path(__file__).parents[3] / "shared" / "data"
FEWEST_LETTERS: Final = 4
_WORD: Final = re.compile(r"[a-z]+")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`answers` are the source ids of which any is right; `ideal` is how many of them there are (at least one)."""

    text: str
    answers: frozenset[str]
    ideal: int = 1


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it is looked for."""

    name: str
    key: str
    who: str | None
    object: str | None
    mail: str | None
    text: str
    spoken: bool


# -- the same intent ---------------------------------------------------------------------------------------------------


def banking(part: str) -> list[tuple[str, str, str]]:
    """Source id, text and intent of each question to a bank's support."""
    with (DATA / "banking77" / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        return [(f"{part}-{at}", row["text"], row["category"]) for at, row in enumerate(csv.DictReader(file))]


def banking_items() -> Iterator[dict[str, Any]]:
    for name, text, _ in banking("train"):
        yield _message(name, text)


def banking_questions(limit: int | None, mistype: Callable[[str], str]) -> list[Question]:
    by_intent: dict[str, set[str]] = {}
    for name, _, intent in banking("train"):
        by_intent.setdefault(intent, set()).add(name)
    answers = {intent: frozenset(names) for intent, names in by_intent.items()}
    asked = some(banking("test"), limit)
    return [
        Question(text=mistype(text), answers=answers[intent], ideal=len(answers[intent])) for _, text, intent in asked
    ]


def strangers(limit: int | None) -> list[Question]:
    """What people ask an airline, an insurance or a cinema: nothing that a bank has heard of."""
    found: list[str] = []
    for domain in ("airline", "fastfood", "insurance", "media", "software"):
        path = DATA / "multidogo" / f"{domain}-train.tsv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            texts = [row["utterance"] for row in rows if row["utterance"] and len(row["utterance"].split()) > 4]
        found += some(texts, 200)
    return [Question(text=text, answers=frozenset()) for text in some(found, limit)]


# -- known items -------------------------------------------------------------------------------------------------------


def shops() -> list[dict[str, Any]]:
    """Orders, reservations and chats of the two shops, in the API's shape."""
    read = (*tau_retail.read(DATA / "tau-retail"), *tau_airline.read(DATA / "tau-airline"))
    items = [one.item for one in read if isinstance(one, Imported)]
    return [msgspec.to_builtins(item) for item in items]


def texts_of(items: Sequence[dict[str, Any]]) -> list[Text]:
    return [_text(item) for item in items]


def by_id(texts: Sequence[Text], spell: Callable[[str], str]) -> list[Question]:
    """Each order and reservation by its id, in some spelling: what tells of it or names it is right."""
    names = sorted({text.object for text in texts if text.object and "@" not in text.object})
    told = _naming(texts, names)
    return [Question(text=spell(name), answers=frozenset(told[name]), ideal=len(told[name])) for name in names]


def by_address(texts: Sequence[Text]) -> list[Question]:
    """People by a part of their address: what stands before the @, without the last letters."""
    found: dict[str, set[str]] = {}
    for text in texts:
        if text.mail and "@" in text.mail:
            found.setdefault(text.mail.partition("@")[0], set()).add(text.name)
    return [Question(text=part, answers=frozenset(names)) for part, names in sorted(found.items())]


def by_phrase(texts: Sequence[Text], seed: int) -> list[Question]:
    """Chats by five words behind one another, in quotes."""
    rng, said = random.Random(seed), [text for text in texts if text.spoken and len(text.text.split()) > 9]
    asked: list[Question] = []
    plain = {text.name: f" {' '.join(pieces(text.text))} " for text in texts}
    for text in rng.sample(said, min(300, len(said))):
        words = text.text.replace('"', " ").split()
        at = rng.randrange(max(1, len(words) - 5))
        phrase = " ".join(words[at : at + 5])
        holds = {name for name, told in plain.items() if f" {' '.join(pieces(phrase))} " in told}
        asked.append(Question(text=f'"{phrase}"', answers=frozenset(holds)))
    return asked


def by_rare_words(texts: Sequence[Text], mistype: Callable[[str], str], seed: int) -> list[Question]:
    """Chats by their three rarest words: what holds all three is right."""
    words = {text.name: set(_WORD.findall(text.text.lower())) for text in texts}
    holding = Counter(word for held in words.values() for word in held)
    said = [text for text in texts if text.spoken]
    asked: list[Question] = []
    for text in random.Random(seed).sample(said, min(400, len(said))):
        own = [word for word in words[text.name] if len(word) > FEWEST_LETTERS]
        rare = sorted(own, key=lambda word: (holding[word], word))[:3]
        if len(rare) == 3:
            holds = frozenset(name for name, held in words.items() if held.issuperset(rare))
            asked.append(Question(text=mistype(" ".join(rare)), answers=holds))
    return asked


def by_name(texts: Sequence[Text], mistype: Callable[[str], str]) -> list[Question]:
    """People by their name with a typo."""
    found: dict[str, set[str]] = {}
    for text in texts:
        if text.who and " " in text.who:
            found.setdefault(text.who, set()).update((text.name, text.key))
    return [Question(text=mistype(who), answers=frozenset(names)) for who, names in sorted(found.items())]


def _naming(texts: Sequence[Text], names: Sequence[str]) -> dict[str, set[str]]:
    told: dict[str, set[str]] = {name: set() for name in names}
    plain = {name.strip("#").lower(): name for name in names}
    for text in texts:
        said = {text.object or ""} | {plain[one] for one in re.findall(r"[a-z0-9]+", text.text.lower()) if one in plain}
        for name in said & told.keys():
            told[name].add(text.name)
    return told


def _text(item: dict[str, Any]) -> Text:
    said = [item.get("subject") or "", item.get("body") or ""]
    thing, spoken = item.get("object"), item["kind"] in ("message", "note")
    person = item["contact"]
    if not spoken:
        said.append(json.dumps([item.get("data"), thing and thing.get("state")]))
    mail = next((one["value"] for one in person.get("identifiers") or () if one["kind"] == "email"), None)
    return Text(
        name=item["source_id"],
        key=person.get("key") or item["source_id"],
        who=person.get("name"),
        object=thing["id"] if thing else None,
        mail=mail,
        text=" ".join(said),
        spoken=spoken,
    )


def _message(name: str, text: str) -> dict[str, Any]:
    return {
        "source": "bench",
        "source_id": name,
        "kind": "message",
        "channel": "chat",
        "direction": "inbound",
        "occurred_at": "2026-01-01T09:00:00Z",
        "contact": {"key": name},
        "body": text,
    }


def some(items: Sequence[Any], limit: int | None) -> list[Any]:
    return list(items) if limit is None or limit >= len(items) else random.Random(5).sample(list(items), limit)
