"""The model all-MiniLM-L6-v2 as an ONNX file, built from its weights: real, and from no hub.

A BERT of six layers. Pooling and normalising are the embedder's. Run by scripts/setup.
"""

import json
import os
import shutil
import struct
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save_model

from demo.errors import DemoError

Array = np.ndarray[Any, np.dtype[np.float32]]

NAME: Final = "all-MiniLM-L6-v2"
LAYERS: Final = 6
HEADS: Final = 12
WIDTH: Final = 384
_HEAD_WIDTH: Final = WIDTH // HEADS
_KEPT: Final = (
    "config.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "1_Pooling/config.json",
)


def minilm() -> Path:
    """Where scripts/setup put the model; scripts/lib.sh says the same."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("HERDBOOK_CACHE") or Path(cache) / "herdbook") / NAME
    if not folder.exists():
        raise DemoError(f"{folder} is missing.", fix="Run scripts/setup.")
    return folder


def read_weights(path: Path) -> dict[str, Array]:
    """The tensors of a safetensors file (https://github.com/huggingface/safetensors)."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    described = json.loads(data[8 : 8 + length])
    weights = {}
    for name, tensor in described.items():
        if tensor.get("dtype") == "F32":
            begin, end = (8 + length + offset for offset in tensor["data_offsets"])
            weights[name] = np.frombuffer(data[begin:end], np.float32).reshape(tensor["shape"])
    return weights


class Graph:
    """ONNX nodes in the order in which they are computed; each value is called by a name."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add one node; the name of what comes out of it."""
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def integers(self, name: str, values: list[int]) -> str:
        """A row of integers."""
        return self._constant(name, np.array(values, np.int64))

    def number(self, name: str, value: float) -> str:
        """One number."""
        return self._constant(name, np.array([value], np.float32))

    def _constant(self, name: str, value: np.ndarray[Any, Any]) -> str:
        self._constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def weight(self, name: str, *, transposed: bool = False) -> str:
        """A tensor of the weights."""
        value = self._weights[name]
        return self._constant(name, np.ascontiguousarray(value.T) if transposed else value)

    def linear(self, value: str, name: str) -> str:
        """A dense layer."""
        product = self.node("MatMul", value, self.weight(f"{name}.weight", transposed=True))
        return self.node("Add", product, self.weight(f"{name}.bias"))

    def norm(self, value: str, name: str) -> str:
        """A normalised layer."""
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", value, scale, bias, axis=-1, epsilon=1e-12)

    def save(self, output: str, path: Path) -> None:
        """Write the model that computes `output` out of a tokenizer's three rows."""
        self._nodes.append(helper.make_node("Identity", [output], ["last_hidden_state"]))
        shape = ["batch", "tokens"]
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("input_ids", "attention_mask", "token_type_ids")
        ]
        made = helper.make_tensor_value_info(
            "last_hidden_state", TensorProto.FLOAT, [*shape, WIDTH]
        )
        graph = helper.make_graph(
            self._nodes, "minilm", inputs, [made], list(self._constants.values())
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        checker.check_model(model)
        save_model(model, str(path))


def build(weights: dict[str, Array], path: Path) -> None:
    """Write the ONNX file."""
    graph = Graph(weights)
    add = graph.node
    words = add("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    kinds = add("Gather", graph.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
    one, zero = graph.integers("one", [1]), graph.integers("zero", [0])
    length = add("Slice", add("Shape", "input_ids"), one, graph.integers("two", [2]))
    places = add("Slice", graph.weight("embeddings.position_embeddings.weight"), zero, length, zero)
    state = graph.norm(add("Add", add("Add", words, kinds), places), "embeddings.LayerNorm")
    # What is only padding is looked at by nobody.
    mask = add("Cast", "attention_mask", to=TensorProto.FLOAT)
    missing = add("Sub", graph.number("whole", 1), mask)
    far = add("Mul", missing, graph.number("far", -10_000))
    unseen = add("Unsqueeze", far, graph.integers("axes", [1, 2]))
    for layer in range(LAYERS):
        state = _layer(graph, state, unseen, f"encoder.layer.{layer}")
    graph.save(state, path)


def _layer(graph: Graph, state: str, unseen: str, name: str) -> str:
    add = graph.node
    split = graph.integers("heads", [0, 0, HEADS, _HEAD_WIDTH])
    joined = graph.integers("width", [0, 0, WIDTH])

    def heads(part: str, order: list[int]) -> str:
        value = graph.linear(state, f"{name}.attention.self.{part}")
        return add("Transpose", add("Reshape", value, split), perm=order)

    likeness = add("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]))
    scale = graph.number("scale", _HEAD_WIDTH**0.5)
    looks = add("Softmax", add("Add", add("Div", likeness, scale), unseen), axis=-1)
    seen = add("MatMul", looks, heads("value", [0, 2, 1, 3]))
    seen = add("Reshape", add("Transpose", seen, perm=[0, 2, 1, 3]), joined)
    seen = graph.linear(seen, f"{name}.attention.output.dense")
    state = graph.norm(add("Add", seen, state), f"{name}.attention.output.LayerNorm")
    inner = add("Gelu", graph.linear(state, f"{name}.intermediate.dense"))
    out = graph.linear(inner, f"{name}.output.dense")
    return graph.norm(add("Add", out, state), f"{name}.output.LayerNorm")


def make(source: Path, to: Path) -> None:
    """Make the model's folder `to` out of the package's files in `source`."""
    making = to.with_name(f".{to.name}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    for name in _KEPT:
        (making / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(source / name, making / name)
    build(read_weights(source / "model.safetensors"), making / "model.onnx")
    making.rename(to)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
