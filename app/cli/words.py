"""What a command says, and where: words on stderr, data on stdout, and expected failures in one sentence."""

import functools
import sys
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

import asyncpg
import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.archive import NoBackup
from app.db import DatabaseAway
from app.embedded import EmbeddedDatabaseError
from app.fitness import NotFit
from app.migrate import MigrationFailed
from app.settings import SettingsError

P = ParamSpec("P")
T = TypeVar("T")

EXPECTED: Final = (
    SettingsError,
    EmbeddedDatabaseError,
    MigrationFailed,
    NoBackup,
    NotFit,
    DatabaseAway,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
words: Final = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


class Refused(click.ClickException):
    """What the command cannot do, in one sentence; exit 1."""

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        say(f"Error: {self.format_message()}")


def say(text: str) -> None:
    """Words for a person, on stderr."""
    words.print(text)


def data(text: str) -> None:
    """Data, on stdout."""
    sys.stdout.write(text + "\n")


def failing_in_words(command: Callable[P, T]) -> Callable[P, T]:
    """What is expected to go wrong ends the command with a sentence and 1, never with a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(1) from None
        except EXPECTED as error:
            raise Refused(in_words(error)) from None

    return run


def in_words(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return f"the database refuses it: {text}"
    if isinstance(error, OSError) and error.filename is None and not isinstance(error, SettingsError):
        return f"the database cannot be reached: {text}"
    return text


def progress() -> Progress:
    """A bar on stderr; silent where nobody watches."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=words,
        transient=True,
        disable=not words.is_terminal,
    )
