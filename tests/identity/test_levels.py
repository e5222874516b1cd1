"""Each level of each comparison is reached by an example; what is missing says nothing, a conflict speaks against."""

import pytest

from identity.comparing import compare_facts
from identity.decision import score
from identity.evidence import Evidence
from identity.facts import Birth, Profile, merged, read_birth, read_facts
from identity.identities import compare_identifiers
from identity.statistics import Counts, Statistics
from identity.weights import TABLE
from tests.identity.desk import contact, held


def unlearned() -> Statistics:
    return Statistics(Counts(), Counts(), {}, b"levels")


def found(a: Profile, b: Profile, comparison: str) -> Evidence | None:
    evidence = [*compare_facts(a, b, unlearned()), *compare_identifiers(a, b, unlearned())]
    return next((one for one in evidence if one.comparison == comparison), None)


def level(a: Profile, b: Profile, comparison: str) -> str | None:
    """The level in either order of the arguments, which must be the same, and weigh the same."""
    one, other = found(a, b, comparison), found(b, a, comparison)
    if one is None or other is None:
        assert one is other
        return None
    assert one.level == other.level
    assert one.stranger == pytest.approx(other.stranger)
    assert one.house == pytest.approx(other.house)
    return one.level


NAMES = [
    ("Ann Smith", "Ann Smith", "exact given, exact family"),
    ("Bob Smith", "Robert Smith", "nickname given, exact family"),
    ("Alexandro Smith", "Alexandros Smith", "short given, exact family"),
    ("A. Smith", "Ann Smith", "initial given, exact family"),
    ("Ann S.", "Ann Smith", "exact given, initial family"),
    ("B. Smith", "Ann Smith", "initial_conflict given, exact family"),
    ("Юлия Иванова", "Yuliya Ivanova", "exact given, exact family"),
    ("Юлия Иванова", "Julia Ivanova", "respelled given, exact family"),
    ("محمد علي", "Mohammed Ali", "close given, close family"),
    ("محمد علي", "Carl Weiss", "conflicting given, conflicting family"),
    ("李明", "Li Ming", "no given, no family"),
    ("李明", "李明", "exact given, no family"),
    ("Jörg Weiß", "Joerg Weiss", "one_edit given, exact family"),
    ("Катерина Smith", "Katerina Smith", "exact given, exact family"),
    ("Philippa Smith", "Filipa Smith", "respelled given, exact family"),
    ("Ann Schmidt", "Ann Shmit", "exact given, close family"),
    ("Annika Smith", "Anmika Smith", "one_edit given, exact family"),
    ("Annikka Smith", "Anmikka Smit", "one_edit given, one_edit family"),
    ("Valentina Smith", "Valemtuna Smith", "close given, exact family"),
    ("Annika Svensdottir", "Svensdottir Annika", "exact given, exact family, swapped"),
    ("Smith, Annika", "Annika Smith", "exact given, exact family"),
    ("Ann Smith", "Ann Smith-Jones", "exact given, part family"),
    ("Ann Smith", "Ann Kowalski", "exact given, conflicting family"),
    ("Ann Smith", "Carl Smith", "another given, exact family"),
    ("Ann Smith", "Carl Weiss", "another given, conflicting family"),
    ("Lena Smith", "Lea Smith", "alike given, exact family"),
    ("Jan Smith", "Jana Smith", "alike given, exact family"),
    ("Marie-Anne Smith", "Marie-Claire Smith", "alike given, exact family"),
    ("Erik Smith", "Eric Smith", "one_edit given, exact family"),
    ("Paul Smith", "Paula Smith", "feminine given, exact family"),
    ("Mark Smith", "Mary Smith", "another given, exact family"),
    ("Ann", "Ann Smith", "exact given, no family"),
    ("Anna-Maria Smith", "Maria Smith", "exact given, exact family"),
]


@pytest.mark.parametrize(("one", "other", "expected"), NAMES)
def test_names(one: str, other: str, expected: str):
    assert level(contact(one), contact(other), "name") == expected


def test_a_family_name_alone():
    alone = contact(None, family_name="Smith")
    assert level(alone, contact("Ann Smith"), "name") == "no given, exact family"


@pytest.mark.parametrize("other", ["Carl Weiss", "Carl Smith", "Paula Smith", "B. Smith", "Ann Smith Jr"])
def test_a_conflicting_name_speaks_against(other: str):
    one = "Paul Smith" if "Paula" in other else "Ann Smith Sr"
    evidence = found(contact(one), contact(other), "name")
    assert evidence is not None
    assert evidence.house < 0


DATES = [
    ("1990-05-04", "1990-05-04", "exact"),
    ("1990-05-04", "19900504", "exact"),
    ("1990-05-04", "04.05.1990", "exact"),
    ("1990-05-14", "5/14/1990", "exact"),
    ("1990-05-04", "1990-04-05", "swapped"),
    ("1990-05-14", "1990-05-11", "one_edit"),
    ("1990-05-04", "1972-05-04", "day_month"),
    ("1990-05-09", "1990-06-12", "near_days"),
    ("1990-05-28", "1990-05-04", "near_days"),
    ("1990-05-28", "1990-11-28", "two_slips"),
    ("1990-05-04", "1961-11-23", "conflicting"),
    ("1990-01-01", "1990-05-04", "year"),
    ("1990", "1990-05", "year"),
    ("1991", "1990-05-04", "near_year"),
    ("1990-01-01", "1961-11-23", "year_conflict"),
]


@pytest.mark.parametrize(("one", "other", "expected"), DATES)
def test_birth_dates(one: str, other: str, expected: str):
    assert level(contact(birth_date=one), contact(birth_date=other), "birth_date") == expected


def test_the_first_of_january_is_a_year():
    assert read_birth("1990-01-01") == Birth(year=1990) == read_birth("1990")


@pytest.mark.parametrize("text", ["", "soon", "99", "0000-00-00", "2999-01-01", "1990-05-04" * 10, "٣٣٣٣-٠٠-٠٠"])
def test_what_is_no_date_says_nothing(text: str):
    assert level(contact(birth_date=text), contact(birth_date="1990-05-04"), "birth_date") is None or text[0] == "٣"


HIGH = {"street": "12 High Street", "postcode": "4001", "place": "Hillsborough"}
ADDRESSES = [
    (HIGH, "exact"),
    ({"street": "12 High Stret", "postcode": "4001"}, "near"),
    ({"street": "12 High Street", "postcode": "9999", "place": "Elsewhere"}, "street"),
    ({"street": "99 High Street", "postcode": "4001"}, "same_street"),
    ({"street": "7 Mill Lane", "postcode": "4001"}, "postcode_only"),
    ({"street": "7 Mill Lane", "postcode": "9999", "place": "Hillsborough"}, "place_only"),
    ({"street": "7 Mill Lane", "postcode": "9999", "place": "Elsewhere"}, "conflicting"),
    ({"postcode": "4001"}, "postcode"),
    ({"postcode": "4007"}, "near_postcode"),
    ({"postcode": "9999", "place": "Hillsborough"}, "other_postcode"),
    ({"postcode": "9999"}, "elsewhere"),
    ({"place": "Hillsborough"}, "place"),
    ({"place": "Hilsborough"}, "near_place"),
    ({"place": "Elsewhere"}, "another_place"),
    ({"region": "nsw"}, "missing"),
    ({"street": "12 High Street"}, "exact"),
]


@pytest.mark.parametrize(("other", "expected"), ADDRESSES)
def test_addresses(other: dict[str, str], expected: str):
    assert level(contact(**HIGH), contact(**other), "address") == expected


def test_regions():
    assert level(contact(region="NSW"), contact(region="nsw"), "address") == "region"
    assert level(contact(region="NSW"), contact(region="VIC"), "address") == "another_region"


def test_a_side_that_names_another_kind_of_place_says_nothing():
    missing = found(contact(**HIGH), contact(region="nsw"), "address")
    assert missing is not None
    assert (missing.stranger, missing.house) == (0, 0)


EMAILS = [
    ("ann.smith@acme.com", "ann.smith@acme.com", "exact_proved"),
    ("?ann.smith@acme.com", "ann.smith@acme.com", "exact"),
    ("?ann.smith@acme.com", "?ann.smith@acme.com", "exact"),
    ("ann.smith@gmail.com", "annsmith+shop@googlemail.com", "same_mailbox"),
    ("quokka77walker@acme.com", "quokka77walker@elsewhere.org", "same_local"),
    ("quokkawalker@gmail.com", "quokkawalkre@gmail.com", "near_common"),
    ("ann.smith12@acme.com", "annsmith@acme.com", "like_name"),
    ("carl.weiss@acme.com", "ann@acme.com", "different"),
    ("ann@acme.com", "carl@elsewhere.org", "different"),
]


@pytest.mark.parametrize(("one", "other", "expected"), EMAILS)
def test_emails(one: str, other: str, expected: str):
    a, b = (
        read_facts(None, {}, held(("?" if "?" in text else "") + "email:" + text.lstrip("?"))) for text in (one, other)
    )
    assert level(a, b, "email") == expected


RARE = [
    ("annsmith@acme.com", "annsmiht@acme.com", "near"),
    ("ann.smith@acme.com", "ann.smithers@acme.com", "close"),
    ("ann.smith@acme.com", "carl@acme.com", "corporate_domain"),
]


@pytest.mark.parametrize(("one", "other", "expected"), RARE)
def test_emails_of_a_domain_that_few_have(one: str, other: str, expected: str):
    statistics = Statistics(Counts({"customers": 1000}), Counts(), {}, b"levels")
    a, b = contact(None, "email:" + one), contact(None, "email:" + other)
    assert [found.level for found in compare_identifiers(a, b, statistics)] == [expected]
    assert [found.level for found in compare_identifiers(b, a, statistics)] == [expected]


PHONES = [
    ("+491721234567", "+491721234567", "exact_proved"),
    ("+491721234567", "01721234567", "exact_proved"),
    ("?+491721234567", "+491721234567", "exact"),
    ("+49305550917", "5550917", "last_seven"),
    ("?+491721234567", "?+491722234567", "near"),
    ("+491721234567", "+491721234568", "different"),
    ("?+491721234567", "?+491721234568", "different"),
    ("+491721234567", "+491729876543", "different"),
    ("+49301234567 ext. 12", "+49301234567 ext. 13", "different"),
    ("+49301234567 ext. 12", "+49301234567 x12", "exact_proved"),
]


@pytest.mark.parametrize(("one", "other", "expected"), PHONES)
def test_phones(one: str, other: str, expected: str):
    a, b = (contact(None, ("?" if "?" in text else "") + "phone:" + text.lstrip("?")) for text in (one, other))
    assert level(a, b, "phone") == expected


IDS = [
    ("account:1", "account:1", "account", "exact"),
    ("external:C-100234", "external:C-100234", "external", "exact"),
    ("external:C-100234", "external:C-100235", "external", "near"),
    ("external:C-100234", "external:Z-900111", "external", "different"),
    ("handle:@Ann", "handle:ann", "handle", "exact"),
    ("handle:ann", "handle:carl", "handle", "different"),
    ("visitor:k9", "visitor:k9", "visitor", "exact_proved"),
    ("?visitor:k9", "visitor:k9", "visitor", "exact"),
    ("visitor:k9", "visitor:k8", "visitor", None),
]


@pytest.mark.parametrize(("one", "other", "comparison", "expected"), IDS)
def test_ids(one: str, other: str, comparison: str, expected: str | None):
    assert level(contact(None, one), contact(None, other), comparison) == expected


WORDS = [
    ("company", "Acme Ltd", "acme ltd", "exact"),
    ("company", "Acme", "Globex", "different"),
    ("gender", "f", "F", "exact"),
    ("gender", "f", "m", "different"),
    ("birth_place", "Springfield", "Springfeild", "near"),
    ("birth_place", "Springfield", "Shelbyville", "different"),
    ("occupation", "baker", "baker", "exact"),
    ("country", "de", "at", "different"),
    ("language", "de", "de", "exact"),
    ("national_id", "AB-123456", "ab123456", "exact"),
    ("national_id", "AB123456", "AB123465", "near"),
    ("national_id", "AB123456", "ZZ999999", "different"),
]


@pytest.mark.parametrize(("field", "one", "other", "expected"), WORDS)
def test_other_facts(field: str, one: str, other: str, expected: str):
    assert level(contact(**{field: one}), contact(**{field: other}), field) == expected


def test_a_name_spelled_in_an_address():
    nameless = contact(None, "email:annika.svensdottir@gmail.com")
    assert level(nameless, contact("Annika Svensdottir"), "spelled_name") == "whole"
    assert (
        level(contact(None, "email:asvensdottir@gmail.com"), contact("Annika Svensdottir"), "spelled_name") == "initial"
    )
    assert (
        level(contact("Annika", "email:asvensdottir@gmail.com"), contact("Annika Svensdottir"), "spelled_name") is None
    )


# -- what holds for all of them -------------------------------------------------------------------------------

FULL = {"birth_date": "1990-05-04", "company": "acme", "national_id": "AB123456", **HIGH}


def test_what_is_missing_is_neutral():
    one, other = contact("Ann Smith", "email:ann@acme.com"), contact("Ann Smith", "email:ann@acme.com", **FULL)
    without, with_more = score(one, one, unlearned()), score(one, other, unlearned())
    assert with_more.stranger == pytest.approx(without.stranger)
    assert with_more.house == pytest.approx(without.house)
    assert compare_facts(contact(), contact("Ann Smith", **FULL), unlearned()) == []


def test_what_conflicts_is_evidence_against():
    weak = {"gender", "language", "country", "occupation", "company", "phone", "email"}
    for (comparison, name), known in TABLE.items():
        if name in ("conflicting", "year_conflict", "initial_conflict", "another_place", "elsewhere"):
            assert known.stranger is not None
            assert known.same < known.stranger / 2, (comparison, name)
        if name == "different" and comparison not in weak:
            assert known.stranger is not None
            assert known.same < known.stranger / 2, (comparison, name)


def test_the_mean_over_the_members_counts():
    one, other = contact("Ann Smith"), contact("Carl Smith")
    newcomer = contact("Ann Smith")
    twice_ann = found(newcomer, merged(one, one, other), "name")
    twice_carl = found(newcomer, merged(one, other, other), "name")
    only_ann, only_carl = found(newcomer, one, "name"), found(newcomer, other, "name")
    assert twice_ann
    assert twice_carl
    assert only_ann
    assert only_carl
    assert twice_ann.stranger == pytest.approx((2 * only_ann.stranger + only_carl.stranger) / 3)
    assert twice_carl.stranger == pytest.approx((only_ann.stranger + 2 * only_carl.stranger) / 3)
    assert twice_carl.level == "another given, exact family"


def test_a_value_that_many_have_weighs_less():
    known = Statistics(Counts({"customers": 1000}), Counts(), {}, b"levels")
    rare = score(contact("Ann Smith"), contact("Ann Smith"), known)
    known.count([("given", "ann"), ("family", "smith")], 200)
    common = score(contact("Ann Smith"), contact("Ann Smith"), known)
    assert common.stranger < rare.stranger - 5
