"""Money as people read it: each currency's decimals, thousands, and nothing lost of what was given."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.world import law
from timeline.money import is_currency, money


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (189.0, "GBP", "189.00"),
        (189, "GBP", "189.00"),
        ("189", "GBP", "189.00"),
        ("237.950000", "EUR", "237.95"),
        (1234567.5, "EUR", "1,234,567.50"),
        (0.1, "EUR", "0.10"),
        (-24.5, "EUR", "-24.50"),
        (1980.0, "JPY", "1,980"),
        ("1980.00", "JPY", "1,980"),
        (1980.5, "JPY", "1,980.5"),
        (4.5, "KWD", "4.500"),
        (4, "KWD", "4.000"),
        (0.0125, "USD", "0.0125"),
        ("0.12345678901234567890123", "USD", "0.12345678901234567890123"),
        (10**20, "USD", "100,000,000,000,000,000,000.00"),
        (1e-7, "USD", "0.0000001"),
        (12, "", "12.00"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(amount: Any, currency: str, shown: str) -> None:
    assert money(amount, currency) == shown


@pytest.mark.parametrize(
    "amount", [None, True, "free", "1,234.50", "", "1e5", "١٢", [], {}, float("inf"), 1e300, 10**400]
)
def test_what_is_no_amount_is_none(amount: Any) -> None:
    assert money(amount, "GBP") is None


@law(200)
@given(st.integers(-(10**25), 10**25) | st.floats(-1e15, 1e15), st.sampled_from(["GBP", "JPY", "KWD", "XAU"]))
def test_nothing_is_lost(amount: float, currency: str) -> None:
    assert Decimal((money(amount, currency) or "").replace(",", "")) == Decimal(repr(amount))


def test_a_currency_is_a_code_that_there_is() -> None:
    assert is_currency("GBP")
    assert is_currency("JPY")
    assert not any(map(is_currency, ("LBS", "gbp", "", None, 5, ["GBP"])))
