"""No person wrote it: what shows that, and what reports about the delivery of our own mails say."""

from pathlib import Path

import pytest

from channels.email.mail import Bounce, Failed, Mail
from channels.email.reading import read_mail

PERSON = "From: Jane <jane@example.com>\nSubject: Hello\n"


@pytest.fixture
def read(tmp_path: Path):
    def reading(raw: str) -> Mail:
        return read_mail(raw.encode(), tmp_path)

    return reading


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: auto-replied", "auto_reply"),
        ("Auto-Submitted: auto-generated (x)", "bulk"),
        ("auto-submitted: AUTO-NOTIFIED; owner-email=x", "auto_reply"),
        ("X-Autoreply: yes", "auto_reply"),
        ("X-Autorespond: Away", "auto_reply"),
        ("X-Auto-Response-Suppress: All", "bulk"),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", "bulk"),
        ("Precedence: bulk", "bulk"),
        ("Precedence: junk", "bulk"),
        ("Precedence: list", "list"),
        ("Precedence: auto_reply", "auto_reply"),
        ("List-Id: <news.example.com>", "list"),
        ("List-Unsubscribe: <mailto:x@example.com>", "bulk"),
        ("X-Loop: desk@shop.example", "loop"),
        ("Return-Path: <>", "null_sender"),
        ("Return-Path: < >", "null_sender"),
        ("Return-Path: <> (nobody)", "null_sender"),
        ("Auto-Submitted: no\nAuto-Submitted: auto-replied", "auto_reply"),
        ("Precedence: first-class\nPrecedence: bulk", "bulk"),
        ("Content-Type: multipart/report; report-type=feedback-report; boundary=b", "report"),
        ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b", "report"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=b", "bounce"),
    ],
)
def test_headers_of_robots(read, header: str, kind: str):
    robot = read(f"{header}\n{PERSON}\nx").robot
    assert robot is not None
    assert robot.kind == kind
    assert robot.why


@pytest.mark.parametrize(
    "subject",
    ["Automatic reply: Your order", "Out of Office: x", "Automatische Antwort: x", "Abwesenheitsnotiz: x", "Autoreply"],
)
def test_forms_of_vacation(read, subject: str):
    assert read(f"From: jane@example.com\nSubject: {subject}\n\nx").robot.kind == "auto_reply"


@pytest.mark.parametrize(
    ("sender", "kind"),
    [("MAILER-DAEMON@example.com", "bounce"), ("no-reply@example.com", "bulk"), ("noreply+1@example.com", "bulk")],
)
def test_addresses_that_nobody_reads(read, sender: str, kind: str):
    assert read(f"From: {sender}\nSubject: x\n\nx").robot.kind == kind


@pytest.mark.parametrize("sender", ["bruno.reply@example.com", "casino-answer@example.com"])
def test_a_name_that_ends_in_no_is_a_persons(read, sender: str):
    assert read(f"From: {sender}\nSubject: x\n\nx").robot is None


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Precedence: first-class",
        "Precedence: normal",
        "X-Auto-Response-Suppress: none",
        "X-Autoreply: no",
        "Return-Path: <jane@example.com>",
        "Feedback-ID: 1:user:proton",
        "Subject: Re: automatic reply to my order?",
        "X-Mailer: robot",
    ],
)
def test_people_are_no_robots(read, header: str):
    mail = read(f"{header}\nFrom: Norepley <norman@example.com>\n\nIt could not be delivered to me.")
    assert (mail.robot, mail.bounce) == (None, None)


REPORT = """Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example>
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

I could not deliver it.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Tue, 12 Mar 2024 11:02:58 +0100

Original-Recipient: rfc822;Jane@example.com
Final-Recipient: rfc822; jane@inner.example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <jane@example.com>:
 no such user

Final-Recipient: rfc822; bo@example.com
Action: Delayed
Status: 4.2.2 (mailbox full)

--b
Content-Type: %s

Received: from shop.example by mx.example
Message-ID: <tok.1@shop.example>
Subject: Your order

Message-ID: <forged@evil.example>
--b--
"""


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_names_the_mail_and_what_became_of_it(read, returned: str):
    mail = read(REPORT % returned)
    assert mail.robot.kind == "bounce"
    assert mail.text.strip() == "I could not deliver it."
    assert mail.bounce == Bounce(
        message_id="tok.1@shop.example",
        failed=(
            Failed(
                address="Jane@example.com",
                action="failed",
                status="5.1.1",
                words="550 5.1.1 <jane@example.com>: no such user",
            ),
            Failed(address="bo@example.com", action="delayed", status="4.2.2"),
        ),
    )


def test_a_report_without_the_mail_names_none(read):
    assert read(REPORT.replace("Message-ID: <tok", "X-ID: <tok") % "message/rfc822").bounce.message_id is None


QMAIL = """Return-Path: <>
From: MAILER-DAEMON@mx.example
Subject: failure notice

Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<jane@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 no such user

--- Below this line is a copy of the message.

Return-Path: <desk@shop.example>
Message-ID: <tok.2@shop.example>
Subject: Your order
"""
EXCHANGE = """Return-Path: <>
From: Microsoft Outlook <MicrosoftExchange329e71ec@kanzlei.example>
Subject: Unzustellbar: Ihre Rechnung
Content-Type: text/plain; charset=utf-8

Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:

jane@example.com<mailto:jane@example.com>
Die eingegebene Adresse wurde nicht gefunden.

Diagnoseinformationen für Administratoren:
#550 5.1.10 RESOLVER.ADR.RecipientNotFound ##

Ursprüngliche Nachrichtenkopfzeilen:

Received: from shop.example
Message-ID: <tok.2@shop.example>
"""
EXIM = """Return-Path: <>
From: Mail Delivery System <Mailer-Daemon@mx.example>
X-Failed-Recipients: jane@example.com
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

  jane@example.com
    550 5.1.1 no such user

------ This is a copy of the message, including all the headers. ------

Message-ID: <tok.2@shop.example>
"""


@pytest.mark.parametrize(
    ("raw", "status"), [(QMAIL, "5.1.1"), (EXCHANGE, "5.1.10"), (EXIM, "5.1.1")], ids=["qmail", "exchange", "exim"]
)
def test_reports_in_words_of_their_own(read, raw: str, status: str):
    mail = read(raw)
    assert mail.robot.kind == "bounce"
    assert mail.bounce is not None
    assert mail.bounce.message_id == "tok.2@shop.example"
    assert [(one.address, one.action, one.status) for one in mail.bounce.failed] == [
        ("jane@example.com", "failed", status)
    ]
    assert all(one.words for one in mail.bounce.failed)


def test_a_warning_that_a_mail_is_late_is_no_failure(read):
    raw = EXIM.replace(
        "Mail delivery failed: returning message to sender", "Warning: message 1abcde-000 delayed 24 hours"
    )
    raw = raw.replace("X-Failed-Recipients: jane@example.com\n", "").replace("    550 5.1.1 no such user\n", "")
    late = read(raw.replace("software.\n", "software.\nA message that you sent has not yet been delivered to:\n"))
    assert [(one.address, one.action) for one in late.bounce.failed] == [("jane@example.com", "delayed")]
    assert [one.action for one in read(EXIM).bounce.failed] == ["failed"]


def test_who_is_away_and_quotes_us_reports_nothing(read):
    raw = "Return-Path: <>\nAuto-Submitted: auto-replied\n" + PERSON.replace("Hello", "I am away")
    away = read(raw + "\nBack on Monday.\n\njane@example.com\n\n> Your parcel could not be delivered to you.\n")
    assert (away.bounce, away.robot.kind) == (None, "auto_reply")


def test_a_person_who_forwards_such_words_has_written_no_report(read):
    raw = QMAIL.replace("Return-Path: <>\n", "Return-Path: <bo@example.com>\n", 1).replace("MAILER-DAEMON@mx", "bo@b")
    assert read(raw).bounce is None


@pytest.mark.parametrize(
    "raw",
    [
        PERSON + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nWhy did my mail come back?\n--b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; desk@shop.example\n"
        "Action: failed\nStatus: 5.1.1\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <1@x>\n\nHi\n--b--\n",
        PERSON + "X-Failed-Recipients: desk@shop.example\n\nWhy did my mail come back?\n",
    ],
)
def test_a_person_who_asks_about_a_report_has_written_none(read, raw: str):
    mail = read(raw)
    assert (mail.bounce, mail.robot) == (None, None)
    assert "Why did my mail" in mail.text
    daemon = read(raw.replace("jane@example.com", "MAILER-DAEMON@mx.example"))
    assert daemon.bounce is not None
