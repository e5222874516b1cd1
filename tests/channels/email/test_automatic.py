"""Whom an automatic mail may go to, and what it may say: tables over pure functions."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from channels.email import automatic
from channels.email.automatic import MOST, Came, Lately, Told
from channels.email.mail import RobotKind
from channels.email.settings import MailSettings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DESK = MailSettings(address="desk@desk.example", name="The Desk")


def came(**fields: Any) -> Came:
    said = {"proof": {"verdict": "proved"}, "from": {"address": "Ann@shop.example"}, **fields}
    return msgspec.json.decode(msgspec.json.encode(said), type=Came)


def test_a_person_who_writes_anew_is_answered():
    assert automatic.not_answered(came(), has_token=False) is None
    assert automatic.not_answered(came(proof={"verdict": "claimed"}), has_token=False) is None


@pytest.mark.parametrize("kind", get_args(RobotKind))
def test_no_kind_of_robot_is_answered_or_told(kind: str):
    robot = came(robot={"kind": kind, "why": "it says so"})
    assert "it says so" in (automatic.not_answered(robot, has_token=False) or "")
    assert "it says so" in (automatic.not_told(robot) or "")


def test_nobody_known_no_report_and_no_echo_is_answered():
    for verdict in ("contradicted", "ambiguous"):
        assert automatic.not_answered(came(proof={"verdict": verdict}), has_token=False) == automatic.NOBODY
        assert automatic.not_told(came(proof={"verdict": verdict}, thread={"by": "token"})) == automatic.NOBODY
    assert automatic.not_answered(came(**{"from": None}), has_token=False) == automatic.NOBODY
    assert automatic.not_answered(came(bounce={"message_id": None, "failed": []}), has_token=False)
    assert automatic.not_answered(came(), has_token=True) == automatic.COMES_BACK


def test_only_who_is_proved_or_holds_a_token_hears_of_a_ticket():
    claimed = {"proof": {"verdict": "claimed"}}
    assert automatic.not_told(came()) is None
    assert automatic.not_told(came(**claimed, thread={"by": "token"})) is None
    assert automatic.not_told(came(**claimed, thread={"by": "references"})) == automatic.UNPROVED
    assert automatic.not_told(came(**claimed)) == automatic.UNPROVED


def test_an_address_gets_so_many_and_no_more():
    lately, went = Lately(), 0
    while automatic.refused("reminder", "ann@shop.example", (), lately) is None:
        lately, went = automatic.counted(lately, "reminder"), went + 1
    assert went == MOST == 20
    assert timedelta(minutes=120) == automatic.WITHIN


def test_an_address_gets_one_acknowledgement_an_hour():
    once = automatic.counted(Lately(), "acknowledgement")
    assert automatic.refused("acknowledgement", "ann@shop.example", (), once) == automatic.ACKNOWLEDGED
    assert automatic.refused("reminder", "ann@shop.example", (), once) is None


def test_our_own_address_and_one_that_bounced_get_nothing():
    assert automatic.refused("reminder", "Desk@Desk.example", {"desk@desk.example"}, Lately()) == automatic.OURS
    assert automatic.refused("reminder", "ann@shop.example", (), Lately(bounced=True)) == automatic.BOUNCED


def test_an_old_mailbox_that_is_read_for_the_first_time_waits_for_nothing():
    hour, since, long_since = timedelta(hours=1), NOW - timedelta(hours=3), NOW - timedelta(days=3)
    assert automatic.is_due(NOW - hour, NOW, since, NOW)
    assert not automatic.is_due(since - hour, NOW, since, NOW)
    assert not automatic.is_due(NOW, since - hour, since, NOW)
    assert not automatic.is_due(NOW - 25 * hour, NOW, long_since, NOW)
    assert not automatic.is_due(NOW, NOW - 25 * hour, long_since, NOW)


def test_a_mail_to_an_agent_says_which_ticket_and_why_and_nothing_else():
    told = [Told(kind="assigned", number=7, actor="Bea"), Told(kind="answered", number=None, actor=None)]
    text = automatic.notification(told, "https://desk.example", can_answer=False)
    assert text.splitlines()[:2] == [
        "Ticket #7 was given to you (Bea).",
        "A ticket has an answer that you waited for.",
    ]
    assert automatic.notification_subject(DESK, told[:1]) == "The Desk #7"
    assert automatic.notification_subject(DESK, told) == "The Desk: 2 tickets"


def test_every_kind_of_notice_that_the_database_takes_has_words():
    schema = Path("docs/schema.sql").read_text(encoding="utf-8")
    kinds = re.search(r"notification_kind_check CHECK \(\(kind = ANY \(ARRAY\[(.*?)\]", schema)
    assert kinds is not None
    for kind in re.findall(r"'(\w+)'", kinds[1]):
        assert automatic.notification([Told(kind=kind, number=1, actor=None)], "x", can_answer=True)
