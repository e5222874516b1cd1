"""What a mail says, read: values that everything behind the parser goes by."""

from datetime import datetime
from typing import Literal

import msgspec

RobotKind = Literal["auto_reply", "list", "bulk", "bounce", "null_sender", "report", "loop"]


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """One address: the local part as it was written, the domain in small ASCII letters (IDNA)."""

    address: str
    name: str | None = None


class From(msgspec.Struct, frozen=True, kw_only=True):
    """Who says to have written it. Without a mailbox nobody can be answered or known by it: `fault` says why, and
    `raw` is the header as it came, for a person to look at."""

    raw: str
    mailbox: Mailbox | None = None
    fault: str | None = None


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is kept as a file: `type` is what its bytes are, `said_type` what the mail called it; `sha256` in
    hex names it among the parts."""

    name: str
    type: str
    said_type: str
    size: int
    sha256: str
    is_inline: bool = False
    content_id: str | None = None


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """What shows that no person wrote it: the header that says so, in words."""

    kind: RobotKind
    why: str


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient of whom a delivery report tells. `status` is the enhanced code (RFC 3463), such as 5.1.1."""

    address: str
    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: str | None = None
    words: str | None = None


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery report (RFC 3464, or one that is none and says the same): about which mail, and what became of it."""

    message_id: str | None
    failed: tuple[Failed, ...] = ()


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is all of it; what is new in it ends at `quoted_at`, the signature of that begins at `signed_at`, both
    counted in characters. `html` is safe to show. Message ids are without their angle brackets. Header fields of
    authentication are in their order, the topmost first. `defects` are words for the person who looks at it."""

    sender: From
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    subject: str | None = None
    date: datetime | None = None
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    quoted_at: int | None = None
    signed_at: int | None = None
    html: str | None = None
    attachments: tuple[Attached, ...] = ()
    robot: Robot | None = None
    bounce: Bounce | None = None
    authentication_results: tuple[str, ...] = ()
    return_path: str | None = None
    delivered_to: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
