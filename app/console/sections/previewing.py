"""What a policy would have made of the past, told beside its form before it is saved."""

from collections.abc import Awaitable, Callable

from app.api import previews
from app.console.asking import ask
from app.console.language import _, counted
from app.console.pages import Visit
from app.console.sections.declared import Column, Previewed, Row, Table
from app.console.sections.sources import Part, Policy, said_by
from app.console.ticket_words import target_words

Preview = Callable[[Visit, str, Row], Awaitable[Previewed]]


def of_tickets(source: Policy) -> Preview:
    """Tickets as they would be, and what would wait in each queue."""

    async def preview(visit: Visit, _key: str, after: Row) -> Previewed:
        body = {"policy": await source.would_be(visit, after)}
        found = said_by(await ask(visit, previews.preview_tickets, body=body))
        comparison = found["comparison"]
        counts = Table(
            title=_("Tickets"),
            columns=(Column(name="words", label=_("What")), Column(name="count", label=_("Tickets"), kind="count")),
            rows=[
                {"words": _("there are today"), "count": comparison["tickets_before"]},
                {"words": _("there would be"), "count": comparison["tickets_after"]},
                *(
                    {"words": words, "count": comparison[name]["count"]}
                    for name, words in _differences().items()
                    if comparison[name]["count"]
                ),
            ],
        )
        load = Table(
            title=_("Open tickets by queue"),
            columns=(
                Column(name="queue", label=_("Queue"), look="queues"),
                Column(name="before", label=_("Today"), kind="count"),
                Column(name="after", label=_("With this policy"), kind="count"),
            ),
            rows=[{**one, "queue": one["queue"] or _("in no queue")} for one in comparison["load"]],
            empty=_("None would be open."),
        )
        return Previewed(words=_looked_at(found["looked_at"]), tables=(counts, load))

    return preview


def _differences() -> dict[str, str]:
    return {
        "opened": _("would open for what is in no ticket today"),
        "split": _("would be split off one of today"),
        "joined": _("of today would be part of another"),
        "gone": _("of today would not be there"),
        "reopened": _("would have come back more often"),
        "closed": _("would be closed by now"),
        "left_open": _("would not be closed yet"),
        "follow_ups": _("would follow up an earlier one"),
    }


def of_promises(source: Part) -> Preview:
    """How many promises would have been kept and missed, beside those that were made."""

    async def preview(visit: Visit, key: str, after: Row) -> Previewed:
        body = {"sla": (await source.would_be(visit, key, after))["sla"]}
        found = said_by(await ask(visit, previews.preview_promises, body=body))
        rows: dict[tuple[str, str], Row] = {}
        for time, tallies in (("today", found["replay"]["today"]), ("then", found["replay"]["then"])):
            for one in tallies:
                row = rows.setdefault(
                    (one["policy"], one["target"]),
                    {"policy": one["policy"], "target": target_words(one["target"]), "today": {}, "then": {}},
                )
                row[time] = one
        columns = [Column(name="policy", label=_("Policy")), Column(name="target", label=_("Promise"))]
        for time, name in (("today", _("today")), ("then", _("with this"))):
            columns += [
                Column(name=f"{time}.met", label=_("Kept, %(when)s", when=name), kind="count"),
                Column(name=f"{time}.missed", label=_("Missed, %(when)s", when=name), kind="count"),
            ]
        table = Table(
            title=_("Promises"),
            columns=columns,
            rows=[_with_zeroes(rows[name]) for name in sorted(rows)],
            empty=_("Nothing would have been promised."),
        )
        return Previewed(words=_looked_at(found["looked_at"]), tables=(table,))

    return preview


def _with_zeroes(row: Row) -> Row:
    return {**row, **{time: {"met": 0, "missed": 0, **row[time]} for time in ("today", "then")}}


def of_retention(source: Policy) -> Preview:
    """How much would be erased now."""

    async def preview(visit: Visit, _key: str, after: Row) -> Previewed:
        body = {"policy": await source.would_be(visit, after)}
        found = said_by(await ask(visit, previews.preview_retention, body=body))
        table = Table(
            title=_("Erased at once"),
            columns=(Column(name="words", label=_("What")), Column(name="count", label=_("How many"), kind="count")),
            rows=[
                {"words": _("Customers, with all that they said"), "count": found["customers"]},
                {"words": _("Items of customers who stay"), "count": found["items"]},
            ],
        )
        words = (
            _("Looked at everybody.")
            if found["whole"]
            else _("There are more than could be looked at just now: it is at least this much.")
        )
        return Previewed(words=words, tables=(table,))

    return preview


def _looked_at(looked: Row) -> str:
    events = counted("%(num)s event", "%(num)s events", looked["events"])
    if looked["whole"]:
        everybody = counted("Looked at the one customer", "Looked at all %(num)s customers", looked["customers"])
        return _("%(whom)s with %(events)s.", whom=everybody, events=events)
    whom = counted("Looked at the newest customer", "Looked at the newest %(num)s customers", looked["customers"])
    words = _("%(whom)s with %(events)s.", whom=whom, events=events)
    if not looked["left_out"]:
        return words
    left = counted(
        "One of them has too long a thread and was left out.",
        "%(num)s of them have too long a thread and were left out.",
        looked["left_out"],
    )
    return f"{words} {left}"
