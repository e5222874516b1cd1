"""all-MiniLM-L6-v2 as a graph of eight-bit integers for onnxruntime, written from its weights alone: without torch, and
in a second.

Weights are rounded by columns, to seven bits (processors without VNNI add two products in sixteen), word vectors by
rows. What a few places carry far beyond the others would cost the others their precision, so it is shifted into the
weights first, by what a handful of sentences show (SmoothQuant, Xiao et al. 2023). With that and the operators that
onnxruntime has for BERT a vector's cosine to torch's is .995.
"""

import importlib
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

LAYERS: Final = 6
HEADS: Final = 12
DIMENSIONS: Final = 384
TOP: Final = 63
"""The largest whole number of a weight."""
ROW_TOP: Final = 127
EPSILON: Final = 1e-12
LEAST: Final = 1e-3
HEADER: Final = struct.Struct("<Q")
ORT: Final = "com.microsoft"

Weights = Mapping[str, Any]
Reach = Mapping[str, Any]
"""How far each place of a value goes, over some sentences: by the value's name in the graph."""


def read_weights(path: Path) -> dict[str, Any]:
    """The tensors of a safetensors file that are 32-bit floats (https://github.com/huggingface/safetensors#format)."""
    numpy = importlib.import_module("numpy")
    raw = path.read_bytes()
    (length,) = HEADER.unpack_from(raw)
    start = HEADER.size + length
    told = json.loads(raw[HEADER.size : start])
    return {
        name: numpy.frombuffer(raw[start + at["data_offsets"][0] : start + at["data_offsets"][1]], "<f4").reshape(
            at["shape"]
        )
        for name, at in told.items()
        if name != "__metadata__" and at["dtype"] == "F32"
    }


def exact(weights: Weights) -> bytes:
    """The graph with the weights as they are, which also tells every value that is multiplied by them."""
    graph = _Graph(weights, None)
    return graph.written(graph.layers())


def whole(weights: Weights, reach: Reach) -> bytes:
    """The graph that serves: `ids` (whole numbers of 64 bits) and `mask` (32) in, `vector` out."""
    graph = _Graph(weights, reach)
    return graph.written(graph.layers())


def watched() -> list[str]:
    """The values whose reach `whole` asks for."""
    return [*(f"{layer}.in" for layer in range(LAYERS)), *(f"{layer}.mid" for layer in range(LAYERS))]


class _Graph:
    """Nodes and tensors as they are put down, layer on layer."""

    def __init__(self, weights: Weights, reach: Reach | None) -> None:
        self._onnx = importlib.import_module("onnx")
        self._numpy = importlib.import_module("numpy")
        self._weights = weights
        self._reach = reach
        self._nodes: list[Any] = []
        self._tensors: dict[str, Any] = {}

    def layers(self) -> str:
        value = self._words("0.in")
        for layer in range(LAYERS):
            value = self._layer(layer, value, f"{layer + 1}.in")
        return value

    def written(self, value: str) -> bytes:
        """The mean over a text's words, of length one."""
        helper, types = self._onnx.helper, self._onnx.TensorProto
        self._node("Cast", ["mask"], "weight", to=types.FLOAT)
        self._node("Unsqueeze", ["weight", self._put("last", self._numpy.array([2], "i8"))], "weights")
        self._node("Mul", [value, "weights"], "weighed")
        self._node("ReduceSum", ["weighed", self._put("middle", self._numpy.array([1], "i8"))], "sum", keepdims=0)
        self._node("LpNormalization", ["sum"], "vector", axis=-1, p=2)
        ends = [helper.make_tensor_value_info("vector", types.FLOAT, ["texts", DIMENSIONS])]
        if self._reach is None:
            ends += [helper.make_tensor_value_info(each, types.FLOAT, None) for each in watched()]
        starts = [
            helper.make_tensor_value_info("ids", types.INT64, ["texts", "words"]),
            helper.make_tensor_value_info("mask", types.INT32, ["texts", "words"]),
        ]
        tensors = [self._onnx.numpy_helper.from_array(value, name) for name, value in self._tensors.items()]
        graph = helper.make_graph(self._nodes, "minilm", starts, ends, tensors)
        versions = [helper.make_opsetid("", 17), helper.make_opsetid(ORT, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=8).SerializeToString(deterministic=True)

    def _words(self, to: str) -> str:
        """Word, place and the first of two texts, added."""
        numpy, name = self._numpy, "embeddings."
        rows = self._weights[f"{name}word_embeddings.weight"]
        scale = numpy.maximum(abs(rows).max(axis=1, keepdims=True), LEAST) / ROW_TOP
        self._node("Gather", [self._put("rows", numpy.rint(rows / scale).astype("i1")), "ids"], "whole")
        self._node("Gather", [self._put("row_scales", scale.astype("f4")), "ids"], "scales")
        self._node("Cast", ["whole"], "rounded", to=self._onnx.TensorProto.FLOAT)
        self._node("Mul", ["rounded", "scales"], "word")
        places = self._weights[f"{name}position_embeddings.weight"]
        places = places + self._weights[f"{name}token_type_embeddings.weight"][0]
        self._node("Shape", ["ids"], "length", start=1, end=2)
        self._node(
            "Slice", [self._put("places", places), self._put("first", numpy.array([0], "i8")), "length"], "place"
        )
        self._node("Add", ["word", "place"], "placed")
        norm = [self._put(f"norm.{end}", self._weights[f"{name}LayerNorm.{end}"]) for end in ("weight", "bias")]
        return self._node("LayerNormalization", ["placed", *norm], to, axis=-1, epsilon=EPSILON)

    def _layer(self, layer: int, value: str, to: str) -> str:
        name = f"encoder.layer.{layer}."
        looked = self._attention(layer, value)
        said = self._times(looked, f"{name}attention.output.dense", f"{layer}.said")
        middle = self._added(said, value, f"{name}attention.output", f"{layer}.mid")
        wide = self._times(middle, f"{name}intermediate.dense", f"{layer}.wide", of=f"{layer}.mid")
        bias = self._put(f"{layer}.wide.bias", self._weights[f"{name}intermediate.dense.bias"])
        curved = self._node("BiasGelu", [wide, bias], f"{layer}.curved", ORT)
        narrow = self._times(curved, f"{name}output.dense", f"{layer}.narrow")
        return self._added(narrow, middle, f"{name}output", to)

    def _attention(self, layer: int, value: str) -> str:
        parts = [f"encoder.layer.{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        matrix = self._numpy.concatenate([self._weights[f"{part}.weight"].T for part in parts], axis=1)
        bias = self._numpy.concatenate([self._weights[f"{part}.bias"] for part in parts])
        bias = self._put(f"{layer}.bias", bias)
        to = f"{layer}.looked"
        if self._reach is None:
            matrix = self._put(f"{layer}.matrix", matrix)
            return self._node("Attention", [value, matrix, bias, "mask"], to, ORT, num_heads=HEADS)
        value, whole, scales = self._rounded(value, matrix, f"{layer}.matrix", f"{layer}.in")
        zeros = self._put(f"{layer}.zeros", self._numpy.zeros(3 * DIMENSIONS, "i1"))
        ends = [f"{layer}.bytes", f"{layer}.scale", f"{layer}.zero"]
        self._nodes.append(self._onnx.helper.make_node("DynamicQuantizeLinear", [value], ends))
        starts = [ends[0], whole, bias, ends[1], scales, "mask", ends[2], zeros]
        return self._node("QAttention", starts, to, ORT, num_heads=HEADS)

    def _times(self, value: str, name: str, to: str, *, of: str | None = None) -> str:
        matrix = self._weights[f"{name}.weight"].T
        if self._reach is None:
            return self._node("MatMul", [value, self._put(f"{to}.matrix", matrix)], to)
        value, whole, scales = self._rounded(value, matrix, f"{to}.matrix", of)
        return self._node("DynamicQuantizeMatMul", [value, whole, scales], to, ORT)

    def _added(self, value: str, to_this: str, name: str, to: str) -> str:
        norm = [self._put(f"{to}.{end}", self._weights[f"{name}.LayerNorm.{end}"]) for end in ("weight", "bias")]
        bias = self._put(f"{to}.dense", self._weights[f"{name}.dense.bias"])
        return self._node("SkipLayerNormalization", [value, to_this, *norm, bias], to, ORT, epsilon=EPSILON)

    def _rounded(self, value: str, matrix: Any, name: str, of: str | None) -> tuple[str, str, str]:
        """A matrix in whole numbers and their scales by columns; with `of`, after what that value carries far is the
        matrix's to carry."""
        numpy = self._numpy
        if of is not None:
            assert self._reach is not None
            shift = numpy.sqrt(numpy.maximum(self._reach[of], LEAST) / numpy.maximum(abs(matrix).max(axis=1), LEAST))
            shift = shift / numpy.exp(numpy.log(shift).mean())
            matrix = matrix * shift[:, None]
            less = self._put(f"{name}.less", (1 / shift).astype("f4"))
            value = self._node("Mul", [value, less], f"{name}.value")
        scale = numpy.maximum(abs(matrix).max(axis=0), LEAST * LEAST) / TOP
        whole = self._put(f"{name}.whole", numpy.rint(matrix / scale).astype("i1"))
        return value, whole, self._put(f"{name}.scales", scale.astype("f4"))

    def _node(self, kind: str, starts: Sequence[str], end: str, domain: str = "", /, **values: Any) -> str:
        self._nodes.append(self._onnx.helper.make_node(kind, starts, [end], domain=domain, **values))
        return end

    def _put(self, name: str, value: Any) -> str:
        self._tensors[name] = self._numpy.ascontiguousarray(value)
        return name
