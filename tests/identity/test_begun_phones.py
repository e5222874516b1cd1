"""The beginning of a number as somebody types it, and as numbers are kept."""

import pytest

from identity.identifiers import begun_phone


@pytest.mark.parametrize(
    ("typed", "region", "begins"),
    [
        ("07700 900", "GB", "447700900"),
        ("0770090", "GB", "44770090"),
        ("7700 9000", "GB", "4477009000"),
        ("(0664) 900-0", "AT", "436649000"),
        ("+43 664", "GB", "43664"),
        ("+43 664", None, "43664"),
        ("0043664", None, "43664"),
        ("212 555", "US", "1212555"),
        ("06 6982", "IT", "39066982"),
        ("077", "GB", None),
        ("07700", None, None),
        ("NO-58821", "GB", None),
        ("anna 0770", "GB", None),
        ("٠٧٧٠٠", "GB", None),
        ("", "GB", None),
        ("07700", "ZZ", None),
    ],
)
def test_a_number_typed_in_part_begins_as_it_is_kept(typed: str, region: str | None, begins: str | None) -> None:
    assert begun_phone(typed, region) == begins
