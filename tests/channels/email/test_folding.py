"""In the HTML that is shown the same may be folded as in the text: marked on elements, and by nobody but us."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.html import read_html

GMAIL = (
    '<div class="gmail_quote"><div class="gmail_attr">On Mon, Mar 4, 2024 at 10:00 AM Desk &lt;d@x.example&gt; wrote:'
    "<br></div><blockquote>old <b>x</b></blockquote></div>"
)
OUTLOOK = "<div><p><b>From:</b> Desk<br><b>Sent:</b> Monday<br><b>To:</b> A<br><b>Subject:</b> L</p></div><p>old</p>"
QUOTE = ' data-fold="quote"'
SIGNED = ' data-fold="signature"'


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (f"Hi<br>{GMAIL}", f"Hi<br{QUOTE}><div{QUOTE}>"),
        (
            f"<div><p>New</p><p>-- <br>Ann</p>{OUTLOOK}</div>tail",
            f"<div><p>New</p><p{SIGNED}>-- <br>Ann</p><div{QUOTE}><p><b>From:</b> Desk<br><b>Sent:</b> Monday<br>"
            f"<b>To:</b> A<br><b>Subject:</b> L</p></div><p{QUOTE}>old</p></div><span{QUOTE}>tail</span>",
        ),
        (
            '<p>New</p><hr><div id="divRplyFwdMsg">From: Desk</div><table><tr><td>old</table>',
            f"<p>New</p><hr{QUOTE}><div{QUOTE}>From: Desk</div><table{QUOTE}><tbody><tr><td>old",
        ),
        ("<p>Hi</p>Sent from my iPhone", f"<p>Hi</p><span{SIGNED}>Sent from my iPhone</span>"),
        ("<blockquote>all</blockquote>", "<blockquote>all</blockquote>"),
        ("<p>a</p><blockquote>q</blockquote><p>answer</p>", "<p>a</p><blockquote>q</blockquote><p>answer</p>"),
        ('<p data-fold="quote">mine</p>', "<p>mine</p>"),
    ],
)
def test_what_the_text_folds_is_marked_on_the_outermost_elements(source: str, shown: str) -> None:
    found = read_html(source).html or ""
    assert found.replace("\n", "").startswith(shown)


def test_what_is_forwarded_is_not_folded() -> None:
    assert "data-fold" in (read_html(f"<p>Hi</p>{OUTLOOK}").html or "")
    assert "data-fold" not in (read_html(f"<p>Hi</p>{OUTLOOK}", subject="Fwd: Lamp").html or "")


PIECES = ["<p>", "</p>", "<div>", "</div>", "<table><tr><td>", "</table>", "new ", "<b>", "</b>", "<br>",
          "<blockquote>", "</blockquote>", "<hr>", "-- <br>", '<a data-fold="quote">', '<i class="gmail_quote">',
          OUTLOOK, GMAIL]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_marks_stand_on_outermost_elements_and_no_word_is_lost(pieces: list[str]) -> None:
    source = "".join(pieces)
    marked = read_html(source).html or ""
    said = [Counter(re.sub(r"<[^>]*>|\s", "", one)) for one in (marked, source)]
    assert said[0] == said[1]
    open_: list[str] = []
    for close, name, rest in re.findall(r"<(/?)(\w+)([^>]*)>", marked):
        if close:
            open_.pop()
            continue
        assert not rest or "data-fold" not in rest or rest not in open_
        if name not in {"br", "hr"}:
            open_.append(rest)
