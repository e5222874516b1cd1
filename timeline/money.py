"""An amount as people read it: the decimals of its currency, thousands, and nothing lost of what was given."""

import re
from decimal import Decimal
from typing import Any, Final, TypeGuard

_TEXT: Final = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_USUAL: Final = 2


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_CODES: Final = frozenset(
    _listed(
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
        "CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF "
        "GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP "
        "LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB "
        "PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
        "THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UYW UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW "
        "ZWG"
    )
)
_DECIMALS: Final = (
    dict.fromkeys(_listed("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"), 0)
    | dict.fromkeys(_listed("BHD IQD JOD KWD LYD OMR TND"), 3)
    | {"CLF": 4, "UYW": 4}
)
"""After ISO 4217, where it is not two."""


def is_currency(code: Any) -> TypeGuard[str]:
    """Whether it is a code of ISO 4217, in capitals."""
    return isinstance(code, str) and code in _CODES


def money(amount: Any, currency: str) -> str | None:
    """The amount without its currency: `1234.5` of GBP is `1,234.50`, `0.125` stays. None for what is no amount."""
    if isinstance(amount, str):
        text = amount.strip()
        if not _TEXT.fullmatch(text):
            return None
    elif isinstance(amount, int | float) and not isinstance(amount, bool):
        text = repr(amount) if isinstance(amount, float) or amount.bit_length() <= 100 else "inf"
    else:
        return None
    value = Decimal(text)
    if not value.is_finite() or value.adjusted() > 30:
        return None
    given = f"{value:f}".partition(".")[2].rstrip("0")
    return f"{value:,.{max(_DECIMALS.get(currency, _USUAL), len(given))}f}"
