"""What the command line is told of a mailbox: settings as options, and passwords that never stand on the line."""

import sys
from collections.abc import Callable, Sequence
from typing import IO, Any, Final, get_args

import click
import msgspec

from channels.registry import kind_of

_SERVERS: Final = ("imap", "smtp")
_OPTIONS: Final = (
    ("--address", "address", "A mailbox's address."),
    ("--imap-host", "imap.host", "Where mail is fetched."),
    ("--imap-port", "imap.port", "Default: 993, or 143 with starttls."),
    ("--imap-user", "imap.user", "Who signs in there. Default: the address."),
    ("--imap-security", "imap.security", "tls (the default), starttls, or none in a private network."),
    ("--imap-folder", "imap.folder", "Default: INBOX."),
    ("--smtp-host", "smtp.host", "Where mail goes out."),
    ("--smtp-port", "smtp.port", "Default: 587, or 465 with tls."),
    ("--smtp-user", "smtp.user", "Who signs in there. Default: nobody does."),
    ("--smtp-security", "smtp.security", "starttls (the default), tls, or none in a private network."),
)


def setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`settings`: pairs of name and text, by `--set` and by the options of a mailbox."""
    for option, name, words in reversed(_OPTIONS):
        command = click.option(option, f"option_{name.replace('.', '_')}", metavar="TEXT", help=words)(command)
    return click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        help="A setting of the kind, such as imap.poll_seconds=30; may be repeated. An empty value takes it away.",
    )(command)


def password_options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option(
        "--smtp-password-file", type=click.File("r"), help="The one for smtp, where it is another; `-` for stdin."
    )(command)
    return click.option(
        "--password-file",
        type=click.File("r"),
        help="A mailbox's password, from a file or `-` (stdin), for imap and smtp. Without it a terminal is asked.",
    )(command)


def read_settings(kind: str, pairs: Sequence[str], options: dict[str, Any]) -> dict[str, Any]:
    """Settings as the API takes them, each value as the kind's type of it. Raises `click.BadParameter`."""
    said = [(name, options[f"option_{name.replace('.', '_')}"]) for _, name, _ in _OPTIONS]
    found: dict[str, Any] = {}
    for name, text in [*_pairs(pairs), *((name, text) for name, text in said if text is not None)]:
        at = found
        *path, last = name.split(".")
        for step in path:
            at = at.setdefault(step, {})
            if not isinstance(at, dict):
                raise click.BadParameter(f"{name!r} is no setting", param_hint="--set")
        at[last] = _value(kind_of(kind).settings, name.split("."), text)
    return found


def _pairs(pairs: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{pair!r} is no NAME=VALUE", param_hint="--set")
        found.append((name, value))
    return found


def _value(struct: Any, path: Sequence[str], text: str) -> Any:
    """Text where its type is not known: then whoever reads the settings says what is wrong with them."""
    if not text:
        return None
    field = next((one for one in msgspec.structs.fields(struct) if one.name == path[0]), None)
    if field is None:
        return text
    inner = [one for one in (field.type, *get_args(field.type)) if isinstance(one, type)]
    if len(path) > 1:
        below = next((one for one in inner if issubclass(one, msgspec.Struct)), None)
        return text if below is None else _value(below, path[1:], text)
    for said in (text, text.split(",")):
        try:
            return msgspec.to_builtins(msgspec.convert(said, field.type, strict=False))
        except msgspec.ValidationError:
            continue
    return text


def read_passwords(
    settings: dict[str, Any], file: IO[str] | None, smtp_file: IO[str] | None, *, ask: bool
) -> dict[str, str | None]:
    """By door, for each server that somebody signs in at. `ask`: where no file says it, a terminal is asked."""
    doors = [door for door in _SERVERS if isinstance(settings.get(door), dict) and settings[door].get("user")]
    found: dict[str, str | None] = {}
    if file is not None:
        text = _line(file)
        found.update(dict.fromkeys(doors, text))
    if smtp_file is not None:
        found["smtp"] = _line(smtp_file)
    if not found and ask and doors and sys.stdin.isatty():
        text = click.prompt(f"Password for {' and '.join(doors)}", hide_input=True, err=True)
        found.update(dict.fromkeys(doors, text))
    return found


def _line(file: IO[str]) -> str:
    return file.read().strip("\r\n")
