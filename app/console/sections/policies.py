"""Policies of which every version is kept: when tickets open and close, who is linked to whom, what goes when old."""

import msgspec

from app.api import identity_policies, policies, retention
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Row, Section, Table
from app.console.sections.fields import Choice, Field, choices
from app.console.sections.previewing import of_retention, of_tickets
from app.console.sections.sources import Policy
from identity.policy import IdentityPolicy
from timeline.retention import RetentionPolicy
from timeline.tickets.policy import TicketPolicy


def _kind_names() -> dict[str, str]:
    return {
        "message": _("Messages"),
        "call": _("Calls"),
        "note": _("Notes"),
        "order": _("Orders"),
        "payment": _("Payments"),
        "shipment": _("Shipments"),
        "visit": _("Visits"),
        "fact": _("Other facts"),
    }


def _ways() -> tuple[Choice, ...]:
    return choices(("inbound", _("from the customer")), ("outbound", _("to the customer")), ("internal", _("internal")))


def _opens() -> tuple[Field, ...]:
    return tuple(
        Field(
            name=f"opens.{kind}",
            label=name,
            kind="several",
            choices=_ways(),
            head=_("What opens a ticket") if kind == "message" else "",
            words=_("Standard: messages and calls from the customer.") if kind == "message" else "",
        )
        for kind, name in _kind_names().items()
    )


def _continues() -> tuple[Field, ...]:
    return (
        Field(
            name="continues.gap",
            label=_("A matter may be silent for"),
            must=True,
            default=_("3 days"),
            words=_("A number of minutes, hours, days or weeks. What comes later is another matter."),
            head=_("What belongs together"),
        ),
        Field(name="continues.same_object", label=_("Another order is another matter"), kind="flag", default=_("yes")),
        Field(
            name="continues.same_subject", label=_("Another subject is another matter"), kind="flag", default=_("yes")
        ),
        Field(
            name="continues.same_channel", label=_("Another channel is another matter"), kind="flag", default=_("no")
        ),
        Field(
            name="continues.same_conversation",
            label=_("Another conversation of the channel is another matter"),
            kind="flag",
            default=_("no"),
        ),
        Field(
            name="on_link",
            label=_("When two customers turn out to be one, their open tickets of one matter"),
            kind="choice",
            must=True,
            choices=choices(
                ("suggest", _("are suggested to be joined")),
                ("join", _("are joined")),
                ("leave", _("stay apart")),
            ),
        ),
        Field(
            name="reopens.within",
            label=_("An ended ticket comes back with the customer's next message for"),
            must=True,
            default=_("7 days"),
            words=_("After that the message opens a follow-up."),
        ),
    )


def _ends() -> tuple[Field, ...]:
    never = _("Never where it is empty.")
    return (
        Field(
            name="after_reply",
            label=_("After our reply a ticket is"),
            kind="choice",
            must=True,
            choices=choices(("pending", _("pending")), ("open", _("open")), ("resolved", _("resolved"))),
            head=_("How tickets end"),
        ),
        Field(name="closes.resolved_after", label=_("A resolved one closes after"), default="4 days", words=never),
        Field(name="closes.pending_after", label=_("A pending one closes after"), default="14 days", words=never),
        Field(name="closes.history_after", label=_("An imported one closes after"), default="3 days", words=never),
        Field(name="resolves.pending_after", label=_("A pending one is taken as resolved after"), default=_("never")),
        Field(
            name="resolves.reminder_before",
            label=_("The customer is reminded so long before that"),
            words=_("Not at all where it is empty."),
        ),
        Field(name="resolves.reminder", label=_("The reminder says"), kind="long", empty="text"),
        Field(
            name="opens_on_escalation",
            label=_("When a ticket is escalated, one opens on"),
            kind="several",
            look="channels",
        ),
    )


async def _as_json(visit: Visit, there: Row) -> list[Table]:  # noqa: ARG001 - it is at hand
    text = msgspec.json.format(msgspec.json.encode(there), indent=2).decode()
    return [Table(title=_("As JSON, for `throughline derive --policy FILE`"), text=text)]


def _tickets() -> Section:
    source = Policy(policies.list_policies, policies.add_policy, TicketPolicy)
    return Section(
        key="ticket-policy",
        group="desk",
        title=_("Ticket policy"),
        words=_("When a ticket opens, goes on, comes back and closes by itself."),
        notes=(
            _("A new version holds from now on. What was cut into tickets before it stays as it is."),
            _(
                "What it would change is shown of the customers who came last. `throughline derive --policy FILE` "
                "shows it of everybody, and with `--activate past` cuts the past by it, too."
            ),
        ),
        source=source,
        previews=of_tickets(source),
        writes="config.write",
        changes=True,
        reasons=True,
        fields=(
            Field(name="name", label=_("Name"), must=True),
            *_opens(),
            *_continues(),
            *_ends(),
        ),
        beside=_as_json,
    )


def _identity() -> Section:
    return Section(
        key="identity",
        group="data",
        title=_("Identity"),
        words=_("How sure it must be that two contacts are one customer before they are linked without asking."),
        notes=(_("What was decided before a new version stays."),),
        source=Policy(identity_policies.list_policies, identity_policies.add_policy, IdentityPolicy),
        writes="config.write",
        changes=True,
        reasons=True,
        fields=(
            Field(
                name="automatic",
                label=_("What may link by itself"),
                kind="choice",
                must=True,
                choices=choices(
                    ("evidence", _("evidence that is likely enough")), ("proof", _("proved identifiers alone"))
                ),
            ),
            Field(
                name="precision",
                label=_("Of the links made on evidence, this share shall be right"),
                kind="number",
                must=True,
                default="0.99",
                words=_("From 0.9 to 0.9999. Higher links fewer and asks more."),
            ),
            Field(
                name="claims",
                label=_("What a claim without a name links"),
                kind="choice",
                must=True,
                choices=choices(
                    ("met", _("where the other side proves what a proved customer claimed")),
                    ("personal", _("wherever the value is one person's by all that is known")),
                ),
            ),
            Field(
                name="suggestions",
                label=_("A person is asked about at most this share of contacts"),
                kind="number",
                must=True,
                default="0.04",
                words=_("From 0 to 0.2."),
            ),
        ),
    )


def _kept(values: Row) -> Row:
    customers = values.get("customers") or {}
    return {**values, "customers": customers if customers.get("inactive_for") else None}


def _retention() -> Section:
    source = Policy(retention.list_policies, retention.add_policy, RetentionPolicy, reasons=False)
    kinds = choices(*((kind, name) for kind, name in _kind_names().items()))
    return Section(
        key="retention",
        group="data",
        title=_("Retention"),
        words=_("What is erased by itself once it is old. Without a rule everything stays for ever."),
        notes=(
            _("The worker erases what a policy says is old within minutes, then once a day. It does not come back."),
        ),
        source=source,
        previews=of_retention(source),
        reads="retention.read",
        writes="retention.write",
        changes=True,
        sure=_("I know that what this policy says is old is erased within minutes, for ever."),
        fields=(
            Field(
                name="items",
                label=_("Items"),
                kind="rows",
                words=_(
                    "Such as 3 years. Where no kind or channel is ticked, of all of them. The last row adds a rule."
                ),
                columns=(
                    Field(name="older_than", label=_("Older than"), must=True),
                    Field(name="kinds", label=_("Of these kinds"), kind="several", choices=kinds),
                    Field(name="channels", label=_("Of these channels"), kind="several", look="channels"),
                ),
            ),
            Field(
                name="customers.inactive_for",
                label=_("Customers who were not heard of, and not written to, for"),
                default=_("nobody"),
                words=_("Such as 5 years; at least 7 days."),
            ),
        ),
        adjust=_kept,
    )


def desk_sections() -> list[Section]:
    return [_tickets()]


def data_sections() -> list[Section]:
    return [_identity(), _retention()]
