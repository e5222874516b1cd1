"""A small town for the laws of evidence: families, twins, namesakes, people who change and mistype, and strangers."""

from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from tests.laws.world import Place
from timeline.interactions import Interaction

LANDLINE: Final = "phone:+4930555017"
MILL: Final = {"street": "12 Mill Lane", "postcode": "4001", "place": "Hill"}
ROLE: Final = ("email:info@acme.com", "email:none@none.com", "phone:+49000000000", "account:shop:0")


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says on one occasion; `?` before an identifier: claimed."""

    held: tuple[str, ...] = ()
    name: str | None = None
    facts: dict[str, str] = {}


def _form(name: str | None, *held: str, **facts: str) -> Form:
    return Form(name=name, held=held, facts=facts)


PEOPLE: Final[tuple[tuple[Form, ...], ...]] = (
    (  # Hanna: her own mailbox, the family's phone and device
        _form("Hanna Huber", "email:hanna.huber@mail.com"),
        _form("Hanna Huber", "?email:hanna.huber@mail.com", LANDLINE, birth_date="1961-03-14", **MILL),
        _form("Hannah Hubber", LANDLINE, "visitor:kitchen", birth_date="1961-03-14"),
        _form(None, "?email:hanna.huber@mail.com", "?account:shop:100"),
        _form("H. Huber", "account:shop:100", **MILL),
    ),
    (  # Otto, her husband
        _form("Otto Huber", "email:otto@hubers.org", LANDLINE, birth_date="1959-11-02", **MILL),
        _form("Otto Huber", LANDLINE, "visitor:kitchen", **MILL),
        _form("Otto", "?email:otto@hubers.org", "account:shop:200"),
        _form("Otto Huber", "?account:shop:100", birth_date="1959-11-02"),
    ),
    (  # Leo, for whom his parents write
        _form("Leo Huber", "email:hanna.huber@mail.com", LANDLINE, birth_date="1994-07-21"),
        _form("Leo Huber", "email:leo.huber@mail.com", birth_date="1994-07-21"),
        _form("Leo Huber", "?email:leo.huber@mail.com", "handle:x:leohuber"),
    ),
    (  # twins
        _form("Ann Weiss", "?phone:+4930555023", birth_date="1990-05-04", **{**MILL, "street": "3 Oak Road"}),
        _form("Ann Weiss", "email:ann.weiss@mail.com", birth_date="1990-05-04"),
        _form("Ann Keller", "email:ann.weiss@mail.com", "?email:ann.keller@mail.com"),
        _form("Ann Keller", "email:ann.keller@mail.com", birth_date="1990-05-04"),
    ),
    (
        _form("Amy Weiss", "?phone:+4930555023", birth_date="1990-05-04", **{**MILL, "street": "3 Oak Road"}),
        _form("Amy Weiss", "email:amy@weiss.net", "?phone:+4930555023"),
    ),
    (  # senior and junior
        _form("John Stone Sr", "email:stone@quarry.com", **{**MILL, "street": "7 Quarry Hill"}),
        _form("John Stone", "phone:+4930555031", birth_date="1950-01-09"),
    ),
    (
        _form("John Stone Jr", "email:stone@quarry.com", **{**MILL, "street": "7 Quarry Hill"}),
        _form("John Stone", "phone:+49172445566", birth_date="1979-08-30"),
    ),
    (  # namesakes
        _form("Maria Lopez", "email:maria.lopez@mail.com", birth_date="1982-12-01"),
        _form("Maria Lopez", "?email:maria.lopez@mail.com", "phone:+34600112233", place="Hill"),
    ),
    (
        _form("Maria Lopez", "email:mlopez77@post.es", birth_date="1977-02-17", place="Dale"),
        _form("Maria Lopez", "?email:mlopez77@post.es", "external:crm:M-77"),
    ),
    (  # a number that was given to somebody else
        _form("Piotr Nowak", "phone:+49172445566", "email:nowak@post.pl"),
        _form("Piotr Nowak", "email:nowak@post.pl", "visitor:pn", birth_date="1988-09-09"),
        _form(None, "visitor:pn", "?email:nowak@post.pl"),
    ),
    (  # an assistant, and whoever writes from the office
        _form("Clara Voss", "email:info@acme.com", "email:c.voss@acme.com", company="Acme"),
        _form("Clara Voss", "email:c.voss@acme.com", "external:crm:C-1", company="Acme"),
        _form("Dr. Bruno Kern", "email:c.voss@acme.com", "email:info@acme.com", company="Acme"),
    ),
    (  # what nobody is told by
        _form(None, "email:info@acme.com"),
        _form("Eve Mill", "email:none@none.com", "?phone:+49000000000"),
        _form("Ivo Rau", "phone:+49000000000", "account:shop:0"),
        _form(None, "?visitor:kitchen"),
        _form("n/a", "?email:hanna.huber@mail.com"),
        _form("Ann & Bob Weiss", "?phone:+4930555023"),
    ),
    (  # Mallory proves her own address and types those of others
        _form(None, "email:mallory@evil.test", "?email:otto@hubers.org"),
        _form("Mallory Mud", "email:mallory@evil.test", "?phone:+4930555031"),
        _form("Hanna Huber", "?account:shop:200", "visitor:m"),
    ),
)
KEPT_KEYS: Final = 3
"""A person is known to the source by so many keys; more than that comes under keys of its own."""

_number = st.integers(0, 127)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("push",) * 10
            + ("batch",) * 3
            + ("merge", "merge", "unmerge", "unmerge", "part", "split", "unsplit", "place", "apart")
            + ("accept", "reject", "later", "there_and_back")
        ),
        _number,
        _number,
        _number,
    ),
    min_size=8,
    max_size=26,
)


def item(place: Place, who: int, which: int, how: int) -> Interaction:
    """An occasion on which a person says something: under a key that is known, or a new one each time."""
    person = who % len(PEOPLE)
    forms = PEOPLE[person]
    form = forms[which % len(forms)]
    slot = how % (KEPT_KEYS + 2)
    fields: dict[str, Any] = {"name": form.name, "attributes": dict(form.facts)}
    return place.item(f"p{person}-{slot}" if slot < KEPT_KEYS else None, *form.held, **fields)
