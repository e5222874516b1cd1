"""Runs hold everything once, in order, and no more than they may."""

import pytest

from app.runs import runs

FEW, LONG = 2, 30


@pytest.mark.parametrize("most", [1, 2, 3, 7, 50])
async def test_everything_comes_once_in_order_and_what_is_long_comes_alone(most: int) -> None:
    there = [(number, LONG if number % 5 == 0 else FEW) for number in range(1, 24)]

    async def page(after: int | None) -> list[tuple[int, int]]:
        return [one for one in there if after is None or one[0] > after][:most]

    found = [run async for run in runs(page, most, 10)]
    assert [one for run in found for one in run] == [number for number, _ in there]
    events = dict(there)
    for run in found:
        assert 0 < len(run) <= most
        assert len(run) == 1 or sum(events[one] for one in run) <= 10


async def test_nothing_gives_no_run() -> None:
    async def page(_: int | None) -> list[tuple[int, int]]:
        return []

    assert [run async for run in runs(page, 3, 10)] == []
