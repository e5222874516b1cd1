"""What speaks for one person and what against; the protection cases have names."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.identifiers import normalise
from identity.matching import (
    Held,
    Person,
    accounts_conflict,
    compare,
    explain,
    names_conflict,
    read_name,
)


def held(text, verified=True, shared=None):
    kind, _, rest = text.partition(":")
    scope, _, value = rest.rpartition(":")
    return Held(identifier=normalise(kind, value, scope, "DE"), verified=verified, shared=shared)


def person(name, *identifiers, **attributes):
    held_ones = tuple(held(one) if isinstance(one, str) else one for one in identifiers)
    return Person(contact_id=UUID(int=1), name=name, attributes=attributes, identifiers=held_ones)


def words(a, b):
    return "; ".join(explain(compare(a, b)))


def levels(a, b):
    return {(found.comparison, found.level) for found in compare(a, b).evidence}


def conflict(a, b):
    one, other = read_name(a, {}), read_name(b, {})
    assert names_conflict(one, other) == names_conflict(other, one)
    return names_conflict(one, other)


# -- protection cases ---------------------------------------------------------------------------------------


def test_a_family_phone_links_nobody_and_says_why():
    maria = person("Maria Lopez", "phone:+4930123456")
    carlos = person("Carlos Lopez", "phone:030 123456")
    found = compare(maria, carlos)
    assert (found.verdict, found.links) == ("review", ())
    assert [conflict.level for conflict in found.conflicts] == ["conflicting_names", "conflicting"]
    assert "same verified phone +4930123456, but the names conflict (Maria Lopez, Carlos Lopez): looks shared" in words(
        maria, carlos
    )


def test_a_mailbox_shared_by_a_couple_links_nobody():
    assert compare(person("Ann Hall", "email:hall@x.de"), person("Tom Hall", "email:hall@x.de")).links == ()


def test_twins_at_one_phone_stay_two():
    assert conflict("Paul Smith", "Paula Smith")
    assert conflict("Mario Lopez", "Maria Lopez")
    assert conflict("Tim Hall", "Tom Hall")


def test_junior_and_senior_stay_two():
    assert conflict("John Smith Jr.", "John Smith, Sr")
    assert conflict("John Smith II", "John Smith III")
    assert not conflict("John Smith Jr", "John Smith")


def test_a_role_mailbox_links_nobody_even_when_verified():
    a, b = person("Ann Hall", "email:info@acme.com"), person("Ann Hall", "email:info@acme.com")
    assert compare(a, b).verdict == "different"
    assert "info@acme.com is a role mailbox" in words(a, b)


def test_a_value_classed_as_shared_links_nobody_and_says_why():
    known = held("phone:+4930123456", shared="the front desk of Acme")
    a, b = person("Ann Hall", known), person("Ann Hall", "phone:+4930123456")
    assert compare(a, b).links == ()
    assert "it is shared (the front desk of Acme)" in words(a, b)


def test_a_junk_number_links_nobody():
    a, b = person(None, "phone:+61400000000"), person(None, "phone:+61400000000")
    assert levels(a, b) == {("phone", "shared")}


def test_a_claim_alone_links_nothing():
    victim = person("Ann Hall", "email:ann@x.de")
    stranger = person("Ann Hall", held("email:ann@x.de", verified=False))
    assert compare(victim, stranger).verdict == "different"
    assert "claimed only: links nothing by itself" in words(victim, stranger)


def test_different_accounts_of_one_shop_never_link_by_themselves():
    a = person("Ann Hall", "account:shop:17", "email:ann@x.de")
    b = person("Ann Hall", "account:shop:42", "email:ann@x.de")
    found = compare(a, b)
    assert (found.verdict, found.links) == ("review", ())
    assert found.conflicts[0].words == "different accounts at shop: 17 and 42"


def test_a_shared_account_among_several_is_no_conflict():
    a, b = person(None, "account:shop:17", "account:shop:42"), person(None, "account:shop:42")
    assert [link.value for link in compare(a, b).links] == ["42"]


def test_accounts_of_two_shops_do_not_contradict():
    a = person("Ann Hall", "account:shop:17", "email:ann@x.de")
    assert compare(a, person("Ann Hall", "account:other:42", "email:ann@x.de")).verdict == "same"


def test_an_account_outweighs_names():
    """A son writes from his mother's account: the account is one customer, whoever types."""
    a = person("Maria Lopez", "account:shop:17", "phone:+4930123456")
    b = person("Carlos Lopez", "account:shop:17", "phone:+4930123456")
    found = compare(a, b)
    assert [link.kind for link in found.links] == ["account"]
    assert found.verdict == "same"
    assert found.conflicts
    assert explain(found)[0].startswith("One person: proved. What else is equal")


def test_handles_of_two_networks_are_two():
    a, b = person(None, "handle:twitter:@ann"), person(None, "handle:instagram:@ann")
    assert compare(a, b).evidence == ()


def test_a_visitor_names_a_contact_and_links_none():
    a, b = person(None, "visitor:d60"), person(None, "visitor:d60")
    assert compare(a, b).verdict == "different"
    assert levels(a, b) == {("visitor", "same_visitor")}


def test_what_could_not_be_read_links_nothing():
    a, b = person(None, "email:not an address"), person(None, "email:not an address")
    assert compare(a, b).evidence == ()


def test_two_addresses_of_one_mailbox_are_evidence_only():
    a, b = person(None, "email:ann.hall@gmail.com"), person(None, "email:annhall+x@googlemail.com")
    assert compare(a, b).verdict == "different"
    assert levels(a, b) == {("email", "same_mailbox")}


def test_links_come_heaviest_first():
    ids = ["phone:+4930123456", "handle:vk:ann", "email:ann@x.de", "external:crm:9", "account:shop:17"]
    found = compare(person("Ann Hall", *ids), person("A. Hall", *reversed(ids)))
    assert [link.kind for link in found.links] == ["account", "external", "email", "handle", "phone"]
    assert explain(found)[0] == "One person: proved, and nothing stands against it."


def test_accounts_conflict_names_the_shop_and_both_sides():
    a = [normalise("account", value, "shop", None) for value in ("17", "18")]
    b = [normalise("account", "42", "Shop", None), normalise("account", "n/a", "shop", None)]
    assert accounts_conflict(a, b) == ("shop", ("17", "18"), ("42",))
    assert accounts_conflict(a, []) is None
    assert accounts_conflict(a, [*b, a[0]]) is None
    assert accounts_conflict([normalise("email", "a@x.de", None, None)], b) is None


# -- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Bob Smith", "Robert Smith"),
        ("Bob Smith", "Bill Smith"),  # short forms of one name: a tolerance
        ("R Smith", "Robert Smith"),
        ("Smith, Robert", "Robert Smith"),
        ("Smith Robert", "Robert Smith"),
        ("Smith J", "Jane Smith"),
        ("Jane Smith-Jones", "Jane Smith"),
        ("Jane Smith", "Jane Miller"),
        ("Jane Smith", "JANE SMITH"),
        ("Dr. Jane Smith, PhD", "Ms Jane Smith"),
        ("F. Scott Fitzgerald", "Scott Fitzgerald"),
        ("Ludwig van Beethoven", "L. v. Beethoven"),
        ("Robert (Bob) Smith", "Bob Smith"),
        ("Anna-Maria Schmidt", "Annamaria Schmidt"),
        ("Anna Maria Schmidt", "Maria Schmidt"),
        ("Jörg Müller", "Joerg Mueller"),
        ("Юлия Петрова", "Julia Petrova"),
        ("Дмитрий Иванов", "Dmitri Ivanov"),
        ("Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos"),
        ("محمد علي", "Mohammed Ali"),
        ("王小明", "Wang Xiaoming"),
        ("田中 太郎", "Taro Tanaka"),
        ("Žofia Nováková", "Zofia Novakova"),
        ("O'Neill, Sean", "Seán O’Neill"),
        ("Catherine Jones", "Katherine Jones"),
        ("Stephen King", "Steven King"),
        ("Jhon Smith", "John Smith"),
        ("Sara Lee", "Sarah Lee"),
        ("Alex Kim", "Alexandra Kim"),
        ("Ann & Bob Smith", "Carl Smith"),
        ("Mr and Mrs Smith", "Carl Smith"),
        ("Familie Smith", "Carl Smith"),
        ("Maria", "Carlos Lopez"),
        ("Acme Tools GmbH", "Carlos Lopez"),
        ("Acme Support", "Carlos Lopez"),
        ("user 123", "Carlos Lopez"),
        ("test test", "Carlos Lopez"),
        ("n/a", "Carlos Lopez"),
        ("maria@example.com", "Carlos Lopez"),
        ("😀 😀", "Carlos Lopez"),
        ("M " * 5_000, "Carlos Lopez"),
        ("", "Carlos Lopez"),
        (None, "Carlos Lopez"),
    ],
)
def test_names_that_may_be_one_persons(a, b):
    assert not conflict(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Maria Lopez", "Carlos Lopez"),
        ("Jane Smith", "Bob Miller"),
        ("Smith, Jane", "Carl Smith"),
        ("J Smith", "Carl Smith"),
        ("Mark Hall", "Mary Hall"),
        ("Michael Hall", "Michelle Hall"),
        ("Alexander Kim", "Alexandra Kim"),
        ("Christian Meier", "Christine Meier"),
        ("Daniel Roth", "Daniela Roth"),
        ("Мария Лопес", "Carlos Lopez"),
        ("محمد علي", "Fatima Ali"),
        ("田中 太郎", "田中 次郎"),
    ],
)
def test_names_of_two_people(a, b):
    assert conflict(a, b)


def test_attributes_go_before_the_name_as_typed():
    name = read_name("janey", {"given_name": "Jane", "family_name": "van der Berg"})
    assert (name.shown, name.given, name.family) == ("janey", ("jane",), ("van", "der", "berg"))
    assert read_name(None, {"family_name": "Berg"}).given == ()
    assert read_name("Jane Berg", {"family_name": "Hall"}).family == ("berg",)
    assert read_name(None, {"given_name": "Ann & Bob", "family_name": "Smith"}).several
    assert read_name(None, {"given_name": "John", "family_name": "Smith Jr"}).suffix == "jr"


def test_what_is_shown_of_a_name_is_short_and_printable():
    shown = read_name("\u202eevil\x00\n" + "x" * 10_000, {}).shown
    assert shown.isprintable()
    assert len(shown) <= 60


names = st.one_of(
    st.none(),
    st.text(max_size=60),
    st.builds(
        "{} {}{}".format,
        st.sampled_from(["Maria", "Mario", "Bob", "Robert", "R", "Юлия", "太郎", "Anna-Maria", "محمد"]),
        st.sampled_from(["Lopez", "Smith", "van der Berg", "Петрова"]),
        st.sampled_from(["", " Jr", " Sr", ", PhD"]),
    ),
)
values = (
    "email:a@x.de email:A@x.de email:a+b@x.de email:info@x.de email:? phone:030123456 account:shop:1 "
    "account:shop:2 account:other:1 external:crm:1 handle:vk:@A visitor:1"
)
holdings = st.builds(
    held,
    st.sampled_from(values.split()),
    st.booleans(),
    st.sampled_from([None, None, "listed by an operator"]),
)
people = st.builds(lambda name, ids: person(name, *ids), names, st.lists(holdings, max_size=6))


@settings(deadline=None)
@given(names, names)
def test_conflicts_of_names_are_mutual_and_nobody_conflicts_with_himself(a, b):
    conflict(a, b)
    assert not conflict(a, a)


@settings(deadline=None)
@given(people, people)
def test_comparing_is_symmetric_and_links_rest_on_proof(a, b):
    there, back = compare(a, b), compare(b, a)
    assert (there.verdict, there.links) == (back.verdict, back.links)
    for one, other in ((there.evidence, back.evidence), (there.conflicts, back.conflicts)):
        mirrored = {(found.comparison, found.level, found.values[::-1]) for found in other}
        assert {(found.comparison, found.level, found.values) for found in one} == mirrored
    assert set(there.conflicts) <= set(there.evidence)
    assert bool(there.links) == (there.verdict == "same")
    for link in there.links:
        for side in (a, b):
            assert any(h.verified and h.identifier.key == link.key for h in side.identifiers)
            assert not all(h.shared for h in side.identifiers if h.identifier.key == link.key)
