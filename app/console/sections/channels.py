"""Channel accounts: mailboxes and shops, each with its own form; tried, given a new secret, disabled and enabled."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.api import bounces, channel_accounts, channel_changes
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.account_forms import mailbox, shop
from app.console.sections.declared import Action, Column, Done, Row, Said, Section, Table
from app.console.sections.fields import Field, flat
from app.console.sections.sources import Things, said_by
from channels.credentials import EMAIL

_SERVERS: Final = ("imap", "smtp")


class Accounts(Things):
    """Accounts of channels. A mailbox has no sender who would need its secret."""

    def __init__(self) -> None:
        super().__init__(
            channel_accounts.list_accounts,
            channel_accounts.show,
            channel_accounts.make,
            channel_changes.change,
            parameter="account",
            depth=2,
        )

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:
        kind = EMAIL if visit.asked_for.get("kind") == EMAIL else "orders"
        key, made = await super().add(visit, {**values, "kind": kind}, said)
        if kind == EMAIL:
            made = {"id": key}
        return key, made


def _form(about: Mapping[str, Any]) -> tuple[Field, ...]:
    return mailbox() if about.get("kind") == EMAIL else shop()


def _as_sent(values: Row) -> Row:
    """A server without a name is none; an account that is new proves what its kind does where nothing is said."""
    settings = dict(values.get("settings", {}))
    for door in _SERVERS:
        server = settings.get(door)
        if isinstance(server, dict) and not server.get("host"):
            settings[door] = None
    found = {**values, "settings": settings}
    if not found.get("proves"):
        found.pop("proves", None)
    return found


async def _try(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    found = said_by(await ask(visit, channel_changes.test, {"account": key}))
    lines = [f"{one['door'].upper()}: {one['words']}" for one in found["findings"]]
    words = _("It works.") if found["ok"] else _("Something is wrong with it.")
    return Done(words=words, lines=(*lines, *found["faults"]))


async def _rotate(visit: Visit, key: str, values: Row, said: Said) -> Done:
    body = {"overlap": values["overlap"]}
    made = said_by(await ask(visit, channel_accounts.rotate, {"account": key}, body=body, once=said.once))
    return Done(shown=((_("Secret"), made["secret"]),), words=_("Give it to the sender now: it is not shown again."))


async def _disable(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, channel_accounts.disable, {"account": key}, once=said.once)
    return Done()


async def _enable(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, channel_accounts.enable, {"account": key}, once=said.once)
    return Done()


async def _beside(visit: Visit, there: Row) -> list[Table]:
    found: list[Table] = []
    if there.get("failing"):
        names = ("domain", "failures", "waiting", "paused_until", "reason")
        labels = (_("Domain"), _("Failed"), _("Mails that wait"), _("Left alone until"), _("Why"))
        kinds: tuple[Any, ...] = ("text", "count", "count", "when", "text")
        columns = [Column(name=n, label=label, kind=k) for n, label, k in zip(names, labels, kinds, strict=True)]
        found.append(Table(title=_("Domains that it cannot send to"), columns=columns, rows=there["failing"]))
    changes = said_by(await ask(visit, channel_changes.list_changes, {"account": there["id"]}))["items"]
    found.append(
        Table(
            title=_("Changes"),
            columns=(
                Column(name="changed_at", label=_("When"), kind="when"),
                Column(name="changed_by", label=_("By"), kind="who"),
                Column(name="what", label=_("What")),
            ),
            rows=[{**one, "what": _difference(one)} for one in changes],
            empty=_("It is as it was made."),
        )
    )
    return found


def _difference(change: Row) -> str:
    before, after = dict(flat(change["before"])), dict(flat(change["after"]))
    if "disabled" in after:
        return _("disabled") if after["disabled"] else _("enabled again")
    parts = [
        f"{path}: {_plain(before.get(path))} → {_plain(after.get(path))}"
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    ]
    return "; ".join([*parts, *(_("password for %(door)s", door=door) for door in change["passwords"])])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else "—" if value is None else msgspec.json.encode(value).decode()


def _is_on(there: Row) -> bool:
    return there["disabled_at"] is None


def _actions() -> tuple[Action, ...]:
    return (
        Action(
            key="test",
            label=_("Test"),
            words=_("Asks its servers whether they let us in. Nothing is fetched and nothing is sent."),
            does=_try,
            right="channels.write",
            when=_is_on,
        ),
        Action(
            key="secret",
            label=_("New secret"),
            words=_("For whoever posts to its address: another secret, shown once. The one before holds for a while."),
            does=_rotate,
            right="channels.write",
            when=_is_on,
            fields=(
                Field(
                    name="overlap",
                    label=_("The one before holds for"),
                    kind="duration",
                    must=True,
                    start=86_400,
                    default=_("24 hours"),
                    words=_("0 seconds where it got into wrong hands."),
                ),
            ),
        ),
        Action(
            key="disable",
            label=_("Disable"),
            words=_("With the next request nothing comes in or goes out through it. What came in stays."),
            does=_disable,
            right="channels.write",
            danger=True,
            when=_is_on,
        ),
        Action(
            key="enable",
            label=_("Enable"),
            words=_("It lets in and out again what it did before, with the same secret and passwords."),
            does=_enable,
            right="channels.write",
            when=lambda there: not _is_on(there),
        ),
    )


def _accounts() -> Section:
    return Section(
        key="accounts",
        group="channels",
        title=_("Channel accounts"),
        words=_("Mailboxes and shops: where messages and orders come in, and where mail goes out."),
        source=Accounts(),
        reads="channels.read",
        writes="channels.write",
        adds=True,
        changes=True,
        ways=(("?kind=email", _("Add a mailbox")), ("?kind=orders", _("Add a shop"))),
        depth=2,
        columns=(
            Column(name="name", label=_("Name")),
            Column(name="kind", label=_("Kind")),
            Column(name="source", label=_("Source")),
            Column(name="created_at", label=_("Made"), kind="when"),
            Column(name="disabled_at", label=_("Disabled"), kind="when"),
        ),
        fields_for=_form,
        adjust=_as_sent,
        facts=(
            Column(name="kind", label=_("Kind")),
            Column(name="source", label=_("Source")),
            Column(name="address", label=_("Posts to"), kind="code"),
            Column(name="hint", label=_("Secret ends in"), kind="code"),
            Column(name="overlap_until", label=_("The secret before holds until"), kind="when"),
            Column(name="mailbox.fetched_at", label=_("Last fetched"), kind="when"),
            Column(name="mailbox.archived", label=_("Mails that are here"), kind="count"),
            Column(name="created_at", label=_("Made"), kind="when"),
            Column(name="created_by", label=_("Made by"), kind="who"),
            Column(name="disabled_at", label=_("Disabled"), kind="when"),
            Column(name="disabled_by", label=_("Disabled by"), kind="who"),
        ),
        beside=_beside,
        wrong="faults",
        actions=_actions(),
        once=(("secret", _("Secret")), ("address", _("Posts to"))),
        after=_("Give both to the sender now: the secret is not shown again."),
        empty=_(
            "Nothing comes in by itself yet. Add the mailbox that customers write to, or the shop that they buy in."
        ),
    )


async def _clear(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
    await ask(visit, bounces.clear, {"bounce": key}, once=said.once)
    return Done(goes="/settings/bounces?done=done")


def _bounces() -> Section:
    told = (
        Column(name="address", label=_("Address")),
        Column(name="status", label=_("Status"), kind="code"),
        Column(name="words", label=_("What the report said")),
        Column(name="bounced_at", label=_("When"), kind="when"),
    )
    return Section(
        key="bounces",
        group="channels",
        title=_("Bounces"),
        words=_(
            "Addresses where mail of ours did not arrive: no automatic mail goes there until it is cleared; replies do."
        ),
        source=Things(bounces.list_bounces),
        columns=told,
        facts=told,
        name="address",
        filters=(Field(name="address", label=_("Address")),),
        empty=_("All mail arrives, as far as anybody told us."),
        actions=(
            Action(
                key="clear",
                label=_("Mail arrives again"),
                words=_("All bounces of this address are cleared, and automatic mail goes there again."),
                does=_clear,
                right="desk",
            ),
        ),
    )


def sections() -> list[Section]:
    return [_accounts(), _bounces()]
