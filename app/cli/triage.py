"""`throughline train triage`."""

from collections.abc import Iterator
from typing import Final

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, progress, say
from app.embedding import look_at_model, open_embedder
from app.triaging import NoSuchModel, activate, keep_learned, read_models, stop, train
from identity.customers import WorkspaceId
from search.embeddings import EmbedderAway
from search.studying import AimReport
from search.triage import Report

SHOWN: Final = 10


@click.command("triage")
@click.option("--activate", "put", is_flag=True, help="Put what was learned in force, once its report is printed.")
@click.option("--use", "version", type=click.IntRange(1), help="Learn nothing; put this version in force.")
@click.option("--stop", "off", is_flag=True, help="Learn nothing; classify no more.")
@click.option("--versions", is_flag=True, help="What was learned so far, the latest first, one JSON object each.")
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object.")
@workspace_option
@failing_in_words
def train_triage(put: bool, version: int | None, off: bool, versions: bool, as_json: bool, slug: str | None) -> None:
    """What a new ticket is about, which queue and which priority fit it: learned from the tickets labelled so far.

    A ticket's topic is its type, or its only tag. One contact in five is held back, and how right the rest is about
    their tickets is printed and kept as a version. In force (--activate, --use) the worker says of each new ticket
    what it looks like, in the ledger (`ticket.classified`) and at /api/v1/tickets/{id}/predictions: the two likeliest
    labels with the probability that they are right, and three past cases that they rest on. It gives no label where it
    is not sure enough, or where nothing like it was seen, and nothing acts on it. The language is told as well.
    """
    if sum((put or as_json, version is not None, off, versions)) > 1:
        raise click.UsageError("--use, --stop and --versions stand alone.")

    async def work(desk: Desk) -> None:
        workspace = (await desk.workspace(slug)).id
        if versions:
            async with desk.database.read(workspace) as db:
                for one in await read_models(db, workspace, SHOWN):
                    data(msgspec.json.encode(one).decode())
        elif off:
            was = await stop(desk.database, workspace)
            say("Nothing was in force." if was is None else f"Version {was} is in force no more.")
        elif version is not None:
            await _activate(desk, workspace, version)
        else:
            await _train(desk, workspace, put=put, as_json=as_json)

    with_desk(work)


async def _train(desk: Desk, workspace: WorkspaceId, *, put: bool, as_json: bool) -> None:
    embedder = open_embedder(desk.settings)
    if embedder is None:
        raise Refused(f"triage needs vectors; search by meaning is {look_at_model(desk.settings).words}.")
    try:
        with progress() as bar:
            line = bar.add_task("Reading tickets", total=None)

            def told(words: str, done: int, of: int | None) -> None:
                bar.update(line, description=words, completed=done, total=of)

            learned = await train(desk.database, workspace, embedder, told)
    except EmbedderAway as error:
        raise Refused(f"{error.words}.") from None
    finally:
        await embedder.close()
    data(msgspec.json.encode(learned.report).decode() if as_json else "\n".join(_lines(learned.report)))
    if not learned.heads:
        raise Refused("there is too little to learn from; the reasons are above.")
    made = await keep_learned(desk.database, workspace, learned, "cli")
    if put:
        await _activate(desk, workspace, made)
    else:
        say(f"Kept as version {made}; `throughline train triage --use {made}` puts it in force.")


async def _activate(desk: Desk, workspace: WorkspaceId, version: int) -> None:
    try:
        await activate(desk.database, workspace, version)
    except NoSuchModel:
        raise Refused(f"there is no version {version}, or it is kept no more.") from None
    say(f"Version {version} is in force for the tickets that come from now on.")


def _lines(report: Report) -> Iterator[str]:
    spoken = ", ".join(f"{language} {count}" for language, count in list(report.languages.items())[:SHOWN])
    yield f"{report.tickets} tickets; languages: {spoken or 'none'}"
    yield "           tickets  labels  held back   top 1   top 2  commonest  labelled   right"
    yield from map(_line, report.aims)


def _line(aim: AimReport) -> str:
    if aim.why_not is not None:
        return f"{aim.aim:<10}{aim.tickets:>8}{aim.labels:>8}  not learned: {aim.why_not}"
    shares = (aim.top1, aim.top2, aim.commonest, aim.covered, aim.right)
    told = [f"{share:.1%}" if share is not None else "-" for share in shares]
    widths = (8, 8, 11, 10, 8)
    cells = "".join(f"{text:>{width}}" for text, width in zip(told, widths, strict=True))
    return f"{aim.aim:<10}{aim.tickets:>8}{aim.labels:>8}{aim.held_back:>11}{cells}"
