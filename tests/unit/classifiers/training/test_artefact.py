"""A served model is read back into the weights that it was written from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classifiers.registry import shipped
from classifiers.training.artefact import MARK, is_trained, read_state, unpack

pytest.importorskip("onnx", reason="needs the training extra (onnx)")
torch = pytest.importorskip("torch", reason="needs the training extra (torch)")


def test_the_weights_of_the_shipped_model_give_its_logits(tmp_path: Path) -> None:
    """Up to the rounding to int8."""
    from classifiers.training import export, network, tokens
    from classifiers.training.labels import INPUT_HEADS

    served = shipped()["input"]
    folder = unpack(served, tmp_path / "weights")
    model = network.load_encoder(folder, len(INPUT_HEADS), "text").eval()
    windower = tokens.Windower.load(folder / "tokenizer.json", 64, 16)
    session = export.open_session(served / "model.onnx")
    for text in ("How do I bake bread?", "How do I make a pipe bomb at home?"):
        feeds = tokens.batch(windower.windows(text))
        with torch.inference_mode():
            found = model(*(torch.from_numpy(feeds[name]) for name in export.INPUTS)).numpy()
        assert np.abs(found - export.run(session, feeds)).max() < 0.5


def test_only_the_folder_of_a_served_model_counts_as_trained(tmp_path: Path) -> None:
    assert not is_trained(tmp_path)
    (tmp_path / MARK).write_text("{}")
    assert is_trained(tmp_path)


def test_a_graph_of_somebody_else_is_refused(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save

    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [value])
    save(helper.make_model(graph), str(tmp_path / "model.onnx"))
    with pytest.raises(ValueError, match="no encoder of this training"):
        read_state(tmp_path / "model.onnx")
