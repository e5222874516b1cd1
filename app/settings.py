"""What the operator decided, read once from the environment, and where each value came from.

Nothing else in Throughline reads the environment. `throughline doctor` prints `Settings.sources`.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec
from environs import Env, EnvError

Source = Literal["environment", "default", "generated", "file"]

EMBEDDERS = ("minilm", "trigrams", "none")
STORES = ("s3://", "gs://", "az://", "https://", "http://", "file:///")
SECRET_FILE = "secret"  # noqa: S105 - a file's name
SECRET_LENGTH = 16
HIDDEN = frozenset({"secret", "database_url", "meilisearch_key", "files"})


class SettingsError(Exception):
    """A value from the environment that cannot be used; the message begins with the variable's name."""

    def __init__(self, variable: str, problem: str) -> None:
        self.variable = variable
        super().__init__(f"{variable}: {problem}")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`sources` goes by variable. `parent_pipe` is how `app.supervise` tells its children that it lives."""

    home: Path
    host: str
    port: int
    secret: str
    public_url: str
    database_url: str | None
    meilisearch_url: str | None
    meilisearch_key: str | None
    embedder: str
    webhooks_private: bool = False
    mail_private: bool = False
    files: str | None = None
    parent_pipe: int | None
    sources: dict[str, Source]

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in HIDDEN)
        return f"Settings({', '.join(shown)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in HIDDEN]

    @property
    def is_public(self) -> bool:
        """Whether the server listens where others than this machine can reach it."""
        if self.host == "localhost":
            return False
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return True


def load_settings() -> Settings:
    """Read the environment; an empty variable counts as unset. Raises SettingsError.

    Without THROUGHLINE_SECRET the secret is read from THROUGHLINE_HOME/secret, made first where missing.
    """
    reader = _Reader()
    home = Path(reader.text("THROUGHLINE_HOME") or reader.default("THROUGHLINE_HOME", "./.throughline"))
    home = home.expanduser().absolute()
    host = reader.text("THROUGHLINE_HOST") or reader.default("THROUGHLINE_HOST", "127.0.0.1")
    port = reader.port("THROUGHLINE_PORT", 8000)
    secret = reader.text("THROUGHLINE_SECRET")
    if secret is not None and len(secret) < SECRET_LENGTH:
        raise SettingsError("THROUGHLINE_SECRET", f"is shorter than {SECRET_LENGTH} characters")
    if secret is None:
        secret, reader.sources["THROUGHLINE_SECRET"] = _kept_secret(home)
    return Settings(
        home=home,
        host=host,
        port=port,
        secret=secret,
        public_url=reader.url("THROUGHLINE_PUBLIC_URL", _WEB)
        or reader.default("THROUGHLINE_PUBLIC_URL", local_url(host, port)),
        database_url=reader.url("DATABASE_URL", _POSTGRES),
        meilisearch_url=reader.url("MEILISEARCH_URL", _WEB),
        meilisearch_key=reader.text("MEILISEARCH_KEY"),
        embedder=reader.choice("THROUGHLINE_EMBEDDER", EMBEDDERS),
        webhooks_private=reader.choice("THROUGHLINE_WEBHOOKS_PRIVATE", ("no", "yes")) == "yes",
        mail_private=reader.choice("THROUGHLINE_MAIL_PRIVATE", ("no", "yes")) == "yes",
        files=reader.place("THROUGHLINE_FILES"),
        parent_pipe=reader.number("THROUGHLINE_PARENT_PIPE"),
        sources=reader.sources,
    )


def role_password(settings: Settings, role: str) -> str:
    """The password of a database role that Throughline made, equal wherever the secret is."""
    return hmac.new(settings.secret.encode(), f"role:{role}".encode(), hashlib.sha256).hexdigest()


def child_environment(settings: Settings, database_url: str | None, parent_pipe: int | None) -> dict[str, str]:
    """Our own environment, with what a child of `app.supervise` must agree on with us said outright."""
    said = {
        "THROUGHLINE_HOME": str(settings.home),
        "THROUGHLINE_HOST": settings.host,
        "THROUGHLINE_PORT": str(settings.port),
        "THROUGHLINE_PARENT_PIPE": "" if parent_pipe is None else str(parent_pipe),
        "DATABASE_URL": database_url or settings.database_url or "",
    }
    return {**os.environ, **said}


def local_url(host: str, port: int) -> str:
    """An address that a browser on this machine can open: nobody can open 0.0.0.0 or ::."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


_WEB = ("http", "https")
_POSTGRES = ("postgresql", "postgres")


class _Reader:
    def __init__(self) -> None:
        self.env = Env()
        self.sources: dict[str, Source] = {}

    def text(self, variable: str) -> str | None:
        value = (self.env.str(variable, "") or "").strip()
        self.sources[variable] = "environment" if value else "default"
        return value or None

    def default(self, variable: str, value: str) -> str:
        self.sources[variable] = "default"
        return value

    def number(self, variable: str) -> int | None:
        if self.text(variable) is None:
            return None
        try:
            return self.env.int(variable)
        except EnvError as error:
            raise SettingsError(variable, f"{self.text(variable)!r} is not a whole number") from error

    def port(self, variable: str, default: int) -> int:
        number = self.number(variable)
        if number is None:
            return default
        if not 0 <= number <= 65535:
            raise SettingsError(variable, f"{number} is not a port (0 to 65535)")
        return number

    def choice(self, variable: str, choices: tuple[str, ...]) -> str:
        value = self.text(variable) or choices[0]
        if value not in choices:
            raise SettingsError(variable, f"{value!r} is none of {', '.join(choices)}")
        return value

    def place(self, variable: str) -> str | None:
        value = self.text(variable)
        if value is not None and not value.startswith(STORES):
            raise SettingsError(variable, f"is not an address that begins with one of {', '.join(STORES)}")
        return value

    def url(self, variable: str, schemes: tuple[str, ...]) -> str | None:
        value = self.text(variable)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and _names_a_place(parts)
        except ValueError:
            usable = False
        if not usable:  # the value is left out of the message: a database address carries a password
            raise SettingsError(variable, f"is not an address that begins with {schemes[0]}://")
        return value.rstrip("/") if schemes is _WEB else value


def _names_a_place(parts: SplitResult) -> bool:
    if parts.scheme in _POSTGRES:
        return bool(parts.path.strip("/")) and parts.port != 0
    return bool(parts.hostname) and parts.port != 0


def _kept_secret(home: Path) -> tuple[str, Source]:
    path = home / SECRET_FILE
    made = False
    try:
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            made = _create_once(path, secrets.token_hex(32))
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("THROUGHLINE_HOME", f"the secret in {path} cannot be read or made: {error}") from error
    if len(secret) < SECRET_LENGTH:
        raise SettingsError("THROUGHLINE_HOME", f"{path} is damaged: it holds no secret")
    return secret, "generated" if made else "file"


def _create_once(path: Path, content: str) -> bool:
    """Write a whole file of mode 0600, or leave the one that another process has made meanwhile."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)  # unlike rename, it never replaces the winner's
            return True
        return False
    finally:
        Path(temporary).unlink()
