"""`throughline identity suggestions`, `accept`, `reject` and `later`: the review queue on the command line."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.db import Db, new_id
from identity.errors import AlreadyDecided, Impossible, NotFound
from timeline import suggestions
from timeline.decisions import Change
from timeline.decisions import Desk as Deciding
from timeline.events import Actor
from timeline.suggestions import KINDS, LATER, STATES, Side, State, Suggestion
from timeline.threads import Workspace

CLI: Final = Actor("cli")
PAGE: Final = 200
MOST_SHOWN: Final = 5
"""Identifiers of a side on its line."""
T = TypeVar("T")


@click.command("suggestions")
@click.option("--state", type=click.Choice(STATES), default="open", show_default=True)
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only these; several mean or.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API answers.")
@workspace_option
@failing_in_words
def list_suggestions(state: State, kinds: tuple[str, ...], limit: int, as_json: bool, slug: str | None) -> None:
    """Pairs of contacts that a person should look at, the most valuable answers first.

    Each with its id, what is asked, how likely the two are one person, both sides, and what speaks for and against it.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        shown, after = 0, None
        async with desk.database.read(workspace.id) as db:
            while shown < limit:
                page = min(PAGE, limit - shown)
                found = await suggestions.read_suggestions(
                    db, _deciding(workspace), state, after, page, frozenset(kinds)
                )
                for one in found:
                    data(msgspec.json.encode(one).decode() if as_json else in_lines(one))
                shown += len(found)
                if len(found) < page:
                    break
                after = found[-1].rank
        say(f"{shown} {state} in {workspace.slug}.")

    with_desk(work)


def in_lines(one: Suggestion) -> str:
    """A suggestion as a person reads it: the question, both sides, the evidence."""
    asked = "Are these one person?" if one.kind == "link" else "Was A linked wrongly, to be split off from B?"
    sure = "no probability" if one.probability is None else f"one person: {one.probability:.1%}"
    later = f", waits until {one.later_until:%Y-%m-%d %H:%M}" if one.later_until else ""
    lines = [f"{one.id}  {asked}  {sure}{later}", f"  A  {_side(one.a)}", f"  B  {_side(one.b)}"]
    return "\n".join([*lines, *(f"     {words}" for words in one.words)])


def _side(side: Side) -> str:
    held = [f"{held.kind} {held.raw}{'' if held.verified else ' (claimed)'}" for held in side.identifiers]
    more = [f"{len(held) - MOST_SHOWN} more"] if len(held) > MOST_SHOWN else []
    told = ", ".join([*held[:MOST_SHOWN], *more]) or "no identifier"
    return f"{side.name or 'no name'} ({side.source}): {told}; contact {side.contact_id}, customer {side.customer_id}"


@click.command("accept")
@click.argument("suggestion", type=click.UUID)
@click.option("--preview", is_flag=True, help="Only show what would change.")
@click.option("--reason", help="Why, for the record.")
@workspace_option
@failing_in_words
def accept(suggestion: UUID, preview: bool, reason: str | None, slug: str | None) -> None:
    """Do as SUGGESTION says: merge the two customers, or split the contact off.

    What changed goes to stdout as JSON; `decision_id` is what an unmerge takes back.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        deciding = _deciding(workspace, reason=reason, preview=preview)

        async def decide(db: Db) -> Change:
            return await suggestions.accept(db, deciding, suggestion)

        change = await _answered(desk, workspace, suggestion, decide)
        data(msgspec.json.encode(change).decode())
        moved = f"{change.changed['contacts']} contacts with {change.changed['events']} events"
        say(f"{'Would move' if preview else 'Moved'} {moved}.")

    with_desk(work)


@click.command("reject")
@click.argument("suggestion", type=click.UUID)
@click.option("--reason", help="Why, for the record.")
@workspace_option
@failing_in_words
def reject(suggestion: UUID, reason: str | None, slug: str | None) -> None:
    """Not as SUGGESTION says, remembered for ever: nobody is asked about these two again."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        deciding = _deciding(workspace, reason=reason)

        async def decide(db: Db) -> UUID | None:
            return await suggestions.reject(db, deciding, suggestion)

        kept_apart = await _answered(desk, workspace, suggestion, decide)
        if kept_apart is None:
            say("They stay one customer.")
        else:
            say("No automatic link unites them: the decision is")
            data(str(kept_apart))

    with_desk(work)


@click.command("later")
@click.argument("suggestion", type=click.UUID)
@click.option("--days", type=click.IntRange(1, 3_650), default=LATER.days, show_default=True, help="For how long.")
@workspace_option
@failing_in_words
def later(suggestion: UUID, days: int, slug: str | None) -> None:
    """Leave SUGGESTION out of the open ones for some days; then it is back by itself."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        until = datetime.now(UTC) + timedelta(days=days)

        async def decide(db: Db) -> suggestions.Postponed:
            return await suggestions.postpone(db, _deciding(workspace), suggestion, until)

        done = await _answered(desk, workspace, suggestion, decide)
        say(f"Back on {done.later_until:%Y-%m-%d %H:%M}.")

    with_desk(work)


def _deciding(workspace: Workspace, *, reason: str | None = None, preview: bool = False) -> Deciding:
    return Deciding(
        workspace=workspace.id, actor=CLI, new_id=new_id, reason=reason, preview=preview, salt=workspace.salt
    )


async def _answered(desk: Desk, workspace: Workspace, suggestion: UUID, work: Callable[[Db], Awaitable[T]]) -> T:
    try:
        return await desk.write(workspace.id, work)
    except NotFound:
        raise Refused(f"{workspace.slug} has no suggestion {suggestion}.") from None
    except (AlreadyDecided, Impossible) as error:
        raise Refused(f"{error}.") from None
