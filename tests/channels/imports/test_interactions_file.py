"""A file of interactions: every bad line is named and stops nobody, and what is good comes in order of
time."""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from channels.imports import interactions_file
from channels.imports.imported import Imported, Refusal, Unreadable


def line(id_: str, at: str = "2026-01-02T03:04:05Z", **other: Any) -> str:
    return json.dumps(
        {
            "source": "crm",
            "source_id": id_,
            "kind": "note",
            "channel": "crm",
            "direction": "internal",
            "occurred_at": at,
            "contact": {"key": "c1"},
            **other,
        }
    )


def ids(read: list[Imported | Refusal]) -> list[str]:
    return [one.item.source_id for one in read if isinstance(one, Imported)]


def refusals(read: list[Imported | Refusal]) -> list[Refusal]:
    return [one for one in read if isinstance(one, Refusal)]


def written(path: Path, *lines: str | bytes, end: bytes = b"\n") -> str:
    path.write_bytes(end.join(one.encode() if isinstance(one, str) else one for one in lines))
    return str(path)


def test_yields_in_order_of_time_with_the_line_of_each(tmp_path: Path) -> None:
    path = written(
        tmp_path / "f",
        line("late", "2026-03-01T00:00:00Z"),
        line("early", "2026-01-01T01:00:00+02:00"),
        line("same-1"),
        line("same-2"),
    )
    read = list(interactions_file.read(path))
    assert ids(read) == ["early", "same-1", "same-2", "late"]
    assert [one.where for one in read] == ["line 2", "line 3", "line 4", "line 1"]


def test_refuses_bad_lines_by_number_and_field_and_keeps_the_others(tmp_path: Path) -> None:
    without_contact = {key: value for key, value in json.loads(line("x")).items() if key != "contact"}
    path = written(
        tmp_path / "f",
        line("first"),
        "",
        line("x", channel="pigeon"),
        '{"source": "crm", ',
        json.dumps(without_contact),
        line("x", kind=7),
        line("x", surprise=1),
        line("x", "0000-01-01T00:00:00Z"),
        line("x", body="a\0b"),
        b"\xff\xfe",
        "[]",
        "   \r",
        line("last"),
    )
    read = list(interactions_file.read(path))
    assert ids(read) == ["first", "last"]
    assert [(one.where, one.field) for one in refusals(read)] == [
        ("line 3", "channel"),
        ("line 4", ""),
        ("line 5", "contact"),
        ("line 6", "kind"),
        ("line 7", "surprise"),
        ("line 8", "occurred_at"),
        ("line 9", "body"),
        ("line 10", ""),
        ("line 11", ""),
    ]
    assert all(one.words for one in refusals(read))


def test_takes_windows_files(tmp_path: Path) -> None:
    path = written(tmp_path / "f", b"\xef\xbb\xbf" + line("one").encode(), line("two"), end=b"\r\n")
    assert ids(list(interactions_file.read(path))) == ["one", "two"]


@pytest.mark.parametrize("extra", [0, 1, 3 * interactions_file.MAX_LINE])
def test_refuses_a_line_over_one_mebibyte_and_reads_on(tmp_path: Path, extra: int) -> None:
    empty = len(line("long", body=""))
    long = line("long", body="x" * (interactions_file.MAX_LINE - empty + extra))
    read = list(interactions_file.read(written(tmp_path / "f", line("a"), long, line("b"))))
    if extra:
        assert ids(read) == ["a", "b"]
        assert [one.where for one in refusals(read)] == ["line 2"]
    else:
        assert ids(read) == ["a", "long", "b"]


class Watched(io.BytesIO):
    """Notes the most that was asked for at once."""

    most = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= interactions_file.MAX_LINE + 1
        read = super().readline(size)
        self.most = max(self.most, len(read))
        return read


class Stdin:
    def __init__(self, raw: bytes) -> None:
        self.buffer = Watched(raw)


def test_reads_stdin_without_holding_a_huge_line(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = b"\n".join(
        [
            line("b").encode(),
            b"x" * (5 * interactions_file.MAX_LINE),
            line("a", "2026-01-01T00:00:00Z").encode(),
        ]
    )
    stdin = Stdin(raw)
    monkeypatch.setattr(sys, "stdin", stdin)
    read = list(interactions_file.read("-"))
    assert ids(read) == ["a", "b"]
    assert [one.where for one in refusals(read)] == ["line 2"]
    assert stdin.buffer.most <= interactions_file.MAX_LINE + 1


def test_reads_gzip_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "f.ndjson").write_bytes(gzip.compress(f"{line('b')}\n\n{line('a', '2026-01-01T00:00:00Z')}".encode()))
    read = list(interactions_file.read(str(tmp_path / "f.ndjson")))
    assert ids(read) == ["a", "b"]


def test_says_where_a_gzip_breaks_off_and_keeps_what_came_before(tmp_path: Path) -> None:
    lines = "\n".join(line(f"id-{n}", body=str(n) * 50) for n in range(20_000))
    whole = gzip.compress(lines.encode())
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    read = list(interactions_file.read(str(tmp_path / "cut")))
    assert 100 < len(ids(read)) < 20_000
    assert [one.field for one in refusals(read)] == [""]
    assert "breaks off" in refusals(read)[0].words
    (tmp_path / "bad").write_bytes(b"\x1f\x8bnothing of the kind")
    assert [
        "breaks off" in one.words for one in interactions_file.read(str(tmp_path / "bad")) if isinstance(one, Refusal)
    ] == [True]


def test_an_empty_file_has_nothing_and_a_missing_one_says_so(tmp_path: Path) -> None:
    assert list(interactions_file.read(written(tmp_path / "f"))) == []
    with pytest.raises(Unreadable, match="No such file"):
        list(interactions_file.read(str(tmp_path / "none")))
    with pytest.raises(Unreadable, match="directory"):
        list(interactions_file.read(str(tmp_path)))
