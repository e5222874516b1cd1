"""Under which address each database role is reached: the administrator's own, with another name and password."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from app.settings import Settings, role_password

APP = "throughline_app"
REPORTS = "throughline_reports"
_SAID_BY_US = frozenset({"user", "password"})


def app_url(settings: Settings, admin_url: str) -> str:
    """What server, worker and command line work through."""
    return role_url(admin_url, APP, role_password(settings, APP))


def role_url(admin_url: str, role: str, password: str) -> str:
    """The same server and database for another role."""
    parts = urlsplit(admin_url)
    where = parts.netloc.rpartition("@")[2]
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in _SAID_BY_US]
    who = f"{quote(role, safe='')}:{quote(password, safe='')}"
    return urlunsplit((parts.scheme, f"{who}@{where}", parts.path, urlencode(query), ""))
