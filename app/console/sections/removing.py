"""What can be done to the things of a part of the desk's setup: taken out, and put before others."""

from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Action, Done, Row, Said
from app.console.sections.fields import Field
from app.console.sections.sources import Part


def removal(section: str, source: Part, words: str) -> Action:
    """Take it out, as a new version."""

    async def remove(visit: Visit, key: str, values: Row, said: Said) -> Done:  # noqa: ARG001 - as every action
        await source.remove(visit, key, said)
        return Done(goes=f"/settings/{section}?done=removed")

    return Action(key="remove", label=_("Remove"), words=words, does=remove, right="config.write", danger=True)


def moving(section: str, source: Part) -> Action:
    """Another place in the order in which they are asked."""

    async def move(visit: Visit, key: str, values: Row, said: Said) -> Done:
        await source.move(visit, key, values["place"], said)
        return Done(goes=f"/settings/{section}?done=saved")

    return Action(
        key="move",
        label=_("Put elsewhere"),
        words=_("They are asked from the top down, and the first that is for a ticket holds."),
        does=move,
        right="config.write",
        fields=(Field(name="place", label=_("Place"), kind="number", must=True, words=_("1 is asked first.")),),
    )
