"""How rows are shown: cells with their words and tones, what differs between two versions. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.console.language import _
from app.console.sections.declared import Column, Row, Table
from app.console.sections.fields import Choice, Field, flat, value_at
from app.console.sections.looking import name_of


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: text, or a time."""

    text: str = ""
    at: datetime | None = None
    tone: str = ""
    href: str = ""
    code: bool = False
    number: bool = False


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What a version changed in one field."""

    label: str
    before: str
    after: str


Looked = Mapping[str, Sequence[Choice]]


def cells_of(columns: Iterable[Column], row: Row, looked: Looked) -> list[Cell]:
    return [_cell(column, value_at(row, column.name), looked) for column in columns]


def _cell(column: Column, value: Any, looked: Looked) -> Cell:
    named = {name: list(there) for name, there in looked.items()}
    href = column.link.format(value) if column.link and value else ""
    if value is None or value in ("", []):
        return Cell(text=column.tones.get("", "") and "", tone="")
    if column.kind == "when":
        return Cell(at=datetime.fromisoformat(str(value)))
    if column.kind == "who":
        return Cell(text=name_of(named, "actors", str(value)))
    if isinstance(value, bool):
        said = "true" if value else "false"
        return Cell(text=_("yes") if value else _("no"), tone=column.tones.get(said, ""))
    if column.kind == "json":
        return Cell(text=msgspec.json.encode(value).decode(), code=True)
    if column.kind == "count" or column.kind == "size":
        number = len(value) if isinstance(value, list | dict) else value
        return Cell(text=f"{number:,}", number=True)
    texts = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    if column.look:
        texts = [name_of(named, column.look, one) for one in texts]
    if column.kind == "words":
        texts = [one.replace("_", " ") for one in texts]
    tone = column.tones.get(str(value), "") if not isinstance(value, list) else ""
    return Cell(text=", ".join(texts), tone=tone, href=href, code=column.kind == "code")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A table ready to be written: each row with its address, empty where it has none."""

    title: str
    heads: list[Column]
    rows: list[tuple[str, list[Cell]]]
    empty: str
    text: str | None
    more: str


def shown_table(table: Table, looked: Looked) -> Shown:
    links = table.links or (lambda _row: "")
    rows = [(links(row), cells_of(table.columns, row, looked)) for row in table.rows]
    return Shown(
        title=table.title, heads=list(table.columns), rows=rows, empty=table.empty, text=table.text, more=table.more
    )


def differences(before: Any, after: Any, fields: Iterable[Field]) -> list[Difference]:
    """What is another than before, by the labels of the form."""
    labels = {field.name: field.label for field in fields}
    was, now = dict(flat(before)), dict(flat(after))
    return [
        Difference(label=labels.get(path, path), before=_plain(was.get(path)), after=_plain(now.get(path)))
        for path in sorted({*was, *now}, key=lambda one: (list(labels).index(one) if one in labels else 99, one))
        if was.get(path) != now.get(path)
    ]


def _plain(value: Any) -> str:
    if value is None or value == [] or value == {}:
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
