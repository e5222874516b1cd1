"""May this agent answer a notification by mail, and what comes of it? A reply to the customer, or a note where the
notification told of one; by nobody but the agent whom we told, from the agent's own proved address, with the right of
this moment."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from app import people_store
from app.access import RIGHTS
from app.db import Db, new_id
from channels.contract import Account
from channels.email.understanding import Answering
from identity.errors import IdentityError
from timeline import store
from timeline.acting import Ask, perform
from timeline.commands import AddNote, Command, Reply
from timeline.decisions import Desk
from timeline.errors import StartOver, StillDeriving, TimelineError
from timeline.events import Actor, NoteRecorded
from timeline.interactions import InvalidField
from timeline.telling import mentions_in
from timeline.threads import Workspace
from timeline.tickets.ticket import TicketId

CAUSE: Final = "mail"

log = structlog.get_logger(__name__)


async def answer(db: Db, workspace: Workspace, account: Account, mail: Answering) -> Sequence[UUID] | str:
    """The events that came of it, or why it is a mail from outside. That stays on its item and in the log.

    Raises `StartOver` and `StillDeriving`: to be tried again."""
    agent = await _agent(db, workspace, mail)
    if isinstance(agent, str):
        log.warning("agent_mail_refused", account=str(account.id), sent=str(mail.sent.id), reason=agent)
        return agent
    event = mail.sent.event_id
    notice = await people_store.notice(db, workspace.id, agent, event) if event is not None else None
    if event is None or notice is None:
        return "nothing is known any more of what it answers"
    row = await store.event(db, workspace.id, event)
    is_note = row is not None and row["type"] == NoteRecorded.__name__
    command: Command = Reply(body=mail.text)
    if is_note:
        command = AddNote(body=mail.text, mentions=await mentions_in(db, workspace.id, mail.text, []))
    desk = Desk(workspace=workspace.id, actor=Actor(f"agent:{agent}"), new_id=new_id)
    try:
        done = await perform(db, desk, Ask(ticket=TicketId(notice["ticket_id"])), [command], cause=CAUSE)
    except (StartOver, StillDeriving):
        raise
    except (TimelineError, IdentityError, InvalidField) as error:
        return f"it could not be done: {error}"
    return done.events


async def _agent(db: Db, workspace: Workspace, mail: Answering) -> UUID | str:
    """Who wrote it, or why nobody may be taken for it."""
    if mail.proof.verdict != "proved":
        return f"it answers what we told an agent, and is not proved: {mail.proof.words}"
    agent = await people_store.agent_by_email(db, workspace.id, mail.address.lower()) if mail.address else None
    if agent is None:
        return "it answers what we told an agent, from an address that is not the agent's"
    row = await people_store.agent(db, workspace.id, agent)
    if row is None or row["disabled_at"] is not None:
        return "it answers what we told an agent who does not work here any more"
    if "desk" not in RIGHTS[row["role"]]:
        return "it answers what we told an agent who may not answer customers"
    return agent
