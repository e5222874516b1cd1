"""`throughline migrate`."""

import asyncio

import click

from app.addresses import APP, REPORTS
from app.attached import admin_address
from app.cli.words import failing_in_words, say
from app.migrate import migrate as bring_up
from app.outstanding import refuse_half_restored
from app.settings import load_settings, role_password


@click.command()
@failing_in_words
def migrate() -> None:
    """Bring the database to this version.

    Makes the roles throughline_owner, throughline_app, throughline_reports and throughline_search where they are
    missing, and applies what the database has not seen: all of it or nothing. DATABASE_URL must name a user who may
    create roles. Safe to run at any time, by several processes at once.
    """
    settings = load_settings()
    refuse_half_restored(settings.home)
    with admin_address(settings) as address:
        applied = asyncio.run(bring_up(address, role_password(settings, APP), role_password(settings, REPORTS)))
    say(f"Applied {', '.join(applied)}." if applied else "Nothing to do: the database is at this version.")
