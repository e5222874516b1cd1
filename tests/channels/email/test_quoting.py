"""Where the new text of a mail ends and its signature begins, for what the programs of our customers write."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.quoting import fold, unquoted

NEW = "It is broken.\n"
QUOTED = [
    "On Mon, Mar 4, 2024 at 10:00 AM Desk <desk@shop.example> wrote:\n> old\n",
    "On Mon, Mar 4, 2024 at 10:00 AM The Desk of the Shop <\ndesk@shop.example> wrote:\n\n> old\n>> older\n\n",
    "Am Mo., 4. März 2024 um 10:00 Uhr schrieb Desk <\ndesk@shop.example>:\n\n> alt\n",
    "Am 04.03.24 um 10:00 schrieb Desk:\n> alt\n",
    "Am 4. März 2024 10:00:12 MEZ schrieb Desk <desk@shop.example>:\n>alt\n",
    "2024-03-04 10:00 GMT+01:00 Desk <desk@shop.example>:\n\n> old\n",
    "Le lun. 4 mars 2024 à 10:00, Desk <desk@shop.example> a écrit :\n> vieux\n",
    "El lun, 4 mar 2024 a las 10:00, Desk (<desk@shop.example>) escribió:\n> viejo\n",
    "-----Original Message-----\nFrom: Desk\nSent: Monday\n\nold\n",
    "-----Ursprüngliche Nachricht-----\nVon: Desk\n\nalt\n",
    "________________________________\nFrom: Desk <desk@shop.example>\nSent: Monday\nTo: Jane\nSubject: Lamp\n\nold\n",
    "Von: Desk <desk@shop.example>\nGesendet: Montag, 4. März 2024\nAn: Jane\nBetreff: Lampe\n\nalt\n",
    "*From:* Desk\n*Date:* Monday\n*To:* Jane\n*Subject:* Lamp\n\nold\n",
    "From: Desk\nDate: Monday\nTo: Jane\nSubject: Re: Lamp\n\nold\n",
    "On Tuesday, March 12, 2024 at 10:00:00 AM GMT+1, Desk <desk@shop.example> wrote:\n\n  old\n  lines\n",
    "  On Tue, 19 Mar 2024 at 18:20, Desk<desk@shop.example> wrote:   old\nlines\n",
    "On Wednesday, March 20th, 2024 at 17:45, Desk <desk@shop.example> wrote:\n\n> old\n",
    "Desk <desk@shop.example> schrieb am Mo., 4. März 2024, 10:00:\n\n> alt\n",
    "pon., 4 mar 2024 o 10:00 Desk <desk@shop.example> napisał(a):\n\n> dawno\n",
    "Desk <desk@shop.example>, 4 Mar 2024 Pzt, 10:00 tarihinde şunu yazdı:\n\n> eski\n",
    "Desk <desk@shop.example> 于2024年3月4日周一 10:00写道：\n\n> x\n",
    "ma 4. maalisk. 2024 klo 10.00 Desk (desk@shop.example) kirjoitti:\n\n> vanha\n",
    'Gesendet: Montag, 4. März 2024 um 10:00 Uhr\nVon: "Desk" <desk@shop.example>\nAn: Jane\nBetreff: Lampe\n\nalt\n',
    "Od: Desk <desk@shop.example>\nWysłane: poniedziałek, 4 marca 2024\nDo: Jane\nTemat: Lampa\n\ndawno\n",
    "> old without a word whose it is\n",
]


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_is_quoted_begins_where_the_program_says_so(quoted: str):
    assert fold(f"{NEW}\n{quoted}").quoted_at == len(NEW) + 1


@pytest.mark.parametrize("quoted", QUOTED)
def test_a_signature_stands_between_the_new_and_the_old(quoted: str):
    folded = fold(f"{NEW}-- \nJane\nACME\n\n{quoted}")
    assert (folded.signed_at, folded.quoted_at) == (len(NEW), len(NEW) + len("-- \nJane\nACME\n\n"))


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Get Outlook for Android",
        "Holen Sie sich Outlook für iOS",
        "Gesendet mit der GMX Mail App",
        "Sent with Proton Mail secure email.",
        "Sent from Yahoo Mail on Android",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    ],
)
def test_the_words_of_a_device_are_a_signature(line: str):
    assert fold(f"{NEW}\n{line}\n\n> old\n").signed_at == len(NEW) + 1


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nthe lamp is broken.\n",
        "On Monday I wrote to you.\nNobody answered.\n",
        "From: here on I walked.\nTo: nowhere.\n",
        "> you said this\nI say that\n> and this\nand that\n",
        "On Mon, Desk <d@shop.example> wrote:\n> all of it\n",
        "Look:\n---------- Forwarded message ---------\nFrom: Bo\nDate: Monday\nSubject: x\nTo: Jane\n\nthe order\n",
        "Begin forwarded message:\n\nFrom: Bo\nDate: Monday\nSubject: x\nTo: Jane\n\nthe order\n",
        "My form said\nFrom: Berlin\nTo: Paris\nDate: tomorrow\n\nCan I change the date?\n",
        "As I said:\nit is late.\nOn Monday my husband wrote:\nplease answer\n",
        "",
        "\n\n",
    ],
)
def test_what_is_new_is_not_folded(text: str):
    assert fold(text).quoted_at is None


@pytest.mark.parametrize("subject", ["Re: Lamp", "AW: Lampe", "RE[2]: Lamp", "回复：x", None])
def test_the_form_of_a_website_is_no_quote(subject: str | None):
    form = "A visitor writes:\n\nFrom: Jane <jane@shop.example>\nSubject: Lamp\nDate: Monday\n\nIt is broken.\n"
    assert fold(form, "A visitor of the shop").quoted_at is None
    assert fold(form, subject).quoted_at == len("A visitor writes:\n\n")


@pytest.mark.parametrize("line", ["Sent via DHL on Monday.", "Gesendet von Hamburg nach Berlin am Montag."])
def test_a_sentence_is_no_device(line: str):
    assert fold(f"Where is my parcel?\n{line}\n").signed_at is None
    assert fold(f"Where is my parcel?\n\n{line}\n").signed_at is not None


def test_an_answer_below_a_quote_that_the_program_marked_is_not_folded():
    """Gmail and Thunderbird mark where the quote begins, and write the answer behind its end."""
    greeting, who, quote = "Hi,\n\n", "On 4 March 2024, Desk <desk@shop.example> wrote:\n\n", "> old\n> older\n\n"
    assert fold(greeting + who + quote + NEW, marked_at=len(greeting)).quoted_at is None
    assert fold(greeting + who + quote, marked_at=len(greeting)).quoted_at == len(greeting)
    plain = "From: Desk\nSent: Monday\n\nold\n"
    assert fold(greeting + plain, marked_at=len(greeting)).quoted_at == len(greeting)


def test_what_is_new_between_quotes():
    text = "Hi,\n\nOn 4 March 2024, Desk\n<desk@shop.example> wrote:\n\n> when?\nTomorrow.\n> where?\nHere:\nat home.\n"
    assert unquoted(text) == "Hi,\n\nTomorrow.\nHere:\nat home.\n"
    assert unquoted("Bo <bo@x.example> schrieb am 4. März 2024:\n> when?\nNow.") == "Now."


def test_a_forward_is_new_to_whoever_gets_it():
    text = "See below.\n\nFrom: Bo\nSent: Monday\nTo: Jane\nSubject: Order\n\nthe order\n"
    assert fold(text, "WG: Order").quoted_at is None
    assert fold(text, "AW: Order").quoted_at == len("See below.\n\n")


def test_an_answer_below_the_quote_is_not_folded_and_a_signature_below_it_is():
    assert fold("On x, Bo wrote:\n> old\n\nnew\n-- \nJane\n").signed_at == len("On x, Bo wrote:\n> old\n\nnew\n")
    assert fold("new\n\nOn x, Bo wrote:\n> old\n\n-- \nJane\n").quoted_at == len("new\n\n")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["> a", "On x wrote:", "On x", "", "new", "-- ", "From: x", "Sent: y", "To: z", "__" * 9]))
)
def test_indices_stand_at_the_beginnings_of_lines_in_their_order(lines: list[str]):
    text = "\n".join(lines)
    folded = fold(text)
    for at in (folded.quoted_at, folded.signed_at):
        assert at is None or at == 0 or text[at - 1] == "\n"
    if folded.quoted_at is not None:
        assert text[: folded.quoted_at].strip()
        assert folded.signed_at is None or folded.signed_at < folded.quoted_at


@pytest.mark.parametrize(
    "line",
    [
        "\n>",
        "On 4 March\n" * 4 + ">\n" * 40,
        "On x",
        "On x:",
        "> x",
        "-- ",
        "From: x",
        "On " + "<a@b" * 50 + ":",
        "_" * 80,
        " " * 80,
    ],
)
def test_time_grows_with_the_length_and_no_faster(line: str):
    text = f"{line}\n" * (100_000 // (len(line) + 1))
    for work in (fold, unquoted):
        began = time.process_time()
        work(text)
        assert time.process_time() - began < 0.5
