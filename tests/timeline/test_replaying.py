"""`throughline replay sla`: the past under other promises, beside those that were made, and nothing written."""

from pathlib import Path

import msgspec
from click.testing import CliRunner

from app.cli.replay import replay
from app.replaying import replay_sla
from tests.laws.test_sla_histories import clocks
from tests.laws.world import World
from tests.timeline.test_alarming import first, promise, push
from timeline.tickets.replaying import OtherSla, Tally


def test_the_past_is_told_under_other_promises(world: World):
    async def story() -> None:
        place = await world.open_workspace()
        await push(place, "before", 900)
        await promise(place, first(60, key="now"))
        for who, answered in (("a", 460), ("b", 380), ("c", None)):
            pushed = await push(place, who, 500)
            if answered is not None:
                await push(place, who, answered, direction="outbound", ticket=pushed.ticket.number)
        before = await clocks(place)
        other = msgspec.convert({"sla": {"policies": [first(200, key="then")]}}, OtherSla)
        found = await replay_sla(place.edge, place.id, other, lambda _: None)
        assert (found.customers, found.tickets) == (4, 4)
        (today,), (then,) = found.today, found.then
        assert today == Tally(policy="now", target="first_response", met=1, missed=2, examples=today.examples)
        assert (then.policy, then.met, then.missed, then.going_on) == ("then", 2, 2, 0)
        assert len(then.examples) == 2
        assert await clocks(place) == before

    world.run(story())


def test_a_typo_in_the_file_is_named(tmp_path: Path):
    file = tmp_path / "sla.json"
    file.write_text('{"sla": {"policies": [{"key": "a", "targets": {"resolutoin": {"seconds": 1}}}]}}')
    done = CliRunner().invoke(replay, ["sla", str(file)])
    assert done.exit_code == 1
    assert "sla.policies[0].targets.resolutoin" in done.output
    assert "resolution" in done.output
