"""Whatever is typed into a name, a date or an address: never an exception, never a link between strangers, and never
more work than for anybody else."""

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from identity.blocking import MOST_KEYS, blocking_keys, key_of
from identity.comparing import FACTS
from identity.decision import score, verdict
from identity.facts import MOST_COMPARED, MOST_VALUES, Profile, compared, merged, read_facts
from identity.identifiers import normalise
from identity.names import read_name
from identity.statistics import Counts, Statistics, countable, value_key
from identity.wording import sentences
from tests.identity.desk import HOME, Desk, contact, customers_of

ODD_NAMES = [
    "x" * 10_000,
    "Ann " * 2_500,
    "محمد علي",
    "דוד כהן",
    "\u202eevil\u202c Ann",
    "🎉🎉🎉",
    "Ann 🎉 Smith",
    "A",
    "12345",
    "n/a",
    "N/A",
    "test",
    "Test Test",
    "unknown",
    "Acme GmbH",
    "Smith & Sons Ltd",
    "Ann & Bob Smith",
    "Ann and Bob Smith",
    "Familie Müller",
    "",
    "   ",
    "-",
    "Mr",
    "\ud800",
    "ﷺ" * 100,
    "李",
]
NOBODY = [name for name in ODD_NAMES if not (read_name(name, {}).given or read_name(name, {}).family)]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_alone_links_no_strangers(name: str):
    one = contact(name, "email:quokka@acme.com", birth_date="1990-05-04")
    other = contact(name, "phone:+4917212345678", birth_date="1961-11-23")
    assert customers_of(one, other) == [0, 1]


@pytest.mark.parametrize("name", ["n/a", "test", "12345", "Acme GmbH", "Ann & Bob Smith", "🎉🎉🎉", "x" * 10_000])
def test_what_names_nobody_is_no_name(name: str):
    assert contact(name).field("name") == {}


@pytest.mark.parametrize("name", NOBODY)
def test_what_names_nobody_supports_no_claim(name: str):
    claim = "?email:quokka@acme.com"
    assert customers_of(contact(name, "email:quokka@acme.com"), contact(name, claim)) == [0, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("phone:+49 30 5550917 ext. 12", "phone:+49 30 5550917 ext. 13"),
        ("email:ann(work)@acme.com", "email:bob(work)@acme.com"),
        ("email:ann@bücher.example", "email:bob@bücher.example"),
        ('email:"ann smith"@acme.com', 'email:"bob smith"@acme.com'),
    ],
)
def test_odd_identifiers_link_no_strangers(one: str, other: str):
    assert customers_of(contact(None, one), contact(None, other)) == [0, 1]


def test_a_unicode_domain_is_one_domain():
    assert customers_of(contact(None, "email:ann@bücher.de"), contact(None, "email:ann@xn--bcher-kva.de")) == [0, 0]


TEXT = st.text(max_size=60) | st.text(alphabet=string.printable, max_size=60) | st.sampled_from(ODD_NAMES)
FIELDS = ("birth_date", "street", "postcode", "place", "region", "national_id", "given_name", "family_name", *FACTS)
ATTRIBUTES = st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=8)
KINDS = ("email", "phone", "account", "external", "handle", "visitor")
SHAPED = st.sampled_from(
    ["a@b.co", "jane.doe@gmail.com", "+4917212345678", "030 5550917 x12", "a@bücher.de", "x(y)@z.de"]
)
IDENTIFIERS = st.lists(st.tuples(st.sampled_from(KINDS), TEXT | SHAPED, st.booleans()), max_size=4)


def read(name: str | None, attributes: dict[str, str], identifiers: list[tuple[str, str, bool]]) -> Profile:
    read_ones = [(normalise(kind, value, "s", None), proved) for kind, value, proved in identifiers]
    return read_facts(name, attributes, read_ones)


PROFILES = st.builds(read, st.none() | TEXT, ATTRIBUTES, IDENTIFIERS)


@settings(max_examples=300, deadline=None)
@given(PROFILES, PROFILES)
@example(contact(None, postcode="1"), contact(None, place="1"))
def test_nothing_that_is_typed_raises(a: Profile, b: Profile):
    desk = Desk()
    desk.receive(a)
    desk.receive(b)
    both = merged(a, b)
    for key in blocking_keys(both):
        key_of(b"desk", key)
    for field, value in countable(both):
        value_key(b"desk", field, value)
    found = score(a, b, desk.statistics)
    said, probability = verdict(found, 0.0, desk.bands)
    assert 0 <= probability <= 1
    assert said in ("same", "review", "different")
    for piece in sentences(found, 0.95):
        assert piece["words"]


@settings(max_examples=200, deadline=None)
@given(PROFILES, PROFILES)
def test_the_order_of_the_two_does_not_matter(a: Profile, b: Profile):
    statistics = Statistics(Counts(), Counts(), {}, b"desk")
    one, other = score(a, b, statistics), score(b, a, statistics)
    assert one.stranger == pytest.approx(other.stranger)
    assert one.house == pytest.approx(other.house)
    assert (one.basis, one.claim, sorted(one.vetoes)) == (other.basis, other.claim, sorted(other.vetoes))
    assert [found.comparison for found in one.evidence] == [found.comparison for found in other.evidence]


# -- bounded work ---------------------------------------------------------------------------------------------


def crowd(size: int) -> list[Profile]:
    """Contacts of a role mailbox: each with another name, address and number."""
    return [
        contact(
            f"{string.ascii_lowercase[at % 26]}{string.ascii_lowercase[at // 26 % 26]}nna Smith",
            f"email:p{at}@acme.com",
            f"phone:+49172{1_000_000 + at}",
            f"external:C-{at}",
            birth_date=f"19{at % 90 + 10}-05-{at % 27 + 2:02}",
            street=f"{at} High Street",
            postcode=f"{at:05}",
            company=f"acme {at}",
        )
        for at in range(size)
    ]


def test_a_customer_of_fifty_thousand_contacts_is_no_larger_than_one_of_a_dozen():
    people = crowd(500)
    customer = merged(*(people[at % 500] for at in range(50_000)))
    assert customer.size == 50_000
    assert all(len(values) <= MOST_VALUES for values in customer.fields.values())
    assert len(customer.proved) <= MOST_VALUES * 6
    assert len(blocking_keys(customer)) <= MOST_KEYS


def test_a_contact_with_a_thousand_addresses_keeps_a_dozen_and_the_proved_ones_first():
    one = contact(None, *(f"?email:p{at}@acme.com" for at in range(1_000)), "email:ann@acme.com")
    assert len(one.field("email")) == MOST_VALUES
    assert next(email.value for email in one.field("email")) == "ann@acme.com"
    assert len(one.proved) == 1


def test_two_large_customers_cost_a_bounded_number_of_pairs(monkeypatch: pytest.MonkeyPatch):
    people = crowd(40)
    asked: list[str] = []

    def counting(compare):
        def counted(*arguments):
            asked.append(arguments[0])
            return compare(*arguments)

        return counted

    for field, compare in list(FACTS.items()):
        monkeypatch.setitem(FACTS, field, counting(compare))
    score(merged(*people[:20]), merged(*people[20:]), Desk().statistics)
    assert 0 < max(asked.count(field) for field in set(asked)) <= MOST_COMPARED**2
    ours, theirs = compared(dict.fromkeys(range(12), 1), dict.fromkeys(range(12), 1))
    assert len(ours) == len(theirs) == MOST_COMPARED


def test_a_newcomer_is_compared_with_all_values_of_a_customer():
    ours, theirs = {"a": 1}, dict.fromkeys(range(12), 1)
    assert compared(ours, theirs) == (ours, theirs)


def test_blocking_keys_lead_spellings_and_slips_to_one_another():
    def meet(a: Profile, b: Profile) -> bool:
        return not blocking_keys(a).isdisjoint(blocking_keys(b))

    assert meet(contact("Bob Smith"), contact("Smith, Robert"))
    assert meet(contact("Юлия Иванова"), contact("Julia Ivanova"))
    assert meet(contact(None, "email:annsmith@gmail.com"), contact("Ann Smith"))
    assert meet(contact(None, "phone:+491721234567"), contact(None, "phone:01721234567"))
    assert meet(contact(None, "email:ann.smith@gmail.com"), contact(None, "email:annsmith+x@googlemail.com"))
    assert meet(contact("Ann Weiss", birth_date="1990-05-04", **HOME), contact("Anne Smith", **HOME))
    assert not meet(contact("Ann Smith", "email:ann@acme.com"), contact("Carl Weiss", "email:carl@globex.org"))
    assert key_of(b"one", "email:a@b.com") != key_of(b"two", "email:a@b.com")
