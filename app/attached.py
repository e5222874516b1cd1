"""How a process comes to its database: the embedded one, started where it is not, or DATABASE_URL's; migrated."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.addresses import APP, REPORTS
from app.embedded import EmbeddedDatabase, EmbeddedDatabaseError, attach
from app.migrate import migrate, pending
from app.settings import Settings, role_password


@contextmanager
def admin_address(settings: Settings) -> Iterator[str]:
    """Where the database's administrator signs in, for as long as the block takes."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with hold(settings) as embedded:
        yield embedded.database_url()


def hold(settings: Settings) -> EmbeddedDatabase:
    try:
        return attach(settings.home)
    except PermissionError as error:
        raise EmbeddedDatabaseError(
            f"{error.filename or settings.home} cannot be written: choose another THROUGHLINE_HOME."
        ) from None


async def ensure_migrated(settings: Settings, admin_url: str) -> list[str]:
    """Migrate where the database is behind; returns what was applied."""
    if not await pending(admin_url):
        return []
    return await migrate(admin_url, role_password(settings, APP), role_password(settings, REPORTS))
