"""Whatever is pushed: never an error of ours, and never a link between strangers because of what they typed alike."""

from typing import Any, Final

from tests.app.api.conftest import Api
from tests.builders import contact, identifier, pushed

INTERACTIONS: Final = "/api/v1/interactions"

NOBODY = [
    *("x" * 10_000, "Ann " * 2_500, "🙂", "A", "12345", "n/a", "test", "Acme GmbH", "Ann & Bob Smith", "Jane Doe"),
    *("Max Mustermann", "Customer", "Dr. Prof. Mr.", "- -", "\u0000Ann", "", " ", "'; DROP TABLE contact; --"),
]
"""Names that tell nobody from anybody: not even with an address, which whole families have."""
SOMEBODY = ["محمد علي", "\u202eAnn Lee", "李小龙", "Ann\nLee", "Z̸̡͝a̷l̵g̶o̷ T̸e̷x̵t̶", "Ann Lee (she/her) 🙂"]
HOME = {"street": "12 Mill Lane", "postcode": "4001", "place": "Hill"}


async def test_strangers_of_one_odd_name_stay_strangers(api: Api):
    for at, name in enumerate([*NOBODY, *SOMEBODY]):
        facts = HOME | {"place": f"Hill {at}", "postcode": f"{4000 + at * 7}"} if name in NOBODY else {}
        mails = (identifier(value=f"{word}{'abcdefgh'[at % 8]}{at * 37}@mail.com") for word in ("quokka", "zebra"))
        said = [await send(api, contact(f"{at} {mail['value']}", mail, name=name, attributes=facts)) for mail in mails]
        apart(said, name)


def apart(said: list[dict[str, Any] | None], what: Any) -> None:
    """Whatever was taken is of as many customers."""
    taken = [one["customer_id"] for one in said if one]
    assert len(set(taken)) == len(taken), what


NOBODYS: Final = (
    [identifier(value="none@none.com"), identifier("phone", "0000000000")],
    [identifier(value="info@acme.com"), identifier(value="support+7@acme.com")],
    [identifier("account", "0"), identifier("external", "n/a")],
)
ODD: list[list[dict[str, Any]]] = [
    [identifier(value="ann(comment)@mail.com")],
    [identifier(value='"ann lee"@mail.com')],
    [identifier(value="ann@bücher.example")],
    [identifier(value="ann@xn--bcher-kva.example")],
    [identifier(value="用户@例え.jp")],
    [identifier(value="a" * 300 + "@mail.com")],
    [identifier(value="@")],
    [identifier(value="")],
    [identifier(value="none@none.com"), identifier("phone", "0000000000")],
    [identifier(value="info@acme.com"), identifier(value="support+7@acme.com")],
    [identifier("phone", "+49 30 5550917 ext. 12")],
    [identifier("phone", "+49 30 5550917;ext=99999999999")],
    [identifier("phone", "١٢٣٤٥٦٧٨٩")],
    [identifier("phone", "1" * 200)],
    [identifier("handle", "@🙂", scope="x")],
    [identifier("account", "0"), identifier("external", "n/a")],
    [identifier("external", "x" * 5_000)],
    [identifier("visitor", "test")],
    [identifier(value=f"many{at}@mail.com", verified=at % 2 == 0) for at in range(50)],
    [identifier(value=f"many{at}@mail.com") for at in range(60)],
]


async def test_no_odd_value_is_an_error_of_ours(api: Api):
    for at, said in enumerate(ODD):
        for proved in (True, False):
            held = [{**one, "verified": proved and one["verified"]} for one in said]
            for name in ("Ann Lee", "Otto Kern"):
                await send(api, contact(f"{at} {proved} {name}", *held, name=name))


async def test_what_is_nobodys_links_nobody(api: Api):
    for at, said in enumerate(NOBODYS):
        names = ("Ann Lee", "Otto Kern", None, None)
        apart([await send(api, contact(f"{at} {n}", *said, name=name)) for n, name in enumerate(names)], said)


ATTRIBUTES: list[dict[str, str]] = [
    {"birth_date": "9" * 1_000, "street": "x" * 1_000, "place": "y" * 1_000, "company": "z" * 1_000},
    {f"a{at}": "v" for at in range(100)},
    {"given_name": "🙂", "family_name": "n/a", "birth_date": "0000-00-00", "national_id": "0000000000"},
    {"given_name": "Ann", "family_name": "", "postcode": "N/A", "gender": "unknown", "country": "🙂"},
    {"birth_date": "1900-01-01", "street": "unknown", "postcode": "00000", "place": "unknown"},
]


async def test_odd_attributes_link_no_strangers(api: Api):
    for at, facts in enumerate(ATTRIBUTES):
        words = ("quokka", "zebra", "okapi")
        mails = (identifier(value=f"{word}{'abcdef'[at]}{at * 37}@mail.com") for word in words)
        apart([await send(api, contact(f"{at} {m['value']}", m, attributes=facts)) for m in mails], facts)


async def send(api: Api, who: dict[str, Any]) -> dict[str, Any] | None:
    """Push twice: taken, and then known; or refused both times, with a reason. None: refused."""
    said = pushed(contact=who)
    first, again = [await api("POST", INTERACTIONS, json=said) for _ in range(2)]
    assert (first.status_code, again.status_code) in ((201, 200), (400, 400)), first.text[:500]
    if first.status_code == 400:
        assert "contact" in first.text
        return None
    assert again.json()["customer_id"] == first.json()["customer_id"]
    return first.json()
