"""Parts of addresses and phrases over signs: what stands side by side is found side by side."""

import pytest

from identity.customers import WorkspaceId
from search.engine import Engine, Index, Words
from tests.search.contract.desk import contact, found, message, put, words

pytestmark = pytest.mark.anyio


async def test_a_phrase_goes_over_signs_and_not_from_one_text_into_another(
    engine: Engine, workspace: WorkspaceId, index: Index
):
    await put(
        engine,
        workspace,
        index,
        message(1, "Write to isabella.lopez3271@mail.example, or call +49 (30) 123-456."),
        message(2, "A gift card. Never again!", title="About my order"),
        contact(3, "isabella lopez", "isabella.lopez3271@mail.example"),
    )
    for phrase, expected in (
        ("isabella lopez3271 mail example", {1, 3}),
        ("lopez3271 mail", {1, 3}),
        ("49 30 123 456", {1}),
        ("card never again", {2}),
        ("order a gift", set()),
    ):
        assert set(await found(engine, workspace, index, Words(phrases=(phrase,)))) == expected, phrase
    assert set(await found(engine, workspace, index, words("lopez3271"))) == {1, 3}
