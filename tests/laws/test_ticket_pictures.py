"""The pictures of docs/tickets.md show what the fold says today."""

from xml.etree import ElementTree as ET

import pytest

from tests.laws.ticket_pictures import FOLDER, PICTURES, drawn


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_the_fold_says(name: str):
    assert (FOLDER / f"{name}.svg").read_text() == drawn(PICTURES[name]), "draw it again: make docs"


def test_every_picture_is_shown_and_can_be_read():
    page = (FOLDER.parent / "tickets.md").read_text()
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(PICTURES)
    for name in PICTURES:
        ET.parse(FOLDER / f"{name}.svg")
        assert f"(tickets/{name}.svg)" in page
