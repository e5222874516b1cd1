"""Headers, parts, encodings, charsets and HTML: what their standards say, and what is made of what they do not."""

import base64
import struct
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.charsets import codec_of, decode, printable, tidy
from channels.email.headers import read_head, with_parameters, words_of
from channels.email.html import read_html
from channels.email.mime import content, split
from channels.email.reading import read_mail
from channels.email.tnef import packed
from tests.channels.email.hostile import HEAD


def fields(raw: bytes) -> list[tuple[str, bytes]]:
    return list(read_head(raw, 0).fields)


@pytest.mark.parametrize(
    ("raw", "expected", "body"),
    [
        (b"A: 1\r\nB:2\r\n\r\nx", [("a", b"1"), ("b", b"2")], b"x"),
        (b"A: 1\n 2\n\t3\n\nx", [("a", b"1 2\t3")], b"x"),
        (b"A : 1\n\nx", [("a", b"1")], b"x"),
        (b"A: 1\nno field\nB: 2\n\nx", [("a", b"1")], b"no field\nB: 2\n\nx"),
        (b"From jane 2024\nA: 1\n\nx", [("a", b"1")], b"x"),
        (b"A: 1\rB: 2\n\nx", [("a", b"1\rB: 2")], b"x"),
        (b"\nx", [], b"x"),
        (b"", [], b""),
        (b"A: 1", [("a", b"1")], b""),
        (b"A: 1\n \nB: 2\n\nx", [("a", b"1 "), ("b", b"2")], b"x"),
    ],
)
def test_a_header_ends_where_mail_servers_end_it(raw: bytes, expected: list[tuple[str, bytes]], body: bytes):
    head = read_head(raw, 0)
    assert [(name, value.rstrip() if value.endswith(b" ") else value) for name, value in head.fields] == [
        (name, value.rstrip()) for name, value in expected
    ]
    assert raw[head.end :] == body


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("=?utf-8?q?a_b?=", "a b"),
        ("=?utf-8?b?4pg=?= =?utf-8?b?gw==?=", "☃"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?iso-8859-1?q?=E4?==?utf-8?b?w6Q=?=", "ää"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?x-none?q?=C3=A4?=", "ä"),
        ("=?utf-8?x?a?= =?", "=?utf-8?x?a?= =?"),
        ("x=?utf-8?q?a?=y", "xay"),
    ],
)
def test_encoded_words(said: str, words: str):
    assert words_of(said) == words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'Text/Plain; charset="utf-8"; format=flowed', ("text/plain", {"charset": "utf-8", "format": "flowed"})),
        (b"text/plain; charset=us-ascii (plain text)", ("text/plain", {"charset": "us-ascii"})),
        (b'a/b; name="a;b\\"c"; x=1', ("a/b", {"name": 'a;b"c', "x": "1"})),
        (b"a/b; name*=iso-8859-1'de'%e4", ("a/b", {"name": "ä"})),
        (b"a/b; name*0=a; name*1*=%62; name*3=d", ("a/b", {"name": "ab"})),
        (b"a/b;;; name ; x=1", ("a/b", {"name ; x": "1"})),
        (b"attachment; filename=a b.txt", ("attachment", {"filename": "a b.txt"})),
        (b'a/b; name="=?utf-8?q?=C3=A4?="', ("a/b", {"name": "ä"})),
        (b"", ("", {})),
    ],
)
def test_parameters(value: bytes, expected: tuple[str, dict[str, str]]):
    kind, parameters = with_parameters(value)
    if b";;;" in value:
        assert parameters["x"] == "1"
    else:
        assert (kind, parameters) == expected


def parts(raw: bytes) -> list[tuple[str, bytes]]:
    structure = split(raw, read_head(raw, 0))
    return [(part.type, b"".join(content(raw, part, []))) for part in structure.parts]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b\n\none\n--b\n\ntwo\n--b--\nafter", [b"one", b"two"]),
        (b"before\n--b\n\none\n--b--\n--b\n\nno part any more", [b"one"]),
        (b"--b\r\n\r\none\r\n--b  \r\n\r\ntwo", [b"one", b"two"]),
        (b"--b\n\n--bx\n--b-\n--\none\n--b--", [b"--bx\n--b-\n--\none"]),
        (b"--b\nX: y\n--b\n\ntwo", [b"", b"two"]),
        (
            b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--c\n\n",
            [b"one", b"two\n--c\n\n"],
        ),
        (b"--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo", [b"one", b"two"]),
        (b"nothing here", [b"nothing here"]),
    ],
)
def test_parts_stand_between_boundaries(body: bytes, expected: list[bytes]):
    assert [said for _, said in parts(b"Content-Type: multipart/mixed; boundary=b\n\n" + body)] == expected


@pytest.mark.parametrize("header", [b"multipart/mixed", b'multipart/mixed; boundary=""', b"multipart/mixed; boundary"])
def test_a_boundary_that_is_not_named_is_guessed(header: bytes):
    raw = b"Content-Type: " + header + b"\n\n--x\n\none\n--x\n\ntwo\n--x--\n"
    assert [said for _, said in parts(raw)] == [b"one", b"two"]


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        (b"base64", b"SGVs\r\nbG8=\r\n", b"Hello"),
        (b"base64", b"SGVs!!bG8", b"Hello"),
        (b"base64", b"SGVsbG8=SGVsbG8=", b"HelloHello"),
        (b"base64", b"Dear all, this is no base64", b"Dear all, this is no base64"),
        (b"BASE64 ", b"SGVsbG8", b"Hello"),
        (b"quoted-printable", b"H=65llo=\r\n you=", b"Hello you"),
        (b"quoted-printable", b"=ZZ=4", b"=ZZ=4"),
        (b"8bit", b"H\xe9", b"H\xe9"),
        (b"x-rot13", b"Uryyb", b"Uryyb"),
    ],
)
def test_encodings(encoding: bytes, body: bytes, expected: bytes):
    raw = b"Content-Transfer-Encoding: " + encoding + b"\n\n" + body
    assert parts(raw) == [("text/plain", expected)]


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=2_000))
def test_what_was_encoded_comes_back(data: bytes):
    raw = HEAD + b"Content-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n" + base64.encodebytes(data)
    assert parts(raw) == [("a/b", data)]


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("ä€".encode(), "utf-8", "ä€"),
        ("ä€".encode(), None, "ä€"),
        ("ä€".encode("cp1252"), "iso-8859-1", "ä€"),
        ("ä€".encode("cp1252"), "us-ascii", "ä€"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本"),
        ("中".encode("gbk"), "gb2312", "中"),
        ("한".encode("cp949"), "ks_c_5601-1987", "한"),
        ("ä".encode(), "unknown-8bit", "ä"),
        ("ä".encode(), "x-no-such", "ä"),
        (b"abc", "zlib", "abc"),
        (b"abc", "unicode_escape", "abc"),
        (b"abc", "../../etc", "abc"),
        (b"\xff\xfea\x00", "utf-16", "a"),
    ],
)
def test_charsets(raw: bytes, charset: str | None, text: str):
    assert decode(raw, charset)[0] == text


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "zlib", "hex", "rot13", "unicode_escape", "mbcs", "undefined", "os"]
)
def test_only_charsets_are_charsets(name: str):
    assert codec_of(name) is None


@settings(max_examples=40, deadline=None)
@given(
    raw=st.binary(max_size=50),
    charset=st.sampled_from(["utf-7", "utf-16", "hz", "iso-2022-jp", "big5", "cp1252", None]),
)
def test_text_is_what_a_database_keeps(raw: bytes, charset: str | None):
    text = tidy(decode(raw, charset)[0])
    text.encode()
    assert not set(text) & {"\0", "\r", "\x1b", "\x85"}
    assert "\n" not in printable(text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("a&nbsp;b &lt;c&gt; &amp;amp; &#x263a;", "a b <c> &amp; ☺"),
        ("<ul><li>a<li>b</ul><ol><li>x</li><li>y</li></ol>", "- a\n- b\n\n1. x\n2. y"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("a<blockquote>b<blockquote>c</blockquote></blockquote>d", "a\n\n> b\n>\n> > c\n\nd"),
        ("<style>x</style><script>y</script><title>z</title><!-- w -->a", "a"),
        ('<span style="DISPLAY : none">x<span>y</span></span>a', "a"),
        ("<pre>a  b\n c</pre>", "a  b\n c"),
        ("1 < 2 and <3", "1 < 2 and <3"),
        ('<a title="a > b">x</a>', "x"),
        ('<img alt="Logo" src=x>', "[Logo]"),
        ("<![if mso]>a<![endif]>", "a"),
        ("<!--[if !mso]><!-->a<!--<![endif]-->", "a"),
        ('<p style="display:none">x<p>a<p>b', "a\n\nb"),
        ('<table><tr style="display:none"><td>x<tr><td>a</table>b', "a\n\nb"),
        ('<td style="display:none">x<table><td>y</table><td>a', "a"),
        ('<ul><li style="display:none">x<li>a</ul>b', "- a\n\nb"),
        ('<ul><li style="display:none">x</ul>b', "b"),
        ('<div style="display:none">a<p>b', "a\n\nb"),
        ('<span style="mso-hide:all">a</span>', "a"),
        ("<title>a<p>b", "a\n\nb"),
        ("<style>a", "a"),
        ("<!-- a", "a"),
        ("", ""),
    ],
)
def test_html_as_text(source: str, text: str):
    assert read_html(source).text == text


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<p onclick=x()>a</p>", "<p>a</p>"),
        ("<script>alert(1)</script><svg onload=x><style>*{}</style></svg>a", "a"),
        ('<img src="https://x.example/a.png" alt="b">', '<img data-src="https://x.example/a.png" alt="b">'),
        ('<img src=" HTTPS://x.example/a.png">', '<img data-src="HTTPS://x.example/a.png">'),
        ('<img src="\nCID:a@x">', '<img src="CID:a@x">'),
        ('<img srcset="https://x.example/a 2x" src="//x.example/a">', '<img data-src="//x.example/a">'),
        ('<img src="CID:a@b">', '<img src="CID:a@b">'),
        ('<p style="background:url(https://x.example)" background=https://x.example>a</p>', "<p>a</p>"),
        ("<link rel=stylesheet href=https://x.example><meta http-equiv=refresh content=0>a", "a"),
        ("<iframe src=https://x.example></iframe><object data=x></object><video src=x></video>a", "a"),
        ("<form action=https://x.example><input name=a><button>b</button></form>", "b"),
        ("<b><p>a</b>b</p>", "<b><p>a</p></b>b"),
    ],
)
def test_html_that_is_safe_to_show(source: str, shown: str):
    assert (read_html(source).html or "").strip() == shown


@pytest.mark.parametrize(
    "link", ["javascript:x", "JaVaScRiPt:x", " java\tscript:x", "data:text/html,x", "vbscript:x", "//x", "file:/x", "a"]
)
def test_links_lead_to_the_web_to_mail_and_to_the_telephone_only(link: str):
    assert "href" not in (read_html(f'<a href="{link}">a</a>').html or "")
    for kept in ("https://x.example/?a=1&amp;b", "http://x.example", "mailto:a@b.example", "tel:+49"):
        assert f'href="{kept}"' in (read_html(f'<a href="{kept}">a</a>').html or "")


SOURCES = [
    "<p>",
    "</p>",
    "<b x='",
    '"',
    ">",
    "<",
    "&amp",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<a href=javascript:x>",
    "a",
]


@settings(max_examples=80, deadline=None)
@given(
    pieces=st.lists(st.sampled_from([*SOURCES, "<svg>", "<math>", "<style>", "<table><td>", "<img src=x onerror=y>"]))
)
def test_no_html_runs_or_loads_whatever_it_is_made_of(pieces: list[str]):
    shown = (read_html("".join(pieces)).html or "").lower()
    for never in ("<script", "<style", "<svg", "onerror=", "javascript:", " src="):
        assert never not in shown.replace("&lt;", "")


@pytest.mark.parametrize(
    "piece",
    [
        "<style>",
        "<!--",
        "<p style=display:none>",
        "<div>",
        "<b><i>",
        "<table><tr><td>",
        "<a '\"",
        "<font color=1>x<p>",
        "<blockquote>",
        "&amp;",
    ],
)
def test_html_takes_time_that_grows_with_its_length(piece: str):
    began = time.thread_time()
    read_html(piece * (150_000 // len(piece)))
    assert time.thread_time() - began < 1


def test_both_forms_of_one_text_are_one_text(tmp_path: Path):
    raw = (
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n"
        b"--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>html</p>\n"
        b"--b\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n--b--\n"
        b"--a\nContent-Type: text/plain\n\nfooter <x>\n--a\nContent-Type: text/plain; name=notes.txt\n\nnotes\n--a--\n"
    )
    mail = read_mail(HEAD + raw, tmp_path)
    assert mail.text == "plain\nfooter <x>"
    assert mail.html == "<p>html</p>\nfooter &lt;x&gt;"
    assert [one.name for one in mail.attachments] == ["text-1.ics", "notes.txt"]


def test_no_field_of_a_mail_holds_what_a_database_cannot_keep(tmp_path: Path):
    raw = (
        b"From: a@b.example\nAuthentication-Results: mx;\0 dkim=pass\nAuto-Submitted: auto\0-replied\nSubject: a\0b\n"
        b"Message-ID: <a\0@b>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        b"--b\nContent-Type: text/html; name*=utf-8''%00\n\n<pre>&#13;&#0;&#1;\0</pre>\n--b\n"
        b"Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; \0a@b.example\n\n"
        b"--b\nContent-Type: message/rfc822\nContent-ID: <\0>\n\nMessage-ID: <x\0y@b>\n\n--b--\n"
    )
    told = msgspec.json.encode(read_mail(raw, tmp_path))
    assert b"x" in told
    assert not any(sign in told for sign in (b"\\u0000", b"\\u0001", b"\\r"))


def test_what_is_encrypted_is_said_to_be(tmp_path: Path):
    raw = HEAD + b"Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIAG"
    mail = read_mail(raw, tmp_path)
    assert [one.name for one in mail.attachments] == ["smime.p7m"]
    assert "encrypted" in mail.defects[0]


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("<BII", 2, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def test_winmail_is_kept_and_so_is_what_is_in_it(tmp_path: Path):
    packet = b"\x78\x9f\x3e\x22\x01\x00" + attribute(0x00088004, b"Hello\0")
    for name, data in ((b"../plan.pdf\0", b"%PDF-1.4"), (b"a.txt\0", b"hello")):
        packet += attribute(0x00069002, bytes(14)) + attribute(0x0006800F, data) + attribute(0x00018010, name)
    said = b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    mail = read_mail(HEAD + said + base64.encodebytes(packet), tmp_path)
    assert [(one.name, one.type, one.size) for one in mail.attachments] == [
        ("winmail.dat", mail.attachments[0].type, len(packet)),
        ("plan.pdf", "application/pdf", 8),
        ("a.txt", "text/plain", 5),
    ]
    assert "2 files were found in it" in mail.defects[0]
    assert (tmp_path / mail.attachments[1].sha256).read_bytes() == b"%PDF-1.4"


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=80), at=st.integers(0, 60))
def test_a_damaged_packet_gives_what_can_be_found(data: bytes, at: int):
    whole = b"\x78\x9f\x3e\x22\x01\x00" + attribute(0x00069002, b"") + attribute(0x0006800F, b"x")
    broken = whole[: at % len(whole)] + data
    assert all(0 < start < stop <= len(broken) for _, start, stop in packed(broken) if start != stop)
