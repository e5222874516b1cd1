"""`throughline worker`."""

import asyncio

import click

from app.addresses import app_url
from app.attached import admin_address
from app.cli.words import failing_in_words
from app.fitness import end_like_a_signal, wait_until_fit
from app.logs import configure_logs
from app.outstanding import refuse_half_restored, settle
from app.settings import load_settings
from app.supervise import watch_parent
from app.worker import work


@click.command()
@failing_in_words
def worker() -> None:
    """Run what follows the ledger, and the housekeeping, until SIGINT or SIGTERM.

    Several workers may run at once: each follower is moved by one of them at a time.
    """
    settings = load_settings()
    configure_logs()
    watch_parent(settings, end_like_a_signal)
    refuse_half_restored(settings.home)
    with admin_address(settings) as address:
        asyncio.run(wait_until_fit(settings, address))
        asyncio.run(settle(settings, app_url(settings, address)))
        work(settings, app_url(settings, address), address)
