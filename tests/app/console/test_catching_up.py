"""The lines above a thread say that they changed since one looked, where somebody else changed them."""

import re
from html import unescape

from tests.app.api.conftest import Api
from tests.app.console.seats import Seat, seat
from tests.builders import contact, identifier
from tests.settling import settled

CHANGED = "changed since you looked"
FROM = re.compile(r'data-from="([^"]+)"')


async def looks(who: Seat, path: str) -> tuple[bool, str]:
    """Whether the lines say that they changed, and where they come from the next time."""
    await settled(who.api.database, who.api.mine.id)
    page = (await who.get(path, part=True)).text
    found = FROM.search(page)
    assert found, page
    return CHANGED in page, unescape(found[1])


async def says(who: Seat, path: str, body: str) -> None:
    done = await who.do(f"{path}/composer", f"{path}/say", part=True, body=body, **{"as": "reply"})
    assert done.status_code == 200, done.text


async def test_lines_say_that_others_changed_them_and_nothing_of_what_one_did_oneself(api: Api) -> None:
    who = contact("ann", identifier(value="ann@one.example"))
    made = await api.push(kind="message", channel="email", subject="Boots", body="Too small.", contact=who)
    path = f"/tickets/{made['ticket']['number']}"
    ann, ben = await seat(api, "Ann"), await seat(api, "Ben")
    _, mine = await looks(ann, f"{path}/catch-up")
    _, other = await looks(ben, f"{path}/catch-up")
    _, old = await looks(ann, f"{path}/catch-up")
    await says(ann, path, "Send them back.")
    changed, mine = await looks(ann, mine)
    assert not changed
    assert (await looks(ben, other))[0]
    await says(ben, path, "Or keep them.")
    assert (await looks(ann, mine))[0]
    assert (await looks(ann, old))[0], "both of them said something"
    assert (await looks(ann, f"{path}/catch-up?version=x&since=nonsense"))[0]
