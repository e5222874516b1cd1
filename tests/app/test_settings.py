"""The environment as the operator writes it: defaults, refusals in words, one secret for racing processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings, local_url, role_password

VARIABLES = (
    "THROUGHLINE_HOME",
    "THROUGHLINE_HOST",
    "THROUGHLINE_PORT",
    "THROUGHLINE_SECRET",
    "THROUGHLINE_PUBLIC_URL",
    "DATABASE_URL",
    "MEILISEARCH_URL",
    "MEILISEARCH_KEY",
    "THROUGHLINE_EMBEDDER",
    "THROUGHLINE_WEBHOOKS_PRIVATE",
    "THROUGHLINE_MAIL_PRIVATE",
    "THROUGHLINE_FILES",
    "THROUGHLINE_PARENT_PIPE",
)
RACE = "from app.settings import load_settings; print(load_settings().secret)"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)


def test_an_empty_environment_gives_the_printed_defaults(tmp_path: Path):
    settings = load_settings()
    assert settings.home == tmp_path / ".throughline"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url is settings.meilisearch_url is settings.meilisearch_key is None
    assert settings.embedder == "minilm"
    assert not settings.is_public
    assert not settings.webhooks_private
    assert not settings.mail_private
    assert set(settings.sources) == set(VARIABLES)
    assert settings.sources["THROUGHLINE_SECRET"] == "generated"
    assert settings.sources["THROUGHLINE_PORT"] == "default"


def test_the_secret_is_kept_and_nobody_else_can_read_it(tmp_path: Path):
    first = load_settings()
    again = load_settings()
    assert first.secret == again.secret
    assert len(first.secret) == 64
    assert again.sources["THROUGHLINE_SECRET"] == "file"
    assert (tmp_path / ".throughline/secret").stat().st_mode & 0o777 == 0o600


def test_racing_processes_agree_on_the_secret(tmp_path: Path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "THROUGHLINE_HOME": str(tmp_path / "home")},
        )
        for _ in range(6)
    ]
    seen = {racer.communicate(timeout=30)[0] for racer in racers}
    assert len(seen) == 1
    assert len(seen.pop().strip()) == 64
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["secret"]


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("THROUGHLINE_HOME", "desk")
    monkeypatch.setenv("THROUGHLINE_HOST", "0.0.0.0")
    monkeypatch.setenv("THROUGHLINE_PORT", "9001")
    monkeypatch.setenv("THROUGHLINE_SECRET", "a secret long enough")
    monkeypatch.setenv("THROUGHLINE_PUBLIC_URL", "https://desk.example/")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@db.example:5433/desk?host=/run/pg")
    monkeypatch.setenv("THROUGHLINE_EMBEDDER", "none")
    settings = load_settings()
    assert (settings.home, settings.port, settings.embedder) == (tmp_path / "desk", 9001, "none")
    assert settings.is_public
    assert settings.public_url == "https://desk.example"
    assert settings.database_url == "postgresql://u:p@db.example:5433/desk?host=/run/pg"
    assert settings.sources["DATABASE_URL"] == settings.sources["THROUGHLINE_SECRET"] == "environment"
    assert not settings.home.exists(), "with a secret given nothing is written"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("THROUGHLINE_PORT", " ")
    settings = load_settings()
    assert settings.database_url is None
    assert settings.port == 8000
    assert settings.sources["DATABASE_URL"] == "default"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("THROUGHLINE_PORT", "http"),
        ("THROUGHLINE_PORT", "65536"),
        ("THROUGHLINE_PORT", "-1"),
        ("THROUGHLINE_SECRET", "short"),
        ("THROUGHLINE_EMBEDDER", "gpt"),
        ("THROUGHLINE_WEBHOOKS_PRIVATE", "perhaps"),
        ("THROUGHLINE_MAIL_PRIVATE", "perhaps"),
        ("THROUGHLINE_FILES", "bucket/prefix"),
        ("THROUGHLINE_FILES", "file://relative"),
        ("THROUGHLINE_PUBLIC_URL", "desk.example"),
        ("THROUGHLINE_PUBLIC_URL", "https://[::1"),
        ("DATABASE_URL", "mysql://u:hidden@db/desk"),
        ("DATABASE_URL", "postgresql://u:hidden@db"),
        ("DATABASE_URL", "postgresql://u:hidden@db:port/desk"),
        ("MEILISEARCH_URL", "ftp://search"),
    ],
)
def test_a_bad_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{variable}: ") as caught:
        load_settings()
    assert "hidden" not in str(caught.value)


def test_a_damaged_secret_file_is_named(tmp_path: Path):
    (tmp_path / ".throughline").mkdir()
    (tmp_path / ".throughline/secret").touch()
    with pytest.raises(SettingsError, match="damaged"):
        load_settings()


def test_printed_settings_hide_what_is_secret(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hidden@db/desk")
    settings = load_settings()
    shown = repr(settings) + repr(settings.__rich_repr__())
    assert settings.secret not in shown
    assert "hidden" not in shown
    assert "port=8000" in shown


def test_role_passwords_differ_by_role_and_by_secret(monkeypatch: pytest.MonkeyPatch):
    settings = load_settings()
    app = role_password(settings, "throughline_app")
    assert app == role_password(load_settings(), "throughline_app")
    assert app != role_password(settings, "throughline_reports")
    monkeypatch.setenv("THROUGHLINE_SECRET", "another secret, as long")
    assert app != role_password(load_settings(), "throughline_app")


def test_a_local_address_can_be_opened():
    assert local_url("0.0.0.0", 8000) == "http://127.0.0.1:8000"
    assert local_url("::1", 8000) == "http://[::1]:8000"
