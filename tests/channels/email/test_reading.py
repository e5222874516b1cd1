"""What mails of the programs that people use say, whole; and what is read of those that nobody should write."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.attachments import MOST_FILES
from channels.email.bodies import MOST_TEXT
from channels.email.mail import Mail, Mailbox
from channels.email.reading import MOST_PLAIN, read_mail, read_plainly
from tests.channels.email.hostile import HEAD, KINDS, one

MAILS = Path(__file__).parent / "mails"
BIDI = "\u202e"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    sender: tuple[str, str | None]
    subject: str
    new: str
    signature: str | None = None
    quoted: str | None = None
    files: tuple[tuple[str, str, bool], ...] = ()
    html: bool = True


EXPECTED = {
    "gmail": Said(
        sender=("jana.kern@gmail.example", "Jana Kern"),
        subject="Re: Your order 4711",
        new="The lamp came with a crack in its foot—see the picture.\nCan you send another one?",
        signature="-- \nJana Kern\nKern & Daughters",
        quoted="On Tue, Mar 12, 2024 at 9:15",
        files=(("IMG_0412.jpg", "image/jpeg", False),),
    ),
    "outlook": Said(
        sender=("k.amberg@kanzlei.example", "Amberg, Käthe"),
        subject="AW: Rückfrage zu Ihrer Rechnung",
        new="Guten Tag,\n\ndie Anschrift auf der Rechnung ist noch die alte. Bitte ändern Sie sie auf Kaiserstraße 7."
        "\n\nMit freundlichen Grüßen\nKäthe Amberg\n\n[cid:image001.png@01DA7500]",
        quoted="Von: Shop Desk",
        files=(("image001.png", "image/png", True),),
    ),
    "outlook_com": Said(
        sender=("sam.ortega@outlook.example", "Sam Ortega"),
        subject="Re: Your refund",
        new="The refund has not arrived.\nIt is four weeks now.",
        signature="Get Outlook for iOS",
        quoted="----------\nFrom: Shop Desk",
    ),
    "apple_mail": Said(
        sender=("lea@icloud.example", "Lea Voß"),
        subject="Re: Liefertermin für das Regal",
        new="Donnerstag passt mir. Der Plan ist angehängt.",
        quoted="> Am 15.03.2024 um 09:30 schrieb",
        files=(("Plan für oben.pdf", "application/pdf", False),),
    ),
    "ios": Said(
        sender=("lea@icloud.example", "Lea Voß"),
        subject="Re: Liefertermin",
        new="Genau so. Danke!",
        signature="Von meinem iPhone gesendet",
        quoted="> Am 15.03.2024 um 16:02 schrieb",
        html=False,
    ),
    "thunderbird": Said(
        sender=("olaf@verein.example", "Olaf Brand"),
        subject="Re: Spendenquittung",
        new="Hallo,\n\nfür die Quittung brauche ich den vollen Namen des Vereins. Er steht so im Register und müsste "
        "genau so übernommen werden.",
        quoted="Am 17.03.24 um 18:00 schrieb Shop Desk:\n> Guten Tag",
        html=False,
    ),
    "thunderbird_top": Said(
        sender=("olaf@verein.example", "Olaf Brand"),
        subject="Re: Spendenquittung",
        new="So stimmt es, vielen Dank.",
        signature="-- \nOlaf Brand\nKassenwart",
        quoted="Am 18.03.24 um 07:30 schrieb",
        html=False,
    ),
    "yahoo": Said(
        sender=("mona.reis@yahoo.example", "Mona Reis"),
        subject="Re: Voucher",
        new="The voucher code is refused at checkout.",
        signature="Sent from Yahoo Mail on Android",
        quoted="  On Tue, 19 Mar 2024 at 18:20",
    ),
    "k9": Said(
        sender=("tom@posteo.example", "Tom Ahrens"),
        subject="Re: Ersatzteil",
        new="Bitte zwei Stück.",
        signature="-- \nDiese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        quoted="Am 20. März 2024 11:40:02 MEZ schrieb",
        html=False,
    ),
    "proton": Said(
        sender=("ada@proton.example", "ada"),
        subject="Re: Account closed?",
        new="No, I did not ask for that.",
        signature="Sent with Proton Mail secure email.",
        quoted="On Wednesday, March 20th, 2024",
        html=False,
    ),
}


def said(mail: Mail) -> Said:
    new = mail.text[: mail.quoted_at]
    assert mail.sender.mailbox
    quoted = mail.text[mail.quoted_at :] if mail.quoted_at is not None else None
    expected = next(
        (one.quoted for one in EXPECTED.values() if one.quoted and quoted and quoted.startswith(one.quoted)), quoted
    )
    return Said(
        sender=(mail.sender.mailbox.address, mail.sender.mailbox.name),
        subject=mail.subject or "",
        new=new[: mail.signed_at].strip(),
        signature=new[mail.signed_at :].strip() if mail.signed_at is not None else None,
        quoted=expected,
        files=tuple((one.name, one.type, one.is_inline) for one in mail.attachments),
        html=mail.html is not None,
    )


@pytest.mark.parametrize("program", EXPECTED)
def test_mails_as_people_write_them(program: str, tmp_path: Path):
    raw = (MAILS / f"{program}.eml").read_bytes()
    mail = read_mail(raw, tmp_path)
    assert said(mail) == EXPECTED[program]
    assert (mail.defects, mail.robot, mail.bounce) == ((), None, None)
    assert [one.address for one in mail.to] == ["desk@shop.example"]
    assert mail.in_reply_to
    assert mail.in_reply_to[0] in mail.references
    assert {path.name for path in tmp_path.iterdir()} == {one.sha256 for one in mail.attachments}
    assert ' src="http' not in (mail.html or "")


@pytest.mark.parametrize("program", EXPECTED)
def test_line_ends_change_nothing(program: str, tmp_path: Path):
    raw = (MAILS / f"{program}.eml").read_bytes()
    assert read_mail(raw.replace(b"\n", b"\r\n"), tmp_path) == read_mail(raw, tmp_path)
    assert read_mail(b"From jana Tue Mar 12 11:02:58 2024\n" + raw, tmp_path) == read_mail(raw, tmp_path)


def test_the_header_fields_that_others_go_by(tmp_path: Path):
    raw = b"""Return-Path: <>
Delivered-To: desk@shop.example
X-Original-To: help@shop.example
Authentication-Results: mx.shop.example; dkim=pass
Authentication-Results: elsewhere; dkim=fail
From: jane@example.com
Reply-To: Jane <other@example.com>
To: Desk <DESK@Shop.Example>, Bo <bo@example.com>
Message-ID: <a@example.com>
In-Reply-To: <b@shop.example> <c@shop.example>
References: <c@shop.example>
 <b@shop.example>
Date: Tue, 12 Mar 2024 11:02:58 +0100 (CET)

x
"""
    mail = read_mail(raw, tmp_path)
    assert mail.return_path == ""
    assert mail.delivered_to == ("desk@shop.example", "help@shop.example")
    assert mail.authentication_results == ("mx.shop.example; dkim=pass", "elsewhere; dkim=fail")
    assert mail.reply_to == (Mailbox(address="other@example.com", name="Jane"),)
    assert [one.address for one in mail.to] == ["DESK@shop.example", "bo@example.com"]
    assert mail.message_id == "a@example.com"
    assert (mail.in_reply_to, mail.references) == (
        ("b@shop.example", "c@shop.example"),
        ("c@shop.example", "b@shop.example"),
    )
    assert mail.date == datetime(2024, 3, 12, 10, 2, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "files"),
    [
        ('Content-Type: text/plain; name="mail.txt"', ["mail.txt"]),
        ("Content-Type: text/plain\nContent-Disposition: attachment", []),
        ("Content-Type: text/html\nContent-Disposition: inline; filename=ATT1.htm", ["ATT1.htm"]),
        ("Content-Type: text/enriched", []),
        ("Content-Type: text/x-amp-html", []),
        ("Content-Type: plain", []),
        ("Content-Type: html", []),
        ("Content-Type: text/csv; name=a.csv", None),
        ("Content-Type: text/calendar", None),
    ],
)
@pytest.mark.parametrize("within", ["", "mixed"])
def test_the_only_text_is_the_text_whatever_it_is_called(
    fields: str, files: list[str] | None, within: str, tmp_path: Path
):
    said = f"{fields}\n\n<p>Hello\n"
    if within:
        said = f"Content-Type: multipart/{within}; boundary=b\n\n--b\n{said}--b--\n"
    mail = read_mail(HEAD + said.encode(), tmp_path)
    if files is None:
        assert (mail.text, len(mail.attachments)) == ("", 1)
    else:
        assert ("Hello" in mail.text, [one.name for one in mail.attachments]) == (True, files)


@pytest.mark.parametrize("date", ["yesterday", "Tue, 99 Mar 99999 99:99:99", "", "Mon, 1 Jan 1900 00:00:00 +9999", "0"])
def test_a_date_that_is_none_is_none(date: str, tmp_path: Path):
    mail = read_mail(f"From: a@b.example\nDate: {date}\n\nx".encode(), tmp_path)
    assert mail.date is None or mail.date.tzinfo
    assert ("its Date cannot be read" in mail.defects) == (mail.date is None and date != "")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\Windows\\\\a.exe"', "a.exe"),
        (f'attachment; filename="a{BIDI}gpj.exe"', "agpj.exe"),
        ("attachment; filename*=utf-8''%e2%98%83.txt", "☃.txt"),
        ("attachment; filename*0*=utf-8''%e2; filename*1*=%98%83; filename*2=.txt", "☃.txt"),
        ('attachment; filename="=?utf-8?b?4piD?=.txt"', "☃.txt"),
        ("attachment; filename=con.txt", "_con.txt"),
        ("attachment; filename=" + "x" * 5_000 + ".pdf", "x" * 196 + ".pdf"),
        ('attachment; filename="a\0b\tc.txt"', "ab c.txt"),
        ("attachment", "application-1"),
    ],
)
def test_a_file_has_a_name_that_is_safe_anywhere(said: str, name: str, tmp_path: Path):
    raw = f"From: a@b.example\nContent-Type: application/zip\nContent-Disposition: {said}\n\nPK".encode()
    (attached,) = read_mail(raw, tmp_path).attachments
    assert attached.name == name
    assert (tmp_path / attached.sha256).read_bytes() == b"PK"


def test_two_files_of_the_same_bytes_are_one_file_twice(tmp_path: Path):
    part = b"--b\nContent-Type: image/gif; name=%s.gif\n\nGIF89a\n"
    mail = read_mail(
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + part % b"a" + part % b"b" + b"--b--", tmp_path
    )
    assert [one.name for one in mail.attachments] == ["a.gif", "b.gif"]
    assert len(list(tmp_path.iterdir())) == 1


def test_an_empty_file_is_a_file_if_it_has_a_name(tmp_path: Path):
    parts = b"--b\nContent-Type: a/b; name=a\n\n\n--b\nContent-Type: a/b\n\n\n--b--"
    mail = read_mail(HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + parts, tmp_path)
    assert [(one.name, one.size) for one in mail.attachments] == [("a", 0)]
    assert (tmp_path / mail.attachments[0].sha256).read_bytes() == b""


def test_what_the_mail_calls_a_picture_is_what_its_bytes_are(tmp_path: Path):
    raw = HEAD + b"Content-Type: image/png; name=a.png\n\n<html><script>alert(1)</script></html>"
    (attached,) = read_mail(raw, tmp_path).attachments
    assert (attached.said_type, attached.type) != ("image/png", "image/png")
    assert attached.type != "image/png"


@pytest.mark.parametrize("name", KINDS)
def test_whatever_comes_is_read_within_bounds(name: str, tmp_path: Path):
    mail = read_mail(one(name, 0.004), tmp_path)
    assert len(mail.text) <= MOST_TEXT
    assert len(mail.attachments) <= MOST_FILES
    assert len(mail.to) <= 500
    assert len(mail.defects) <= 30
    assert mail.sender.mailbox or mail.sender.fault
    assert not any(sign in msgspec.json.encode(mail) for sign in (b"\\u0000", b"\\ud8", b"\\u0001"))


def test_nothing_that_was_said_is_lost_among_many_parts(tmp_path: Path):
    assert read_mail(one("nested"), tmp_path).text == "deep"
    parts = read_mail(one("parts", 0.06), tmp_path)
    assert "it has 600 files: the first 500 are kept" in parts.defects[-1]
    assert len(parts.attachments) == MOST_FILES
    assert "more than 500 people" in read_mail(one("recipients", 0.05), tmp_path).defects[0]


def test_a_mail_that_cannot_be_read_whole_is_read_plainly():
    mail = read_plainly(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + b"x" * 500_000, "why")
    assert (mail.subject, mail.defects) == ("Hello", ("why",))
    assert mail.text.startswith("--b\n\nxxx")
    assert len(mail.text) <= MOST_PLAIN


PIECES = [
    b"\n", b"\r\n", b"\n\n", b"\0", b"--b\n", b"--b--\n",
    b"From: a@b.example\n", b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: text/html; charset=x\n\n<p>",
    b"Content-Disposition: attachment; filename*0*=a\n", b"Content-Type: message/delivery-status\n\n",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.one_of(st.binary(max_size=30), st.sampled_from(PIECES)), max_size=20))
def test_nothing_raises_whatever_the_bytes(pieces: list[bytes], tmp_path_factory: pytest.TempPathFactory):
    raw = b"".join(pieces)
    mail = read_mail(raw, tmp_path_factory.getbasetemp())
    assert mail.sender.mailbox or mail.sender.fault
    assert read_plainly(raw, "").sender == mail.sender
