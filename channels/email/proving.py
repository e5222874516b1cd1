"""Who wrote a mail, as far as we can tell: by what our own mail server says, else by the signature of the sender's
domain and what that asks of those who receive mail (DMARC, RFC 7489)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from channels.email.authentication import Proof, domain_of, judge
from channels.email.dkim import Outcome, Signature, find
from channels.email.dns import Lookup, NotAsked
from channels.email.mail import From

Policy = Literal["none", "quarantine", "reject"]
Verify = Callable[[bytes, Sequence[Signature], Mapping[str, str]], Awaitable[Sequence[Outcome]]]
"""`dkim.verify` in a process that can be killed; what could not be told is `unusable`."""

MOST_LABELS: Final = 6


async def prove(
    raw: bytes,
    sender: From,
    results: Sequence[str],
    authserv_id: str | None,
    *,
    lookup: Lookup,
    verify: Verify,
    now: datetime,
) -> Proof:
    """`results` are the mail's Authentication-Results, the topmost first; `now` is when it reached us."""
    told = judge(sender, results, authserv_id)
    if told is not None:
        return told
    assert sender.mailbox is not None
    domain = domain_of(sender.mailbox.address)
    signatures = find(raw, sender.raw, domain, now)
    if not signatures:
        return Proof(verdict="claimed", words=f"nothing proves that it comes from {domain}: no signature of its own")
    keys, is_whole = await _keys(signatures, lookup)
    outcomes = await verify(raw, signatures, keys) if keys else []
    if "good" in outcomes:
        signer = signatures[list(outcomes).index("good")].domain
        return Proof(verdict="proved", by="dkim", words=f"signed by {signer}")
    if "bad" not in outcomes or not is_whole:
        return Proof(verdict="claimed", words=f"the signature of {domain} could not be checked")
    if await _policy(domain, lookup) in ("quarantine", "reject"):
        words = f"it is not what {domain} has signed, which asks that such mail be refused"
        return Proof(verdict="contradicted", by="dmarc", words=words)
    return Proof(verdict="claimed", words=f"it is not what {domain} has signed, as after a mailing list")


async def _keys(signatures: Sequence[Signature], lookup: Lookup) -> tuple[dict[str, str], bool]:
    """The key records that there are, and whether all could be asked for."""
    keys: dict[str, str] = {}
    is_whole = True
    for one in signatures:
        try:
            records = await lookup(one.key_name)
        except NotAsked:
            is_whole = False
            continue
        if len(records) == 1:
            keys[one.key_name] = records[0]
    return keys, is_whole


async def _policy(domain: str, lookup: Lookup) -> Policy:
    """What the domain, or the nearest above it that says so, asks for; where nobody can be asked, nothing."""
    labels = domain.split(".")[-MOST_LABELS:]
    for at in range(len(labels) - 1):
        name = ".".join(labels[at:])
        try:
            records = [text for text in await lookup(f"_dmarc.{name}") if text.startswith("v=DMARC1")]
        except NotAsked:
            return "none"
        if len(records) == 1:
            return _asked(records[0], is_below=name != domain)
        if records:
            return "none"
    return "none"


def _asked(record: str, *, is_below: bool) -> Policy:
    tags = dict(_pair(part) for part in record.split(";"))
    said = tags.get("sp", tags.get("p")) if is_below else tags.get("p")
    return said if said == "quarantine" or said == "reject" else "none"


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value.strip().lower()
