"""Who belongs together, and how sure it is: the two pure rules."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from identity.customers import Contact, ContactId, DecisionId, Edge, components, grades, idle

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B, C, D = (cast(Any, UUID(int=n)) for n in range(1, 5))


def edge(position: int, kept: Any, lost: Any) -> Edge:
    return Edge(decision=DecisionId(UUID(int=100 + position)), position=position, kept=kept, lost=lost)


def customers(*edges: Edge, homes: dict[Any, Any] | None = None) -> dict[UUID, UUID]:
    where = homes or {home: home for home in (A, B, C, D)}
    return {home: placed.customer_id for home, placed in components(where, edges).items()}


def contact(number: int, proved: bool) -> Contact:
    return Contact(
        id=ContactId(UUID(int=number)),
        source="s",
        key=str(number),
        home_id=A,
        customer_id=A,
        grade="possible",
        name=None,
        attributes={},
        said_at=NOON,
        via=None,
        home_decision=None,
        customer_decision=None,
        proved=proved,
        created_at=NOON + timedelta(minutes=number),
        since=NOON,
    )


def test_the_side_that_is_kept_gives_its_id():
    assert customers(edge(1, A, B), edge(2, C, A)) == {A: C, B: C, C: C, D: D}


def test_edges_are_replayed_in_their_order_whatever_order_they_come_in():
    assert customers(edge(2, C, A), edge(1, A, B)) == customers(edge(1, A, B), edge(2, C, A))
    assert customers(edge(1, C, A), edge(2, A, B))[B] == C
    assert customers(edge(1, A, B), edge(2, B, C))[C] == A, (
        "an edge of an absorbed side keeps the customer of that side"
    )


def test_an_edge_within_a_customer_joins_nothing():
    edges = [edge(1, A, B), edge(2, B, A), edge(3, C, D)]
    assert customers(*edges) == {A: A, B: A, C: C, D: C}
    assert idle({home: home for home in (A, B, C, D)}, edges) == [edges[1]]


def test_edges_follow_their_contact_to_its_new_home():
    """Contact 9 lives in B; its edge is B's."""
    nine: Any = UUID(int=9)
    assert customers(edge(1, A, nine), homes={A: A, B: B, C: C, D: D, nine: B})[B] == A
    assert customers(edge(1, A, nine), homes={A: A, B: B, C: C, D: D, nine: C}) == {A: A, B: B, C: A, D: D}


def test_alone_a_proof_makes_it_verified():
    assert grades([contact(1, True)], []) == {UUID(int=1): "verified"}
    assert grades([contact(1, False)], []) == {UUID(int=1): "possible"}


def test_in_company_the_oldest_proved_group_is_verified():
    """A stranger's claim that came first never outranks the proved owner."""
    people = [contact(1, False), contact(2, True), contact(3, True)]
    assert list(grades(people, []).values()) == ["presumed", "verified", "presumed"]
    linked = grades(people, [(people[1].id, people[2].id)])
    assert list(linked.values()) == ["presumed", "verified", "verified"]


def test_a_persons_decision_makes_a_group():
    people = [contact(1, False), contact(2, False), contact(3, True)]
    assert list(grades(people, [(people[0].id, people[1].id)]).values()) == ["verified", "verified", "presumed"]
    through = ContactId(UUID(int=50))
    links = [(people[0].id, through), (through, people[1].id)]
    assert list(grades(people, links, [through]).values()) == ["verified", "verified", "presumed"]
    assert list(grades(people, links).values()) == ["presumed", "presumed", "verified"]
