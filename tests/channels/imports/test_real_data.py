"""The readers on the real sets: counts, order, determinism, and a proof exactly where the tool turn is."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from channels.imports import interactions_file, multidogo, tau_airline, tau_retail
from channels.imports.imported import KNOWN_CHANNELS, Imported, Refusal
from timeline.interactions import Interaction, check, decode

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
RETAIL, AIRLINE, DOGO = DATA / "tau-retail", DATA / "tau-airline", DATA / "multidogo" / "finance-train.tsv"
CONTACTS = DATA / "contacts" / "contacts_dev.ndjson.gz"

Read = list[Imported | Refusal]
READERS: dict[str, tuple[Path, Callable[[], Iterator[Imported | Refusal]]]] = {
    "tau-retail": (RETAIL, lambda: tau_retail.read(RETAIL)),
    "tau-airline": (AIRLINE, lambda: tau_airline.read(AIRLINE)),
    "multidogo": (DOGO, lambda: multidogo.read([DOGO])),
}


def real(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"the real data are not here: {path}")


@pytest.fixture(params=sorted(READERS))
def reader(request: pytest.FixtureRequest) -> Callable[[], Iterator[Imported | Refusal]]:
    path, read = READERS[request.param]
    real(path)
    return read


def items(read: Iterator[Imported | Refusal] | Read) -> list[Interaction]:
    return [one.item for one in read if isinstance(one, Imported)]


def first_proofs(told: list[Interaction], shop: str) -> dict[str, str]:
    """The source id at which each chat's contact bears a verified account for the first time; never taken
    back."""
    found: dict[str, str] = {}
    for item in told:
        if item.source != f"{shop}-chat" or item.conversation is None:
            continue
        proved = [one for one in item.contact.identifiers or () if one.kind == "account" and one.verified]
        assert len(proved) <= 1
        assert bool(proved) or item.conversation not in found
        if proved:
            found.setdefault(item.conversation, f"{item.source_id} {proved[0].value}")
    return found


def contacts(told: list[Interaction], source: str) -> int:
    return len({item.contact.key for item in told if item.source == source})


def test_every_item_is_fit_sorted_unique_and_the_same_again(reader: Callable[[], Iterator[Any]]) -> None:
    read = list(reader())
    told = items(read)
    for item in told:
        check(item, KNOWN_CHANNELS)
    for item in told[:: len(told) // 2000]:
        assert decode(msgspec.json.encode(item), KNOWN_CHANNELS) == item
    times = [item.occurred_at for item in told]
    assert times == sorted(times)
    assert times[0].year > 1970
    assert times[-1] < datetime(2026, 11, 1, tzinfo=UTC)
    assert len({(item.source, item.source_id) for item in told}) == len(told)
    assert msgspec.json.encode(read) == msgspec.json.encode(list(reader()))


def test_retail_has_every_customer_order_and_chat() -> None:
    real(RETAIL)
    read = list(tau_retail.read(RETAIL))
    told = items(read)
    assert len(told) == len(read)
    assert (contacts(told, "tau-retail"), contacts(told, "tau-retail-chat")) == (500, 69)
    assert len({i.object.id for i in told if i.object and i.object.type == "order"}) == 1000
    assert Counter(i.kind for i in told) == {
        "order": 2136,
        "payment": 1141,
        "message": 1034,
        "fact": 972,
        "shipment": 950,
    }
    newest = {
        i.object.id: i.object.state
        for i in told
        if i.object and i.object.type == "order" and "chat-" not in i.source_id
    }
    orders = json.loads((RETAIL / "orders.json").read_text())
    assert newest == {id_: order["status"] for id_, order in orders.items()}


def test_retail_chats_are_proved_where_the_shop_found_the_customer() -> None:
    real(RETAIL)
    told = items(tau_retail.read(RETAIL))
    users = json.loads((RETAIL / "users.json").read_text())
    texts = [json.loads(line)["messages_display"] for line in (RETAIL / "conversations.jsonl").read_text().splitlines()]
    expected: list[str] = []
    for text in texts:
        before, found = text, ""
        for user in users:
            begun, sep, _ = text.partition(f"\ntool: {user}\n")
            if sep and len(begun) < len(before):
                before, found = begun, user
        turn = sum(line.startswith(("user: ", "assistant: ", "tool: ")) for line in before.split("\n"))
        expected += [f"{turn} {found}"] if found else []
    proofs = first_proofs(told, "tau-retail")
    assert sorted(at.split("/")[1] for at in proofs.values()) == sorted(expected)
    assert len(proofs) == 68
    for item in told:
        order = (item.data or {}).get("result")
        if item.conversation in proofs and isinstance(order, dict) and "user_id" in order:
            assert proofs[item.conversation].endswith(f" {order['user_id']}")


def test_airline_has_every_customer_reservation_and_chat() -> None:
    real(AIRLINE)
    read = list(tau_airline.read(AIRLINE))
    told = items(read)
    assert len(told) == len(read)
    assert (contacts(told, "tau-airline"), contacts(told, "tau-airline-chat")) == (500, 200)
    assert sum(i.source_id.endswith("/booked") for i in told) == 2000
    assert Counter(i.kind for i in told) == {
        "message": 2841,
        "payment": 2174,
        "order": 2169,
        "fact": 1772,
        "note": 92,
    }
    assert Counter((i.data or {}).get("reward") for i in told if i.source_id.endswith("/closed")) == {
        0.0: 116,
        1.0: 84,
    }


def test_airline_chats_are_proved_where_the_details_were_answered() -> None:
    real(AIRLINE)
    chats = json.loads((AIRLINE / "trajectories.json").read_text())
    expected: dict[str, str] = {}
    for chat in chats:
        id_ = f"chat-{chat['task_id']}-{chat['trial']}"
        for number, said in enumerate(chat["traj"]):
            if said["role"] == "tool" and said["name"] == "get_user_details" and said["content"].startswith("{"):
                asked = json.loads(chat["traj"][number - 1]["tool_calls"][0]["function"]["arguments"])
                expected.setdefault(id_, f"{id_}/{number} {asked['user_id']}")
    proofs = first_proofs(items(tau_airline.read(AIRLINE)), "tau-airline")
    assert proofs == expected
    assert len(proofs) == 120
    truth = {f"chat-{chat['task_id']}-{chat['trial']}": chat["info"]["task"]["user_id"] for chat in chats}
    assert all(at.split(" ")[1] == truth[chat] for chat, at in proofs.items())


def test_the_truth_of_the_airline_is_not_read(tmp_path: Path) -> None:
    real(AIRLINE)
    for name in ("users.json", "reservations.json"):
        (tmp_path / name).write_bytes((AIRLINE / name).read_bytes())
    chats = json.loads((AIRLINE / "trajectories.json").read_text())
    (tmp_path / "trajectories.json").write_text(json.dumps([{**chat, "info": None} for chat in chats]))
    assert list(tau_airline.read(tmp_path)) == list(tau_airline.read(AIRLINE))


def test_multidogo_keeps_every_row_that_says_something() -> None:
    real(DOGO)
    read = list(multidogo.read([DOGO]))
    told = items(read)
    assert (len(told), contacts(told, "multidogo-finance")) == (15203, 1684)
    assert {one.words for one in read if isinstance(one, Refusal)} == {"empty"}
    assert len(read) == 15213
    assert not any(one.verified for item in told for one in item.contact.identifiers or ())


def test_the_generated_contacts_are_refused_with_their_truth_and_read_without(tmp_path: Path) -> None:
    real(CONTACTS)
    refused = list(interactions_file.read(str(CONTACTS)))
    assert len(refused) == 22133
    assert {one.field for one in refused if isinstance(one, Refusal)} == {"truth"}
    lines = [json.loads(line) for line in gzip.decompress(CONTACTS.read_bytes()).splitlines()]
    for line in lines:
        del line["truth"]
    (tmp_path / "f").write_text("\n".join(json.dumps(line) for line in reversed(lines)))
    times = [item.occurred_at for item in items(interactions_file.read(str(tmp_path / "f")))]
    assert len(times) == 22133
    assert times == sorted(times)
