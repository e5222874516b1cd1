"""How documents and questions become PostgreSQL's `tsvector` and `tsquery`: what is a word, at which place it stands,
and what a question asks of words and facts.

Every lexeme among the words begins with a mark of its workspace and generation, so that the lists of one index hold
nothing of another's, however common a word is there. Behind the mark stands a word, or `#` and an id, `@` and a person,
`!` and a ticket's id. Nothing that a caller writes reaches the text unquoted.
"""

import base64
import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from search.documents import Document
from search.engine import Filters, Word

LANGUAGES: Final = (
    "english",
    "german",
    "french",
    "spanish",
    "italian",
    "portuguese",
    "dutch",
    "swedish",
    "danish",
    "finnish",
    "russian",
    "turkish",
)
"""Whose words are also found by their stems, and whose stop words tell a text's language."""
STOP: Final = ""
"""In place of the stem of a stop word."""
Stems = Mapping[str, tuple[str, ...]]
"""For each word its stem in each of `LANGUAGES`."""

MARK: Final = 4
MOST_WORDS: Final = 8_000
"""Of a document: what comes after is not found by words."""
LONGEST: Final = 64
LONGEST_VALUE: Final = 400
_FEWEST_STOPS: Final = 2
_FARTHEST: Final = 16_000

_APOSTROPHES: Final = re.compile(r"(?<=\w)['’ʼ](?=(?:s|t|d|m|re|ve|ll)\b)")
_UNSPACED: Final = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN: Final = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_FIRST_UNSPACED: Final = re.compile(rf"[{_UNSPACED}]")
_MIXED: Final = re.compile(r"[^\W\d_]{2,}|\d{2,}")
_LEXEME: Final = re.compile(r"'((?:[^']|'')*)'")
_DOUBLED: Final = re.compile(r"('|\\)\1")
_DOT: Final = "\u0307"
"""What small letters leave of `İ` besides an `i`: no letter, and no end of a word."""
_OTHERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "\x00": " "})

LETTERS: Final = {
    "kind": "k",
    "channel": "c",
    "direction": "d",
    "status": "s",
    "queue": "q",
    "tag": "t",
    "agent": "a",
    "outcome": "o",
}
INTERNAL: Final = "i"


def mark(workspace: bytes, generation: int) -> str:
    """What the lexemes of one index begin with. Two indexes may share one: then they share lists, and no document."""
    made = hashlib.blake2b(workspace + generation.to_bytes(8, "big", signed=True), digest_size=5).digest()
    return base64.b32encode(made).decode()[:MARK].lower()


def words_of(text: str) -> list[str]:
    """The words of a text in their order, as typed but in small letters; scripts without blanks by pairs of signs."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).casefold().replace(_DOT, ""))
    found: list[str] = []
    for token in _TOKEN.findall(plain):
        if _FIRST_UNSPACED.match(token):
            found.extend(token[at : at + 2] for at in range(max(1, len(token) - 1)))
        else:
            found.append(token[:LONGEST])
        if len(found) >= MOST_WORDS:
            break
    return found


def folded(word: str) -> str:
    """Without accents."""
    if word.isascii():
        return word
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))
    return plain.translate(_OTHERS)


def language_of(words: Iterable[str], stems: Stems) -> int:
    """The number of the language whose stop words stand there most; English where none stands out."""
    hits = [0] * len(LANGUAGES)
    for word in words:
        if STOP in (found := stems[word]):
            for at, stem in enumerate(found):
                hits[at] += stem == STOP
    best = max(hits)
    return hits.index(best) if best >= _FEWEST_STOPS else 0


def words_vector(document: Document, marked: str, stems: Stems) -> str:
    """A document's words as the text of a tsvector: title A, people B, text D; ids, people and tickets whole."""
    places: dict[str, list[str]] = {}
    title, text = words_of(document.title), words_of(document.text)
    people = [word for value in document.people for word in words_of(value)]
    language = language_of([*title, *text], stems)
    start = 1
    for words, weight in ((title, "A"), (people, "B"), (text, "")):
        for at, word in enumerate(words, start):
            place = f"{min(at, _FARTHEST)}{weight}"
            for form in _forms(word, stems[word][language]):
                places.setdefault(form, []).append(place)
        start += len(words) + 10 if words else 0
    parts = [f"{_quoted(marked + word)}:{','.join(found[:200])}" for word, found in places.items()]
    parts += [_whole(marked, "#", one) for one in document.idents]
    parts += [_whole(marked, "@", one) for one in document.people]
    parts += [_whole(marked, "!", one) for one in document.facts.tickets]
    return " ".join(parts)


def _forms(word: str, stem: str) -> set[str]:
    """How one word is found: as it is, by its stem, and by what is letters and what is digits in it."""
    plain = folded(word)
    forms = {plain}
    if stem != STOP:
        forms.add(folded(stem))
    if not plain.isalpha() and not plain.isdigit():
        forms.update(_MIXED.findall(plain))
    return forms


def all_words(document: Document) -> Iterator[str]:
    """What stems are needed of."""
    yield from words_of(document.title)
    yield from words_of(document.text)
    for value in document.people:
        yield from words_of(value)


def facts_vector(document: Document) -> str:
    """What a document is filtered by and counted, as the text of a tsvector."""
    facts = document.facts
    many = {"status": facts.statuses, "queue": facts.queues, "tag": facts.tags, "agent": facts.agents}
    values = [("kind", document.kind), ("channel", document.channel), ("direction", document.direction)]
    values += [(name, value) for name, held in many.items() for value in held]
    values += [("outcome", value) for value in facts.outcomes]
    parts = [_quoted(_fact(name, value)) for name, value in values if value]
    return " ".join([*parts, *([_quoted(INTERNAL)] if document.internal else [])])


@functools.lru_cache(maxsize=4_096)
def facts_in(text: str) -> tuple[tuple[str, str], ...]:
    """Facts as they come back from a tsvector: each its letter and its value."""
    plain = (_DOUBLED.sub(r"\1", one) for one in _LEXEME.findall(text))
    return tuple((one[0], one[2:]) for one in plain if one[1:2] == ":")


def facts_query(filters: Filters) -> str | None:
    """What the facts must be, as the text of a tsquery; None: anything."""
    parts = [_any(_quoted(fact) for fact in facts) for facts in facts_asked(filters)]
    return _every([*parts, *([] if filters.internal else [f"!{_quoted(INTERNAL)}"])])


def facts_asked(filters: Filters) -> list[list[str]]:
    """Of each group one fact must hold."""
    asked = {
        "kind": filters.kinds,
        "channel": filters.channels,
        "direction": filters.directions,
        "status": filters.statuses,
        "queue": filters.queues,
        "tag": filters.tags,
        "agent": filters.agents,
        "outcome": filters.outcomes,
    }
    return [[_fact(name, value) for value in sorted(values)] for name, values in asked.items() if values]


def held_query(filters: Filters, marked: str) -> str | None:
    """What is kept among the words and filtered by: ids, people, tickets."""
    asked = (("#", filters.idents), ("@", filters.people), ("!", filters.tickets))
    return _every(_any(_whole(marked, sign, one) for one in sorted(values)) for sign, values in asked if values)


def ident_query(ident: str, marked: str) -> str:
    return _whole(marked, "#", ident)


def word_query(word: Word, marked: str, stems: Stems) -> str | None:
    """Any form of a word in any language, or of one that it may have been meant for; None: there is no word in it. One
    sign of a script without blanks stands in pairs."""
    forms = [_all_forms(text, marked, stems) for text in (word.text, *word.instead)]
    typed = words_of(word.text)
    if typed and (word.prefix or (len(typed[0]) == 1 and _FIRST_UNSPACED.match(typed[0]))):
        begins = f"{_quoted(marked + folded(typed[-1]))}:*"
        before = [_quoted(marked + folded(one)) for one in typed[:-1]]
        forms.append(f"({' <-> '.join([*before, begins])})")
    return _any(form for form in forms if form)


def _all_forms(text: str, marked: str, stems: Stems) -> str | None:
    """Of a text that is several words: these behind one another."""
    words = [_any(_quoted(marked + form) for form in sorted(word_forms(one, stems))) for one in words_of(text)]
    found = [one for one in words if one]
    return f"({' <-> '.join(found)})" if len(found) > 1 else found[0] if found else None


def word_forms(word: str, stems: Stems) -> set[str]:
    return {folded(word), *(folded(stem) for stem in stems[word] if stem != STOP)}


def phrase_query(phrase: str, marked: str) -> str | None:
    """The words as they are, behind one another."""
    words = [_quoted(marked + folded(word)) for word in words_of(phrase)]
    return f"({' <-> '.join(words)})" if words else None


def every(queries: Iterable[str | None]) -> str | None:
    return _every([query for query in queries if query])


def any_of(queries: Iterable[str | None]) -> str | None:
    return _any(query for query in queries if query)


def _any(queries: Iterable[str]) -> str | None:
    found = list(dict.fromkeys(queries))
    return f"({' | '.join(found)})" if len(found) > 1 else found[0] if found else None


def _every(queries: Iterable[str | None]) -> str | None:
    found = [query for query in queries if query]
    return f"({' & '.join(found)})" if len(found) > 1 else found[0] if found else None


def _whole(marked: str, sign: str, value: str) -> str:
    return _quoted(f"{marked}{sign}{value[:LONGEST_VALUE]}")


def _fact(name: str, value: str) -> str:
    return f"{LETTERS[name]}:{value[:LONGEST_VALUE]}"


def _quoted(lexeme: str) -> str:
    """As one lexeme, whatever is in it."""
    plain = lexeme.replace("\x00", "").replace("\\", "\\\\").replace("'", "''")
    return f"'{plain}'"
