"""From trained weights to the artefact that is served: ONNX, int8, manifest.

The file has three int64 inputs of shape (batch, sequence) and one float32 output ``logits`` (batch,
labels); both axes of the inputs are free. Weights are quantised to int8 per channel, activations at run
time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from tokenizers import Tokenizer
from torch import nn

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
WHOLE = np.array(-np.inf, dtype=np.float32)
"""Fed to an early exit, so that no window leaves."""


def write_onnx(model: nn.Module, target: Path, inputs: Sequence[str] = INPUTS, longest: int = 512) -> None:
    """Write the float32 graph to ``target`` as one file.

    ``model`` takes ``inputs`` by name and returns logits; ``longest`` is the most tokens it reads.
    """
    model.eval()
    ids = torch.ones((2, 12), dtype=torch.int64)
    types = torch.cat([torch.zeros((2, 6)), torch.ones((2, 6))], dim=1).to(torch.int64)
    samples = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": types}
    batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence", max=longest)
    target.parent.mkdir(parents=True, exist_ok=True)
    program = torch.onnx.export(
        model,
        kwargs={name: samples[name] for name in inputs},
        input_names=list(inputs),
        output_names=["logits"],
        dynamic_shapes={name: {0: batch, 1: sequence} for name in inputs},
        opset_version=18,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    program.save(str(target), external_data=False)


def quantise(source: Path, target: Path) -> None:
    """Write the int8 file: weights per channel, embedding tables included, activations dynamic."""
    target.parent.mkdir(parents=True, exist_ok=True)
    prepared = source.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantize_dynamic(str(prepared), str(target), per_channel=True, weight_type=QuantType.QInt8)
    prepared.unlink()


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open an ONNX file on the CPU with a fixed number of threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(
    session: onnxruntime.InferenceSession, feeds: dict[str, npt.NDArray[np.int64]]
) -> npt.NDArray[np.float32]:
    """Return logits of shape (batch, labels), of all layers where the file has an early exit."""
    limits = {each.name: WHOLE for each in session.get_inputs() if each.name not in INPUTS}
    logits: npt.NDArray[np.float32] = session.run(["logits"], {**feeds, **limits})[0]
    return logits


def write_tokenizer(source: Path, target: Path) -> None:
    """Copy tokenizer.json without truncation and padding: windows are cut by the serving side."""
    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(target), pretty=False)


def digest(path: Path) -> str:
    """``sha256:`` and the hex digest of a file."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path, fields: dict[str, Any]) -> None:
    """Write manifest.json with the digests of the files that lie beside it."""
    names = ("model.onnx", "tokenizer.json", "first_stage.npz")
    files = {name: digest(folder / name) for name in names if (folder / name).is_file()}
    manifest = {"schema": 1, "name": fields["name"], "version": fields["version"], "input": fields["input"]}
    manifest |= {"files": files} | {key: value for key, value in fields.items() if key not in manifest}
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
