"""What the choices of a form are right now, and what ids are called: agents, teams, queues, calendars, types."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import available_timezones

import msgspec

from app.api import agents, channel_accounts, keys, queues, sla, teams, ticket_types
from app.api.routes import Route
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.fields import Choice

MOST_PAGES: Final = 25

Looked = Mapping[str, list[Choice]]


async def look(visit: Visit, wanted: Iterable[str]) -> dict[str, list[Choice]]:
    """What stands under each of these names."""
    return {name: await _LOOKS[name](visit) for name in wanted}


async def every(visit: Visit, route: Route, **query: str) -> list[dict[str, Any]]:
    """All that a route lists, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    pages = {one.name for one in route.query} >= {"limit", "cursor"}
    for _page in range(MOST_PAGES):
        asked = {**query, "limit": "200", "cursor": cursor} if pages else dict(query)
        listed = msgspec.json.decode((await ask(visit, route, query=asked)).body)
        found += listed["items"]
        cursor = listed.get("next")
        if cursor is None:
            break
    return found


async def _agents(visit: Visit) -> list[Choice]:
    there = await every(visit, agents.list_agents)
    return [Choice(value=one["id"], label=_named(one)) for one in there]


def _named(one: dict[str, Any]) -> str:
    return one["name"] if one["disabled_at"] is None else _("%(name)s (works here no more)", name=one["name"])


async def _teams(visit: Visit) -> list[Choice]:
    return [Choice(value=one["key"], label=one["name"]) for one in await every(visit, teams.list_teams)]


async def _queues(visit: Visit) -> list[Choice]:
    return [Choice(value=one["key"], label=one["name"]) for one in await every(visit, queues.list_queues)]


async def _calendars(visit: Visit) -> list[Choice]:
    found = msgspec.json.decode((await ask(visit, sla.show_calendars)).body)
    return [Choice(value=key, label=key) for key in found["calendars"]]


async def _types(visit: Visit) -> list[Choice]:
    found = msgspec.json.decode((await ask(visit, ticket_types.show)).body)
    return [Choice(value=one["key"], label=one["name"]) for one in found["types"]]


async def _channels(visit: Visit) -> list[Choice]:
    return [Choice(value=one, label=one.replace("_", " ")) for one in sorted(visit.caller.workspace.channels)]


async def _zones(visit: Visit) -> list[Choice]:  # noqa: ARG001 - the same for everybody
    return [Choice(value=one, label=one) for one in sorted(available_timezones()) if "/" in one or one == "UTC"]


async def _actors(visit: Visit) -> list[Choice]:
    """Who may have done something, under the names that the API gives them."""
    found = [Choice(value=f"agent:{one.value}", label=one.label) for one in await _agents(visit)]
    if visit.may("keys.read"):
        found += [
            Choice(value=f"key:{one['id']}", label=_("the key “%(name)s”", name=one["name"]))
            for one in await every(visit, keys.list_keys)
        ]
    return found


async def _accounts(visit: Visit) -> list[Choice]:
    if not visit.may("channels.read"):
        return []
    there = await every(visit, channel_accounts.list_accounts)
    return [Choice(value=one["source"], label=one["name"]) for one in there]


_LOOKS: Final = {
    "agents": _agents,
    "teams": _teams,
    "queues": _queues,
    "calendars": _calendars,
    "types": _types,
    "channels": _channels,
    "zones": _zones,
    "actors": _actors,
    "accounts": _accounts,
}


def name_of(looked: Looked, under: str, value: str) -> str:
    """What somebody or something is called."""
    found = next((one.label for one in looked.get(under, ()) if one.value == value), None)
    if found is not None or under != "actors":
        return found or value
    kind = value.partition(":")[0]
    known = {
        "agent": _("an agent of before"),
        "key": _("an API key"),
        "system": _("Throughline"),
        "cli": _("the command line"),
        "channel": _("a channel"),
    }
    return known.get(kind, value)
