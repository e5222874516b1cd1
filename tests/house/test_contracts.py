"""The import contracts of pyproject.toml hold, and each is seen to break on a planted import."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("identity", "timeline", "search", "channels", "app")
FAULTS = {
    "packages": ("identity/errors.py", "import timeline.events"),
    "identity": ("identity/customers.py", "import identity.store"),
    "timeline": ("timeline/interactions.py", "import timeline.codec"),
    "channels": ("channels/orders/kind.py", "import channels.accounts"),
    "assistance": ("search/assistance.py", "import timeline.actions"),
    "search": ("search/documents.py", "import search.engine"),
    "tickets": ("timeline/tickets/fold.py", "import timeline.tickets.store"),
    "pure": ("timeline/events.py", "import asyncpg"),
    "web": ("timeline/errors.py", "import litestar"),
}


def contracts(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)


def test_the_contracts_hold():
    result = contracts(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("contract", FAULTS)
def test_a_planted_import_breaks_the_contract(contract: str, tmp_path: Path):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    name, fault = FAULTS[contract]
    with (tmp_path / name).open("a") as file:
        file.write(f"\n{fault}\n")
    result = contracts(tmp_path, "--contract", contract)
    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout


def test_every_contract_was_seen_to_break():
    text = (ROOT / "pyproject.toml").read_text()
    named = {line.split('"')[1] for line in text.splitlines() if line.startswith("id = ")}
    assert named == set(FAULTS)
