"""Entries of a list are not one person: what was numbered through, and what was filled in for everybody."""

from collections.abc import Callable

import pytest

from identity.facts import Profile, merged
from identity.series import MOST_OWN, several
from tests.identity.desk import contact, customers_of

BORN = {"birth_date": "1990-05-17"}
AT_HOME = {"street": "1 Main Street", "postcode": "12345", "place": "Springfield"}


def numbered(at: int, name: str | None, claimed: bool, **attributes: str) -> Profile:
    before = "?" if claimed else ""
    street = {"street": f"{at} Main Street", "postcode": "12345", "place": "Springfield"}
    labels = (f"email:user{at}@example.com", f"phone:+493055{at:05}", f"external:{1000 + at}")
    return contact(name, *(before + label for label in labels), **{**street, **attributes})


@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize("name", [None, "John Smith", "Jane Doe", "Customer 1"])
@pytest.mark.parametrize("attributes", [{}, BORN, {**BORN, **AT_HOME, "company": "Acme"}])
def test_people_who_were_numbered_through_are_several(name: str | None, claimed: bool, attributes: dict[str, str]):
    people = [numbered(at, name, claimed, **attributes) for at in (1, 2, 3, 12, 101, 102)]
    assert len(set(customers_of(*people))) == len(people)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (contact("Ann Lee", "email:user1@example.com", **BORN), contact("Ann Lee", "email:user2@example.com", **BORN)),
        (contact("Ann Lee", "email:qa+1@example.com", **BORN), contact("Ann Lee", "email:qa+2@example.com", **BORN)),
        (contact("Ann Lee", "email:ann@firm1.com", **BORN), contact("Ann Lee", "email:ann@firm2.com", **BORN)),
        (contact("Ann Lee", "handle:ann_1", **BORN), contact("Ann Lee", "handle:ann_2", **BORN)),
        (contact(None, "phone:+493055501", **BORN), contact(None, "phone:+493055502", **BORN)),
        (contact(None, national_id="ID000012", **BORN), contact(None, national_id="ID000013", **BORN)),
        (contact(None, street="1 Main Street", **BORN), contact(None, street="2 Main Street", **BORN)),
    ],
)
def test_what_differs_by_its_number_is_told(one: Profile, other: Profile):
    (why,) = several(one, other)
    assert why.startswith("numbered through: ")
    assert customers_of(one, other) == [0, 1]


SAME_PHONE = "phone:+4930555012"
SLIPS = [
    (contact("Ann Lee", "email:a1@x.com", SAME_PHONE), contact("Ann Lee", "email:a2@x.com", SAME_PHONE)),
    (contact("Ann Lee", "?email:lee45@x.com"), contact("Ann Lee", "?email:lee54@x.com")),
    (contact("Ann Lee", "email:ann@x.com"), contact("Ann Lee", "email:ann2@x.com")),
    (
        contact("Ann Lee", street="12 High Street", national_id="123456"),
        contact("Ann Lee", street="21 High Street", national_id="123465"),
    ),
    (
        contact("Ann Lee", "external:123456", street="12 High Street"),
        contact("Ann Lee", "external:123465", street="21 High Street"),
    ),
]


@pytest.mark.parametrize(("one", "other"), SLIPS)
def test_a_slip_is_no_series(one: Profile, other: Profile):
    assert list(several(one, other)) == []


def of_everybody(name: str, label: Callable[[int], str], **attributes: str) -> list[Profile]:
    return [contact(name, label(at), **attributes) for at in range(60)]


@pytest.mark.parametrize("attributes", [{"postcode": "12345", "place": "Hill"}, {"company": "Acme"}, BORN])
def test_what_was_filled_in_for_everybody_makes_no_crowd_one_person(attributes: dict[str, str]):
    def unlike(at: int) -> str:
        return f"email:{'aeiou'[at % 5] * 3}{'bcdfghklmn'[at // 5 % 10] * 3}{'pqrstv'[at // 10] * 2}@mail.com"

    found = customers_of(*of_everybody("Karl Default", unlike, **attributes))
    assert max(found.count(customer) for customer in found) <= MOST_OWN
    assert len(set(found)) > 30


def test_nobody_has_ever_more_addresses():
    many = merged(*(contact("Ann Lee", f"email:ann.{word}@mail.com") for word in "abcdef"))
    assert list(several(contact("Ann Lee", "email:lee@mail.com"), many)) == ["7 e-mails and none in common"]
    assert list(several(contact("Ann Lee", "email:ann.a@mail.com"), many)) == []


def test_names_of_nobody_say_nothing():
    assert customers_of(*(contact("Max Mustermann", "email:info@x.com", **AT_HOME) for _ in range(3))) == [0, 1, 2]
