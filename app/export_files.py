"""A person's export as a file: JSON for programs, or an HTML page for people. Written as it is read, a line a piece."""

import html
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.exporting import SECTIONS, Contact, Decision, Export, Head, Kept, KeptFile, Piece, Said, Section
from identity.customers import ContactClaim
from timeline.object_reading import ListedObject
from timeline.tickets.reading import TicketView

Write = Callable[[str], object]
_claim: Final = msgspec.json.Decoder(ContactClaim | None)
_NONE: Final = "<p class=none>Nothing.</p>\n"


async def write_json(export: Export, write: Write) -> int:
    """One object: the head's fields, then a list a section. Returns how many pieces there were."""
    write(msgspec.json.encode(export.head).decode()[:-1])
    written = 0
    async for section, pieces in _sections(export):
        write(f',\n"{section}": [')
        first = True
        async for piece in pieces:
            write(("\n" if first else ",\n") + _json(piece))
            first = False
            written += 1
        write("]" if first else "\n]")
    write("}\n")
    return written


async def write_page(export: Export, write: Write) -> int:
    """A page that needs nothing else: no script, no address of another place. Returns how many pieces there were."""
    write(_opening(export.head))
    written = 0
    async for section, pieces in _sections(export):
        title, before, after = _SECTIONS[section]
        write(f"<section>\n<h2>{title}</h2>\n")
        first = True
        async for piece in pieces:
            write((before if first else "") + _html(piece))
            first = False
            written += 1
        write((_NONE if first else after) + "</section>\n")
    write("</body>\n</html>\n")
    return written


async def _sections(export: Export) -> AsyncIterator[tuple[Section, AsyncIterator[Piece]]]:
    """Every section with its pieces; one is to be read to its end before the next."""
    stream = export.pieces()
    waiting: list[tuple[Section, Piece]] = []

    async def of(section: Section) -> AsyncIterator[Piece]:
        while True:
            found = waiting.pop() if waiting else await anext(stream, None)
            if found is None:
                return
            if found[0] != section:
                waiting.append(found)
                return
            yield found[1]

    for section in SECTIONS:
        yield section, of(section)


def _json(piece: Piece) -> str:
    if isinstance(piece, Said):
        return f'{msgspec.json.encode(piece.item).decode()[:-1]},"contact":{bytes(piece.contact).decode()}}}'
    return msgspec.json.encode(piece).decode()


_STYLE: Final = """\
:root{color-scheme:light dark;--ink:#1c2326;--soft:#5b676d;--line:#d5dbde;--paper:#fff;--inset:#f3f5f6;--in:#2f6f8f;
--out:#4d7a3a;--own:#8a6d2f}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaec;--soft:#9aa7ad;--line:#39434a;--paper:#171c1f;--inset:#20272b;
--in:#7fbcd9;--out:#9cc789;--own:#d6b871}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:56rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.15rem;margin:2.5rem 0 .6rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:0}
p{margin:.3rem 0}
th,td{overflow-wrap:break-word}.told{font-size:.86rem}
.soft,.told,.none,th,dt{color:var(--soft);font-weight:400}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line)}
article{padding:.7rem 0 .7rem .9rem;border-left:3px solid var(--line);margin:.7rem 0;break-inside:avoid-page}
article.inbound{border-color:var(--in)}article.outbound{border-color:var(--out)}article.internal{border-color:var(--own)}
article.change{padding:.1rem 0 .1rem .9rem;margin:.3rem 0;font-size:.92rem}
.meta{display:flex;flex-wrap:wrap;gap:0 .8rem;color:var(--soft);font-size:.86rem}
.said{white-space:pre-wrap;margin:.4rem 0 0}
pre{margin:.5rem 0 0;padding:.5rem .7rem;background:var(--inset);font-size:.82rem;line-height:1.4;white-space:pre-wrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.4rem 0 0;font-size:.92rem}
dd{margin:0}
@media print{body{max-width:none;padding:0;font-size:11pt}h2{break-after:avoid}tr{break-inside:avoid}}
"""


def _opening(head: Head) -> str:
    name = head.name or "A customer without a name"
    also = (
        f"<p class=soft>Also known here as {_text(', '.join(map(str, head.absorbed)))}</p>\n" if head.absorbed else ""
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{_text(name)}: all that is held'
        '</title>\n<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>{_text(name)}</h1>\n<p class=soft>All that "
        f"{_text(head.workspace)} holds about this person, as of {_when(head.exported_at)}. Customer "
        f"{head.customer_id}. All times are UTC.</p>\n{also}"
    )


def _table(title: str, *columns: str) -> tuple[str, str, str]:
    cells = "".join(f"<th>{column}</th>" for column in columns)
    return title, f"<table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n", "</tbody>\n</table>\n"


_SECTIONS: Final[dict[Section, tuple[str, str, str]]] = {
    "contacts": ("Who it is", "", ""),
    "decisions": _table("Decisions about who it is", "When", "What", "By", "Why"),
    "tickets": _table("Tickets", "Number", "Subject", "Status", "Opened", "Items"),
    "objects": _table("Orders and other objects", "Object", "Status", "As of", "State"),
    "events": ("Everything that happened", "", ""),
    "files": _table("Files", "Name", "Type", "Bytes", "SHA-256"),
    "deliveries": ("As it was delivered", "", ""),
    "quarantine": ("What could not be understood", "", ""),
}


def _html(piece: Piece) -> str:
    match piece:
        case Contact():
            return _contact(piece)
        case Decision():
            others = "also about somebody else" if piece.with_others else ""
            undone = ", undone since" if piece.undone else ""
            said = [one["words"] for one in piece.evidence if "words" in one]
            why = "; ".join(one for one in (piece.reason, *said, others) if one)
            return _row(_when(piece.decided_at), _text(_words(piece.kind) + undone), _text(piece.actor), _text(why))
        case TicketView():
            number, subject, opened = str(piece.number), _text(piece.subject or "–"), _when(piece.opened_at)
            return _row(number, subject, _words(piece.status), opened, str(piece.items))
        case ListedObject():
            status = piece.status.label if piece.status else "–"
            return _row(_text(piece.title), _text(status), _when(piece.shown_at), _pre(piece.state))
        case Said():
            return _event(piece)
        case KeptFile():
            return _row(_download(piece), _text(piece.type), str(piece.size), piece.sha256)
        case Kept():
            return _kept(piece)


def _contact(contact: Contact) -> str:
    rows = [("Source", f"{contact.source}, {contact.key}"), ("Since", _when(contact.created_at))]
    for one in contact.identifiers:
        sure = "verified" if one.verified else "claimed"
        rows.append((_words(one.kind), f"{one.raw} ({sure}{f', {one.scope}' if one.scope else ''})"))
    rows += [(_words(name), value) for name, value in contact.attributes.items()]
    for former in contact.former:
        said = ", ".join([former.name or "", *former.attributes.values()]).strip(", ")
        rows.append(("Earlier", f"{said} (said on {_when(former.said_at)})"))
    cells = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>\n" for name, value in rows)
    return f"<article><h3>{_text(contact.name or 'No name')}</h3>\n<dl>\n{cells}</dl></article>\n"


def _event(said: Said) -> str:
    item = said.item
    where = [_when(item.shown_at), _words(item.kind), item.channel, item.direction]
    where += [f"ticket {ticket.number}" for ticket in item.tickets]
    where += ["erased"] * item.erased
    meta = "".join(f"<span>{_text(part)}</span>" for part in where if part)
    if item.kind == "change":
        title = _words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", item.type))
        return f'<article class="change"><div class="meta">{meta}</div>\n{_text(title)} {_pre(item.data)}</article>\n'
    title = f"<h3>{_text(item.subject)}</h3>\n" if item.subject else ""
    body = f'<p class="said">{_text(item.body)}</p>\n' if item.body else ""
    shape = item.direction or "internal"
    rest = _pre(item.object) + _pre(item.data) + _sender(said.contact)
    return f'<article class="{_text(shape)}"><div class="meta">{meta}</div>\n{title}{body}{rest}</article>\n'


def _sender(said: msgspec.Raw) -> str:
    """What the event said about who it is from, in a line."""
    claim = _claim.decode(said)
    if claim is None or claim == ContactClaim():
        return ""
    told = [claim.name, *(one.value for one in claim.identifiers or ()), *(claim.attributes or {}).values()]
    return f'<p class="told">Person as told: {_text(", ".join(one for one in told if one))}</p>\n'


def _download(file: KeptFile) -> str:
    """The file itself, in an address that goes nowhere."""
    if file.content is None:
        return f"{_text(file.name)} (missing)"
    place = f"data:application/octet-stream;base64,{file.content}"
    return f'<a download="{_text(file.name)}" href="{place}">{_text(file.name)}</a>'


def _kept(kept: Kept) -> str:
    where = (_when(kept.received_at), kept.through, kept.source or "", kept.source_id or "")
    meta = "".join(f"<span>{_text(part)}</span>" for part in where if part)
    return f'<article><div class="meta">{meta}</div>\n<pre>{_text(kept.raw)}</pre></article>\n'


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"


def _pre(raw: msgspec.Raw) -> str:
    lines = "\n".join(_lines(msgspec.json.decode(raw), ""))
    return f"<pre>{_text(lines)}</pre>\n" if lines else ""


def _lines(said: Any, before: str) -> Iterator[str]:
    """JSON as people read it: a name and its value a line, what is inside further in."""
    if not isinstance(said, dict | list):
        yield from () if said is None else (before + _scalar(said),)
        return
    for name, value in said.items() if isinstance(said, dict) else enumerate(said, 1):
        if isinstance(value, dict | list):
            yield f"{before}{name}:"
            yield from _lines(value, f"{before}  ")
        else:
            yield f"{before}{name}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _when(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _text(text: str) -> str:
    return html.escape(text)
