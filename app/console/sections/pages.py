"""The pages of the settings: every section by one set of pages, as its declaration says."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from app.api.calls import Answer
from app.console.language import _
from app.console.pages import Page, Visit, moved, page
from app.console.sections.all import declared, group_names
from app.console.sections.declared import Action, Done, Listed, Row, Section, Standing
from app.console.sections.forms import Form, opened, previewed, refused, sent
from app.console.sections.looking import Looked, look, name_of
from app.console.sections.showing import cells_of, differences, shown_table
from app.errors import Problem
from identity.errors import NotFound


def _notice(code: str) -> str:
    """What was done, said on the page that one comes back to."""
    known = {
        "saved": _("Saved."),
        "added": _("Added."),
        "removed": _("Removed."),
        "done": _("Done."),
        "same": _("Nothing was changed, so nothing was saved."),
    }
    return known.get(code, "")


def _section(visit: Visit) -> Section:
    """The section in the path. Raises `NotFound`, and the 403 in words."""
    wanted = visit.request.path_params["section"]
    found = next((one for one in declared() if one.key == wanted), None)
    if found is None:
        raise NotFound
    if not visit.may(found.reads):
        raise _forbidden(visit)
    return found


def _forbidden(visit: Visit) -> Problem:
    role = visit.who.role if visit.who is not None else visit.caller.role
    words = _("As %(role)s you may not do this here. Somebody who is admin can.", role=role)
    return Problem(403, "forbidden", words)


def _may_write(visit: Visit, section: Section) -> bool:
    return section.writes is not None and visit.may(section.writes)


def _check_write(visit: Visit, section: Section, able: bool) -> None:
    if not able:
        raise NotFound
    if not _may_write(visit, section):
        raise _forbidden(visit)


def _show(visit: Visit, template: str, section: Section | None, status: int = 200, **values: Any) -> Answer:
    offered = [one for one in declared() if visit.may(one.reads)]
    groups = [(name, [one for one in offered if one.group == key]) for key, name in group_names()]
    said = _notice(visit.asked_for.get("done", ""))
    return visit.show(
        template, status=status, groups=[one for one in groups if one[1]], section=section, said=said, **values
    )


def _path(section: Section, key: str = "", action: str = "", **query: str) -> str:
    parts = ["/settings", section.key, *(["of", quote(key, safe="")] if key else []), *([action] if action else [])]
    return "/".join(parts) + (f"?{urlencode(query)}" if query else "")


@page("GET", "/settings", "read")
async def show_all(visit: Visit) -> Answer:
    """Every section that this role may read, with what it is for."""
    return _show(visit, "settings.html", None)


@page("GET", "/settings/{section}", "read")
async def show(visit: Visit) -> Answer:
    """A section: what it lists, or its one form."""
    section = _section(visit)
    if not section.columns:
        return await _show_single(visit, section)
    query = {**visit.asked_for}
    listed = await section.source.rows(visit, query)
    looks = {column.look for column in section.columns if column.look} | {"actors"}
    looked = await look(visit, looks)
    rows = [
        (
            _path(section, str(row[section.id])) if section.id else "",
            cells_of(section.columns, section.shows(row), looked),
        )
        for row in listed.rows
    ]
    more = _path(section, **{**_kept(query), "cursor": listed.next}) if listed.next else ""
    return _show(
        visit,
        "settings_list.html",
        section,
        rows=rows,
        more=more,
        standing=_standing(listed.standing, looked),
        may_write=_may_write(visit, section),
        filters=await _filters(visit, section),
        filtered=bool(_kept(query)),
    )


def _kept(query: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name not in ("cursor", "done") and value}


async def _filters(visit: Visit, section: Section) -> Form | None:
    if not section.filters:
        return None
    return await opened(visit, section.filters, visit.asked_for)


def _standing(standing: Standing, looked: Looked) -> Row | None:
    """Who decided it when, where the API says so."""
    if standing.at is None:
        return None
    who = name_of(looked, "actors", standing.actor or "")
    return {"who": who, "at": standing.at, "version": standing.version, "reason": standing.reason}


async def _show_single(visit: Visit, section: Section, form: Form | None = None, about: Row | None = None) -> Answer:
    there, standing = (about, Standing()) if about is not None else await section.source.one(visit, "")
    looked = await look(visit, {"actors", *(column.look for column in section.facts if column.look)})
    fields = section.asks(there)
    versions = await _versions(visit, section, fields, looked)
    if form is None and fields:
        form = await opened(visit, fields, section.shows(there), standing.version)
    beside = await section.beside(visit, there) if section.beside is not None else []
    return _show(
        visit,
        "settings_thing.html",
        section,
        status=form.status if form is not None else 200,
        title=section.title,
        wrong=[],
        key="",
        form=form,
        may_write=_may_write(visit, section) and section.changes,
        facts=list(zip(section.facts, cells_of(section.facts, there, looked), strict=True)),
        standing=_standing(standing, looked) if not versions else None,
        versions=versions,
        actions=[],
        tables=[shown_table(table, looked) for table in beside],
        save=_path(section),
    )


async def _versions(visit: Visit, section: Section, fields: Any, looked: Looked) -> list[Row]:
    """Every version that was kept, the newest first, with what it changed."""
    listed: Listed = await section.source.rows(visit, {})
    rows = listed.rows
    if not rows or "policy" not in rows[0]:
        return []
    return [
        {
            "version": row["version"],
            "who": name_of(looked, "actors", row["actor"]) if row.get("actor") else _("the standard"),
            "at": datetime.fromisoformat(row["decided_at"]) if row.get("decided_at") else None,
            "reason": row.get("reason"),
            "changes": differences(rows[at + 1]["policy"], row["policy"], fields) if at + 1 < len(rows) else [],
        }
        for at, row in enumerate(rows)
    ]


@page("POST", "/settings/{section}", "read")
async def save(visit: Visit) -> Answer:
    """Save the one form of a section."""
    section = _section(visit)
    _check_write(visit, section, section.changes and not section.columns)
    there, standing = await section.source.one(visit, "")
    fields = section.asks(there)
    came = await sent(visit, fields)
    try:
        if not came.read.faults and came.preview and section.previews is not None:
            return await _show_single(visit, section, await previewed(visit, section, "", fields, came), there)
        if not came.read.faults:
            if section.sure and not came.typed:
                raise Problem(422, "invalid", _("Say at the end of the form that you are sure. Nothing was saved yet."))
            before, after = section.adjust(came.before), section.adjust(came.read.values)
            changed = await section.source.change(visit, "", before, after, came.said)
            return moved(_path(section, done="saved" if changed else "same"))
        error = None
    except Exception as refusal:  # noqa: BLE001 - what is no form's fault is raised again
        error = refusal
    form = await refused(visit, fields, came, error, lambda field: section.source.path_of(field, ""))
    del standing
    return await _show_single(visit, section, form, there)


# -- one thing ---------------------------------------------------------------------------------------------------------


@page("GET", "/settings/{section}/new", "read")
async def ask_new(visit: Visit) -> Answer:
    """The form that makes one."""
    section = _section(visit)
    _check_write(visit, section, section.adds)
    fields = section.asks(visit.asked_for)
    return await _show_new(visit, section, await opened(visit, fields, {}, await _version(visit, section)))


async def _version(visit: Visit, section: Section) -> int | None:
    """The version that adding is asked of, where there are any."""
    return (await section.source.rows(visit, {})).standing.version


async def _show_new(visit: Visit, section: Section, form: Form) -> Answer:
    query = visit.request.url.query
    heading = dict(section.ways).get(f"?{query}", section.adding)
    return _show(visit, "settings_new.html", section, status=form.status, form=form, query=query, heading=heading)


@page("POST", "/settings/{section}/new", "read")
async def add(visit: Visit) -> Answer:
    """Make one; what is shown once is shown now."""
    section = _section(visit)
    _check_write(visit, section, section.adds)
    fields = section.asks(visit.asked_for)
    came = await sent(visit, fields)
    try:
        if not came.read.faults and came.preview and section.previews is not None:
            key = str(came.read.values.get("key") or "")
            return await _show_new(visit, section, await previewed(visit, section, key, fields, came))
        if not came.read.faults:
            key, made = await section.source.add(visit, section.adjust(came.read.values), came.said)
            return _added(visit, section, key, made)
        error = None
    except Exception as refusal:  # noqa: BLE001 - as above
        error = refusal
    key = str(came.read.values.get("key") or "")
    form = await refused(visit, fields, came, error, lambda field: section.source.path_of(field, key))
    return await _show_new(visit, section, form)


def _added(visit: Visit, section: Section, key: str, made: Row) -> Answer:
    shown = tuple((label, str(made[name])) for name, label in section.once if made.get(name))
    goes = _path(section, key, done="added") if key and section.id else _path(section, done="added")
    if not shown:
        return moved(goes)
    done = Done(words=section.after, shown=shown, goes=_path(section, key))
    return _show(visit, "settings_done.html", section, done=done, title=str(made.get(section.name) or section.title))


@page("GET", "/settings/{section}/of/{key}", "read")
async def show_one(visit: Visit) -> Answer:
    """One thing of a section."""
    return await _show_one(visit, _section(visit))


async def _show_one(visit: Visit, section: Section, form: Form | None = None) -> Answer:
    key = visit.request.path_params["key"]
    if not section.id:
        raise NotFound
    there, standing = await section.source.one(visit, key)
    there = section.shows(there)
    looked = await look(visit, {"actors", *(column.look for column in section.facts if column.look), *section.looks})
    tables = await section.beside(visit, there) if section.beside is not None else []
    fields = tuple(field for field in section.asks(there) if not field.new)
    if form is None and section.changes:
        form = await opened(visit, fields, there, standing.version)
    return _show(
        visit,
        "settings_thing.html",
        section,
        status=form.status if form is not None else 200,
        title=str(there.get(section.name) or key),
        wrong=there.get(section.wrong, []),
        key=key,
        form=form,
        may_write=_may_write(visit, section),
        facts=list(zip(section.facts, cells_of(section.facts, there, looked), strict=True)),
        standing=_standing(standing, looked),
        versions=[],
        actions=[(one, visit.new_name()) for one in _offered(visit, section, there)],
        tables=[shown_table(table, looked) for table in tables],
        save=_path(section, key),
    )


def _offered(visit: Visit, section: Section, there: Row) -> list[Action]:
    return [one for one in section.actions if visit.may(one.right) and one.when(there)]


@page("POST", "/settings/{section}/of/{key}", "read")
async def change(visit: Visit) -> Answer:
    """Change one."""
    section, key = _section(visit), visit.request.path_params["key"]
    _check_write(visit, section, section.changes and bool(section.columns))
    there, _was = await section.source.one(visit, key)
    fields = tuple(field for field in section.asks(section.shows(there)) if not field.new)
    came = await sent(visit, fields)
    try:
        if not came.read.faults and came.preview and section.previews is not None:
            return await _show_one(visit, section, await previewed(visit, section, key, fields, came))
        if not came.read.faults:
            before, after = section.adjust(came.before), section.adjust(came.read.values)
            changed = await section.source.change(visit, key, before, after, came.said)
            return moved(_path(section, key, done="saved" if changed else "same"))
        error = None
    except Exception as refusal:  # noqa: BLE001 - as above
        error = refusal
    form = await refused(visit, fields, came, error, lambda field: section.source.path_of(field, key))
    return await _show_one(visit, section, form)


# -- what is done to one -----------------------------------------------------------------------------------------------


def _action(visit: Visit, section: Section) -> Action:
    """Raises `NotFound`, and the 403 in words."""
    wanted = visit.request.path_params["action"]
    found = next((one for one in section.actions if one.key == wanted), None)
    if found is None:
        raise NotFound
    if not visit.may(found.right):
        raise _forbidden(visit)
    return found


@page("GET", "/settings/{section}/of/{key}/{action}", "read")
async def ask_first(visit: Visit) -> Answer:
    """What will happen, before it is done."""
    section, key = _section(visit), visit.request.path_params["key"]
    there, standing = await section.source.one(visit, key)
    action = _action(visit, section)
    if not action.when(section.shows(there)):
        raise NotFound
    form = await opened(visit, action.fields, there if action.key == "move" else {}, standing.version)
    return await _show_action(visit, section, action, section.shows(there), form)


async def _show_action(visit: Visit, section: Section, action: Action, there: Row, form: Form) -> Answer:
    key = visit.request.path_params["key"]
    return _show(
        visit,
        "settings_action.html",
        section,
        status=form.status,
        action=action,
        title=str(there.get(section.name) or key),
        foreseen=await action.foresees(visit, key) if action.foresees is not None else [],
        must_type=str(there.get(action.typed) or key) if action.typed else "",
        form=form,
        back=_path(section, key),
        save=_path(section, key, action.key),
    )


@page("POST", "/settings/{section}/of/{key}/{action}", "read")
async def act(visit: Visit) -> Answer:
    """Do it."""
    section, key = _section(visit), visit.request.path_params["key"]
    action = _action(visit, section)
    came = await sent(visit, action.fields)
    try:
        there = section.shows((await section.source.one(visit, key))[0])
    except NotFound:  # sent twice, perhaps: what was done before is answered as it was
        if came.read.faults:
            raise
        return _done(visit, section, key, action, await action.does(visit, key, came.read.values, came.said))
    error: Exception | None = None
    if action.typed and came.typed != (came.must or str(there.get(action.typed) or key)):
        error = Problem(422, "invalid", _("Type exactly what stands there, so that this is not done by mistake."))
    elif not came.read.faults:
        try:
            return _done(visit, section, key, action, await action.does(visit, key, came.read.values, came.said))
        except Exception as refusal:  # noqa: BLE001 - as above
            error = refusal
    form = await refused(visit, action.fields, came, error, lambda field: field)
    return await _show_action(visit, section, action, there, form)


def _done(visit: Visit, section: Section, key: str, action: Action, done: Done) -> Answer:
    goes = done.goes or _path(section, key, done="done")
    if not (done.shown or done.lines or done.words):
        return moved(goes)
    back = msgspec.structs.replace(done, goes=done.goes or _path(section, key))
    return _show(visit, "settings_done.html", section, done=back, title=action.label)


PAGES: Final[tuple[Page, ...]] = (show_all, show, save, ask_new, add, show_one, change, ask_first, act)
