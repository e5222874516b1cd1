"""Why a decision about who is who cannot be taken; `app.errors` maps each to a status."""

from uuid import UUID


class IdentityError(Exception):
    """Everything below; the message is for people."""


class NotFound(IdentityError):
    """No such customer, contact, decision or suggestion in this workspace."""


class Absorbed(IdentityError):
    """The customer was merged into another; `survivor` answers for it."""

    def __init__(self, customer: UUID, survivor: UUID) -> None:
        super().__init__(f"customer {customer} was merged into {survivor}")
        self.customer = customer
        self.survivor = survivor


class AlreadyUndone(IdentityError):
    """The decision was taken back before."""


class AlreadyDecided(IdentityError):
    """Somebody answered this before."""


class Impossible(IdentityError):
    """The request is well formed and makes no sense here; `field` is at fault."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field
