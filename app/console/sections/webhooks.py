"""Webhooks: where events are sent to, and what was delivered, to them and by mail."""

from typing import Any, Final

import msgspec

from app.api import hooks, outbound, webhooks
from app.api.calls import read_id
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Listed, Row, Said, Section, Standing, Table
from app.console.sections.fields import Choice, Field, choices
from app.console.sections.sources import Things, said_by
from channels import mailings
from channels.webhooks import queue
from channels.webhooks.kinds import EVERYTHING, GROUPS, NAMES
from identity.errors import NotFound

_STATES: Final = {"delivered": "good", "sent": "good", "failed": "bad", "uncertain": "warn"}


def _events() -> tuple[Choice, ...]:
    groups = choices(*((one, _("all of %(group)s", group=one.removesuffix(".*"))) for one in sorted(GROUPS)))
    return (*choices((EVERYTHING, _("everything"))), *groups, *choices(*((one, one) for one in sorted(NAMES))))


def _fields() -> tuple[Field, ...]:
    return (
        Field(
            name="url",
            label=_("Address"),
            must=True,
            words=_("Where events are posted to, such as https://example.com/throughline."),
        ),
        Field(name="description", label=_("What it is for"), empty="text"),
        Field(
            name="content",
            label=_("What is sent"),
            kind="choice",
            must=True,
            start="ids",
            choices=choices(("ids", _("ids alone")), ("item", _("the item, as a timeline shows it"))),
            default=_("ids alone"),
        ),
        Field(name="enabled", label=_("It is on"), kind="flag", start=True, default=_("on")),
        Field(name="events", label=_("Events"), kind="several", choices=_events(), must=True),
    )


async def _ping(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, webhooks.try_it, {"webhook_id": key}, once=said.once)
    return Done()


async def _rotate(visit: Visit, key: str, values: Row, said: Said) -> Done:
    body = {"overlap": values["overlap"]}
    made = said_by(await ask(visit, webhooks.rotate, {"webhook_id": key}, body=body, once=said.once))
    return Done(shown=((_("Secret"), made["secret"]),), words=_("Give it to the receiver now: it is not shown again."))


async def _delete(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, webhooks.delete, {"webhook_id": key}, once=said.once)
    return Done(goes="/settings/webhooks?done=removed")


def _delivered() -> tuple[Column, ...]:
    return (
        Column(name="made_at", label=_("When"), kind="when"),
        Column(name="type", label=_("Event")),
        Column(name="state", label=_("State"), kind="words", tones=_STATES),
        Column(name="tries", label=_("Tries"), kind="count"),
        Column(name="status", label=_("Answer"), kind="code"),
        Column(name="reason", label=_("Why")),
        Column(name="next_try_at", label=_("Next try"), kind="when"),
    )


async def _beside(visit: Visit, there: Row) -> list[Table]:
    query = {"direction": "outbound", "webhook": there["id"], "limit": "20"}
    found = said_by(await ask(visit, hooks.list_deliveries, query=query))
    return [
        Table(
            title=_("Deliveries"),
            columns=_delivered(),
            rows=found["items"],
            empty=_("Nothing was sent yet. Send a test to see whether it arrives."),
            links=lambda row: f"/settings/deliveries/of/{row['id']}",
            more=f"/settings/deliveries?webhook={there['id']}" if found["next"] else "",
        )
    ]


def _webhook_facts() -> tuple[Column, ...]:
    return (
        Column(name="reason", label=_("Off because")),
        Column(name="hint", label=_("Secret ends in"), kind="code"),
        Column(name="overlap_until", label=_("The secret before holds until"), kind="when"),
        Column(name="failures", label=_("Failed in a row"), kind="count"),
        Column(name="failing_since", label=_("Failing since"), kind="when"),
        Column(name="paused_until", label=_("Left alone until"), kind="when"),
        Column(name="delivered_at", label=_("Last arrived"), kind="when"),
        Column(name="created_at", label=_("Made"), kind="when"),
        Column(name="created_by", label=_("Made by"), kind="who"),
    )


def _webhook_actions() -> tuple[Action, ...]:
    return (
        Action(
            key="test",
            label=_("Send a test"),
            words=_("Sends a webhook.ping without data; it stands among the deliveries."),
            does=_ping,
            right="config.write",
        ),
        Action(
            key="secret",
            label=_("New secret"),
            words=_("Makes another secret, shown once. Meanwhile deliveries bear both signatures."),
            does=_rotate,
            right="config.write",
            fields=(
                Field(
                    name="overlap",
                    label=_("The one before is used for"),
                    kind="duration",
                    must=True,
                    start=86_400,
                    default=_("24 hours"),
                ),
            ),
        ),
        Action(
            key="delete",
            label=_("Delete"),
            words=_("Nothing more is sent to it, and its secret is gone. Its deliveries stay listed for 30 days."),
            does=_delete,
            right="config.write",
            danger=True,
        ),
    )


def _webhooks() -> Section:
    return Section(
        key="webhooks",
        group="channels",
        title=_("Webhooks"),
        adding=_("Add a webhook"),
        words=_("Programs elsewhere that are told what happens, signed with a secret of their own."),
        source=Things(
            webhooks.list_webhooks, webhooks.show, webhooks.subscribe, webhooks.change, parameter="webhook_id"
        ),
        reads="channels.read",
        writes="config.write",
        adds=True,
        changes=True,
        name="url",
        columns=(
            Column(name="url", label=_("Address")),
            Column(name="description", label=_("For")),
            Column(name="events", label=_("Events"), kind="count"),
            Column(name="enabled", label=_("On"), kind="yes", tones={"true": "good", "false": "warn"}),
            Column(name="failures", label=_("Failed in a row"), kind="count"),
            Column(name="delivered_at", label=_("Last arrived"), kind="when"),
        ),
        fields=_fields(),
        facts=_webhook_facts(),
        beside=_beside,
        once=(("secret", _("Secret")),),
        after=_("Give it to the receiver now: it is not shown again. Deliveries are signed with it."),
        empty=_("Nobody is told anything yet. Add the address of a program that wants to know what happens."),
        actions=_webhook_actions(),
    )


class Deliveries(Things):
    """What is on its way out. Mails have no event's type, so they say their purpose."""

    async def rows(self, visit: Visit, query: Any) -> Listed:
        listed = await super().rows(visit, query)
        return Listed(rows=[_told(row) for row in listed.rows], next=listed.next)

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]:
        wanted = read_id(key)
        async with visit.read() as db:
            try:
                found: Any = await mailings.show(db, visit.workspace, wanted)
            except NotFound:
                found = await queue.show(db, visit.workspace, wanted)
        return _told(msgspec.json.decode(msgspec.json.encode(found))), Standing()


def _told(row: Row) -> Row:
    if row["kind"] != "mail":
        return {**row, "title": row["type"], "to": ""}
    to = [one["address"] for part in ("to", "cc", "bcc") for one in row["recipients"].get(part, [])]
    return {**row, "type": row["purpose"], "title": row["purpose"], "to": to}


def _doing(route: Any) -> Any:
    async def do(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
        await ask(visit, route, {"delivery_id": key}, once=said.once)
        return Done()

    return do


def _is_mail(*states: str) -> Any:
    return lambda row: row["kind"] == "mail" and row["state"] in states


def _delivery_actions() -> tuple[Action, ...]:
    return (
        Action(
            key="replay",
            label=_("Send again"),
            words=_("Under the same id. A mail goes to those alone who do not have it for certain."),
            does=_doing(outbound.replay),
            right="config.write",
        ),
        Action(
            key="mark-sent",
            label=_("It arrived"),
            words=_("Somebody knows that this mail arrived: it goes to nobody again."),
            does=_doing(outbound.mark_sent),
            right="config.write",
            when=_is_mail("uncertain"),
        ),
        Action(
            key="discard",
            label=_("Never send it"),
            words=_("A mail that waits or failed is not sent, and whoever wrote it sees that."),
            does=_doing(outbound.discard),
            right="config.write",
            danger=True,
            when=_is_mail("waiting", "failed", "uncertain"),
        ),
    )


def _delivery_filters() -> tuple[Field, ...]:
    return (
        Field(
            name="kind",
            label=_("By"),
            kind="choice",
            default=_("mail and webhooks"),
            choices=choices(("mail", _("mail")), ("webhook", _("webhook"))),
        ),
        Field(
            name="state",
            label=_("State"),
            kind="choice",
            default=_("any"),
            choices=choices(*((one, one.replace("_", " ")) for one in sorted(outbound.STATES))),
        ),
    )


def _deliveries() -> Section:
    return Section(
        key="deliveries",
        group="channels",
        title=_("Deliveries"),
        words=_("What is on its way out, or was sent: to webhooks and by mail, the newest first."),
        source=Deliveries(hooks.list_deliveries, query={"direction": "outbound"}),
        reads="channels.read",
        name="title",
        columns=(
            Column(name="title", label=_("What")),
            Column(name="kind", label=_("By")),
            Column(name="to", label=_("To")),
            *(one for one in _delivered() if one.name not in ("type", "status")),
        ),
        facts=(
            Column(name="kind", label=_("By")),
            Column(name="to", label=_("To")),
            Column(name="webhook_id", label=_("Webhook"), kind="code", link="/settings/webhooks/of/{}"),
            *_delivered(),
            Column(name="tried_at", label=_("Last tried"), kind="when"),
            Column(name="sent_at", label=_("Sent"), kind="when"),
            Column(name="event_id", label=_("Event id"), kind="code"),
            Column(name="message_id", label=_("Message-ID"), kind="code"),
        ),
        filters=_delivery_filters(),
        empty=_("Nothing was sent yet."),
        actions=_delivery_actions(),
    )


def sections() -> list[Section]:
    return [_webhooks(), _deliveries()]
