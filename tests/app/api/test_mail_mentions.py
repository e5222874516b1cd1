"""Whoever is erased stands in no mail to others any more, and gets none of those that wait."""

from datetime import timedelta
from typing import Any

from app.db import Db, new_id
from app.mailing import Mailer
from channels import dispatch
from channels.dispatch import Batch
from channels.mentioned import blanked
from tests.app.api.conftest import Api
from tests.app.api.lives import erase
from tests.app.api.replies import now_of, opened, reply, rows_of, written
from tests.app.posting import TOKENS, VAULT, follow, mail_account, send
from tests.channels.email.smtp_server import MailServer

ANN, BOB = "ann@shop.example", "Bob_1@there.example"


async def test_the_address_of_who_is_erased_goes_from_mails_to_others(api: Api, there: MailServer, out: Mailer) -> None:
    await mail_account(api.database, api.mine.id, there)
    ann, bob = await written(api, ANN), await written(api, BOB)
    there.answers = {BOB: f"550 no <{BOB}> here"}
    await reply(api, ann, to=[ANN, "bobx1@there.example"], cc=[BOB])
    await follow(out, api.mine.id)
    await send(out, api.mine.id, await now_of(api))
    assert (await rows_of(api))[-1]["state"] == "failed"
    await reply(api, ann, to=[ANN], cc=[BOB], body=f"Write to {BOB}.")
    await reply(api, ann, to=[BOB])
    await follow(out, api.mine.id)
    await erase(api, bob["customer_id"])
    first, second, third = await rows_of(api)
    assert [row["state"] for row in (first, second, third)] == ["failed", "waiting", "suppressed"]
    for row in (first, second, third):
        assert "bob_1" not in _header(row).lower()
        assert "bob_1" not in repr([row[name] for name in ("recipients", "outcomes", "reason")]).lower()
    assert b"bobx1@there.example" in first["recipients"]
    there.taken.clear()
    await send(out, api.mine.id, await now_of(api))
    (mail,) = there.mails
    assert (mail.recipients, opened(mail.raw)["Cc"]) == ([ANN], "erased@erased.invalid")


async def test_who_is_erased_while_somebody_has_the_mail_in_hand_does_not_get_it(
    api: Api, there: MailServer, out: Mailer
) -> None:
    account = await mail_account(api.database, api.mine.id, there)
    ann, bob = await written(api, ANN), await written(api, BOB)
    await reply(api, ann, to=[ANN], cc=[BOB])
    await follow(out, api.mine.id)
    workspace, now = api.mine.id, await now_of(api)

    async def claim(db: Db) -> Batch:
        return await dispatch.turn(
            db, workspace, account, "shop.example", VAULT, TOKENS, now=now, dice=0.5, new_id=new_id
        )

    (claimed,) = (await api.database.write(workspace, claim)).claimed
    assert claimed.envelope == [ANN, BOB]
    await erase(api, bob["customer_id"])
    assert not await api.database.write(workspace, lambda db: dispatch.begin(db, workspace, claimed, now))
    await send(out, workspace, now + timedelta(minutes=2))
    assert [mail.recipients for mail in there.mails] == [[ANN]]


def _header(row: dict[str, Any]) -> str:
    return bytes(row["raw"] or b"").partition(b"\r\n\r\n")[0].decode()


def test_no_other_address_is_taken_for_one_that_is_erased() -> None:
    raw = b"To: b@x.example, B@X.EXAMPLE,\r\n bb@x.example, b@x.example.org, a.b@x.example\r\n\r\nb@x.example"
    assert blanked(raw, {"b@x.example"}) == (
        b"To: erased@erased.invalid, erased@erased.invalid,\r\n bb@x.example, b@x.example.org, a.b@x.example\r\n\r\n"
        b"b@x.example"
    )
