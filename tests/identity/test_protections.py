"""What must not be taken for one person, and what must: each protection by its name, at a desk that knows nobody."""

import pytest

from identity.decision import Bands, score
from identity.facts import Profile, merged
from identity.identities import vetoes
from identity.statistics import Use
from tests.identity.desk import HOME, Desk, contact, customers_of, held
from tests.identity.uses import use_of

ANN = "email:ann.smith@gmail.com"
LANDLINE = "phone:+61299998888"
MOBILE = "phone:+61412345699"


def together(*profiles: Profile) -> bool:
    return len(set(customers_of(*profiles))) == 1


def apart(*profiles: Profile) -> bool:
    return len(set(customers_of(*profiles))) == len(profiles)


# -- who shares a value and is another person -----------------------------------------------------------------


@pytest.mark.parametrize("number", [LANDLINE, "?" + LANDLINE])
def test_a_household_shares_its_phone(number: str):
    assert apart(contact("Ann Smith", number, **HOME), contact("Carl Smith", number, **HOME))


def test_a_household_shares_its_mailbox():
    mailbox = "email:smiths@gmail.com"
    assert apart(contact("Ann Smith", mailbox), contact("Carl Smith", mailbox))


def test_twins_share_birth_date_family_name_and_home():
    born = {"birth_date": "1990-05-04", **HOME}
    assert apart(contact("Ann Smith", "?" + LANDLINE, **born), contact("Amy Smith", "?" + LANDLINE, **born))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lena", "Lea"),
        ("Jan", "Jana"),
        ("Alexander", "Alexandra"),
        ("Marie-Anne", "Marie-Claire"),
        ("Anna", "Hanna"),
        ("Lisa", "Luisa"),
        ("Julia", "Julian"),
        ("Max", "Moritz"),
    ],
)
def test_twins_are_called_alike(one: str, other: str):
    born = {"birth_date": "2011-05-12", **HOME}
    assert apart(contact(f"{one} Quill", **born), contact(f"{other} Quill", **born))


def test_a_slip_in_a_given_name_is_no_twin():
    born = {"birth_date": "2011-05-12", **HOME}
    assert together(contact("Lena Quill", **born), contact("Lema Quill", **born))


def test_two_spellings_that_a_desk_knows_well_are_two_names():
    born = {"birth_date": "2011-05-12", **HOME}
    families = ("Abbott", "Brandt", "Castro", "Dumont", "Eriksen", "Fischer", "Grant", "Hughes", "Ivanov", "Jansen")
    others = [contact(f"{given} {family}") for given in ("Tarvin", "Tarvik") for family in families]
    twins = contact("Tarvin Quill", **born), contact("Tarvik Quill", **born)
    assert together(*twins)
    one, other = customers_of(*others, *twins)[-2:]
    assert one != other


def test_father_and_son_share_name_and_number():
    father = contact("Hans Quill", LANDLINE, birth_date="1950-03-01", **HOME)
    assert apart(father, contact("Hans Quill", LANDLINE, birth_date="1980-07-15", **HOME))
    assert together(father, contact("Hans Quill", LANDLINE, birth_date="1950-03-10", **HOME))


def test_jr_and_sr_say_so():
    senior, junior = (contact(f"John Smith {which}", "?" + LANDLINE, **HOME) for which in ("Sr", "Jr"))
    assert apart(senior, junior)
    assert list(vetoes(senior, junior)) == ["another generation: jr, sr"]


def test_jr_and_sr_are_told_apart_by_their_birth_dates():
    assert apart(
        contact("John Smith", birth_date="1950-05-04", **HOME), contact("John Smith", birth_date="1981-11-23", **HOME)
    )


def test_a_parent_writes_for_a_child():
    assert apart(contact("Ann Smith", ANN), contact("Leo Smith", ANN))


def test_an_assistant_writes_for_her_boss():
    mailbox = "email:a.smith@acme.com"
    assert apart(contact("Ann Smith", mailbox, company="Acme"), contact("Carl Weiss", mailbox, company="Acme"))


def test_a_number_is_used_again_after_a_long_gap():
    assert apart(contact("Ann Smith", MOBILE), contact("Piotr Nowak", MOBILE))


def test_a_family_phone_supports_nobodys_name():
    ann, carl = contact("Ann Smith", LANDLINE), contact("Carl Smith", LANDLINE)
    assert customers_of(ann, carl, ann) == [0, 1, 2]


def test_a_role_mailbox_links_nobody():
    assert apart(contact("Ann Smith", "email:info@acme.com"), contact("Bob Jones", "email:info@acme.com"))
    assert apart(contact(None, "email:info@acme.com"), contact(None, "email:info@acme.com"))


@pytest.mark.parametrize("junk", ["phone:0000000000", "phone:0123456789", "email:none@none.com", "account:0"])
def test_a_junk_value_links_nobody(junk: str):
    assert apart(contact("Ann Smith", junk), contact("Bob Jones", junk))
    assert apart(contact(None, junk), contact(None, junk))


def test_a_switchboard_links_nobody_after_its_second_person():
    people = [contact(name, "?" + LANDLINE) for name in ("Ann Smith", "Bob Jones", "Eve Mill")]
    assert apart(*people, contact(None, LANDLINE))


def test_a_mailbox_of_two_people_is_learned_without_a_list():
    desk = Desk()
    desk.receive(contact("Ann Smith", "email:desk9@acme.com"))
    assert desk.turned == []
    desk.receive(contact("Bob Jones", "email:desk9@acme.com"))
    assert [field for field, _ in desk.turned] == ["email"]
    assert desk.receive(contact(None, "email:desk9@acme.com")) == 2


def test_no_single_stranger_takes_an_address_away():
    desk = Desk()
    ann = contact("Ann Smith", ANN)
    assert {desk.receive(ann) for _ in range(5)} == {0}
    assert desk.receive(contact("Mallory Grey", "?" + ANN)) == 1
    assert desk.turned == []
    assert desk.receive(ann) == 0
    assert not desk.statistics.shared("email", next(iter(ann.field("email"))))


def test_who_comes_once_shares_what_another_brought_once():
    ann, bob = (next(iter(contact(name).field("name"))) for name in ("Ann Smith", "Bob Jones"))
    assert use_of([ann, bob]).shared
    assert use_of([ann, None, ann, ann, bob]).shared
    assert not use_of([ann, ann, ann, ann, bob]).shared
    assert use_of([None, None]) == Use()


# -- what forbids one person whatever is equal ----------------------------------------------------------------


def test_different_accounts_of_one_shop():
    one, other = contact("Ann Smith", ANN, "account:1"), contact("Ann Smith", ANN, "account:2")
    assert apart(one, other)
    assert list(vetoes(one, other)) == ["different accounts of shop"]
    assert not list(vetoes(one, merged(one, other)))


def test_different_birth_dates_each_given_twice():
    desk = Desk()
    one = contact("Ann Smith", ANN, birth_date="1950-05-04")
    other = contact("Ann Smith", ANN, birth_date="1981-11-23")
    twice = merged(one, one), merged(other, other)
    assert list(vetoes(*twice)) == ["different birth dates, each given twice"]
    assert not list(vetoes(one, other))
    assert not list(vetoes(merged(one, one), other))
    assert score(*twice, desk.statistics).vetoes


def test_a_birth_date_mistyped_twice_forbids_nothing():
    one, other = contact("Ann Smith", ANN, birth_date="1990-05-04"), contact("Ann Smith", ANN, birth_date="1990-04-05")
    assert not list(vetoes(merged(one, one), merged(other, other)))


# -- what a claim may do --------------------------------------------------------------------------------------


def test_a_claim_alone_links_nobody():
    assert apart(contact("Ann Smith", ANN), contact(None, "?" + ANN))
    assert apart(contact(None, "?" + ANN), contact(None, "?" + ANN))


def test_a_workspace_may_let_a_claim_alone_link():
    desk = Desk(Bands(claims="personal"))
    assert desk.receive(contact("Ann Smith", ANN)) == desk.receive(contact(None, "?" + ANN))


def test_a_claim_with_the_name_meets_the_proof():
    assert together(contact("Ann Smith", ANN), contact("Ann Smith", "?" + ANN))
    assert together(contact("Ann Smith", "?" + ANN), contact("Ann Smith", ANN))


def test_a_claim_under_another_name_links_nobody():
    assert apart(contact("Ann Smith", ANN), contact("Carl Weiss", "?" + ANN))


def test_a_device_links_only_where_it_is_proved_on_both_sides():
    generous = Bands(same=0.9)
    ann, nobody = contact("Ann Smith", "visitor:k9"), contact(None, "visitor:k9")
    assert customers_of(ann, nobody, bands=generous) == [0, 0]
    assert customers_of(ann, contact(None, "?visitor:k9"), bands=generous) == [0, 1]
    assert customers_of(ann, contact("Bob Jones", "visitor:k9"), nobody, bands=generous) == [0, 1, 2]
    assert customers_of(ann, nobody) == [0, 1]


def test_a_near_address_proves_nothing():
    found = score(
        contact(None, "email:ann.smyth@acme.com"), contact(None, "email:ann.smith@acme.com"), Desk().statistics
    )
    assert [one.level for one in found.evidence] == ["near_common"]
    assert found.basis == "alone"


def test_proof_alone_where_the_workspace_says_so():
    careful = Bands(automatic="proof")
    ann = contact("Ann Smith", ANN, birth_date="1990-05-04", **HOME)
    assert customers_of(ann, contact("Ann Smith", "?" + ANN, birth_date="1990-05-04", **HOME), bands=careful) == [0, 1]
    assert customers_of(ann, contact("Ann Smith", ANN), bands=careful) == [0, 0]


# -- names and dates alone ------------------------------------------------------------------------------------


def test_a_common_name_alone_links_nobody():
    assert apart(contact("John Smith", "email:js@gmail.com"), contact("John Smith", "phone:+61411111222"))


def test_the_first_of_january_is_only_a_year():
    assert apart(contact("John Smith", birth_date="1990-01-01"), contact("John Smith", birth_date="1990-01-01"))


# -- one person -----------------------------------------------------------------------------------------------


def test_one_person_with_several_company_addresses():
    first = contact("Annika Svensdottir", "email:a.svensdottir@acme.com", "phone:+4917212345678", company="Acme")
    second = contact("Annika Svensdottir", "email:annika@acme-group.com", "phone:+4917212345678", company="Acme")
    third = contact("Annika Svensdottir", "email:annika@acme-group.com", company="Acme")
    assert together(first, second, third)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (contact("Ann Smith", ANN), contact("Ann Smith", ANN)),
        (contact(None, ANN), contact(None, ANN)),
        (contact(None, MOBILE), contact(None, MOBILE)),
        (contact("Ann Smith", ANN), contact("Ann Smith-Jones", ANN)),
        (contact("Ann Smith", ANN), contact("Ann Kowalski", ANN)),
        (contact("Robert Smith", "email:rsmith@gmail.com"), contact("Bob Smith", "email:rsmith@gmail.com")),
        (contact("Ann Smith", "account:1"), contact("A. Smith", "account:1")),
        (
            contact("Ann Smith", birth_date="1990-05-04", **HOME),
            contact("Anne Smith", birth_date="1990-05-04", **HOME),
        ),
        (
            contact("Annika Svensdottir", birth_date="1990-05-24"),
            contact("Svensdottir Annika", birth_date="1990-05-24"),
        ),
    ],
)
def test_one_person_is_found(one: Profile, other: Profile):
    assert together(one, other)
    assert together(other, one)


def test_what_is_nobodys_own_by_its_form_is_left_out():
    assert held("email:info@acme.com", "phone:0000000000", ANN) == held(ANN)
