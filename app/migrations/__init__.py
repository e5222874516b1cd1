"""Every migration's id, in order: the start compares them with the database before it loads Piccolo."""

IDS = (
    "0001-foundation",
    "0002-audit",
    "0003-tickets",
    "0004-objects",
    "0005-channels",
    "0006-erasure",
    "0007-restorations",
    "0008-identity",
    "0009-desk",
    "0010-lifecycle",
    "0011-edits",
    "0012-sla",
    "0013-people",
    "0014-webhooks",
    "0015-reports",
    "0016-mailboxes",
    "0017-outbox",
    "0018-files",
    "0020-mail-threads",
    "0021-versions",
)
