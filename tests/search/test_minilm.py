"""MiniLM as it is served: prepared once, checked, and saying what torch says."""

import asyncio
import math
import shutil
from pathlib import Path

import pytest

from app.embedding import look_at_model, models
from search import minilm as serving
from search import preparing
from search.embeddings import EmbedderAway, Threaded, floats
from search.minilm import minilm
from search.minilm_graph import exact, read_weights
from search.preparing import FOLDER, GRAPH, fault, prepare
from tests.builders import settings

pytestmark = pytest.mark.anyio

TORCH = {
    "My parcel never arrived.": (0.01687, 0.02668, 0.05801, 0.02127, 0.0188, -0.04098),
    "I want my money back for the broken lamp": (-0.03651, -0.00096, 0.07, -0.04438, -0.00501, 0.00157),
}
"""The first numbers of what sentence-transformers 6.2 says on torch 2.13."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    steps: list[str] = []
    assert prepare(folder, lambda words, at, of: steps.append(f"{at}/{of} {words}"))
    assert steps[0] == "0/5 Checking the weights"
    assert len(steps) == 5
    return folder


def dot(a: bytes, b: bytes) -> float:
    return sum(x * y for x, y in zip(floats(a), floats(b), strict=True))


async def test_vectors_are_those_of_torch_but_for_the_rounding(prepared: Path):
    embedder = minilm(prepared)
    texts = [*TORCH, "The package has not been delivered", "What is the capital of France?"]
    vectors = await embedder.embed(texts)
    assert {len(vector) for vector in vectors} == {4 * embedder.dimensions}
    assert all(math.isclose(dot(vector, vector), 1.0, abs_tol=1e-5) for vector in vectors)
    for vector, told in zip(vectors, TORCH.values(), strict=False):
        assert floats(vector)[: len(told)].tolist() == pytest.approx(told, abs=0.02)
    assert dot(vectors[0], vectors[2]) > 0.6
    assert dot(vectors[0], vectors[3]) < 0.2
    alone = await embedder.query(texts[0])
    assert dot(alone, vectors[0]) > 0.985, "whoever shares its batch moves a vector by its rounding alone"
    await embedder.close()


async def test_the_graph_without_rounding_is_torch_itself():
    numpy, ort = pytest.importorskip("numpy"), pytest.importorskip("onnxruntime")
    read = pytest.importorskip("tokenizers").Tokenizer.from_file(str(preparing.source() / "tokenizer.json"))
    read.no_padding()
    graph = exact(read_weights(preparing.source() / "model.safetensors"))
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    for text, told in TORCH.items():
        ids = numpy.array([read.encode(text).ids])
        [vector] = session.run(["vector"], {"ids": ids, "mask": numpy.ones_like(ids, "i4")})
        assert vector[0][: len(told)].tolist() == pytest.approx(told, abs=0.002)


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\ud800", "x" * 100_000, "word " * 20_000, "🙂" * 9_000, "\n" * 50_000]
)
async def test_any_text_has_a_vector(served: Threaded, text: str):
    vector = await served.query(text)
    assert math.isclose(dot(vector, vector), 1.0, abs_tol=1e-5)


@pytest.fixture
async def served(prepared: Path):
    embedder = minilm(prepared)
    await embedder.embed(["a question would not wait for it to be loaded"])
    yield embedder
    await embedder.close()


async def test_it_is_prepared_once_and_mended_when_its_file_is_another(prepared: Path, tmp_path: Path):
    shutil.copytree(prepared, tmp_path / "models")
    home = settings(tmp_path, embedder="minilm")
    assert models(home) == tmp_path / "models"
    assert not prepare(models(home), lambda *_: None), "there is nothing to do"
    with (models(home) / FOLDER / GRAPH).open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\0\1\2\3")
    assert "is not what was prepared: model.onnx" in str(fault(models(home)))
    assert look_at_model(home).wrong
    embedder = minilm(models(home))  # in a process of its own, and in this one: one prepares, the other finds it done
    await asyncio.gather(
        embedder.embed(["Is anybody there?"]), asyncio.to_thread(prepare, models(home), lambda *_: None)
    )
    await embedder.close()
    assert fault(models(home)) is None
    assert not look_at_model(home).wrong
    assert sorted(path.name for path in models(home).iterdir()) == [FOLDER, f"{FOLDER}.lock"]


async def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(preparing.SOURCES, "tokenizer.json", "0" * 64)
    with pytest.raises(EmbedderAway, match="SHA-256"):
        prepare(tmp_path / "models", lambda *_: None)
    assert fault(tmp_path / "models") == "is not prepared"


async def test_what_failed_is_said_and_tried_again_later(prepared: Path, tmp_path: Path):
    folder = tmp_path / "models"
    folder.write_text("in the way")
    now = [0.0]
    load = serving._Loading(folder, lambda: now[0])
    with pytest.raises(EmbedderAway, match=r"cannot be prepared: .*models"):
        load()
    folder.unlink()
    shutil.copytree(prepared, folder)
    now[0] = serving.AGAIN - 1
    with pytest.raises(EmbedderAway, match="cannot be prepared"):
        load()
    now[0] = serving.AGAIN
    assert load().encode(["there it is"])
