"""A form of a section on its way: opened, sent, refused with words at its fields, or done."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Said, Section
from app.console.sections.fields import (
    Control,
    Field,
    Taken,
    Typed,
    controls_of,
    place_of,
    taken,
    typed_of,
)
from app.console.sections.looking import Looked, look
from app.console.sections.showing import Shown, shown_table
from app.errors import Problem, problem_of

MOST_SENT: Final = 6_000
_OURS: Final = ("once", "version", "was", "why", "typed", "must", "preview")
RAISED: Final = frozenset({401, 403, 500})
"""What is a page of its own: everything else is said at the form, with what was typed."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What it would make of the past, as it is shown."""

    words: str
    tables: list[Shown]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it is shown. `faults` are by control, `fault` is about the whole."""

    controls: list[Control]
    once: str
    version: str = ""
    was: str = ""
    reason: str = ""
    fault: str = ""
    status: int = 200
    typed: str = ""
    preview: Preview | None = None

    @property
    def faulty(self) -> list[Control]:
        """The controls at fault, in order, for the summary on top."""
        return [one for top in self.controls for one in _every(top) if one.fault]


def _every(control: Control) -> list[Control]:
    return [control, *(one for row in control.rows for cell in row for one in _every(cell))]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A form that came in. `before` is what it was opened with, `typed` what must be typed for what is dangerous."""

    said: Said
    entered: Typed
    read: Taken
    before: dict[str, Any]
    was: str
    typed: str
    preview: bool
    """Whether it is not to be saved, and only shown what it would change."""
    must: str
    """What the form asked to be typed: it may be gone by now, where the form was sent before."""


def looks_of(fields: tuple[Field, ...]) -> set[str]:
    inner = {one.look for field in fields for one in field.columns if one.look}
    return {field.look for field in fields if field.look} | inner


async def opened(visit: Visit, fields: tuple[Field, ...], data: Mapping[str, Any], version: int | None = None) -> Form:
    """The form that shows this."""
    looked, zone = await look(visit, looks_of(fields)), visit.who and visit.who.clock
    typed = typed_of(fields, data, zone)
    controls = controls_of(fields, typed, looked, {}, more=1)
    was = msgspec.json.encode(typed).decode()
    return Form(controls=controls, once=visit.new_name(), version="" if version is None else str(version), was=was)


async def sent(visit: Visit, fields: tuple[Field, ...]) -> Sent:
    """Read what came in. Raises the 400 and the 403 for what is no form of ours."""
    lists = await visit.form_lists(MOST_SENT)
    ours = {name: lists.pop(name, [""])[-1] for name in _OURS}
    zone = visit.who and visit.who.clock
    try:
        was = msgspec.json.decode(ours["was"] or "{}", type=dict[str, list[str]])
    except msgspec.MsgspecError:
        was = {}
    said = Said(once=ours["once"], version=ours["version"], reason=ours["why"].strip())
    return Sent(
        said=said,
        entered=lists,
        read=taken(fields, lists, zone),
        before=taken(fields, was, zone).values if was else {},
        was=ours["was"],
        typed=ours["typed"].strip(),
        must=ours["must"].strip(),
        preview=bool(ours["preview"]),
    )


async def previewed(visit: Visit, section: Section, key: str, fields: tuple[Field, ...], came: Sent) -> Form:
    """The form as it was typed, with what it would make of the past. Raises what the API raises."""
    assert section.previews is not None
    found = await section.previews(visit, key, section.adjust(came.read.values))
    looked = await look(visit, {column.look for table in found.tables for column in table.columns if column.look})
    tables = [shown_table(table, looked) for table in found.tables]
    form = await refused(visit, fields, came, None, lambda field: field)
    return msgspec.structs.replace(form, status=200, preview=Preview(words=found.words, tables=tables))


async def refused(visit: Visit, fields: tuple[Field, ...], came: Sent, error: Exception | None, path: Any) -> Form:
    """The form again, with everything that was typed. Raises what is no form's fault."""
    faults, fault, status, version = dict(came.read.faults), "", 422, came.said.version
    if error is not None:
        problem = problem_of(error)
        if problem.status in RAISED:
            raise error
        status = problem.status
        faults, fault = _placed(problem, fields, came, path)
        if problem.code == "stale":
            version = str(problem.fields[0].words.rpartition(" ")[2]) if problem.fields else version
    looked: Looked = await look(visit, looks_of(fields))
    return Form(
        controls=controls_of(fields, came.entered, looked, faults, more=1),
        once=visit.new_name(),
        version=version,
        was=came.was,
        reason=came.said.reason,
        fault=fault or (_("Nothing was saved yet: look at what is marked.") if faults else ""),
        status=status,
        typed=came.typed,
    )


def _placed(problem: Problem, fields: tuple[Field, ...], came: Sent, path: Any) -> tuple[dict[str, str], str]:
    """The words of an error at the controls that they are about, and what is about no control."""
    if problem.code == "stale":
        return {}, _(
            "Somebody changed this while you were at it. Nothing of yours was saved or lost: look at what it is now in "
            "another tab, and save again to put yours in its place."
        )
    if problem.code == "idempotency_key_reused":
        return {}, _("This form was sent before with other values. Send it again if this is what you want.")
    if problem.status == 404:
        return {}, _("Something that is named here is not there any more. Nothing was saved.")
    faults: dict[str, str] = {}
    rest: list[str] = []
    for one in problem.fields:
        place = place_of(path(one.field), fields, came.read.order)
        if place:
            faults[place] = _sentence(one.words)
        else:
            where = _in_words(path(one.field))
            rest.append(_sentence(f"{where}: {one.words}" if where else one.words))
    return faults, " ".join(rest) or ("" if faults else _sentence(problem.detail))


def _in_words(path: str) -> str:
    """What a path of the API ends in, for whoever knows the form alone."""
    *_way, last = re.findall(r"[^.\[\]]+", path) or [""]
    return _("No. %(number)s", number=int(last) + 1) if last.isdecimal() else last.replace("_", " ")


def _sentence(words: str) -> str:
    words = words.strip().replace("`", "")
    words = words[:1].upper() + words[1:]
    return words if words.endswith((".", "!", "?")) else f"{words}."
