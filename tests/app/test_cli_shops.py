"""Real shops and chats come in by the command line, and come again without a second copy."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.app.commands import ROOT, home_in
from tests.app.conftest import Prepared

DATA = ROOT.parent / "shared" / "data"


def a_tenth(file: Path, into: Path) -> str:
    """Of a data set's file: all of its people, every tenth of what they did, the first of the lines."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".tsv":
        lines = text.splitlines(keepends=True)
        text = "".join(lines[: len(lines) // 10])
    elif file.suffix == ".jsonl":
        text = "".join(text.splitlines(keepends=True)[::10])
    elif file.stem != "users":
        whole = json.loads(text)
        text = json.dumps(whole[::10] if isinstance(whole, list) else dict([*whole.items()][::10]))
    into.mkdir(exist_ok=True)
    (into / file.name).write_text(text, encoding="utf-8")
    return str(into / file.name)


@pytest.mark.skipif(not DATA.exists(), reason="the data sets are not on this machine")
def test_both_shops_and_two_multidogo_files_come_twice_with_equal_counts(prepared: Prepared, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="throughline-shops-"))
    folder.chmod(0o711)
    for shop in ("tau-retail", "tau-airline"):
        for file in (DATA / shop).iterdir():
            a_tenth(file, tmp_path / shop)
    multidogo = [a_tenth(DATA / "multidogo" / f"{domain}-train.tsv", tmp_path) for domain in ("airline", "media")]
    sources = (
        ("tau-retail", str(tmp_path / "tau-retail")),
        ("tau-airline", str(tmp_path / "tau-airline")),
        ("multidogo", *multidogo),
    )
    with home_in(prepared.migrated(folder)) as home:
        assert home.run("workspace", "create", "shops", "--region", "US").returncode == 0
        home.start("worker")
        for words in sources:
            first, again = (home.run("import", *words).stdout.strip() for _ in range(2))
            read, new, known, refused = (int(part.split()[-1]) for part in first.split(","))
            assert read == new + known + refused > 1000
            assert again == f"read {read}, new {known}, already there {new}, refused {refused}"
    shutil.rmtree(folder, ignore_errors=True)
