"""API keys: made, shown once, revoked."""

from app.access import ROLES
from app.api import keys
from app.auth import KINDS
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Action, Column, Done, Row, Said, Section
from app.console.sections.fields import Field, choices
from app.console.sections.sources import Things


async def _revoke(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, keys.revoke, {"key_id": key}, once=said.once)
    return Done()


def _fields() -> tuple[Field, ...]:
    return (
        Field(name="name", label=_("Name"), must=True, words=_("What it is for, such as the shop that pushes orders.")),
        Field(
            name="role",
            label=_("Role"),
            kind="choice",
            must=True,
            start="integration",
            choices=choices(*((role, role) for role in ROLES)),
            words=_(
                "An integration pushes and reads customers, tickets and search. The others may do what agents may."
            ),
        ),
        Field(
            name="agent_id",
            label=_("Whose key it is"),
            kind="choice",
            look="agents",
            default=_("a program's"),
            words=_("What is done with an agent's key, that agent did."),
        ),
        Field(
            name="proves",
            label=_("Proves"),
            kind="several",
            start=list(KINDS),
            choices=choices(*((kind, kind) for kind in KINDS)),
            words=_("Identifiers that it may call verified. Of the others, what it says is only claimed."),
        ),
        Field(
            name="rate",
            label=_("Requests a second"),
            kind="number",
            start=200,
            must=True,
            default="200",
            words=_("0 is no limit."),
        ),
        Field(name="expires_at", label=_("Ends"), kind="moment", default=_("never")),
    )


def sections() -> list[Section]:
    return [
        Section(
            key="keys",
            group="channels",
            title=_("API keys"),
            adding=_("Make a key"),
            words=_("What programs sign in with. A key is shown once, when it is made."),
            source=Things(keys.list_keys, keys.show, keys.make, parameter="key_id"),
            reads="keys.read",
            writes="keys.write",
            adds=True,
            columns=(
                Column(name="name", label=_("Name")),
                Column(name="role", label=_("Role")),
                Column(name="hint", label=_("Ends in"), kind="code"),
                Column(name="last_used_at", label=_("Last used"), kind="when"),
                Column(name="expires_at", label=_("Ends"), kind="when"),
                Column(name="revoked_at", label=_("Revoked"), kind="when"),
            ),
            fields=_fields(),
            facts=(
                Column(name="role", label=_("Role")),
                Column(name="agent_id", label=_("Whose"), look="agents"),
                Column(name="hint", label=_("Ends in"), kind="code"),
                Column(name="proves", label=_("Proves")),
                Column(name="rate", label=_("Requests a second"), kind="count"),
                Column(name="created_at", label=_("Made"), kind="when"),
                Column(name="created_by", label=_("Made by"), kind="who"),
                Column(name="last_used_at", label=_("Last used"), kind="when"),
                Column(name="expires_at", label=_("Ends"), kind="when"),
                Column(name="revoked_at", label=_("Revoked"), kind="when"),
            ),
            once=(("key", _("Key")),),
            after=_("Copy it now: it is not shown again. If it is lost, revoke it and make another."),
            empty=_("There are no keys yet. A shop or a CRM needs one to push what happens."),
            actions=(
                Action(
                    key="revoke",
                    label=_("Revoke"),
                    words=_("Whatever uses it is refused from its next request on. It cannot be taken back."),
                    does=_revoke,
                    right="keys.write",
                    danger=True,
                    when=lambda there: there["revoked_at"] is None,
                ),
            ),
        )
    ]
