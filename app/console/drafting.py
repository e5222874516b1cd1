"""What was typed into a composer, as its form sends it; and what is typed shown again where it could not be taken."""

import msgspec

from app.console.composing import Composer, Draft, Enclosed
from app.console.language import _
from app.console.pages import Visit
from app.console.placeholders import fill
from app.console.tickets import words_of
from app.errors import Problem, problem_of
from timeline.commands import MOST_ATTACHED


def read_draft(lists: dict[str, list[str]]) -> Draft:
    said = {name: values[-1] for name, values in lists.items()}
    files = tuple(one for value in lists.get("file", ()) if (one := _enclosed(value)) is not None)
    return Draft(
        note=said.get("as") == "note",
        body=said.get("body", ""),
        about=said.get("about", ""),
        account=said.get("account", ""),
        to=said.get("to", ""),
        subject=said.get("subject", ""),
        status=said.get("status", ""),
        disposition=said.get("disposition", ""),
        source=said.get("source", ""),
        once=said.get("once", ""),
        files=files,
        seen=count(said.get("seen", "")),
    )


def count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _enclosed(value: str) -> Enclosed | None:
    parts = value.split(" ", 2)
    if len(parts) != 3 or len(parts[0]) != 36 or not parts[1].isascii() or not parts[1].isdigit():
        return None
    return Enclosed(id=parts[0], size=int(parts[1][:12]), name=parts[2])


def check_session(visit: Visit, lists: dict[str, list[str]]) -> None:
    """What an earlier session began is not sent by this one: it would not be known for what was sent already."""
    if lists.get("session", [""])[-1] not in ("", str(visit.caller.key)):
        raise Problem(409, "other_session", _("An earlier session began this. Look at the thread, and send it again."))


def filled_in(draft: Draft, composer: Composer) -> str:
    """The text that would be sent. Raises what stands against it."""
    if composer.refused:
        raise Problem(422, "impossible", composer.refused)
    filled = fill(draft.body, composer.values)
    if filled.unknown:
        names = ", ".join(filled.unknown)
        raise _fault("body", _("%(names)s cannot be filled in. Write the words, or take it out.", names=names))
    if len(draft.files) > MOST_ATTACHED:
        raise _fault("attachments", _("At most %(most)d files go along. Take some out.", most=MOST_ATTACHED))
    return filled.text


def _fault(field: str, words: str) -> Problem:
    return Problem(400, "invalid", words, [(field, words)])


def refused_draft(draft: Draft, error: Exception) -> tuple[Draft, int]:
    """What was typed with why it was not taken, and the status to say so with."""
    change, problem = msgspec.structs.replace, problem_of(error)
    if problem.code == "idempotency_key_reused":
        words = _("This was sent already, in other words. Look at the thread; what you typed is still here.")
        return change(draft, fault=words, once="", seen=None), 409
    field = problem.fields[0].field if problem.fields else ""
    return change(draft, fault=words_of(error), field=field.partition("[")[0]), problem.status
