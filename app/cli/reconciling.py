"""`throughline reconcile`."""

import asyncio

import click

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.searching import reconcile_search
from app.cli.words import Refused, data, failing_in_words, say
from app.filing import FOLDER
from app.reconciling import reconcile
from channels.files import FilesAway, open_files


@click.group("reconcile")
def reconcile_() -> None:
    """Compare what belongs together, and mend what can be mended."""


reconcile_.add_command(reconcile_search)


@reconcile_.command("files")
@workspace_option
@failing_in_words
def reconcile_files(slug: str | None) -> None:
    """Files with their rows: says which are missing, and deletes what nothing needs.

    The hashes of missing files go to stdout, one a line; then it ends with 1. They come back from a backup: restore it
    elsewhere, and copy what is missing from its folder `files`.
    """

    async def work(desk: Desk) -> int:
        workspace = await desk.workspace(slug)
        store = await asyncio.to_thread(open_files, desk.settings.files, desk.settings.home / FOLDER)
        try:
            found = await reconcile(desk.database, store, workspace.id)
        except FilesAway as error:
            raise Refused(f"the files cannot be reached: {error}.") from None
        for sha256 in found.missing:
            data(sha256)
        say(
            f"{workspace.slug}: {found.needed} files are needed, {len(found.missing)} of them are missing; "
            f"{found.strays} were known to nobody, {found.deleted} were deleted."
        )
        return len(found.missing)

    if missing := with_desk(work):
        raise Refused(f"{missing} files are missing.")
