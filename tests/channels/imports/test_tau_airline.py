"""The airline's customers, reservations and chats become one proved history; the truth of the set is not
read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from channels.imports import tau_airline
from channels.imports.imported import Imported, Refusal, Unreadable
from identity.customers import ClaimedIdentifier
from timeline.interactions import Interaction

CARA: dict[str, Any] = {
    "name": {"first_name": "Cara", "last_name": "Cole"},
    "address": {"address1": "2 Elm Row", "city": "Bend", "country": "USA", "state": "OR", "zip": "97701"},
    "email": "cara@example.org",
    "dob": "1980-02-03",
    "payment_methods": {"gift_1": {"source": "gift_card", "amount": 50, "id": "gift_1"}},
    "saved_passengers": [{"first_name": "Dan", "last_name": "Dow", "dob": "1970-01-01"}],
    "membership": "gold",
    "reservations": ["AAA111"],
}
USERS = {"cara_cole_1001": CARA}
BOOKED: dict[str, Any] = {
    "reservation_id": "AAA111",
    "user_id": "cara_cole_1001",
    "origin": "RDM",
    "destination": "SEA",
    "flight_type": "one_way",
    "cabin": "economy",
    "flights": [{"origin": "RDM", "destination": "SEA", "flight_number": "HAT001", "date": "2024-05-20", "price": 90}],
    "passengers": [{"first_name": "Cara", "last_name": "Cole", "dob": "1980-02-03"}],
    "payment_history": [{"payment_id": "gift_1", "amount": 90}],
    "created_at": "2024-05-02T22:10:19",
    "total_baggages": 1,
    "nonfree_baggages": 0,
    "insurance": "no",
}
CANCELLED: dict[str, Any] = BOOKED | {
    "payment_history": [*BOOKED["payment_history"], {"payment_id": "gift_1", "amount": -90}],
    "status": "cancelled",
}


def tool(name: str, arguments: Any, answer: Any, said: str | None = None) -> list[dict[str, Any]]:
    """A call and its answer; every call bears the same id, as some of the real ones do."""
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(arguments)},
    }
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return [
        {"role": "assistant", "content": said, "tool_calls": [call]},
        {"role": "tool", "name": name, "tool_call_id": "call_1", "content": content},
    ]


def chat(*traj: dict[str, Any], **other: Any) -> dict[str, Any]:
    info = {"task": {"user_id": "the_truth_9999"}}
    return {"task_id": 3, "trial": 1, "reward": 1.0, "info": info, "traj": list(traj)} | other


CHAT = chat(
    {"role": "system", "content": "the rules"},
    {"role": "user", "content": "I am cara_cole_1001, cancel AAA111."},
    *tool("get_user_details", {"user_id": "mara_cole_1001"}, "Error: user not found"),
    *tool("get_reservation_details", {"reservation_id": "AAA111"}, BOOKED),
    *tool("get_user_details", {"user_id": "cara_cole_1001"}, CARA, "One moment."),
    *tool("think", {"thought": "She may cancel."}, ""),
    *tool("cancel_reservation", {"reservation_id": "AAA111"}, CANCELLED),
    *tool("book_reservation", {}, BOOKED | {"reservation_id": "HATHAT"}),
    {"role": "assistant", "content": "Cancelled."},
    {"role": "user", "content": "###STOP###"},
)
Airline = Callable[..., list[Imported | Refusal]]


@pytest.fixture
def airline(tmp_path: Path) -> Airline:
    def read(users: Any = None, reservations: Any = None, chats: Any = None) -> list[Imported | Refusal]:
        booked = {"AAA111": BOOKED} if reservations is None else reservations
        (tmp_path / "users.json").write_text(json.dumps(USERS if users is None else users))
        (tmp_path / "reservations.json").write_text(json.dumps(booked))
        (tmp_path / "trajectories.json").write_text(json.dumps([CHAT] if chats is None else chats))
        return list(tau_airline.read(tmp_path))

    return read


def items(read: list[Imported | Refusal]) -> list[Interaction]:
    return [one.item for one in read if isinstance(one, Imported)]


def test_a_customer_exists_with_account_membership_and_birth_date(airline: Airline) -> None:
    opened = items(airline(chats=[]))[0]
    assert opened.contact.identifiers == [
        ClaimedIdentifier(kind="account", value="cara_cole_1001", verified=True, scope="tau-airline"),
        ClaimedIdentifier(kind="email", value="cara@example.org", verified=True),
    ]
    assert opened.contact.attributes is not None
    assert opened.contact.attributes["birth_date"] == "1980-02-03"
    assert opened.contact.attributes["membership"] == "gold"
    assert opened.contact.attributes["street"] == "2 Elm Row"
    assert (opened.data or {})["saved_passengers"] == ["Dan Dow"]


def test_a_reservation_is_booked_at_its_own_time(airline: Airline) -> None:
    _, booked, paid = items(airline(chats=[]))
    assert booked.occurred_at == datetime(2024, 5, 3, 3, 10, 19, tzinfo=UTC)
    assert booked.object
    assert (booked.object.type, booked.object.id, booked.object.state) == (
        "reservation",
        "AAA111",
        "booked",
    )
    assert booked.subject == "Reservation AAA111 booked: RDM to SEA, HAT001 2024-05-20"
    assert (booked.data or {})["passengers"] == BOOKED["passengers"]
    assert (paid.kind, paid.direction, (paid.data or {})["amount"]) == ("payment", "inbound", 90.0)
    assert paid.occurred_at > booked.occurred_at


def test_a_chat_is_proved_by_the_details_of_the_user_only(airline: Airline) -> None:
    told = [i for i in items(airline()) if i.source == "tau-airline-chat"]
    assert [(i.source_id, i.kind) for i in told] == [
        ("chat-3-1/1", "message"),
        ("chat-3-1/3", "fact"),
        ("chat-3-1/5", "fact"),
        ("chat-3-1/6", "message"),
        ("chat-3-1/7", "fact"),
        ("chat-3-1/9", "note"),
        ("chat-3-1/11", "fact"),
        ("chat-3-1/13", "fact"),
        ("chat-3-1/14", "message"),
        ("chat-3-1/closed", "fact"),
    ]
    proved = [any(one.verified for one in i.contact.identifiers or ()) for i in told]
    assert proved == [False] * 4 + [True] * 6
    claim = ClaimedIdentifier(kind="account", value="cara_cole_1001", scope="tau-airline")
    assert told[0].contact.identifiers == [claim]
    assert told[-1].contact.identifiers == [msgspec.structs.replace(claim, verified=True)]
    assert told[5].body == "She may cancel."
    assert (told[4].data or {})["arguments"] == {"user_id": "cara_cole_1001"}
    assert told[-1].data == {"fact": "chat_closed", "reward": 1.0, "task_id": 3, "trial": 1}
    assert "the_truth" not in str(told)


def test_what_the_desk_did_is_a_newer_state_with_its_money(airline: Airline) -> None:
    read = [i for i in items(airline()) if i.source == "tau-airline" and "chat-3-1" in i.source_id]
    assert [(i.source_id, i.object and (i.object.id, i.object.state), i.direction) for i in read] == [
        ("reservation/AAA111/chat-3-1/11", ("AAA111", "cancelled"), "internal"),
        ("payment/AAA111/chat-3-1/11/1", None, "outbound"),
        ("reservation/HATHAT/chat-3-1/13", ("HATHAT@chat-3-1", "booked"), "inbound"),
        ("payment/HATHAT/chat-3-1/13/0", None, "inbound"),
    ]
    assert {i.contact.key for i in read} == {"cara_cole_1001"}


def test_chats_come_after_the_moment_that_the_rules_call_now(airline: Airline) -> None:
    chats = [CHAT | {"task_id": task, "trial": trial} for task in range(9) for trial in range(4)]
    times = [i.occurred_at for i in items(airline(chats=chats)) if i.conversation]
    assert datetime(2024, 5, 15, 20, tzinfo=UTC) == tau_airline.NOW
    assert min(times) >= tau_airline.NOW
    assert max(times) < tau_airline.NOW + timedelta(hours=24)


def test_bad_records_are_named_and_stop_nobody(airline: Airline) -> None:
    users = {**USERS, "x_1": {**CARA, "dob": 1980}, "x_2": []}
    reservations = {
        "AAA111": BOOKED,
        "B": BOOKED,
        "C": BOOKED | {"reservation_id": "C", "created_at": "yesterday"},
        "D": BOOKED | {"reservation_id": "D", "created_at": "0001-01-01T00:00:00"},
        "E": BOOKED | {"reservation_id": "E", "created_at": "9999-12-31T23:59:59"},
        "F": {"reservation_id": "F"},
    }
    chats = [
        CHAT,
        None,
        chat(),
        chat({"role": "system", "content": "x"}),
        chat({"role": "user", "content": 5}),
        chat({"role": "user", "content": "hi"}, trial=-1),
        chat({"role": "user", "content": "hi"}, trial=10**12),
        chat({"role": "user", "content": "hi"}, reward=float("nan")),
    ]
    read = airline(users, reservations, chats)
    assert sorted((one.where, one.field) for one in read if isinstance(one, Refusal)) == sorted(
        [
            ("users.json x_1", "dob"),
            ("users.json x_2", ""),
            ("reservations.json B", "reservation_id"),
            ("reservations.json C", "created_at"),
            ("reservations.json D", "created_at"),
            ("reservations.json E", "created_at"),
            ("reservations.json F", "user_id"),
            ("trajectories.json [1]", ""),
            ("trajectories.json [2]", "traj"),
            ("trajectories.json [3]", "traj"),
            ("trajectories.json [4]", "traj[0].content"),
            ("trajectories.json [5]", "trial"),
            ("trajectories.json [6]", "trial"),
            ("trajectories.json [7] turn 0", "data.reward"),
        ]
    )
    assert {i.source_id for i in items(read)} > {i.source_id for i in items(airline())} - {"chat-3-1/closed"}


def test_a_folder_that_is_no_airline_says_what_is_wrong(tmp_path: Path, airline: Airline) -> None:
    with pytest.raises(Unreadable, match=r"there is no users\.json"):
        list(tau_airline.read(tmp_path))
    with pytest.raises(Unreadable, match="one JSON array"):
        airline(chats={})
    (tmp_path / "trajectories.json").write_text("[" * 100_000)
    with pytest.raises(Unreadable, match=r"trajectories\.json"):
        list(tau_airline.read(tmp_path))
