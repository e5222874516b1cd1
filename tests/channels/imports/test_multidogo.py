"""Rows become messages with claims; a row that cannot be read is named and spoils no other."""

from pathlib import Path

import pytest

from channels.imports import multidogo
from channels.imports.imported import Imported, Refusal, Unreadable
from identity.customers import ClaimedIdentifier

HEADER = "conversationId\tturnNumber\tutteranceId\tutterance\tslot-labels\tintent"
ONE = "00000000-0000-4000-8000-000000000001"
TWO = "00000000-0000-4000-8000-000000000002"


def row(conversation: str, turn: object, said: str, labels: str = "O", intent: str = "contentonly") -> str:
    return f"{conversation}\t{turn}\t<CONV>{conversation}<TURN>{turn}\t{said}\t{labels}\t{intent}"


def read(folder: Path, *rows: str, name: str = "finance-train.tsv") -> list[Imported | Refusal]:
    (folder / name).write_bytes("\n".join([HEADER, *rows]).encode("utf-8", "surrogateescape"))
    return list(multidogo.read([folder / name]))


def refused(found: list[Imported | Refusal]) -> list[tuple[str, str]]:
    return [(one.where, one.field) for one in found if isinstance(one, Refusal)]


def test_claims_grow_with_what_was_said(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        row(ONE, 0, "hi", "O", "openinggreeting<div>transfer"),
        row(ONE, "2.0", "i am ann lee", "O O name name"),
        row(
            ONE,
            4,
            "ann 12 examplecom or 2025550123 or 77",
            "email_address email_address email_address O phone_number O phonenumber",
        ),
        row(ONE, 5, "call me bo", "O O name"),
    )
    told = [one.item for one in found if isinstance(one, Imported)]
    assert found[0].where == "finance-train.tsv line 2"
    assert [(i.source, i.source_id, i.conversation, i.contact.key) for i in told] == [
        ("multidogo-finance", f"{ONE}/{n}", ONE, ONE) for n in (0, 2, 4, 5)
    ]
    assert [i.contact.name for i in told] == [None, "ann lee", "ann lee", "ann lee"]
    assert told[1].contact.identifiers == []
    assert told[3].contact.identifiers == [
        ClaimedIdentifier(kind="email", value="ann12examplecom"),
        ClaimedIdentifier(kind="phone", value="2025550123"),
    ]
    assert told[0].data == {"domain": "finance", "turn": 0, "intents": ["openinggreeting", "transfer"]}
    assert (told[2].data or {})["slots"][-1] == {"label": "phonenumber", "value": "77"}


def test_quoted_fields_hold_tabs_and_line_ends(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        row(ONE, 0, '"1 oak st \n reno"', "a a a O a"),
        row(ONE, 1, '"a \t ""b"""', "O O x"),
        row(TWO, 0, "hi"),
    )
    bodies = {one.item.source_id: one.item.body for one in found if isinstance(one, Imported)}
    assert bodies == {f"{ONE}/0": "1 oak st reno", f"{ONE}/1": 'a "b"', f"{TWO}/0": "hi"}
    assert [one.where[-6:] for one in sorted(found, key=lambda one: one.where)] == [
        "line 2",
        "line 4",
        "line 5",
    ]


def test_a_row_that_cannot_be_read_is_named_and_spoils_no_other(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        row(ONE, 0, "first"),
        "half a row",
        row(ONE, "x", "a"),
        row(ONE, 100_000, "a"),
        row(ONE, -1, "a"),
        row(ONE, 7, '"an open quote'),
        row(ONE, 8, "  "),
        row("", 9, "a"),
        row(ONE, 10, "caf\udce9"),
        row(ONE, 11, "a\0b"),
        "",
        row(ONE, 12, "fewer labels than words", "name"),
        row(ONE, 13, '"open to the end'),
    )
    assert sorted(refused(found)) == sorted(
        (f"finance-train.tsv line {n}", field)
        for n, field in [
            (3, ""),
            (4, "turnNumber"),
            (5, "turnNumber"),
            (6, "turnNumber"),
            (7, ""),
            (8, "utterance"),
            (9, "conversationId"),
            (10, "body"),
            (11, "body"),
            (14, ""),
        ]
    )
    told = [one.item for one in found if isinstance(one, Imported)]
    assert [i.body for i in told] == ["first", "fewer labels than words"]
    assert told[1].contact.name is None


def test_several_files_come_in_one_order_of_time(tmp_path: Path) -> None:
    read(
        tmp_path,
        *(row(f"00000000-0000-4000-8000-{n:012}", 0, "hi") for n in range(20)),
        name="media-train.tsv",
    )
    (tmp_path / "software.tsv").write_text((tmp_path / "media-train.tsv").read_text())
    found = list(multidogo.read([tmp_path / "media-train.tsv", str(tmp_path / "software.tsv")]))
    told = [one.item for one in found if isinstance(one, Imported)]
    assert {i.source for i in told} == {"multidogo-media", "multidogo-software"}
    times = [i.occurred_at for i in told]
    assert times == sorted(times)
    assert len(set(times)) > 30


def test_a_file_of_another_kind_says_so(tmp_path: Path) -> None:
    (tmp_path / "other.tsv").write_bytes(b"\x00\xff\x00")
    with pytest.raises(Unreadable, match="expected a first line with the columns"):
        list(multidogo.read([tmp_path / "other.tsv"]))
    (tmp_path / "empty.tsv").write_text("")
    with pytest.raises(Unreadable, match="columns"):
        list(multidogo.read([tmp_path / "empty.tsv"]))
    with pytest.raises(Unreadable, match="No such file"):
        list(multidogo.read([tmp_path / "none.tsv"]))
    assert read(tmp_path) == []
