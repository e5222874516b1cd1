"""Every section of the settings, in the order in which they stand at the left."""

from app.console.language import _
from app.console.sections import channels, data, desk, keys, people, persons, policies, promises, values, webhooks
from app.console.sections.declared import Section


def declared() -> list[Section]:
    """Made anew for each page, in the language of whoever asks."""
    return [
        *people.sections(),
        *desk.sections(),
        *promises.sections(),
        *policies.desk_sections(),
        *data.desk_sections(),
        *channels.sections(),
        *keys.sections(),
        *webhooks.sections(),
        *policies.data_sections(),
        *values.sections(),
        *data.sections(),
        *persons.sections(),
    ]


def group_names() -> list[tuple[str, str]]:
    return [
        ("people", _("People")),
        ("desk", _("Desk")),
        ("channels", _("Channels")),
        ("data", _("Data")),
    ]
