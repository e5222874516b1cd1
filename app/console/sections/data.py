"""Data: what could not be understood, how far search is, and what was learned from tickets."""

from collections.abc import Mapping
from typing import Any, Final

from app import triaging
from app.access import permit
from app.api import indexes, quarantine, triage
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Listed, Row, Said, Section, Standing, Table
from app.console.sections.fields import Field, choices
from app.console.sections.looking import every
from app.console.sections.sources import Things, said_by
from channels.inbox import STATES
from identity.errors import NotFound

_TONES: Final = {"waiting": "warn", "replayed": "good"}
MOST_SHOWN: Final = 200_000


# -- quarantine --------------------------------------------------------------------------------------------------------


async def _replay(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    found = said_by(await ask(visit, quarantine.replay, {"entry_id": key}, once=said.once))
    result = found["result"]
    if result.get("error") is None:
        return Done(words=_("It was understood this time, and is on its customer's thread."))
    faults = [f"{one['field']}: {one['words']}" for one in result["error"]["fields"]]
    return Done(words=_("It was refused again, and goes on waiting."), lines=(result["error"]["detail"], *faults))


async def _discard(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, quarantine.discard, {"entry_id": key}, once=said.once)
    return Done()


async def _raw(visit: Visit, there: Row) -> list[Table]:  # noqa: ARG001 - it is at hand
    if there.get("raw") is None:
        return [Table(title=_("As it came"), empty=_("Its bytes were thrown away."))]
    text = there["raw"][:MOST_SHOWN]
    title = _("As it came") if there["encoding"] == "text" else _("As it came: no text, so in base64")
    if len(there["raw"]) > MOST_SHOWN:
        title = _("%(title)s, its beginning", title=title)
    return [Table(title=title, text=text)]


def _waits(there: Row) -> bool:
    return there["state"] == "waiting"


def _entry_actions() -> tuple[Action, ...]:
    return (
        Action(
            key="replay",
            label=_("Read it again"),
            words=_("With what its sender proved then. Refused again, it goes on waiting."),
            does=_replay,
            right="quarantine.decide",
            when=_waits,
        ),
        Action(
            key="discard",
            label=_("Throw away"),
            words=_("Its bytes are gone for ever; that it was here stays."),
            does=_discard,
            right="quarantine.decide",
            danger=True,
            when=_waits,
        ),
    )


def _quarantine() -> Section:
    told = (
        Column(name="received_at", label=_("Came"), kind="when"),
        Column(name="source", label=_("From")),
        Column(name="code", label=_("What"), kind="words"),
        Column(name="reason", label=_("Why it was refused")),
    )
    return Section(
        key="quarantine",
        group="data",
        title=_("Quarantine"),
        words=_("What came in and could not be understood: kept as it came, until it is read again or thrown away."),
        source=Things(quarantine.list_entries, quarantine.show, parameter="entry_id"),
        reads="quarantine.read",
        name="reason",
        shows=lambda row: {**row, "reason": row["reason"][:1].upper() + row["reason"][1:]},
        columns=(
            *told,
            Column(name="state", label=_("State"), tones=_TONES),
            Column(name="size", label=_("Bytes"), kind="size"),
        ),
        facts=(
            *told[:3],
            Column(name="fields", label=_("Fields at fault")),
            Column(name="source_id", label=_("Its id there"), kind="code"),
            Column(name="door", label=_("Through"), kind="words"),
            Column(name="account_id", label=_("Channel account"), kind="code", link="/settings/accounts/of/{}"),
            Column(name="actor", label=_("Handed in by"), kind="who"),
            Column(name="state", label=_("State"), tones=_TONES),
            Column(name="tries", label=_("Came or was read so often"), kind="count"),
            Column(name="decided_at", label=_("Decided"), kind="when"),
            Column(name="decided_by", label=_("Decided by"), kind="who"),
        ),
        filters=(
            Field(
                name="state",
                label=_("State"),
                kind="choice",
                default=_("waiting"),
                choices=choices(*((one, one) for one in STATES)),
            ),
        ),
        beside=_raw,
        empty=_("Nothing waits here: all that came in was understood."),
        actions=_entry_actions(),
    )


# -- search ------------------------------------------------------------------------------------------------------------


class Index(Things):
    """How search stands; its things are the documents that were set aside."""

    def __init__(self) -> None:
        super().__init__(indexes.list_faults)

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]:
        if key:
            return await super().one(visit, key)
        return said_by(await ask(visit, indexes.show)), Standing()

    async def rows(self, visit: Visit, query: Mapping[str, Any]) -> Listed:
        return await super().rows(visit, query) if visit.may("quarantine.read") else Listed(rows=[])


async def _aside(visit: Visit, there: Row) -> list[Table]:  # noqa: ARG001 - the same for all
    if not visit.may("quarantine.read"):
        return []
    return [
        Table(
            title=_("Documents that were set aside"),
            columns=(
                Column(name="document", label=_("Document"), kind="code"),
                Column(name="step", label=_("While it was"), kind="words"),
                Column(name="words", label=_("Why")),
                Column(name="tries", label=_("Tries"), kind="count"),
                Column(name="failed_at", label=_("When"), kind="when"),
            ),
            rows=await every(visit, indexes.list_faults),
            links=lambda row: f"/settings/index-faults/of/{row['id']}",
            empty=_("None: everything can be found."),
        )
    ]


def _index() -> Section:
    facts = (
        Column(name="engine", label=_("Engine")),
        Column(name="live.model", label=_("Meaning by")),
        Column(name="documents", label=_("Documents"), kind="count"),
        Column(name="unembedded", label=_("Wait for their meaning"), kind="count"),
        Column(name="live.behind", label=_("Events behind"), kind="count"),
        Column(name="live.lag_seconds", label=_("Seconds behind"), kind="count"),
        Column(name="live.due", label=_("To be looked at again"), kind="count"),
        Column(name="live.faults", label=_("Set aside"), kind="count"),
        Column(name="live.trouble", label=_("Trouble")),
        Column(name="trouble", label=_("Trouble of the engine")),
        Column(name="live.checked.done_at", label=_("Last compared with the ledger"), kind="when"),
        Column(name="live.checked.compared", label=_("Compared"), kind="count"),
        Column(name="live.checked.missing", label=_("Missing, and mended"), kind="count"),
        Column(name="beside.documents", label=_("Made beside it, documents so far"), kind="count"),
        Column(name="beside.model", label=_("Made beside it, meaning by")),
        Column(name="live.made_at", label=_("Made"), kind="when"),
    )
    return Section(
        key="index",
        group="data",
        title=_("Search index"),
        words=_("How far search is behind what happened, and what it could not take in."),
        source=Index(),
        facts=facts,
        beside=_aside,
    )


async def _retry(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    found = said_by(await ask(visit, indexes.retry, {"fault_id": key}, once=said.once))
    if found["indexed"]:
        return Done(words=_("It is in the index now."), goes="/settings/index")
    return Done(words=_("It could not be taken in."), lines=(found["fault"]["words"],) if found["fault"] else ())


def _faults() -> Section:
    told = (
        Column(name="document", label=_("Document"), kind="code"),
        Column(name="step", label=_("While it was"), kind="words"),
        Column(name="words", label=_("Why")),
        Column(name="failed_at", label=_("When"), kind="when"),
    )
    return Section(
        key="index-faults",
        group="",
        title=_("Not in the index"),
        words=_("Documents that were set aside, each with the reason; all others are found."),
        source=Things(indexes.list_faults),
        reads="quarantine.read",
        name="document",
        columns=told,
        facts=(*told, Column(name="tries", label=_("Tries"), kind="count")),
        empty=_("None: everything can be found."),
        actions=(
            Action(
                key="retry",
                label=_("Try again"),
                words=_("Makes and writes the document anew."),
                does=_retry,
                right="quarantine.decide",
            ),
        ),
    )


# -- triage ------------------------------------------------------------------------------------------------------------


async def _activate(visit: Visit, key: str, given: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    permit(visit.caller, "config.write")
    if not key.isdigit() or len(key) > 9:
        raise NotFound
    await triaging.activate(visit.edge.database, visit.workspace, int(key))
    return Done()


def _share(value: Any) -> str:
    return "" if value is None else f"{value:.0%}"


async def _report(visit: Visit, there: Row) -> list[Table]:  # noqa: ARG001 - it is at hand
    rows = [
        {**one, **{name: _share(one.get(name)) for name in ("top1", "top2", "commonest", "covered", "right")}}
        for one in there["report"]["aims"]
    ]
    columns = (
        Column(name="aim", label=_("What"), kind="words"),
        Column(name="tickets", label=_("Learned from"), kind="count"),
        Column(name="labels", label=_("Labels"), kind="count"),
        Column(name="held_back", label=_("Tried on"), kind="count"),
        Column(name="top1", label=_("Right")),
        Column(name="top2", label=_("One of two right")),
        Column(name="commonest", label=_("Always the commonest")),
        Column(name="covered", label=_("Sure of")),
        Column(name="right", label=_("Right when sure")),
        Column(name="why_not", label=_("Why not")),
    )
    return [Table(title=_("How right it is, on tickets that were held back"), columns=columns, rows=rows)]


def _triage() -> Section:
    told = (
        Column(name="active", label=_("In force"), kind="yes", tones={"true": "good"}),
        Column(name="made_at", label=_("Learned"), kind="when"),
        Column(name="actor", label=_("By"), kind="who"),
        Column(name="report.tickets", label=_("From tickets"), kind="count"),
        Column(name="embedder", label=_("Meaning by")),
    )
    return Section(
        key="triage",
        group="desk",
        title=_("Triage"),
        words=_("What was learned from past tickets about topic, queue, priority and language of a new one."),
        notes=(
            _("`throughline train triage` learns anew. What it says of a ticket is shown, and nothing acts on it."),
        ),
        source=Things(triage.models, id="version"),
        reads="reports.read",
        id="version",
        name="version",
        columns=(Column(name="version", label=_("Version")), *told),
        facts=told,
        beside=_report,
        empty=_("Nothing was learned yet. `throughline train triage` learns once there are labelled tickets."),
        actions=(
            Action(
                key="activate",
                label=_("Put in force"),
                words=_("New tickets are looked at with this version from now on."),
                does=_activate,
                right="config.write",
                when=lambda there: not there["active"],
            ),
        ),
    )


def desk_sections() -> list[Section]:
    return [_triage()]


def sections() -> list[Section]:
    return [_quarantine(), _index(), _faults()]
