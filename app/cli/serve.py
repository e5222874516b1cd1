"""`throughline serve`."""

import asyncio

import click

from app.addresses import app_url
from app.attached import admin_address
from app.cli.words import failing_in_words
from app.fitness import end_like_a_signal, wait_until_fit
from app.logs import configure_logs
from app.main import create_app
from app.outstanding import refuse_half_restored, settle
from app.serving import Carrier, carry
from app.settings import load_settings
from app.supervise import watch_parent


@click.command()
@click.option(
    "--server",
    "carrier",
    type=click.Choice(["granian", "uvicorn"]),
    default="granian",
    show_default=True,
    help="Which HTTP server carries the application.",
)
@failing_in_words
def serve(carrier: Carrier) -> None:
    """Run the HTTP server on THROUGHLINE_HOST:THROUGHLINE_PORT until SIGINT or SIGTERM.

    Uses DATABASE_URL, or the embedded database of THROUGHLINE_HOME. Refuses a database that is not migrated, and
    one that may lose what was answered: fsync, full_page_writes and synchronous_commit must be on.
    """
    settings = load_settings()
    configure_logs()
    watch_parent(settings, end_like_a_signal)
    refuse_half_restored(settings.home)
    with admin_address(settings) as address:
        asyncio.run(wait_until_fit(settings, address))
        asyncio.run(settle(settings, app_url(settings, address)))
        app = create_app(settings, app_url(settings, address))
        carry(app, settings, carrier, app.state.edge.live.close)
