"""A mailroom for a module of tests, and an office of each test's own in it."""

from collections.abc import AsyncIterator

import pytest

from tests.channels.email.mailroom import House, Office, housed
from tests.conftest import Database as Cloned


@pytest.fixture(scope="module")
async def house(database_of_module: Cloned, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with housed(database_of_module, tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture
async def office(house: House) -> Office:
    return await house.office()
