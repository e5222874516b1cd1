"""`throughline schema`."""

import asyncio

import click

from app.cli.words import data, failing_in_words
from app.schema import Scratch, dump_schema, migrate_scratch


@click.command()
@failing_in_words
def schema() -> None:
    """The schema that the migrations make, as SQL on stdout: what docs/schema.sql holds.

    Made in a database of its own that is removed again; no home and no DATABASE_URL is touched.
    """
    with Scratch() as address:
        asyncio.run(migrate_scratch(address))
        data(dump_schema(address).rstrip())
