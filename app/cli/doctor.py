"""`throughline doctor`."""

import asyncio

import click

from app.attached import admin_address
from app.cli.words import Refused, data, failing_in_words, in_words, say
from app.doctor import Finding, look_around, look_at_database, look_at_files, settings_lines
from app.embedded import EmbeddedDatabaseError
from app.embedding import look_at_model
from app.engines import look_at_engine
from app.settings import load_settings


@click.command()
@failing_in_words
def doctor() -> None:
    """Settings, where each came from, and what is wrong (then exit 1).

    Starts the embedded database where it is not running, and stops it again.
    """
    settings = load_settings()
    for name, value, source in settings_lines(settings):
        data(f"{name:<30}{value}  [{source}]")
    findings = [*look_around(settings), look_at_model(settings), asyncio.run(look_at_engine(settings))]
    try:
        with admin_address(settings) as address:
            findings += asyncio.run(look_at_database(settings, address))
            if not any(finding.wrong for finding in findings if finding.what in ("database", "migrations")):
                findings += asyncio.run(look_at_files(settings, address))
    except EmbeddedDatabaseError as error:
        findings.append(Finding(what="embedded database", words=in_words(error), wrong=True))
    for finding in findings:
        data(f"{'wrong' if finding.wrong else 'fine ':<6}{finding.what}: {finding.words}")
    wrong = sum(finding.wrong for finding in findings)
    if wrong:
        raise Refused(f"{wrong} thing(s) to mend.")
    say("Nothing is wrong.")
