"""What goes out is a mail that every client reads as it was meant, whatever anybody typed into it."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.email.composing import (
    Enclosed,
    Letter,
    Recipient,
    Rendered,
    Sender,
    Slot,
    Uncomposable,
    encoded,
    encoded_size,
    pieces,
    render,
)

AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SENDER = Sender(address="desk@shop.example", name="The Shop")
ANN = Recipient(address="ann@example.org")


def rendered(sender: Sender = SENDER, **fields: object) -> Rendered:
    return render(Letter(**{"to": (ANN,), **fields}), sender, "abc@shop.example", AT)  # type: ignore[arg-type]


def read(made: Rendered, files: dict[str, bytes] | None = None) -> EmailMessage:
    raw = b"".join(
        encoded((files or {})[piece.sha256]) if isinstance(piece, Slot) else piece
        for piece in pieces(made.raw, made.slots)
    )
    assert len(raw) == made.size
    return email.message_from_bytes(raw, policy=email.policy.default)


def text_of(made: Rendered, kind: str = "plain") -> str:
    part = read(made).get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def test_a_plain_letter_as_it_stands_on_the_wire() -> None:
    made = rendered(subject="Red shoes", text="Hello", references=("a@there", "b@here"), automatic="replied")
    head, _, _ = made.raw.decode().partition("\r\nContent-Type: multipart/alternative;")
    assert head.split("\r\n") == [
        "Date: Sat, 31 Jan 2026 09:30:00 +0000",
        "From: The Shop <desk@shop.example>",
        "To: ann@example.org",
        "Subject: Red shoes",
        "Message-ID: <abc@shop.example>",
        "In-Reply-To: <b@here>",
        "References: <a@there> <b@here>",
        "Auto-Submitted: auto-replied",
        "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply",
        "MIME-Version: 1.0",
    ]


NASTY = st.text(
    st.one_of(
        st.sampled_from('\r\n\t\0\x0b\x1b .=?_"\\<>,;:@()[]-äß漢🎉\u202e\u2028\xa0From'),
        st.characters(codec="utf-8", exclude_categories=["Cs"]),
    ),
    max_size=200,
)


@settings(max_examples=60, deadline=None)
@example(*["x\r\nBcc: b@example.org"] * 5)
@example(*["x\nBcc: b@example.org\n\nbody"] * 5)
@given(name=NASTY, subject=NASTY, text=NASTY, file=NASTY, reference=NASTY)
def test_nothing_that_is_typed_becomes_a_header_a_recipient_or_the_end(
    name: str, subject: str, text: str, file: str, reference: str
) -> None:
    made = rendered(
        sender=Sender(address="desk@shop.example", name=name),
        to=(Recipient(address="ann@example.org", name=name),),
        subject=subject,
        text=text,
        references=(reference,),
        files=(Enclosed(name=file, type=file, size=3, sha256="a"),),
    )
    raw = made.raw
    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert raw.isascii()
    assert b"\0" not in raw
    assert not any(line.startswith((b".", b"From ")) for line in raw.split(b"\r\n"))
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    message = read(made, {"a": b"abc"})
    expected = {"Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"}
    assert {*message.keys()} - {"In-Reply-To", "References"} == expected
    assert [one.addr_spec for one in message["To"].addresses] == ["ann@example.org"]
    assert [one.addr_spec for one in message["From"].addresses] == ["desk@shop.example"]
    assert len(list(message.iter_attachments())) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "a\r\nb\rc\nd",
        ".\n..\n.x",
        "From me\nFrom",
        "x " * 600,
        "ü" * 300,
        "= =3D =\n\t\n trailing \n",
        "-- \nme",
    ],
)
def test_a_text_comes_out_as_it_went_in(text: str) -> None:
    assert text_of(rendered(text=text)) == text.replace("\r\n", "\n").replace("\r", "\n")


def test_the_html_is_simple_and_escaped() -> None:
    shown = text_of(rendered(text='<script>alert("x")</script>\nhttps://shop.example/?a=1&b="2'), "html")
    assert "<script" not in shown
    assert '<a href="https://shop.example/?a=1&amp;b=">https://shop.example/?a=1&amp;b=</a>' in shown


@pytest.mark.parametrize("subject", ["Grüße 🎉 " * 20, "=?utf-8?b?SGk=?=", "x" * 300, "", "ä", "a  b", "word " * 60])
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    assert " ".join(str(read(rendered(subject=subject))["Subject"]).split()) == " ".join(subject.split())


@pytest.mark.parametrize("name", ["Ann", "Müller, Jürgen", 'A "B" C', "a\\b", "", "Ann <evil@example.org>", "x" * 60])
def test_a_name_is_a_name_and_no_address(name: str) -> None:
    (one,) = read(rendered(to=(Recipient(address="ann@example.org", name=name),)))["To"].addresses
    assert (one.addr_spec, one.display_name) == ("ann@example.org", name)


def test_who_gets_a_blind_copy_stands_nowhere() -> None:
    made = rendered(bcc=(Recipient(address="secret@example.org"),))
    assert b"secret" not in made.raw
    assert b"Bcc" not in rendered(to=(), bcc=(Recipient(address="secret@example.org"),)).raw


@pytest.mark.parametrize(
    "address",
    ["a b@example.org", "a@example.org\r\nRCPT TO:<b@example.org>", "a", "@b", "a@b>", "a,b@c.example", "ä@b.example"],
)
def test_what_is_no_address_is_not_sent_to(address: str) -> None:
    for field in ("to", "cc", "bcc"):
        named: dict[str, Any] = {field: (Recipient(address=address),)}
        with pytest.raises(Uncomposable):
            rendered(**named)
    with pytest.raises(Uncomposable):
        rendered(to=())


def test_a_long_thread_keeps_its_first_and_its_last() -> None:
    message = read(rendered(references=[f"{n}@there" for n in range(300)]))
    kept = str(message["References"]).split()
    assert (kept[0], kept[-1], len(kept)) == ("<0@there>", "<299@there>", 20)


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 3_000])
def test_files_are_put_in_as_they_are(size: int) -> None:
    content = bytes(at % 256 for at in range(size))
    assert encoded_size(size) == len(encoded(content))
    files = [Enclosed(name=name, type="image/png", size=size, sha256="a") for name in ("a.png", "ä\r\n.png", "..")]
    made = rendered(text="Here", files=tuple(files))
    parts = list(read(made, {"a": content}).iter_attachments())
    assert [part.get_content() for part in parts] == [content] * 3
    assert [part.get_filename() for part in parts] == ["a.png", "ä .png", "file"]
    assert all(part.get_content_disposition() == "attachment" for part in parts)
