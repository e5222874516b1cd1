"""Everything of a workspace in runs that one snapshot reads in a moment."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def runs(
    page_after: Callable[[T | None], Awaitable[list[tuple[T, int]]]], most: int, most_events: int
) -> AsyncIterator[list[T]]:
    """At most so many at once with so many events; one with more comes alone. `page_after` gives the next `most` in
    their order, each with how many events it has."""
    after: T | None = None
    run: list[T] = []
    events = 0
    while True:
        page = await page_after(after)
        for one, count in page:
            if run and (events + count > most_events or len(run) >= most):
                yield run
                run, events = [], 0
            run.append(one)
            events += count
        if len(page) < most:
            break
        after = page[-1][0]
    if run:
        yield run
