"""What a channel account is asked for: a mailbox and a shop, each its own."""

from app.auth import KINDS
from app.console.language import _
from app.console.sections.fields import Choice, Field, choices


def _all(*, name: str) -> tuple[Field, ...]:
    return (
        Field(name="name", label=_("Name"), must=True, words=name),
        Field(
            name="source",
            label=_("Source"),
            new=True,
            default=_("the name"),
            words=_("What its events say they came from, for good."),
        ),
    )


def _limits() -> tuple[Field, ...]:
    return (
        Field(
            name="proves",
            label=_("Proves"),
            kind="several",
            choices=choices(*((kind, kind) for kind in KINDS)),
            words=_("Identifiers that it may call verified. Of the others, what it says is only claimed."),
            head=_("What is believed"),
        ),
        Field(
            name="rate",
            label=_("Deliveries a second"),
            kind="number",
            start=200,
            must=True,
            default="200",
            words=_("0 is no limit."),
        ),
    )


def shop() -> tuple[Field, ...]:
    return (
        *_all(name=_("What the shop is called here.")),
        Field(
            name="settings.currency",
            label=_("Currency"),
            words=_("Three letters, such as EUR: what amounts are in where the shop does not say it."),
        ),
        Field(
            name="settings.prefix",
            label=_("Prefix of its numbers"),
            words=_("Goes before the numbers of its orders, where another shop has the same ones."),
        ),
        *_limits(),
    )


def _security() -> tuple[Choice, ...]:
    return choices(("tls", _("TLS")), ("starttls", _("STARTTLS")), ("none", _("none")))


def _fetching() -> tuple[Field, ...]:
    return (
        Field(
            name="settings.imap.host",
            label=_("IMAP server"),
            words=_("Such as imap.example.com. Empty: no mail is fetched."),
            head=_("Mail that comes in"),
        ),
        Field(name="settings.imap.user", label=_("IMAP user")),
        Field(
            name="credentials.imap",
            label=_("IMAP password"),
            kind="secret",
            empty="omit",
            words=_("Kept sealed and never shown. Empty leaves the one that is there."),
        ),
        Field(
            name="settings.imap.security",
            label=_("IMAP security"),
            kind="choice",
            must=True,
            start="tls",
            choices=_security(),
        ),
        Field(name="settings.imap.port", label=_("IMAP port"), kind="number", default=_("the usual one: 993 or 143")),
        Field(name="settings.imap.folder", label=_("Folder"), start="INBOX", default="INBOX", must=True),
        Field(
            name="settings.imap.poll_seconds",
            label=_("Asked every"),
            kind="duration",
            start=60,
            must=True,
            default=_("1 minute"),
        ),
        Field(
            name="settings.imap.idle",
            label=_("The server tells of new mail at once, where it can"),
            kind="flag",
            start=True,
            default=_("yes"),
        ),
    )


def _sending() -> tuple[Field, ...]:
    return (
        Field(
            name="settings.smtp.host",
            label=_("SMTP server"),
            words=_("Such as smtp.example.com. Empty: nothing is sent."),
            head=_("Mail that goes out"),
        ),
        Field(name="settings.smtp.user", label=_("SMTP user"), words=_("Empty: nobody signs in.")),
        Field(
            name="credentials.smtp",
            label=_("SMTP password"),
            kind="secret",
            empty="omit",
            words=_("Kept sealed and never shown. Empty leaves the one that is there."),
        ),
        Field(
            name="settings.smtp.security",
            label=_("SMTP security"),
            kind="choice",
            must=True,
            start="starttls",
            choices=_security(),
        ),
        Field(
            name="settings.smtp.port", label=_("SMTP port"), kind="number", default=_("the usual one: 465, 587 or 25")
        ),
        Field(name="settings.signature", label=_("Signature"), kind="long", words=_("Goes below every reply.")),
    )


def _automatic() -> tuple[Field, ...]:
    return (
        Field(
            name="settings.acknowledge",
            label=_("Automatic answer to a new thread"),
            kind="long",
            default=_("none"),
            head=_("What it writes by itself"),
        ),
        Field(
            name="settings.confirm",
            label=_("Asks whether a resolved ticket is one"),
            kind="long",
            default=_("no"),
            words=_("A text with {link} in it, where the link is put."),
        ),
        Field(
            name="settings.notifies",
            label=_("Writes to agents: notifications and sign-in links"),
            kind="flag",
            start=False,
            default=_("no"),
        ),
        Field(
            name="settings.authserv_id",
            label=_("Our mail server's name"),
            words=_("Whose Authentication-Results are believed; no other's are."),
            head=_("What is believed of a mail"),
        ),
        Field(
            name="settings.max_bytes",
            label=_("Largest mail, in bytes"),
            kind="number",
            start=50 * 1024 * 1024,
            must=True,
            default=_("50 MB"),
        ),
    )


def mailbox() -> tuple[Field, ...]:
    return (
        *_all(name=_("What the mailbox is called here.")),
        Field(name="settings.address", label=_("Address"), must=True, words=_("Mail is sent from it.")),
        Field(
            name="settings.name",
            label=_("Name beside the address"),
            default=_("the account's name"),
            words=_("What customers see."),
        ),
        Field(
            name="settings.aliases",
            label=_("Further addresses that are ours"),
            kind="lines",
            words=_("One a line: mail to them is ours, and is no customer's."),
        ),
        Field(
            name="settings.plus_addressing",
            label=_("Answers may come to name+token@"),
            kind="flag",
            start=False,
            default=_("no"),
            words=_("Only where our mail server takes such addresses."),
        ),
        *_fetching(),
        *_sending(),
        *_automatic(),
        *_limits(),
    )
