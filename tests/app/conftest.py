"""Homes that are laid down ready, so that a test of a command pays for the command and not for what comes before it."""

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cluster import choose_user, make_cluster, open_the_way
from app.embedded import EmbeddedDatabase
from tests.app.commands import home_in


class Prepared:
    """What a home begins with, made once a run and copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def blank(self, home: Path) -> Path:
        """A home as the first command makes it: a database with nothing in it."""
        return self._lay("blank", _make_blank, home)

    def migrated(self, home: Path) -> Path:
        """A home as `throughline migrate` leaves it."""
        return self._lay("migrated", self._make_migrated, home)

    def demo(self, home: Path) -> Path:
        """A home as `throughline demo` leaves it."""
        return self._lay("demo", self._make_demo, home)

    def _lay(self, name: str, make: Callable[[Path], None], home: Path) -> Path:
        made = self._folder / name
        self._folder.mkdir(mode=0o711, exist_ok=True)
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                half = self._folder / f"{name}.half"
                shutil.rmtree(half, ignore_errors=True)
                make(half)
                half.rename(made)
        subprocess.run(["cp", "-a", f"{made}/.", str(home)], check=True)  # who owns what stays as it is
        return home

    def _make_migrated(self, folder: Path) -> None:
        with home_in(self.blank(folder)) as home:
            done = home.run("migrate")
            assert done.returncode == 0, done.stderr

    def _make_demo(self, folder: Path) -> None:
        with home_in(self.migrated(folder)) as home:
            done = home.run("demo")
            assert done.returncode == 0, done.stderr


def _make_blank(folder: Path) -> None:
    folder.mkdir(mode=0o711)
    data = folder / "postgres"
    user = choose_user(data)
    open_the_way(user, data)
    make_cluster(data, user, fsync=False)


@pytest.fixture(scope="session")
def prepared(postgres: EmbeddedDatabase) -> Prepared:
    """Beside the run's server, and gone with it."""
    return Prepared(postgres.home / "prepared")
