"""What may link by itself, how sure must it be, and how much may a person be asked? A workspace's choice, as data."""

from typing import Annotated, Any, Final, Literal

import msgspec

from identity.errors import Impossible

Automatic = Literal["evidence", "proof"]
Claims = Literal["met", "personal"]


class IdentityPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One policy, as it is written and kept.

    `automatic`: link on evidence that is likely enough, or on proved identifiers alone. `precision`: the share of
    the links made on evidence that shall be right. `claims`: what a claim without a name links; "met": where the other
    side proves what a proved customer claimed; "personal": wherever the value is one person's by all that is known.
    `suggestions`: the share of contacts about which a person is asked at most."""

    automatic: Automatic = "evidence"
    precision: Annotated[float, msgspec.Meta(ge=0.9, le=0.9999)] = 0.99
    claims: Claims = "met"
    suggestions: Annotated[float, msgspec.Meta(ge=0.0, le=0.2)] = 0.04


STANDARD: Final = IdentityPolicy()
SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(IdentityPolicy)


def check_policy(policy: IdentityPolicy) -> None:
    """Raises `Impossible` with the field at fault, for a policy that was not read from JSON."""
    for field in IdentityPolicy.__struct_fields__:
        try:
            msgspec.convert({field: getattr(policy, field)}, IdentityPolicy)
        except msgspec.ValidationError as error:
            raise Impossible(field, str(error).partition(" - at ")[0]) from None
