"""`throughline backup` and `throughline restore`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.archive import Archive, Manifest, NoBackup, opened
from app.attached import admin_address
from app.backing_up import Told, back_up
from app.cli.words import Refused, failing_in_words, say, words
from app.outstanding import refuse_half_restored
from app.restoring import Restored, marked, refuse_full, refuse_newer, refuse_users, settings_for
from app.restoring import restore as put_back
from app.running import AlreadyUp, only_one
from app.settings import Settings, load_settings


@click.command()
@click.argument("target", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Over a file that is there already.")
@failing_in_words
def backup(target: Path, force: bool) -> None:
    """Write a backup of every workspace to FILE, or to a new file in DIR, while the server runs.

    The database as it is at one moment, with the secret that it goes with, the log of erasures and that of the audit
    trail. Whoever has the file has everything: it is readable by its owner alone; keep it so. `throughline restore`
    reads it, on any machine and any PostgreSQL from 16 on.
    """
    settings = load_settings()
    refuse_half_restored(settings.home)
    path = target / f"throughline-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup" if target.is_dir() else target
    with admin_address(settings) as address, _bar("Rows") as told:
        manifest = asyncio.run(back_up(settings, address, path, told, replace=force))
    size = path.stat().st_size
    say(f"Wrote {path}: {_workspaces(manifest)}, {size / 1e6:.1f} MB, as of {_moment(manifest)}.")
    if manifest.files.place == "object_store":
        say("The files are in the object store of THROUGHLINE_FILES and not in it: keep versions of them there.")
    if manifest.files.missing:
        say(f"{manifest.files.missing} files were not there: erased just now, or see `throughline reconcile files`.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="In the place of the workspaces that are there: they are lost.")
@click.option(
    "--erasures",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A copy of another home's folder `erasures`: what it names is erased too.",
)
@failing_in_words
def restore(file: Path, replace: bool, erasures: Path | None) -> None:
    """Put a backup in place: into the embedded database of THROUGHLINE_HOME, or DATABASE_URL's.

    Nothing else may run meanwhile. The whole file is checked before anything is touched. Who was erased after the
    backup was taken is erased again: the home's own log of erasures, the backup's and --erasures count together. A
    restore that is cut short leaves a home on which nothing starts; run it again.
    """
    settings = load_settings()
    with opened(file) as archive:
        refuse_newer(archive.manifest)
        with _bar("Checking") as told:
            _check(archive, told)
        try:
            with only_one(settings):
                done = _restore(settings, archive, replace, erasures)
        except AlreadyUp as error:
            raise Refused(f"{error} End it, then restore.") from None
        except NoBackup as error:
            raise Refused(f"{file} was not restored: {error}") from None
        _tell(archive.manifest, done)


def _check(archive: Archive, told: Told) -> None:
    read = 0

    def add(size: int) -> None:
        nonlocal read
        read += size
        told(read, archive.size)

    archive.check(add)


def _restore(settings: Settings, archive: Archive, replace: bool, erasures: Path | None) -> Restored:
    settings = settings_for(settings, archive)
    with marked(settings.home) as mark:
        refuse_users(settings.home)
        with admin_address(settings) as address, _bar("Restoring") as told:
            asyncio.run(refuse_full(address, replace=replace or mark.begun))
            mark.begin()
            done = asyncio.run(put_back(settings, address, archive, erasures, "cli", told))
            mark.end()
    return done


def _tell(manifest: Manifest, done: Restored) -> None:
    say(f"Restored {_workspaces(manifest)} as of {_moment(manifest)}; what was recorded later is not there.")
    if done.erased:
        say(f"Erased again what the logs of erasures name: {done.erased}.")
    for words_left in done.left:
        say(f"Old bytes remain: {words_left}.")


def _workspaces(manifest: Manifest) -> str:
    names = [one.slug for one in manifest.workspaces]
    return ", ".join(names) if 0 < len(names) <= 5 else f"{len(names)} workspaces"


def _moment(manifest: Manifest) -> str:
    return manifest.taken_at.isoformat(timespec="seconds").replace("+00:00", "Z")


@contextmanager
def _bar(words_before: str) -> Iterator[Told]:
    """How far something has come, on stderr; silent where nobody watches."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=words,
        transient=True,
        disable=not words.is_terminal,
    ) as shown:
        line = shown.add_task(words_before, total=None)
        yield lambda done, expected: shown.update(line, completed=done, total=expected)
