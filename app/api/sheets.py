"""Rows as CSV (RFC 4180) that a spreadsheet opens without carrying anything out."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

CSV: Final = "text/csv"
CHARSET: Final = "text/csv; charset=utf-8; header=present"
_STARTS: Final = tuple("=+-@|%＝＋－＠")
"""What a spreadsheet may take for the beginning of a formula; the last four are their full-width forms."""

Cell = str | int | float | datetime | None


def sheet(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A header and rows; lines end in CR LF, an empty cell is None."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_plain(name) for name in header])
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _plain(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    return f"'{cell}" if is_formula(cell) else cell


def is_formula(text: str) -> bool:
    """Also behind spaces, controls and marks that a spreadsheet passes over; a tab or a line at the beginning too."""
    bare = text.lstrip("\ufeff\u200b\x00 \u00a0")
    return bare.startswith((*_STARTS, "\t", "\r", "\n")) or text.lstrip().startswith(_STARTS)
