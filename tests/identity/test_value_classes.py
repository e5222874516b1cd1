"""Whose a value is: by its form, by who was seen on it and when, by what an operator said; the operator goes first."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.db import new_id
from identity import explaining, reasons, value_classes
from identity.facts import person_key
from identity.identifiers import Identifier, normalise
from identity.names import read_name
from identity.value_classes import Said, Sighting, classed, list_values, looked_closer, people_in
from tests.laws.world import AGENT, Place, World
from timeline import intake, suggestions
from timeline.classing import ClassedValue, class_value
from timeline.decisions import Desk

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MOBILE = normalise("phone", "+4917012345699", None, "DE")
LANDLINE = "phone:+4930123987"


def seen(name: str | None, first: int, last: int | None = None, *, verified: bool = True) -> Sighting:
    """Somebody seen on a value from so many days to so many days after New Year."""
    read = read_name(name, {})
    key = person_key(read)
    return Sighting(
        name=read.shown,
        key=key if key.given else None,
        verified=verified,
        first_seen=NEW_YEAR + timedelta(days=first),
        last_seen=NEW_YEAR + timedelta(days=first if last is None else last),
    )


def said(identifier: Identifier, *row: Any) -> tuple[str, str | None]:
    known = classed(identifier, *(row or (None, None, None, None)))
    return known.value_class, known.by


def class_of(*sightings: Sighting, kind: str = "phone") -> tuple[str, str | None]:
    found, _ = looked_closer(kind, value_classes.PERSONAL, sightings)
    return found.value_class, found.reason


def test_the_form_tells_roles_and_junk() -> None:
    assert said(normalise("email", "info@acme.com", None, None)) == ("role", "form")
    assert said(normalise("email", "none@none.com", None, None)) == ("junk", "form")
    assert said(normalise("phone", "0000000", None, "DE")) == ("junk", "form")
    assert said(normalise("account", "n/a", "shop", None)) == ("junk", "form")
    assert said(MOBILE) == ("personal", None)
    assert said(normalise("email", "not an address", None, None)) == ("personal", None)


def test_the_operator_goes_before_the_form() -> None:
    info = normalise("email", "info@acme.com", None, None)
    assert said(info, "personal", "hers alone", "key:1", NEW_YEAR) == ("personal", "key:1")
    assert said(MOBILE, "shared", "our switchboard", "cli", NEW_YEAR) == ("shared", "cli")


def test_two_people_at_once_share_it() -> None:
    assert class_of(seen("Ann Hall", 0), seen("Ben Roth", 3)) == ("shared", "seen on Ann Hall and on Ben Roth")
    assert class_of(seen("Ann Hall", 0), seen("Anne Hall", 3), seen(None, 4)) == ("personal", None)


def test_another_person_after_a_long_gap_has_it_anew() -> None:
    assert class_of(seen("Ann Hall", 0, 30), seen("Ben Roth", 30 + 365, 500)) == (
        "re-used",
        "Ann Hall until 2026-01-31, Ben Roth from 2027-01-31",
    )
    assert class_of(seen("Ann Hall", 0, 30), seen("Ben Roth", 30 + 364))[0] == "shared"
    assert class_of(seen("Ann Hall", 0), seen("Ben Roth", 400), seen("Ann Hall", 800))[0] == "shared"
    assert class_of(seen("Ann Hall", 0), seen("Ben Roth", 400), seen("Cara Dietz", 800))[0] == "re-used"
    assert class_of(seen("Ann Hall", 0), seen("Ben Roth", 400), kind="visitor")[0] == "shared"


def test_what_a_stranger_types_takes_a_proved_value_from_nobody() -> None:
    typed = [seen("Ben Roth", day, verified=False) for day in range(400, 440)]
    assert class_of(seen("Ann Hall", 0), *typed) == ("personal", None)
    assert class_of(seen("Ann Hall", 0, verified=False), *typed)[0] == "re-used"
    assert class_of(seen("Ann Hall", 0), *typed, seen("Ben Roth", 500))[0] == "re-used"
    assert class_of(seen("Ann Hall", 0), seen("Cara Dietz", 1), *typed)[1] == "seen on Ann Hall and on Cara Dietz"


def test_who_was_seen_is_told_in_order_of_time() -> None:
    people = people_in([seen("Ben Roth", 9), seen("Ann Hall", 0, 2), seen("Ann Hall", 1, 7), seen(None, 3)])
    assert [(one.name, (one.last_seen - one.first_seen).days) for one in people] == [("Ann Hall", 7), ("Ben Roth", 0)]


def test_what_an_operator_listed_stays_whoever_is_seen() -> None:
    listed = classed(MOBILE, "shared", "our switchboard", "cli", NEW_YEAR)
    found, people = looked_closer("phone", listed, [seen("Ann Hall", 0), seen("Ben Roth", 400)])
    assert (found, len(people)) == (listed, 2)
    learned = classed(MOBILE, "shared", "seen on both", "system", NEW_YEAR)
    assert looked_closer("phone", learned, [seen("Ann Hall", 0), seen("Ben Roth", 400)])[0].value_class == "re-used"


# -- in a workspace ------------------------------------------------------------------------------------------


async def identity_of(place: Place, pushed: Any) -> explaining.IdentityView:
    salt = place.workspace.salt
    return await place.read(lambda db: explaining.read_identity(db, place.id, pushed.customer_id, salt=salt))


async def classes_of(place: Place, pushed: Any) -> dict[str, tuple[str, str | None]]:
    view = await identity_of(place, pushed)
    held = [one for contact in view.contacts for one in contact.identifiers]
    return {f"{one.kind}:{one.value}": (one.value_class, one.class_by) for one in held}


async def say(
    place: Place, identifier: Identifier, to: Said, reason: str | None = None, now: datetime | None = None
) -> ClassedValue:
    who = Desk(workspace=place.id, actor=AGENT, new_id=new_id, reason=reason, now=now, salt=place.workspace.salt)
    return await place.write(lambda db: class_value(db, who, identifier, to))


async def at(place: Place, moment: datetime, key: str, *identifiers: str, **fields: Any) -> Any:
    """A push as it would have been taken at the moment."""
    item = place.item(key, *identifiers, **fields)
    (done,) = await place.write(lambda db: intake.receive(db, place.sender(), [item], new_id=new_id, now=moment))
    return done


def test_the_page_of_identity_tells_whose_each_value_is(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        ann = await place.push("a", "email:ann@example.com", "email:info@acme.com", LANDLINE, name="Ann Hall")
        assert await classes_of(place, ann) == {
            "email:ann@example.com": ("personal", None),
            "email:info@acme.com": ("role", "form"),
            LANDLINE: ("personal", None),
        }
        await place.push("b", LANDLINE, name="Ben Roth")
        view = await identity_of(place, ann)
        phone = next(one for one in view.contacts[0].identifiers if one.kind == "phone")
        assert (phone.value_class, phone.class_by) == ("shared", "system")
        assert phone.class_reason == "seen on Ben Roth and on Ann Hall"
        assert phone.class_since is not None

    world.run(told())


def test_a_number_given_to_somebody_else_is_told_as_such(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        ann = await at(place, NEW_YEAR, "a", LANDLINE, name="Ann Hall")
        ben = await at(place, NEW_YEAR + timedelta(days=500), "b", LANDLINE, name="Ben Roth")
        assert ann.customer_id != ben.customer_id
        for one in (ann, ben):
            assert await classes_of(place, one) == {LANDLINE: ("re-used", "system")}
        (value,) = await place.read(lambda db: list_values(db, place.id, None, None, 10))
        assert value[1].reason == "Ann Hall until 2026-01-01, Ben Roth from 2027-05-16"
        why = await place.read(
            lambda db: reasons.why(db, place.id, ann.contact_id, ben.contact_id, salt=place.workspace.salt)
        )
        assert (
            f"Both hold {LANDLINE}, which is another person's than before "
            "(Ann Hall until 2026-01-01, Ben Roth from 2027-05-16), since 2027-05-16."
        ) in why.words

    world.run(told())


def test_an_operators_word_holds_from_the_next_push_on(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        ann = await place.push("a", "email:office@acme.com", name="Ann Hall")
        office = normalise("email", "office@acme.com", None, None)
        said: list[Said] = ["personal", "shared", "personal"]
        for to in said:
            view = (await say(place, office, to, "asked them")).value
            assert (view.value_class, view.reason, view.by) == (to, "asked them", AGENT)
            assert await classes_of(place, ann) == {"email:office@acme.com": (to, AGENT)}
            later = await place.push(f"later-{to}", "email:office@acme.com", name="Ann Hall")
            assert (later.customer_id == ann.customer_id) == (to == "personal")
            if to == "shared":
                assert (await identity_of(place, later)).possible == []

    world.run(told())


def test_the_list_goes_on_where_it_stopped(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        for number in range(7):
            value = normalise("email", f"list{number}@example.com", None, None)
            to: Said = "shared" if number % 2 else "personal"
            await say(place, value, to, now=NEW_YEAR + timedelta(days=number // 2))
        lists: list[tuple[Said | None, int]] = [(None, 7), ("shared", 3), ("personal", 4)]
        for said, count in lists:
            found: list[str] = []
            after = None
            while page := await place.read(
                lambda db, said=said, after=after: list_values(db, place.id, said, after, 2)
            ):
                found += [one.value for _, one in page]
                after = page[-1][0]
            assert len(found) == len(set(found)) == count
            assert found[0].startswith("list6" if said != "shared" else "list5")

    world.run(told())


def test_links_that_rested_on_a_listed_value_alone_are_asked_about(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        ann = await place.push("a", "email:ann@example.com", "phone:+4930123988", name="Ann Hall")
        bare = await place.push("b", "phone:+4930123988")
        both = await place.push("c", "phone:+4930123988", "email:ann@example.com", name="Ann Hall")
        assert ann.customer_id == bare.customer_id == both.customer_id
        number = normalise("phone", "+4930123988", None, None)
        assert (await say(place, number, "personal")).asked == []
        asked = (await say(place, number, "shared", "our switchboard")).asked
        desk = place.desk()
        (one,) = await place.read(lambda db: suggestions.read_suggestions(db, desk, "open", None, 10))
        assert ([one.id], one.kind) == (asked, "unlink")
        assert (one.a.contact_id, one.b.contact_id) == (bare.contact_id, ann.contact_id)
        assert one.value > 0
        assert (await say(place, number, "shared", "once more")).asked == [], "never the same question twice"
        change = await place.decide(suggestions.accept, one.id)
        assert change.moved == (bare.contact_id,)

    world.run(told())
