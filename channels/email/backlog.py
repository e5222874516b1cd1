"""What of a folder is still to be fetched, in which pages, and how long to wait after a fault: decided, not done."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from channels.email.imap_answers import Listed

PAGE_MAILS: Final = 50
PAGE_BYTES: Final = 8 * 1024 * 1024
MOST_ASKED: Final = 3
"""So often one mail is asked for alone that the server lists and does not hand out."""
MOST_DEATHS: Final = 5
"""So often a connection may end over one mail."""
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 300.0
AFTER_REFUSED_SIGN_IN: Final = 60.0
REFUSED_AGAIN: Final = timedelta(hours=1)
REFUSED_AT_MOST: Final = timedelta(days=1)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one mail so far; `tries` were counted before it was asked for."""

    size: int
    arrived: str
    state: Literal["tried", "archived", "refused"]
    tries: int
    next_try_at: datetime | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One mail that is to be fetched; `deadly`: whenever it was asked for, the connection ended."""

    mail: Listed
    tries: int = 0
    deadly: bool = False

    @property
    def uid(self) -> int:
        return self.mail.uid


def find_wanted(listed: Sequence[Listed], known: Mapping[int, Known], most_bytes: int, now: datetime) -> list[Wanted]:
    """What is not here yet. A number that bears another size or another time than before is another mail."""
    found: list[Wanted] = []
    for mail in listed:
        before = known.get(mail.uid)
        if before is None or (before.size, before.arrived) != (mail.size, mail.arrived):
            found.append(Wanted(mail=mail))
        elif before.state == "tried":
            found.append(Wanted(mail=mail, tries=before.tries, deadly=before.tries >= MOST_DEATHS))
        elif before.state == "refused" and _is_due(before, most_bytes, now):
            found.append(Wanted(mail=mail, tries=max(1, before.tries)))
    return found


def _is_due(refused: Known, most_bytes: int, now: datetime) -> bool:
    """One without a time was too large."""
    return refused.size <= most_bytes if refused.next_try_at is None else refused.next_try_at <= now


def next_page(wanted: Sequence[Wanted], highest: int) -> list[Wanted]:
    """What to ask for next: what is newer than the newest that is here (`highest`), the newest of it first by pages,
    so that new mail does not wait for a backlog; then the oldest; and what was asked for before, alone, at the end."""
    untried = sorted((one for one in wanted if not one.tries), key=lambda one: one.uid)
    if not untried:
        return [min(wanted, key=lambda one: (one.tries, one.uid))] if wanted else []
    newer = [one for one in untried if one.uid > highest]
    page = _fill(list(reversed(newer)) if newer else untried)
    return sorted(page, key=lambda one: one.uid)


def _fill(candidates: Sequence[Wanted]) -> list[Wanted]:
    page: list[Wanted] = []
    size = 0
    for one in candidates[:PAGE_MAILS]:
        size += one.mail.size
        if page and size > PAGE_BYTES:
            break
        page.append(one)
    return page


def pause_after(failures: int, dice: float, least: float = FIRST_PAUSE) -> float:
    """Seconds to wait after so many faults in a row, `dice` from 0 to 1: mailboxes of one server do not come back all
    at once."""
    longest = min(LONGEST_PAUSE, least * 2 ** min(max(failures - 1, 0), 10))
    return longest * (0.5 + dice / 2)


def refused_until(tries: int, now: datetime) -> datetime:
    """When a mail that the server did not hand out is asked for again."""
    return now + min(REFUSED_AT_MOST, REFUSED_AGAIN * 2 ** min(max(tries - 1, 0), 10))
