"""Did whoever a mail names as its sender write it? What our own mail server says of it (RFC 8601), nobody else's word.

Only header fields that bear the account's configured authserv-id count, and only the topmost run of those: what stands
further down came with the mail. A pass is believed from the very topmost field alone, written as our server writes it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import idna
import msgspec

from channels.email.mail import From

Verdict = Literal["proved", "claimed", "contradicted", "ambiguous"]

MOST_HEADER: Final = 16_384
MOST_RESULTS: Final = 50

_FAILS: Final = frozenset({"fail", "hardfail"})
_ID: Final = re.compile(r"\s*([^\s;()\"]+)(?:\s+([0-9]+))?\s*")
_METHOD: Final = re.compile(r"([a-z][a-z0-9-]*)(?:\s*/\s*([0-9]+))?\s*=\s*([a-z][a-z0-9]*)", re.IGNORECASE)
_PROPERTY: Final = re.compile(
    r"\s(reason|[a-z][a-z0-9-]*\s*\.\s*[a-z][a-z0-9_-]*)\s*=\s*(\"(?:[^\"\\]|\\.)*\"(?:@[^\s;\"]*)?|[^\s;\"]*)",
    re.IGNORECASE,
)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How sure it is who wrote a mail; `by` is what proved or contradicted it, `words` are for the person who looks."""

    verdict: Verdict
    by: Literal["dmarc", "dkim", "spf"] | None = None
    words: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One method's result with its properties, all in small letters but the properties' values."""

    method: str
    result: str
    properties: dict[str, str]


class _Field(msgspec.Struct, frozen=True, kw_only=True):
    """One header field, read. Without `results` it is not understood, and says nothing good of anybody."""

    authserv_id: str
    is_exact: bool
    results: list[Result] | None


def judge(sender: From, fields: Sequence[str], authserv_id: str | None) -> Proof | None:
    """The proof by our own server's results over the mail's Authentication-Results, the topmost first. None where they
    do not settle it and our own check may: there are none of ours, or the topmost says nothing of DKIM.

    Whoever stands in no From alone is ambiguous, whatever was proved of the domain."""
    unclear = ambiguous(sender)
    if unclear is not None:
        return unclear
    assert sender.mailbox is not None
    domain = domain_of(sender.mailbox.address)
    run = _run(fields, authserv_id) if authserv_id else []
    if not run:
        return None
    told = [one for field in run for one in field.results or ()]
    passed = _passed(run[0], domain)
    failed = _failed(told, domain, has_pass=passed is not None)
    if failed is not None:
        return failed
    if passed is not None:
        return passed
    if not any(one.method == "dkim" for one in told):
        return None
    return Proof(verdict="claimed", words=f"{authserv_id} has found no proof that it comes from {domain}")


def ambiguous(sender: From) -> Proof | None:
    """Why nobody can be known by this From; None where it names one address."""
    if sender.mailbox is not None and sender.fault is None and domain_of(sender.mailbox.address):
        return None
    return Proof(verdict="ambiguous", words=sender.fault or "its From names no address")


def domain_of(text: str) -> str:
    """The domain of an address, or of what is one itself, in small ASCII letters; empty where it is none."""
    domain = text.rpartition("@")[2].strip().rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return ""


def is_aligned(domain: str, proved: str) -> bool:
    """Whether what was proved for one domain holds for a From's: for that very domain, or one below it."""
    return "." in proved and (domain == proved or domain.endswith("." + proved))


def _run(fields: Sequence[str], authserv_id: str) -> list[_Field]:
    """The fields at the top that bear our id, if the topmost is written as our server does."""
    run: list[_Field] = []
    for text in fields:
        field = _read(text, authserv_id)
        if field is None or field.authserv_id.lower() != authserv_id.lower():
            break
        run.append(field)
    return run if run and run[0].is_exact else []


def _passed(field: _Field, domain: str) -> Proof | None:
    """A pass of the sender's own domain. One DMARC result and one of SPF is all that a server writes: of two, neither
    is believed."""
    results = field.results or []
    for method in ("dmarc", "dkim", "spf"):
        own = [one for one in results if one.method == method]
        if method != "dkim" and len(own) != 1:
            continue
        if any(one.result == "pass" and is_aligned(domain, _proved_for(one)) for one in own):
            return Proof(verdict="proved", by=method, words=f"{field.authserv_id} says {method}=pass for {domain}")
    return None


def _failed(results: Sequence[Result], domain: str, *, has_pass: bool) -> Proof | None:
    """What our server says against the sender: DMARC's word counts always, a failed signature or SPF of the domain
    only where nothing else has passed."""
    for method in ("dmarc", "dkim", "spf"):
        if method != "dmarc" and has_pass:
            continue
        for one in results:
            if one.method == method and one.result in _FAILS and (method == "dmarc" or _is_of(one, domain)):
                return Proof(
                    verdict="contradicted", by=method, words=f"our mail server says {method}=fail for {domain}"
                )
    return None


def _is_of(result: Result, domain: str) -> bool:
    return is_aligned(domain, _proved_for(result))


def _proved_for(result: Result) -> str:
    """The domain that a result speaks of; empty where it does not say."""
    said = result.properties
    if result.method == "dmarc":
        return domain_of(said.get("header.from", ""))
    if result.method == "spf":
        return domain_of(said.get("smtp.mailfrom", ""))
    return domain_of(said.get("header.d") or said.get("header.i", ""))


def _read(text: str, authserv_id: str) -> _Field | None:
    """None where it names no server at all."""
    if len(text) > MOST_HEADER:
        return _Field(authserv_id=text[:MOST_HEADER].partition(";")[0].strip(), is_exact=False, results=None)
    bare = _without_comments(text)
    if bare is None:
        return _Field(authserv_id=text.partition(";")[0].strip(), is_exact=False, results=None)
    parts = list(_split(bare))
    found = _ID.fullmatch(parts[0].replace('"', ""))
    if found is None:
        return None
    written = text.partition(";")[0].strip()
    is_exact = written in (authserv_id, f"{authserv_id} 1") and found[2] in (None, "1")
    return _Field(authserv_id=found[1], is_exact=is_exact, results=_results(parts[1:]))


def _without_comments(text: str) -> str | None:
    """The text with each comment, however nested, as one space; None where they do not end."""
    kept: list[str] = []
    at, depth, quoted = 0, 0, False
    while at < len(text):
        letter = text[at]
        if letter == "\\" and (depth or quoted):
            if not depth:
                kept.append(text[at : at + 2])
            at += 2
            continue
        if letter == '"' and not depth:
            quoted = not quoted
        if letter == "(" and not quoted:
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            kept.append(" " if not depth else "")
        elif not depth:
            kept.append(letter)
        at += 1
    return None if depth or quoted else "".join(kept)


def _split(text: str) -> Iterator[str]:
    """The parts between semicolons that stand in no quotes."""
    start, quoted, at = 0, False, 0
    while at < len(text):
        if text[at] == "\\" and quoted:
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == ";" and not quoted:
            yield text[start:at]
            start = at + 1
        at += 1
    yield text[start:]


def _results(parts: Sequence[str]) -> list[Result] | None:
    """None where one is not understood: a field that was tampered with says nothing."""
    told: list[Result] = []
    for part in parts[:MOST_RESULTS]:
        text = part.strip()
        if text.lower() in ("", "none"):
            continue
        found = _METHOD.match(text)
        if found is None or found[2] not in (None, "1"):
            return None
        properties: dict[str, str] = {}
        for said, value in _PROPERTY.findall(" " + text[found.end() :]):
            name = re.sub(r"\s", "", said).lower()
            if name in properties and name != "reason":
                return None
            properties[name] = value.replace('"', "")
        told.append(Result(method=found[1].lower(), result=found[3].lower(), properties=properties))
    return told if len(parts) <= MOST_RESULTS else None
