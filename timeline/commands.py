"""What an agent, a macro, a rule or the API may ask of a ticket, and what such a request may hold.

`timeline.actions` carries commands out; what they did are events, past tense.
"""

import re
from datetime import datetime
from typing import Any, Final, Literal
from unicodedata import normalize
from uuid import UUID

import msgspec

from timeline.addressing import MOST_RECIPIENTS, read_addresses
from timeline.events import Priority, Status
from timeline.interactions import InvalidField, check_text

MOST_BODY: Final = 100_000
MOST_SUBJECT: Final = 500
MOST_COMMENT: Final = 5_000
MOST_TAG: Final = 50
MOST_TAGS: Final = 50
MOST_ATTACHED: Final = 20

KEY_WORDS: Final = "expected 1 to 63 small letters, digits, dashes and underscores, a letter or a digit first"
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Answer the customer on the channel of the item answered. By mail: `to` is the contact point of that item where
    nobody says otherwise, `attachments` are ids of uploads. What came by a web form may say one address in `to`."""

    body: str
    to: tuple[str, ...] | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str | None = None
    attachments: tuple[UUID, ...] = ()

    @property
    def is_addressed(self) -> bool:
        """Whether it says what only a mail can have."""
        return self.to is not None or bool(self.cc or self.bcc or self.subject is not None or self.attachments)

    @property
    def names_one(self) -> bool:
        """Whether it says to which one address it goes, and nothing else that only a mail can have."""
        return len(self.to or ()) == 1 and not msgspec.structs.replace(self, to=None).is_addressed


class AddNote(msgspec.Struct, frozen=True, kw_only=True):
    """Write something down for colleagues; `mentions` are the agents whom it is for."""

    body: str
    mentions: tuple[UUID, ...] = ()


class SetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Move the ticket to another state: an end perhaps with what came of it, on hold perhaps for a third party."""

    status: Status
    disposition: str | None = None
    waiting: Literal["third_party"] | None = None


class Assign(msgspec.Struct, frozen=True, kw_only=True):
    """Give the ticket to an agent, or to nobody."""

    assignee: UUID | None
    reason: str | None = None


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """Put tags on and take tags off; with `only`, every other tag goes."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    only: bool = False


class SetPriority(msgspec.Struct, frozen=True, kw_only=True):
    """Say how urgent it is."""

    priority: Priority


class SetSubject(msgspec.Struct, frozen=True, kw_only=True):
    """Call the ticket something else, or nothing."""

    subject: str | None


class SetType(msgspec.Struct, frozen=True, kw_only=True):
    """Say of which type of the desk the ticket is, or of none."""

    type: str | None


class SetFields(msgspec.Struct, frozen=True, kw_only=True):
    """Fill custom fields of the ticket's type; null empties one, the others stay."""

    fields: dict[str, Any]


class SetQueue(msgspec.Struct, frozen=True, kw_only=True):
    """Put the ticket into a queue, by its key, or into none."""

    queue: str | None
    reason: str | None = None


class Snooze(msgspec.Struct, frozen=True, kw_only=True):
    """Lay the ticket aside until a time or until its customer writes; without a time until then alone."""

    until: datetime | None = None


class Wake(msgspec.Struct, frozen=True, kw_only=True):
    """Fetch a ticket that was laid aside."""


class Confirm(msgspec.Struct, frozen=True, kw_only=True):
    """Say for the customer whether the resolution is one: yes closes the ticket, no opens it again."""

    confirmed: bool
    comment: str | None = None


Life = SetStatus | Snooze | Wake | Confirm
Change = Life | Assign | Tag | SetPriority | SetSubject | SetType | SetFields | SetQueue
Command = Reply | AddNote | Change


def checked(command: Command) -> Command:
    """The command as it is carried out: texts trimmed, tags in lower case. Raises `InvalidField`."""
    replace = msgspec.structs.replace
    if isinstance(command, Reply | AddNote):
        if not command.body.strip() or len(command.body) > MOST_BODY:
            raise InvalidField("body", f"expected 1 to {MOST_BODY} characters")
        check_text("body", command.body)
    if isinstance(command, Reply):
        return _addressed(command)
    if isinstance(command, Tag):
        return replace(command, added=_tags(command.added), removed=_tags(command.removed))
    if isinstance(command, SetSubject) and command.subject is not None:
        return replace(command, subject=_subject(command.subject))
    if isinstance(command, SetQueue) and command.queue is not None and not _KEY.fullmatch(command.queue):
        raise InvalidField("queue", KEY_WORDS)
    if isinstance(command, Confirm) and command.comment is not None:
        if not command.comment.strip() or len(command.comment) > MOST_COMMENT:
            raise InvalidField("comment", f"expected 1 to {MOST_COMMENT} characters")
        check_text("comment", command.comment)
    return command


def _addressed(command: Reply) -> Reply:
    """Who is named twice is named where the mail says so first."""
    named: set[str] = set()
    fields: dict[str, tuple[str, ...]] = {}
    for field in ("to", "cc", "bcc"):
        read = read_addresses(field, getattr(command, field) or ())
        fields[field] = tuple(one for one in read if one not in named)
        named.update(read)
    if len(named) > MOST_RECIPIENTS:
        raise InvalidField("to", f"expected at most {MOST_RECIPIENTS} addresses in all")
    if command.to is not None and not fields["to"]:
        raise InvalidField("to", "expected somebody to send it to")
    if len(set(command.attachments)) > MOST_ATTACHED:
        raise InvalidField("attachments", f"expected at most {MOST_ATTACHED} files")
    return msgspec.structs.replace(
        command,
        to=None if command.to is None else fields["to"],
        cc=fields["cc"],
        bcc=fields["bcc"],
        subject=None if command.subject is None else _subject(command.subject),
        attachments=tuple(dict.fromkeys(command.attachments)),
    )


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, in their order."""
    if len(tags) > MOST_TAGS:
        raise InvalidField("tags", f"expected at most {MOST_TAGS} tags")
    return tuple(dict.fromkeys(_tag(tag) for tag in tags))


def _tag(tag: str) -> str:
    tag = normalize("NFC", tag).strip().lower()
    if not 0 < len(tag) <= MOST_TAG or not tag.isprintable():
        raise InvalidField("tags", f"a tag has 1 to {MOST_TAG} printable characters")
    return tag


def _subject(subject: str) -> str:
    subject = subject.strip()
    if not 0 < len(subject) <= MOST_SUBJECT or _CONTROL.search(subject):
        raise InvalidField("subject", f"expected 1 to {MOST_SUBJECT} characters, none of them a control character")
    return subject
