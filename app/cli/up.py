"""`throughline up`."""

import asyncio
import logging
import sys

import click
from msgspec.structs import replace

from app.attached import ensure_migrated, hold
from app.cli.words import Refused, data, failing_in_words, say
from app.fitness import check_port
from app.logs import configure_logs
from app.outstanding import refuse_half_restored
from app.running import AlreadyUp, NoDemo, ending_on_sigterm, fill_demo, only_one, prepare_model, run_everything
from app.settings import Settings, load_settings, local_url


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Over a demo desk, which is made at the first start.")
@failing_in_words
def up(with_demo: bool) -> None:
    """Everything in one go: the database, the server and the worker, until SIGINT or SIGTERM.

    The database is the embedded one in THROUGHLINE_HOME, made at the first start, unless DATABASE_URL is set. It is
    migrated where it has to be, and the model of search by meaning is prepared. Whatever of the three dies comes back
    by itself. The address is printed when the server is ready.
    """
    settings = load_settings()
    configure_logs(level=logging.WARNING)
    try:
        with ending_on_sigterm(), only_one(settings):
            refuse_half_restored(settings.home)
            port = check_port(settings.host, settings.port)
            if port != settings.port:
                settings = replace(settings, port=port, public_url=local_url(settings.host, port))
            code = _run(settings, with_demo)
    except AlreadyUp as error:
        raise Refused(str(error)) from None
    except NoDemo:
        raise Refused("The demo could not be made, so nothing was started; the reason is above.") from None
    except KeyboardInterrupt:
        code = 0
    if code:
        raise Refused("Server or worker does not come up; the reasons are above.")
    say("Ended.")
    sys.exit(0)


def _run(settings: Settings, with_demo: bool) -> int:
    embedded = hold(settings) if settings.database_url is None else None
    try:
        address = embedded.database_url() if embedded else str(settings.database_url)
        applied = asyncio.run(ensure_migrated(settings, address))
        if applied:
            say(f"Migrated the database: {', '.join(applied)}.")
        prepare_model(settings)
        lines = fill_demo(settings, address) if with_demo else ""

        def ready() -> None:
            data(f"Throughline is ready at {settings.public_url}")
            if lines:
                data(lines.rstrip())
            sys.stdout.flush()

        return asyncio.run(run_everything(settings, embedded, ready))
    finally:
        if embedded is not None:
            embedded.close()
