"""Lists that somebody keeps: made of what is shown, renamed, changed, shared with a team or all, removed."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app import people
from app.api import views
from app.api.calls import Answer
from app.api.routes import Route
from app.console.asked_lists import AskedList, read_asked, read_pairs, view_in
from app.console.asking import answered, ask
from app.console.pages import Page, Visit, moved, page
from app.errors import FieldFault, Problem, problem_of
from app.people import TeamView
from app.saved_views import SavedView, list_views

TEAM: Final = "team:"
_REFUSED: Final = frozenset({400, 403, 409, 413, 422})


class ViewForm(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the form; `view` None makes a new one of the list under `query`."""

    view: SavedView | None
    query: str
    name: str = ""
    audience: str = "own"
    fault: str = ""
    fields: list[FieldFault] = []


@page("GET", "/views/new", "desk")
async def name_view(visit: Visit) -> Answer:
    """The form by which the list of the address is kept."""
    query = visit.request.scope["query_string"].decode("ascii", "replace")
    return await _form(visit, ViewForm(view=None, query=query))


@page("GET", "/views/{view}", "desk")
async def show_view(visit: Visit) -> Answer:
    """The form by which a view is renamed, shared or removed."""
    found = await answered(visit, views.show, SavedView, _path(visit))
    return await _form(visit, _filled(found))


def _path(visit: Visit) -> dict[str, str]:
    return {"view": visit.request.path_params["view"]}


def _filled(view: SavedView) -> ViewForm:
    audience = f"{TEAM}{view.team}" if view.audience == "team" else view.audience
    return ViewForm(view=view, query="", name=view.name, audience=audience)


async def _form(visit: Visit, form: ViewForm, status: int = 200) -> Answer:
    teams: list[TeamView] = []
    if visit.may("config.write"):
        async with visit.read() as db:
            teams = await people.list_teams(db, visit.workspace)
    return visit.show("view_form.html", status=status, form=form, teams=teams, once=visit.new_name())


@page("POST", "/views", "desk")
async def keep_view(visit: Visit) -> Answer:
    """Keep the list that was shown."""
    said = await visit.form()
    form = ViewForm(
        view=None, query=said.get("query", ""), name=said.get("name", ""), audience=said.get("audience", "own")
    )
    return await _done(visit, views.add, None, form, said)


@page("POST", "/views/{view}", "desk")
async def change_view(visit: Visit) -> Answer:
    """Rename a view, share it, or let it be the list that is shown now."""
    said = await visit.form()
    found = await answered(visit, views.show, SavedView, _path(visit))
    was = _filled(found)
    form = msgspec.structs.replace(
        was,
        query=said.get("query", ""),
        name=said.get("name", was.name),
        audience=said.get("audience", was.audience),
    )
    return await _done(visit, views.change, _path(visit), form, said)


async def _done(
    visit: Visit, route: Route, path: Mapping[str, str] | None, form: ViewForm, said: Mapping[str, str]
) -> Answer:
    try:
        body: dict[str, Any] = {"name": form.name, **_audience(form.audience)}
        if form.query or form.view is None:
            asked = await _asked(visit, form.query)
            body |= {"filters": asked.content(), "sort": asked.sort, "columns": list(asked.columns)}
        kept = await answered(visit, route, SavedView, path, body=body, once=said.get("once"))
    except Exception as error:
        problem = problem_of(error)
        if problem.status not in _REFUSED:
            raise
        refused = msgspec.structs.replace(form, fault=problem.detail, fields=problem.fields)
        return await _form(visit, refused, problem.status)
    return moved(f"/?view={kept.id}")


def _audience(said: str) -> dict[str, Any]:
    if said.startswith(TEAM):
        return {"audience": "team", "team": said.removeprefix(TEAM)}
    return {"audience": said, "team": None}


async def _asked(visit: Visit, query: str) -> AskedList:
    """Raises the 400."""
    pairs = read_pairs(query.encode("ascii", "replace"))
    async with visit.read() as db:
        known = await list_views(db, visit.caller) if view_in(pairs) else []
    return read_asked(pairs, next((one for one in known if str(one.id) == view_in(pairs)), None))


@page("POST", "/views/{view}/remove", "desk")
async def remove_view(visit: Visit) -> Answer:
    """Forget a view; its tickets stay."""
    said = await visit.form()
    try:
        await ask(visit, views.remove, _path(visit), once=said.get("once"))
    except Problem as problem:
        if problem.status not in _REFUSED:
            raise
        found = await answered(visit, views.show, SavedView, _path(visit))
        refused = msgspec.structs.replace(_filled(found), fault=problem.detail)
        return await _form(visit, refused, problem.status)
    return moved("/")


PAGES: Final[tuple[Page, ...]] = (name_view, show_view, keep_view, change_view, remove_view)
