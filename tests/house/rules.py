"""The rules of the house that no linter knows: each takes a tree and tells its faults, a line each."""

import ast
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

PACKAGES = ("identity", "timeline", "search", "channels", "app")
EVERYWHERE = (*PACKAGES, "tests", "benchmarks")

FILE_LINES = 400
FUNCTION_LINES = 60

SQL_FILES = frozenset(
    {
        "identity/store.py",
        "identity/views.py",
        "identity/review.py",
        "identity/blocking_store.py",  # keys and counts: written and read by other hands than contacts
        "identity/pass_store.py",  # what only a pass over everybody asks
        "timeline/store.py",
        "timeline/views.py",
        "timeline/object_views.py",
        "timeline/recount_views.py",
        "timeline/audit.py",
        "timeline/erasure_views.py",
        "timeline/export_views.py",
        "timeline/tickets/edit_store.py",
        "timeline/tickets/talk_store.py",
        "timeline/tickets/moment_store.py",
        "timeline/tickets/moving.py",
        "timeline/tickets/listing.py",
        "timeline/tickets/glances.py",
        "timeline/tickets/policy_store.py",
        "timeline/tickets/sla_store.py",
        "timeline/tickets/store.py",
        "timeline/tickets/task_store.py",
        "timeline/tickets/streams.py",
        "timeline/tickets/version_store.py",
        "timeline/tickets/views.py",
        "timeline/tickets/reporting_views.py",
        "search/postgres_store.py",
        "search/meilisearch.py",
        "search/sources.py",  # what documents are built from
        "search/index_store.py",
        "search/hits.py",
        "search/word_store.py",
        "search/triage_store.py",
        "channels/store.py",
        "channels/archives.py",
        "channels/outbox_store.py",
        "channels/lane_store.py",
        "channels/mentioned_store.py",
        "channels/automatic_store.py",
        "channels/mailbox_store.py",
        "channels/forgotten.py",
        "channels/file_store.py",
        "channels/webhooks/store.py",
        "channels/email/threading_store.py",
        "app/db.py",
        "app/store.py",
        "app/people_store.py",
        "app/presence_store.py",
        "app/sign_in_store.py",
        "app/saved_view_store.py",
        "app/upkeep.py",
        "app/copying.py",
        "app/sweep.py",
        "app/migrate.py",  # brings a database to this version, as the migrations do
        "app/cluster.py",  # makes the database itself
    }
)
MIGRATIONS = "app/migrations/"
STATEMENT = re.compile(
    r"""
    SELECT\s+(.+\s+FROM\b|[\w.]+\(|\d) | INSERT\s+INTO\s | UPDATE\s+[\w."]+\s+(AS\s+\w+\s+|\w+\s+)?SET\s
    | DELETE\s+FROM\s | WITH\s+(RECURSIVE\s+)?\w+\s*(\([^)]*\)\s*)?AS\s+(NOT\s+)?(MATERIALIZED\s+)?\(
    | MERGE\s+INTO\s | TRUNCATE\s+\w | COPY\s+\w+.*\b(FROM|TO)\b | (LISTEN|NOTIFY|UNLISTEN)\s+\w+\s*;?\s*$
    | (CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+|UNIQUE\s+|TEMP\s+|TEMPORARY\s+|MATERIALIZED\s+)?
      (TABLE|INDEX|FUNCTION|ROLE|DATABASE|POLICY|SCHEMA|SEQUENCE|TRIGGER|TYPE|VIEW|EXTENSION)\b
    | (GRANT|REVOKE)\s+\w+.*\b(TO|FROM|ON)\b | SET\s+(LOCAL|SESSION|ROLE)\b | EXPLAIN\s
    | LOCK\s+TABLE\b | VACUUM\b | ANALYZE\s+\w+\s*;?\s*$ | (BEGIN|COMMIT|ROLLBACK)\b\s*;?
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager", "service", "shared"})
FORBIDDEN_ENDINGS = ("Manager", "Service", "Helper", "Utils", "Util")
PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\s*\(#\d+\))")

# one room, and what it does not import, itself or through `from x import y`
CLOSED_DOORS = {
    "app/api/": (
        "identity.store",
        "timeline.store",
        "channels.store",
        "search.postgres",
        "search.meilisearch",
    ),
    "app/console/": (
        "identity.store",
        "timeline.store",
        "channels.store",
        "search.postgres",
        "search.meilisearch",
    ),
    "channels/": ("timeline.tickets", "identity.store", "timeline.store"),
    "search/": ("timeline.actions", "timeline.reactions", "timeline.desk", "timeline.intake"),
}
ENVIRONMENT_READERS = frozenset({"app/settings.py", "app/migrate.py"})  # the latter tells Piccolo where it is


def files_too_long(root: Path) -> list[str]:
    found = ((name, path.read_text(encoding="utf-8").count("\n")) for name, path in _files(root, EVERYWHERE))
    return [f"{name}: {lines} lines" for name, lines in found if lines > FILE_LINES]


def functions_too_long(root: Path) -> list[str]:
    return [
        f"{name}:{node.lineno} {node.name}: {_length(node)} lines"
        for name, tree in _trees(root, EVERYWHERE)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > FUNCTION_LINES
    ]


def statements_outside(root: Path) -> list[str]:
    """SQL in a string that is no docstring, wherever SQL does not live."""
    return [
        f"{name}:{line}: SQL: {' '.join(text.split())[:60]}"
        for name, tree in _trees(root, PACKAGES)
        if name not in SQL_FILES and not name.startswith(MIGRATIONS)
        for line, text in _strings(tree)
        if _is_statement(text)
    ]


def _is_statement(text: str) -> bool:
    """Nobody writes `Select`: that begins a sentence for people."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return (first.isupper() or first.islower()) and STATEMENT.match(text.lstrip()) is not None


def forbidden_names(root: Path) -> list[str]:
    paths = [
        name
        for name, _ in _files(root, EVERYWHERE)
        if FORBIDDEN_NAMES.intersection(part.removesuffix(".py").lower() for part in name.split("/"))
    ]
    classes = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in _trees(root, EVERYWHERE)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith(FORBIDDEN_ENDINGS)
    ]
    return paths + classes


def promises_without_issue(root: Path) -> list[str]:
    """A comment that puts work off names its issue: `# TODO(#12) ...`."""
    found: list[str] = []
    for name, path in _files(root, EVERYWHERE):
        with path.open("rb") as file:
            comments = (token for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT)
            found.extend(f"{name}:{one.start[0]} {one.string}" for one in comments if PROMISE.search(one.string))
    return found


def imports_inside_functions(root: Path) -> list[str]:
    return [
        f"{name}:{inner.lineno} in {node.name}"
        for name, tree in _trees(root, EVERYWHERE)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def doors_forced(root: Path) -> list[str]:
    return [
        f"{name}:{line}: {module}"
        for name, tree in _trees(root, PACKAGES)
        for room, closed in CLOSED_DOORS.items()
        if name.startswith(room)
        for line, module in _imports(tree)
        if any(module == door or module.startswith(f"{door}.") for door in closed)
    ]


def environment_read_elsewhere(root: Path) -> list[str]:
    return [
        f"{name}:{node.lineno}"
        for name, tree in _trees(root, PACKAGES)
        if name not in ENVIRONMENT_READERS
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "environb", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]


def structs_that_change(root: Path) -> list[str]:
    """Every msgspec.Struct says frozen=True and kw_only=True, itself or by the struct it builds on."""
    trees = list(_trees(root, PACKAGES))
    sound = {"Struct": False}
    classes = [(name, node) for name, tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for _ in range(3):  # bases before what builds on them, whatever the order of files
        for _, node in classes:
            bases = [_last(base) for base in node.bases]
            if any(base in sound for base in bases):
                sound[node.name] = _says(node) or any(sound.get(base, False) for base in bases)
    return [f"{name}:{node.lineno} {node.name}" for name, node in classes if sound.get(node.name) is False]


def files_without_purpose(root: Path) -> list[str]:
    """A module opens with the question that it answers, and (but for a package's own file) answers it."""
    found: list[str] = []
    for name, tree in _trees(root, PACKAGES):
        if ast.get_docstring(tree) is None:
            found.append(f"{name}: no opening words")
        elif len(tree.body) == 1 and not name.endswith("__init__.py"):
            found.append(f"{name}: nothing in it")
    return found


RULES: tuple[Callable[[Path], list[str]], ...] = (
    files_too_long,
    functions_too_long,
    statements_outside,
    forbidden_names,
    promises_without_issue,
    imports_inside_functions,
    doors_forced,
    environment_read_elsewhere,
    structs_that_change,
    files_without_purpose,
)


def _files(root: Path, folders: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root).as_posix(), path


def _trees(root: Path, folders: tuple[str, ...]) -> Iterator[tuple[str, ast.Module]]:
    for name, path in _files(root, folders):
        yield name, _tree(path, name, path.stat().st_mtime_ns)


@lru_cache(maxsize=2_000)
def _tree(path: Path, name: str, changed: int) -> ast.Module:
    """Parsed once for all rules: it takes most of their time."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=name)


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string but docstrings; of an f-string its text, with a word in place of each value."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
        if isinstance(node, ast.JoinedStr):
            skipped.update(node.values)
            yield (
                node.lineno,
                "".join(str(v.value) if isinstance(v, ast.Constant) else "it" for v in node.values),
            )
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.lineno, node.value


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _last(base: ast.expr) -> str:
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""


def _says(node: ast.ClassDef) -> bool:
    said = {word.arg for word in node.keywords if isinstance(word.value, ast.Constant) and word.value.value is True}
    return {"frozen", "kw_only"} <= said
