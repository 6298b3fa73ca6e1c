"""A served model as the start of a training: its int8 file read back into weights.

Retraining then begins with all that the model knows, and one short round is enough. The order of the integer
products in the graph is that of the layers in ``network.py``, which wrote it; the rounding to int8 is what is
lost.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

MARK = "manifest.json"
"""Lies in a folder of weights that were trained already."""
HEAD_SIZE = 32
"""Units of one attention head of the shipped base encoder; the graph does not tell."""
PRODUCTS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_TABLES = ("word", "position", "token_type")
Array = npt.NDArray[np.float32]


def unpack(folder: Path, target: Path) -> Path:
    """Write config.json, tokenizer.json, model.safetensors and the manifest of a served model to ``target``.

    Raises:
        ValueError: the file was not written by this training.
    """
    from safetensors.numpy import save_file  # noqa: PLC0415 - extra [train]

    state = read_state(folder / "model.onnx")
    hidden = state["embeddings.LayerNorm.weight"].shape[0]
    config = {
        "model_type": "bert",
        "vocab_size": state["embeddings.word_embeddings.weight"].shape[0],
        "hidden_size": hidden,
        "num_hidden_layers": sum(name.endswith("intermediate.dense.weight") for name in state),
        "num_attention_heads": max(1, hidden // HEAD_SIZE),
        "intermediate_size": state["encoder.layer.0.intermediate.dense.weight"].shape[0],
        "max_position_embeddings": state["embeddings.position_embeddings.weight"].shape[0],
        "type_vocab_size": state["embeddings.token_type_embeddings.weight"].shape[0],
        "layer_norm_eps": 1e-12,
    }
    target.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: np.ascontiguousarray(value) for name, value in state.items()}, target / "model.safetensors"
    )
    (target / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("tokenizer.json", MARK):
        shutil.copy(folder / name, target / name)
    return target


def is_trained(weights: Path) -> bool:
    """Whether weights come from a served model, not from a base encoder."""
    return (weights / MARK).is_file()


def read_state(path: Path) -> dict[str, Array]:
    """Parameter names of ``network.Classifier`` to float32 weights, heads and early exit included.

    Raises:
        ValueError: see `unpack`.
    """
    import onnx  # noqa: PLC0415 - extra [train]

    tensors: dict[str, Array] = {}
    products: list[str] = []
    for graph in _graphs(onnx.load(str(path)).graph):
        tensors |= {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
        products += [node.input[1] for node in graph.node if node.op_type == "MatMulInteger"]
    names = _product_names(products)
    if names is None:
        raise ValueError(f"{path} holds no encoder of this training: {len(products)} integer products")
    state = {name: value for name, value in tensors.items() if name.startswith(("embeddings.", "encoder."))}
    state = {name: value for name, value in state.items() if name.endswith((".weight", ".bias"))}
    for table in _TABLES:
        name = f"embeddings.{table}_embeddings.weight"
        state[name] = _plain(tensors, f"{name}_quantized")
    for name, product in zip(names, products, strict=True):
        state[f"{name}.weight"] = _plain(tensors, product).T
    state["head.bias"] = tensors["head.bias"]
    for number, name in ((0, "hidden"), (2, "out")) if "exit_hidden" in tensors else ():
        state[f"exit.{number}.weight"] = tensors[f"exit_{name}"].T
        state[f"exit.{number}.bias"] = tensors[f"exit_{name}_bias"]
    return state


def _product_names(products: list[str]) -> list[str] | None:
    layers, rest = divmod(len(products) - 1, len(PRODUCTS))
    if rest or layers < 1 or not products[-1].startswith("head."):
        return None
    names = [f"encoder.layer.{layer}.{part}" for layer in range(layers) for part in PRODUCTS]
    return [*names, "head"]


def _plain(tensors: dict[str, Array], name: str) -> Array:
    """A quantised tensor in float32; scales are one for all, or one for each column."""
    stem = name.removesuffix("_quantized")
    whole = tensors[name].astype(np.float32) - tensors[f"{stem}_zero_point"].astype(np.float32)
    found: Array = whole * tensors[f"{stem}_scale"]
    return found


def _graphs(graph: object) -> Iterator[object]:
    """A graph and, in the order of its nodes, those inside its branches."""
    yield graph
    for node in graph.node:  # type: ignore[attr-defined]
        for attribute in node.attribute:
            if attribute.g.node:
                yield from _graphs(attribute.g)
