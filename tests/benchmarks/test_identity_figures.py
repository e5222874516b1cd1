"""The measure of identity, measured: clusterings whose figures are known, and wrong ones that have to show."""

import itertools
import random

import pytest
from msgspec.structs import replace

from benchmarks.identity import sheet
from benchmarks.identity.figures import Figures, Told, Unit, measure, units_of, with_suggestions
from benchmarks.identity.records import Record
from benchmarks.identity.replay import Pushed, Replay, quantile

INFO = ("email", "info@firm.example")


def clustered(*customers: str) -> list[Unit]:
    """Contacts by customer, each as the letter of its person: `clustered("AAB", "AB")`."""
    contact = itertools.count()
    return [
        Unit(contact=f"c{next(contact)}", person=person, customer=f"k{at}")
        for at, members in enumerate(customers)
        for person in members
    ]


@pytest.mark.parametrize(
    ("customers", "pairs", "b3", "mixed"),
    [
        (("AAA", "BB"), (1, 1), (1, 1, 1), 0),
        (("A", "A", "A", "B", "B"), (1, 0), (1, 2 / 5, 4 / 7), 0),
        (("AAABB",), (4 / 10, 1), (13 / 25, 1, 26 / 38), 1),
        (("AAB", "AB"), (1 / 4, 1 / 4), (8 / 15, 8 / 15, 8 / 15), 1),
        (("AAAB", "B", "CC"), (4 / 7, 4 / 5), (11 / 14, 6 / 7, 2 * (11 / 14) * (6 / 7) / (11 / 14 + 6 / 7)), 2 / 3),
        (("A",), (1, 1), (1, 1, 1), 0),
    ],
)
def test_figures_of_clusterings_computed_by_hand(
    customers: tuple[str, ...], pairs: tuple[float, float], b3: tuple[float, float, float], mixed: float
) -> None:
    found = measure(clustered(*customers))
    assert (found.pair_precision, found.pair_recall) == pytest.approx(pairs)
    assert (found.b3_precision, found.b3_recall, found.b3_f1) == pytest.approx(b3)
    assert found.mixed == pytest.approx(mixed)
    assert (found.contacts, found.customers) == (sum(map(len, customers)), len(customers))


def test_figures_are_what_their_definitions_say_of_any_clustering() -> None:
    rng = random.Random(3)
    for _ in range(50):
        units = [
            Unit(contact=f"c{at}", person=rng.choice("ABCDEF"), customer=rng.choice("123456789"))
            for at in range(rng.randrange(2, 40))
        ]
        linked = {(a.contact, b.contact) for a, b in itertools.permutations(units, 2) if a.customer == b.customer}
        same = {(a.contact, b.contact) for a, b in itertools.permutations(units, 2) if a.person == b.person}
        found = measure(units)
        if linked and same:
            assert found.pair_precision == pytest.approx(len(linked & same) / len(linked))
            assert found.pair_recall == pytest.approx(len(linked & same) / len(same))
        both = [sum(a.customer == b.customer and a.person == b.person for b in units) for a in units]
        within = [sum(a.customer == b.customer for b in units) for a in units]
        true = [sum(a.person == b.person for b in units) for a in units]
        assert found.b3_precision == pytest.approx(sum(map(float.__truediv__, map(float, both), within)) / len(units))
        assert found.b3_recall == pytest.approx(sum(map(float.__truediv__, map(float, both), true)) / len(units))
        wrong = {a.person for a in units for b in units if a.customer == b.customer and a.person != b.person}
        assert found.mixed == pytest.approx(len(wrong) / found.persons)


def record(name: str, person: str, *identifiers: tuple[str, str], trap: str = "") -> Record:
    said = [{"kind": kind, "value": value, "verified": True} for kind, value in identifiers]
    item = {"source": "s", "source_id": name, "contact": {"key": name, "identifiers": said}}
    return Record(item=item, person=person, trap=trap)


def told(contact: str, customer: str, *names: str, grade: str = "verified") -> Told:
    return Told(source="s", key=contact, contact_id=contact, customer_id=customer, grade=grade, source_ids=list(names))


def test_a_contact_counts_once_for_each_person_in_it_and_possible_is_not_linked() -> None:
    records = [record(name, person) for name, person in zip("123456", "AAABBC", strict=True)]
    lines = [
        told("x", "k", "1", "2"),  # two records of one contact are no pair that was found
        told("y", "k", "3", "4"),  # one contact of two people
        told("z", "k", "5", grade="possible"),
    ]
    units = units_of(records, lines)
    assert [(unit.contact, unit.person, unit.customer) for unit in units] == [
        ("x", "A", "k"),
        ("y", "A", "k"),
        ("y", "B", "k"),
        ("z", "B", "z"),
        ("refused s 6", "C", "refused s 6"),
    ]
    found = measure(units)
    assert (found.contacts, found.customers, found.persons) == (4, 3, 3)
    assert (found.pair_precision, found.pair_recall) == pytest.approx((1 / 3, 1 / 2))


def test_a_trap_is_sprung_by_two_people_over_its_own_value_alone() -> None:
    records = [
        record("1", "A", INFO, ("phone", "+44 161 300 2000"), trap="rolemail|landline"),
        record("2", "B", ("email", "INFO@firm.example"), trap="role"),
        record("3", "B", ("phone", "0161 3002000"), trap="switchboard"),
        record("4", "C", INFO, trap="landline"),
        record("5", "D", INFO, trap="junkmail"),
    ]
    apart = [told(name, name, name) for name in "12345"]
    assert (measure(units_of(records, apart)).sprung, measure(units_of(records, apart)).traps) == (0, 4)
    for together, sprung in (("12", 2), ("13", 2), ("23", 0), ("14", 0), ("125", 3), ("45", 0)):
        lines = [told(name, "k" if name in together else name, name) for name in "12345"]
        assert measure(units_of(records, lines)).sprung == sprung, together


def test_a_suggestion_is_right_that_links_one_person_or_unlinks_two() -> None:
    units = clustered("AA", "AB")
    asked = [
        {"a": {"contact_id": a}, "b": {"contact_id": b}, **kind}
        for a, b, kind in (
            ("c0", "c2", {}),
            ("c0", "c3", {"kind": "link"}),
            ("c2", "c3", {"kind": "unlink"}),
            ("c0", "c1", {"kind": "unlink"}),
            ("c0", "the desk's own", {}),
        )
    ]
    found = with_suggestions(measure(units), units, asked)
    assert (found.suggested, found.suggested_right) == (5 / 4, 2 / 5)


def replayed(figures: Figures, order: str = "stored", name: str = "contacts_dev") -> Replay:
    return Replay(name=name, order=order, figures=figures, pushed=Pushed(seconds=2.0, each=[], refused={}))


def verdicts(*replays: Replay, held_to: str | None = None) -> dict[str, str]:
    lines = [line.strip("| ").split(" | ") for line in sheet.promised(replays, held_to).splitlines()[2:]]
    return {line[0].partition(": ")[2]: line[-1] for line in lines}


def test_a_planted_fault_is_seen_in_the_table_whichever_order_it_is_in() -> None:
    right = measure([replace(unit, baits=frozenset({"x"})) for unit in clustered(*("AA", "BB", "CC", "DD"))])
    wrong = measure([replace(unit, baits=frozenset({"x"})) for unit in clustered(*("AA", "BBC", "C", "DD"))])
    assert set(verdicts(replayed(right)).values()) == {"target"}
    short = {
        "pair precision": "**short**",
        "pair recall": "floor",
        "persons in a mixed customer": "**short**",
        "protected traps sprung": "**short**",
        "suggestions, share of contacts": "target",
    }
    assert verdicts(replayed(wrong)) == short
    assert verdicts(replayed(right), replayed(wrong, "reversed")) == short
    assert verdicts(replayed(wrong, name="else")) == {
        name: short[name] for name in ("protected traps sprung", "suggestions, share of contacts")
    }
    assert "pair precision" in verdicts(replayed(wrong, name="else"), held_to="unseen-stream")
    row = sheet.render([replayed(wrong)], [], None, "by hand").splitlines()[6]
    assert row == (
        "| contacts_dev | stored | 8 | 4 (4) | 0.6000 | 0.7500 | 0.8333 | 0.8750 | 0.8537 | 50.00% | 3 of 8 | "
        "0.00% | 4 |  |"
    )


def test_too_many_suggestions_and_unlinked_people_are_short() -> None:
    asked = replace(measure(clustered("A", "A", "B", "B")), suggested=0.09)
    said = verdicts(replayed(asked))
    assert (said["suggestions, share of contacts"], said["pair recall"]) == ("**short**", "**short**")
    assert verdicts(replayed(replace(asked, suggested=0.06)))["suggestions, share of contacts"] == "floor"


def test_quantiles_are_times_that_were_measured() -> None:
    times = [number / 1e3 for number in range(1, 101)]
    random.Random(1).shuffle(times)
    assert (quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1.0)) == pytest.approx((51, 100, 100))
