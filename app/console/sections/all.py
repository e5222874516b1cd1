"""Every section of the settings, in the order in which they stand at the left."""

from app.console.language import _
from app.console.sections import desk, keys, people
from app.console.sections.declared import Section


def declared() -> list[Section]:
    """Made anew for each page, in the language of whoever asks."""
    return [*people.sections(), *desk.sections(), *keys.sections()]


def group_names() -> list[tuple[str, str]]:
    return [
        ("people", _("People")),
        ("desk", _("Desk")),
        ("channels", _("Channels")),
        ("data", _("Data")),
    ]
