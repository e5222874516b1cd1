"""What the desk promises: business calendars, SLA policies, and what counts as an answer."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from app.api import calendars, sla
from app.console.asking import ask
from app.console.dates import date_words, weekday
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Row, Said, Section
from app.console.sections.fields import Choice, Field, choices, value_at
from app.console.sections.kinds import write_duration
from app.console.sections.previewing import of_promises
from app.console.sections.removing import moving, removal
from app.console.sections.sources import Part, said_by
from app.console.ticket_words import target_words
from timeline.interactions import InvalidField
from timeline.tickets.calendars import Calendar
from timeline.tickets.sla import TARGETS, SlaPolicy

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _day_names() -> tuple[str, ...]:
    return (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


def _calendar_fields() -> tuple[Field, ...]:
    days = [
        Field(
            name=f"hours.{day}",
            label=name,
            kind="spans",
            start=[["09:00", "17:00"]] if day not in ("sat", "sun") else [],
            words=_("Such as 09:00-12:30, 13:30-18:00. Empty is closed.") if day == "mon" else "",
        )
        for day, name in zip(_DAYS, _day_names(), strict=True)
    ]
    return (
        Field(
            name="key",
            label=_("Key"),
            must=True,
            new=True,
            words=_("What promises and agents name it by, for good: small letters, digits, dashes."),
        ),
        Field(
            name="zone", label=_("Time zone"), kind="zone", look="zones", must=True, words=_("Such as Europe/Berlin.")
        ),
        *days,
        Field(
            name="holidays",
            label=_("Holidays"),
            kind="holidays",
            words=_(
                "A date a line, such as 2026-12-25; with times after it, those are its hours: 2026-12-24 09:00-12:00."
            ),
        ),
    )


async def _try(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - it changes nothing
    there, _standing = await _calendar_source().one(visit, key)
    calendar = {name: there[name] for name in ("zone", "hours", "holidays") if name in there}
    body = {"calendar": calendar, "start": values["start"], "seconds": values["seconds"]}
    due = datetime.fromisoformat(said_by(await ask(visit, calendars.try_calendar, body=body))["due"])
    at = due.astimezone(ZoneInfo(there["zone"]))
    lasts = write_duration(values["seconds"])[0]
    line = _(
        "%(lasts)s of open time are over on %(day)s at %(time)s (%(zone)s).",
        lasts=lasts,
        day=_("%(weekday)s %(date)s", weekday=weekday(at), date=date_words(at)),
        time=f"{at:%H:%M}",
        zone=there["zone"],
    )
    return Done(lines=(line,))


def _calendar_source() -> Part:
    return Part(sla.show_calendars, sla.put_calendars, ("calendars",), "calendars", Calendar)


def _calendars() -> Section:
    source = _calendar_source()
    return Section(
        key="calendars",
        group="desk",
        title=_("Business hours"),
        adding=_("Add a calendar"),
        words=_("When the desk is open: hours, time zone and holidays in which promises run."),
        notes=(_("What is due already stays due when it was promised."),),
        source=source,
        writes="config.write",
        adds=True,
        changes=True,
        reasons=True,
        id="key",
        name="key",
        columns=(
            Column(name="key", label=_("Key")),
            Column(name="zone", label=_("Time zone")),
            Column(name="holidays", label=_("Holidays"), kind="count"),
        ),
        fields=_calendar_fields(),
        empty=_("There are no calendars yet: a promise counts all hours of all days until it names one."),
        actions=(
            Action(
                key="try",
                label=_("Try it"),
                words=_("See when something would be due by it. Nothing is changed."),
                does=_try,
                right="read",
                fields=(
                    Field(name="start", label=_("From"), kind="moment", must=True),
                    Field(name="seconds", label=_("Open time"), kind="duration", must=True, start=28_800),
                ),
            ),
            removal("calendars", source, _("Promises and agents that name it must be given another first.")),
        ),
    )


def _promise(target: str, head: str) -> tuple[Field, ...]:
    path = f"targets.{target}"
    return (
        Field(
            name=f"{path}.seconds",
            label=_("%(what)s within", what=head),
            kind="duration",
            default=_("nothing is promised"),
            words=_("Hours and minutes, such as 4 hours or 1 hour 30 minutes, counted in the hours below."),
            head=head,
        ),
        Field(
            name=f"{path}.calendar",
            label=_("%(what)s: counted in", what=head),
            kind="choice",
            look="calendars",
            default=_("all hours of all days"),
        ),
        Field(
            name=f"{path}.pauses",
            label=_("%(what)s: the clock stands while the ticket is", what=head),
            kind="several",
            choices=choices(("pending", _("pending")), ("on_hold", _("on hold"))),
        ),
        Field(
            name=f"{path}.warn",
            label=_("%(what)s: warn so long before", what=head),
            kind="duration",
            default=_("no warning"),
        ),
    )


def _priorities() -> tuple[Choice, ...]:
    return choices(("urgent", _("urgent")), ("high", _("high")), ("normal", _("normal")), ("low", _("low")))


def _sla_fields() -> tuple[Field, ...]:
    return (
        Field(
            name="key",
            label=_("Key"),
            must=True,
            new=True,
            words=_("What reports name it by, for good: small letters, digits, dashes."),
        ),
        Field(name="name", label=_("Name"), empty="text"),
        Field(
            name="when.priority",
            label=_("Priority"),
            kind="several",
            choices=_priorities(),
            head=_("For which tickets"),
            words=_("What is left empty may be anything."),
        ),
        Field(name="when.queue", label=_("Queue"), kind="several", look="queues"),
        Field(name="when.channel", label=_("Channel that it was opened on"), kind="several", look="channels"),
        Field(name="when.type", label=_("Type"), kind="several", look="types"),
        Field(name="when.tag", label=_("Tags"), kind="lines", words=_("One a line; one of them is enough.")),
        Field(name="when.tier", label=_("Tier"), kind="lines", words=_("Values of the custom field tier, one a line.")),
        Field(
            name="when.fields",
            label=_("Other custom fields"),
            kind="json",
            start={},
            empty="omit",
            words=_('The values of each field by its key, such as {"plan": ["gold", "silver"]}.'),
        ),
        *(field for target in TARGETS for field in _promise(target, target_words(target))),
    )


def _promised(values: Row) -> Row:
    """A promise without a time is none."""
    targets = dict(values.get("targets", {}))
    for target in TARGETS:
        said = targets.get(target) or {}
        if said.get("seconds") is None:
            if said.get("warn") is not None or said.get("calendar"):
                raise InvalidField(f"targets.{target}.seconds", _("say within what time, or empty the rest"))
            targets[target] = None
    return {**values, "targets": targets}


def _sla() -> Section:
    source = Part(sla.show_sla, sla.put_sla, ("sla",), "sla.policies", SlaPolicy)
    return Section(
        key="sla",
        group="desk",
        title=_("SLA policies"),
        adding=_("Add a policy"),
        words=_("What is promised to whom: the first policy that is for a ticket holds, from the top down."),
        notes=(
            _("Promises that were made stay as they were made."),
            _("What it would change is shown of the customers who came last."),
        ),
        source=source,
        previews=of_promises(source),
        writes="config.write",
        adds=True,
        changes=True,
        reasons=True,
        id="key",
        columns=(
            Column(name="key", label=_("Policy")),
            Column(name="name", label=_("Name")),
            Column(name="said", label=_("For")),
            Column(name="answer_within", label=_("First response within")),
            Column(name="solved_within", label=_("Resolved within")),
        ),
        shows=_sla_row,
        fields=_sla_fields(),
        adjust=_promised,
        empty=_("Nothing is promised yet. A policy promises an answer or a resolution within a time."),
        actions=(
            moving("sla", source),
            removal("sla", source, _("No ticket is promised anything by it from now on.")),
        ),
    )


def _sla_row(row: Row) -> Row:
    """With what it is for, and its times, in words."""
    asked = {**row.get("when", {}), **row.get("when", {}).get("fields", {})}
    parts = [f"{name}: {', '.join(map(str, one))}" for name, one in asked.items() if isinstance(one, list)]
    found = {**row, "said": "; ".join(parts) or _("every ticket")}
    for name, target in (("answer_within", "first_response"), ("solved_within", "resolution")):
        seconds = value_at(row, f"targets.{target}.seconds")
        found[name] = "" if seconds is None else write_duration(seconds)[0]
    return found


def _answers() -> Section:
    source = Part(sla.show_sla, sla.put_sla, ("sla",))
    return Section(
        key="answers",
        group="desk",
        title=_("Answers"),
        words=_("What counts as an answer, and stops the clock of a promised one."),
        source=source,
        previews=of_promises(source),
        writes="config.write",
        changes=True,
        reasons=True,
        fields=(
            Field(
                name="sla.answers.by",
                label=_("Who must have written"),
                kind="choice",
                must=True,
                start="people",
                choices=choices(
                    ("people", _("a person: an automatic answer is none")), ("anybody", _("anybody, machines too"))
                ),
            ),
            Field(
                name="sla.answers.calls",
                label=_("A call to the customer counts too"),
                kind="flag",
                start=True,
                default=_("it does"),
            ),
            Field(
                name="sla.answers.but_sources",
                label=_("Nothing of these sources"),
                kind="lines",
                words=_("Sources of machines that write as people do, one a line."),
            ),
        ),
    )


def sections() -> list[Section]:
    return [_calendars(), _sla(), _answers()]
