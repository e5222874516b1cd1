"""`throughline workspace` and `throughline agent`."""

import re
from uuid import UUID

import click

from app import leaving, people, people_store, sign_in_store, store
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.db import Db, new_id
from app.inviting import NOBODY_WRITES, invite, link_of
from identity.identifiers import normalise
from timeline.events import Actor
from timeline.threads import Workspace

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
AGENT_ROLES = ("admin", "lead", "agent", "auditor")


@click.group()
def workspace() -> None:
    """Workspaces: one desk's data each, sealed from one another."""


@workspace.command("create")
@click.argument("slug")
@click.option("--region", metavar="CC", help="Two letters, such as DE: how national phone numbers are read.")
@failing_in_words
def create_workspace(slug: str, region: str | None) -> None:
    """Make a workspace; its id goes to stdout.

    SLUG is its name in commands: small letters, digits and dashes. Without a region, national phone numbers stay
    digits and link nobody but the same digits.
    """
    if not SLUG.fullmatch(slug):
        raise click.BadParameter("small letters, digits and dashes, at most 63, no dash at an end", param_hint="SLUG")
    if region is not None and not re.fullmatch(r"[A-Za-z]{2}", region):
        raise click.BadParameter("two letters, such as DE", param_hint="--region")

    async def work(desk: Desk) -> None:
        id_ = new_id()

        async def add(db: Db) -> bool:
            return await store.add_workspace(db, id_, slug, region.upper() if region else None, ())

        if not await desk.write(id_, add):
            raise Refused(f"the workspace {slug} is there already.")
        say(f"Made the workspace {slug}{f' in {region.upper()}' if region else ''}.")
        data(str(id_))

    with_desk(work)


@workspace.command("list")
@failing_in_words
def list_workspaces() -> None:
    """All workspaces: slug, region and id, separated by tabs."""

    async def work(desk: Desk) -> None:
        for one in await desk.workspaces():
            data(f"{one['slug']}\t{one['region'] or '-'}\t{one['id']}")

    with_desk(work)


@click.group()
def agent() -> None:
    """The people who work at a desk."""


@agent.command("create")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(AGENT_ROLES), help="What the agent may do.")
@click.option("--name", help="How colleagues call the agent; otherwise the address up to its @.")
@click.option("--invite", "invites", is_flag=True, help="Tell the agent by mail, with the console's address.")
@workspace_option
@failing_in_words
def create_agent(email: str, role: str, name: str | None, invites: bool, slug: str | None) -> None:
    """Add an agent; the agent's id goes to stdout."""
    read = normalise("email", email, None, None)
    if read.problem:
        raise click.BadParameter(read.problem, param_hint="EMAIL")

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        id_ = new_id()

        async def add(db: Db) -> bool:
            called = name or read.value.partition("@")[0]
            added = await store.add_agent(db, workspace.id, id_, email=read.value, name=called, role=role)
            if added and invites and not await invite(db, workspace.id, id_, read.value, desk.settings):
                raise Refused(f"Nobody was added: {NOBODY_WRITES}.")
            return added

        if not await desk.write(workspace.id, add):
            raise Refused(f"{read.value} is an agent of {workspace.slug} already.")
        say(f"Added {read.value} to {workspace.slug} as {role}.")
        data(str(id_))

    with_desk(work)


async def agent_named(db: Db, workspace: Workspace, email: str) -> UUID:
    """The agent of an address. Raises `Refused`."""
    found = await people_store.agent_by_email(db, workspace.id, normalise("email", email, None, None).value)
    if found is None:
        raise Refused(f"{workspace.slug} has no agent {email}; `throughline agent list` shows them.")
    return found


@agent.command("list")
@workspace_option
@failing_in_words
def list_agents(slug: str | None) -> None:
    """All agents of a workspace: address, role, name and id, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            rows = await store.agents(db, workspace.id)
        for row in rows:
            data(f"{row['email']}\t{row['role']}\t{row['name']}\t{row['id']}")

    with_desk(work)


@agent.command("link")
@click.argument("email")
@workspace_option
@failing_in_words
def make_link(email: str, slug: str | None) -> None:
    """A link by which an agent chooses a password, once and within a week; it is the last word on stdout.

    Links of before hold no more. Hand it over yourself: whoever has it signs in as this agent.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)

        async def make(db: Db) -> str:
            who = await agent_named(db, workspace, email)
            if await sign_in_store.agent(db, workspace.id, who) is None:
                raise Refused(f"{email} works here no more.")
            return await link_of(db, workspace.id, who, "invitation", desk.settings)

        url = await desk.write(workspace.id, make)
        say(f"Whoever opens this first chooses the password of {email}:")
        data(url)

    with_desk(work)


@agent.command("disable")
@click.argument("email")
@click.option("--reason", help="What each ticket that goes back to its queue will say.")
@workspace_option
@failing_in_words
def disable_agent(email: str, reason: str | None, slug: str | None) -> None:
    """Let an agent work here no more: every key of the agent ends, and the open tickets go back to their queues.

    Cut short, the worker ends it.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)

        async def disable(db: Db) -> UUID:
            found = await agent_named(db, workspace, email)
            await people.disable_agent(db, workspace.id, found, reason)
            return found

        agent = await desk.write(workspace.id, disable)
        back = await leaving.hand_back(desk.database, workspace.id, agent=agent, by=Actor("system"))
        say(f"{email} works at {workspace.slug} no more; {back} tickets went back to their queues.")

    with_desk(work)
