"""What a section of the settings is: what it lists, what it asks for, and what can be done to each thing in it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from app.access import Right
from app.console.pages import Visit
from app.console.sections.fields import Field

Row = dict[str, Any]
CellKind = Literal["text", "when", "who", "words", "list", "yes", "code", "count", "size", "look", "json"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One thing told of a row: `name` is its path; `look` what its value is looked up under; `tones` say which values
    are good or bad; `link` makes an address of the value."""

    name: str
    label: str
    kind: CellKind = "text"
    look: str = ""
    tones: Mapping[str, str] = {}
    link: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Which version something is, and who decided it when."""

    version: int | None = None
    actor: str | None = None
    at: datetime | None = None
    reason: str | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[Row]
    next: str | None = None
    standing: Standing = Standing()


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What comes with every form: its own name, the version that was seen, and why."""

    once: str
    version: str = ""
    reason: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. What is `shown` is shown this once; `goes` is where one goes on, `words` what is said."""

    words: str = ""
    goes: str = ""
    shown: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows beside a thing: `links` makes a row's address; `text` is shown as it is, as text."""

    title: str
    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    empty: str = ""
    links: Callable[[Row], str] | None = None
    text: str | None = None
    more: str = ""


class Previewed(msgspec.Struct, frozen=True, kw_only=True):
    """What would be otherwise, and at whom that was looked."""

    words: str
    tables: Sequence[Table]


class Source(Protocol):
    """Where a section's things come from. Every method raises what the API raises."""

    async def rows(self, visit: Visit, query: Mapping[str, Any]) -> Listed: ...

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]: ...

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:
        """The new one's key, and what the API said."""
        ...

    async def change(self, visit: Visit, key: str, before: Row, after: Row, said: Said) -> Row: ...

    def path_of(self, field: str, key: str) -> str:
        """An error's field, as a path in the form."""
        ...


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is done to a thing, after saying `words`: what will happen. `when` says of which things it can be
    done; `typed` is what must be typed first; `foresees` says what will happen to this one."""

    key: str
    label: str
    words: str
    does: Callable[[Visit, str, Row, Said], Awaitable[Done]]
    right: Right
    fields: tuple[Field, ...] = ()
    danger: bool = False
    typed: str = ""
    when: Callable[[Row], bool] = bool
    foresees: Callable[[Visit, str], Awaitable[list[str]]] | None = None


Adjust = Callable[[Row], Row]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section. With `columns` it lists things, without it is one form. `adding` says what makes one; `ways` are
    the kinds of things that it makes, each with its own form."""

    key: str
    group: str
    title: str
    words: str
    source: Source
    reads: Right = "read"
    writes: Right | None = None
    adds: bool = False
    changes: bool = False
    adding: str = ""
    ways: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    sure: str = ""
    """What somebody must say to be sure of before this is saved."""
    columns: tuple[Column, ...] = ()
    fields: tuple[Field, ...] = ()
    facts: tuple[Column, ...] = ()
    actions: tuple[Action, ...] = ()
    name: str = "name"
    id: str = "id"
    looks: frozenset[str] = frozenset()
    empty: str = ""
    filters: tuple[Field, ...] = ()
    reasons: bool = False
    fields_for: Callable[[Mapping[str, Any]], tuple[Field, ...]] | None = None
    """The fields of this very thing, where they depend on what it is."""
    adjust: Adjust = dict
    """What was read from the form, as the API takes it."""
    shows: Adjust = dict
    """What the API said, as the form shows it."""
    depth: int = 1
    beside: Callable[[Visit, Row], Awaitable[list[Table]]] | None = None
    previews: Callable[[Visit, str, Row], Awaitable[Previewed]] | None = None
    """What this would have made of the past, of the thing with this key, before it is saved."""
    wrong: str = ""
    """Where a thing says what is wrong with it, a sentence each."""
    once: tuple[tuple[str, str], ...] = ()
    """What is shown once after one was made: its name in the answer, and what it is."""
    after: str = ""
    """What to say with it."""

    def asks(self, about: Mapping[str, Any]) -> tuple[Field, ...]:
        return self.fields_for(about) if self.fields_for is not None else self.fields
