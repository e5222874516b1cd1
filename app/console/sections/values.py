"""Whose a value is: several people's, which links nobody, or one person's own."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from app.api import values as shared_values
from app.console.asking import ask
from app.console.language import _, counted
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Listed, Row, Said, Section, Standing, Table
from app.console.sections.fields import Field, choices
from app.console.sections.sources import Things, said_by
from identity.errors import NotFound


class Values(Things):
    """Values by their label, which may hold any character and so goes into addresses as base64."""

    async def rows(self, visit: Visit, query: Mapping[str, Any]) -> Listed:
        listed = await super().rows(visit, query)
        return Listed(rows=[_labelled(row) for row in listed.rows], next=listed.next)

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]:
        try:
            label = urlsafe_b64decode(key.encode()).decode()
        except ValueError:
            raise NotFound from None
        found = said_by(await ask(visit, shared_values.show_values, query={"identifier": label}))["items"]
        if not found:
            raise NotFound
        return _labelled(found[0]), Standing()

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:
        made = said_by(await ask(visit, shared_values.class_value, body=values, once=said.once))
        return _labelled(made["value"])["id"], {}


def _labelled(row: Row) -> Row:
    label = ":".join(one for one in (row["kind"], row["scope"], row["value"]) if one)
    return {**row, "label": label, "id": urlsafe_b64encode(label.encode()).decode()}


async def _class(visit: Visit, key: str, given: Row, said: Said) -> Done:
    label = urlsafe_b64decode(key.encode()).decode()
    body = {"identifier": label, "class": given["class"], "reason": given.get("reason")}
    made = said_by(await ask(visit, shared_values.class_value, body=body, once=said.once))
    asked = len(made["asked"])
    if not asked:
        return Done()
    return Done(
        words=counted(
            "Of %(num)s earlier link that rested on it alone a person is asked.",
            "Of %(num)s earlier links that rested on it alone a person is asked.",
            asked,
        ),
        goes="/suggestions",
    )


def _classes() -> tuple[Field, ...]:
    return (
        Field(
            name="class",
            label=_("It is"),
            kind="choice",
            must=True,
            start="shared",
            choices=choices(
                ("shared", _("several people's: it links nobody")), ("personal", _("one person's own: it links again"))
            ),
        ),
        Field(name="reason", label=_("Why")),
    )


async def _people(visit: Visit, there: Row) -> list[Table]:  # noqa: ARG001 - it is at hand
    columns = (
        Column(name="name", label=_("Name")),
        Column(name="verified", label=_("Proved"), kind="yes"),
        Column(name="first_seen", label=_("First seen"), kind="when"),
        Column(name="last_seen", label=_("Last seen"), kind="when"),
    )
    return [Table(title=_("Seen on it"), columns=columns, rows=there["people"], empty=_("Nobody was seen on it."))]


def _values() -> Section:
    told = (
        Column(name="label", label=_("Value")),
        Column(name="class", label=_("Class"), tones={"shared": "warn", "personal": "good"}),
        Column(name="reason", label=_("Why")),
        Column(name="by", label=_("By"), kind="who"),
        Column(name="since", label=_("Since"), kind="when"),
    )
    return Section(
        key="values",
        group="data",
        title=_("Shared values"),
        adding=_("Say whose a value is"),
        words=_("Addresses and numbers that several people use link nobody; what one person alone uses does."),
        source=Values(shared_values.show_values),
        writes="config.write",
        adds=True,
        name="label",
        columns=told,
        facts=told[1:],
        fields=(
            Field(
                name="identifier",
                label=_("Value"),
                must=True,
                words=_("The kind and the value, such as email:office@example.com or phone:+49 30 1234567."),
            ),
            *_classes(),
        ),
        beside=_people,
        filters=(
            Field(
                name="class",
                label=_("Class"),
                kind="choice",
                default=_("any"),
                choices=choices(("shared", _("shared")), ("personal", _("personal"))),
            ),
            Field(name="identifier", label=_("Value, such as email:office@example.com")),
        ),
        empty=_("No value was found to be several people's yet. Role mailboxes such as info@ are known by their form."),
        actions=(
            Action(
                key="class",
                label=_("Say whose it is"),
                words=_(
                    "From the next push on. What it linked before stays; of what rested on it alone a person is asked."
                ),
                does=_class,
                right="config.write",
                fields=_classes(),
            ),
        ),
    )


def sections() -> list[Section]:
    return [_values()]
