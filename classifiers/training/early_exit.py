"""The early exit of an exported model: windows that are clearly harmless leave after its lower layers.

It is fitted to what the int8 file itself says of training windows, from the states that the file itself has
after `EXIT_LAYER` layers, and written into that file: the upper layers become one branch of an `If`, the
logits of windows that leave (the mean of what the network gives them) the other. A whole batch leaves or
stays; the serving side runs one window a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from classifiers.training.calibrate import Floats
from classifiers.training.labels import EXIT_LAYER, EXIT_UNITS
from classifiers.training.tokens import Window, batch

LIMIT, TOLD, STATES = "exit_below", "exit", "exit_states"
_NORMS_BELOW = 2 * EXIT_LAYER
"""Layer norms before the one that ends the exit's layer: that of the embeddings, and two a layer."""


@dataclass(frozen=True, slots=True)
class Exit:
    """Two linear layers with a ReLU between them: (features, units), (units,), (units, 1), (1,)."""

    hidden: npt.NDArray[np.float32]
    hidden_bias: npt.NDArray[np.float32]
    out: npt.NDArray[np.float32]
    out_bias: npt.NDArray[np.float32]

    def logits(self, states: Floats) -> Floats:
        """How much there may be to look at, (windows,)."""
        units = np.maximum(states @ self.hidden + self.hidden_bias, 0.0)
        found: Floats = (units @ self.out + self.out_bias)[:, 0].astype(np.float64)
        return found


def has_upper_layers(data: bytes) -> bool:
    """Whether layers are left to be spared after the exit."""
    graph = onnx.load_from_string(data).graph
    return sum(node.op_type == "LayerNormalization" for node in graph.node) > _NORMS_BELOW + 1


def _states_nodes(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Nodes that give the mean and largest state over the tokens, (batch, twice hidden)."""
    norms = [node.output[0] for node in model.graph.node if node.op_type == "LayerNormalization"]
    source = norms[_NORMS_BELOW]
    return [
        helper.make_node("Cast", ["attention_mask"], ["exit_mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["exit_mask", "exit_axis2"], ["exit_kept"]),
        helper.make_node("Mul", [source, "exit_kept"], ["exit_read"]),
        helper.make_node("ReduceSum", ["exit_read", "exit_axis1"], ["exit_sum"], keepdims=0),
        helper.make_node("ReduceSum", ["exit_kept", "exit_axis1"], ["exit_count"], keepdims=0),
        helper.make_node("Div", ["exit_sum", "exit_count"], ["exit_mean"]),
        helper.make_node("Sub", ["exit_kept", "exit_one"], ["exit_absent"]),
        helper.make_node("Mul", ["exit_absent", "exit_far"], ["exit_bias"]),
        helper.make_node("Add", [source, "exit_bias"], ["exit_seen"]),
        helper.make_node("ReduceMax", ["exit_seen", "exit_axis1"], ["exit_most"], keepdims=0),
        helper.make_node("Concat", ["exit_mean", "exit_most"], [STATES], axis=1),
    ]


def _constants() -> list[onnx.TensorProto]:
    values = {
        "exit_axis1": np.array([1], dtype=np.int64),
        "exit_axis2": np.array([2], dtype=np.int64),
        "exit_one": np.array(1.0, dtype=np.float32),
        "exit_far": np.array(10000.0, dtype=np.float32),
    }
    return [numpy_helper.from_array(value, name) for name, value in values.items()]


def read_states(data: bytes, windows: Sequence[Window], heads: int) -> tuple[Floats, Floats]:
    """States of the exit (windows, features) and logits (windows, heads) of an exported file."""
    model = onnx.load_from_string(data)
    model.graph.node.extend(_states_nodes(model))
    model.graph.initializer.extend(_constants())
    model.graph.output.append(helper.make_tensor_value_info(STATES, TensorProto.FLOAT, ["batch", "states"]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    order = sorted(range(len(windows)), key=lambda i: len(windows[i].ids))
    states, logits = np.zeros((len(windows), 0), dtype=np.float16), np.zeros((len(windows), heads))
    for start in range(0, len(order), 8):
        chunk = order[start : start + 8]
        logits[chunk], found = session.run(["logits", STATES], batch([windows[i] for i in chunk]))
        if not states.shape[1]:
            states = np.zeros((len(windows), found.shape[1]), dtype=np.float16)
        states[chunk] = found
    return states, logits


def read_marks(data: bytes, windows: Sequence[Window]) -> Floats:
    """The exit's logit of each window (windows,), one window a run as in service."""
    session = onnxruntime.InferenceSession(data)
    leave = {LIMIT: np.array(np.inf, dtype=np.float32)}
    return np.array([session.run([TOLD], batch([each]) | leave)[0][0, 0] for each in windows], dtype=float)


def fit_exit(states: Floats, wanted: Floats, seed: int, epochs: int = 12, weight: float = 3.0) -> Exit:
    """Learn to tell windows in which the network finds something (``wanted`` 1) from the others.

    ``weight``: of windows with something in them.
    """
    torch.manual_seed(seed)
    sample = torch.from_numpy(states.astype(np.float32))
    targets = torch.from_numpy(wanted).float()
    mean, spread = sample.mean(dim=0), sample.std(dim=0) + 1e-3
    net = nn.Sequential(
        nn.Dropout(0.1),
        nn.Linear(sample.shape[1], EXIT_UNITS),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(EXIT_UNITS, 1),
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.05)
    loss_of = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weight))
    rounds = torch.cat([torch.randperm(len(sample)) for _ in range(epochs)]).split(256)
    for step, rows in enumerate(rounds):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * (1.0 - step / len(rounds))
        loss = loss_of(net((sample[rows] - mean) / spread).squeeze(1), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    hidden, out = net[1].weight.detach(), net[4].weight.detach()
    scaled = hidden / spread
    return Exit(
        scaled.T.numpy(),
        (net[1].bias.detach() - scaled @ mean).numpy(),
        out.T.numpy(),
        net[4].bias.detach().numpy(),
    )


def write_exit(data: bytes, found: Exit, rest: Floats) -> bytes:
    """The file with the exit in it. ``rest``: logits (heads,) of windows that leave."""
    model = onnx.load_from_string(data)
    graph = model.graph
    below = _needed(graph, [node.output[0] for node in _lower_ends(graph)])
    upper = [node for node in graph.node if node.output[0] not in below]
    constants = {tensor.name: tensor for tensor in graph.initializer}
    used_below = {name for node in graph.node if node.output[0] in below for name in node.input}
    own = [constants[name] for node in upper for name in node.input if name in constants]
    own = list({tensor.name: tensor for tensor in own if tensor.name not in used_below}.values())
    logits = graph.output[0]
    stay = helper.make_graph(upper, "upper_layers", [], [_renamed(logits, "logits_whole")], own)
    stay.node[-1].output[0] = "logits_whole"
    leave = _leaving(rest, _renamed(logits, "logits_rest"))
    nodes = [
        *(node for node in graph.node if node.output[0] in below),
        *_states_nodes(model),
        helper.make_node("Gemm", [STATES, "exit_hidden", "exit_hidden_bias"], ["exit_units"]),
        helper.make_node("Relu", ["exit_units"], ["exit_active"]),
        helper.make_node("Gemm", ["exit_active", "exit_out", "exit_out_bias"], [TOLD]),
        helper.make_node("ReduceMax", [TOLD], ["exit_highest"], keepdims=0),
        helper.make_node("GreaterOrEqual", ["exit_highest", LIMIT], ["exit_stays"]),
        helper.make_node("If", ["exit_stays"], ["logits"], then_branch=stay, else_branch=leave),
    ]
    moved = {tensor.name for tensor in own}
    tensors = [tensor for tensor in graph.initializer if tensor.name not in moved] + _constants()
    tensors += [numpy_helper.from_array(value, f"exit_{name}") for name, value in asdict(found).items()]
    inputs = [*graph.input, helper.make_tensor_value_info(LIMIT, TensorProto.FLOAT, [])]
    outputs = [logits, helper.make_tensor_value_info(TOLD, TensorProto.FLOAT, ["batch", 1])]
    made = helper.make_graph(nodes, graph.name, inputs, outputs, tensors)
    result = helper.make_model(made, opset_imports=model.opset_import, ir_version=model.ir_version)
    onnx.checker.check_model(result)
    written: bytes = result.SerializeToString()
    return written


def _leaving(rest: Floats, logits: onnx.ValueInfoProto) -> onnx.GraphProto:
    """The branch of windows that leave: the agreed logits, once for each window that was told of."""
    return helper.make_graph(
        [
            helper.make_node("Mul", [TOLD, "exit_zero"], ["exit_nothing"]),
            helper.make_node("Add", ["exit_nothing", "exit_rest"], [logits.name]),
        ],
        "leave",
        [],
        [logits],
        [
            numpy_helper.from_array(np.array(0.0, dtype=np.float32), "exit_zero"),
            numpy_helper.from_array(rest.astype(np.float32)[None, :], "exit_rest"),
        ],
    )


def _lower_ends(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The node that ends the exit's layer, and those that depend on the inputs' shapes and masks alone."""
    norms = [node for node in graph.node if node.op_type == "LayerNormalization"]
    after = _fed_by(graph, {norm.output[0] for norm in norms})
    return [norms[_NORMS_BELOW], *(node for node in graph.node if node.output[0] not in after)]


def _fed_by(graph: onnx.GraphProto, names: set[str]) -> set[str]:
    """These values and all that come of them."""
    found = set(names)
    for node in graph.node:
        if not found.isdisjoint(node.input):
            found.update(node.output)
    return found


def _needed(graph: onnx.GraphProto, names: Sequence[str]) -> set[str]:
    """These values and all that they come of."""
    found = set(names)
    for node in reversed(graph.node):
        if not found.isdisjoint(node.output):
            found.update(node.input)
    return found


def _renamed(info: onnx.ValueInfoProto, name: str) -> onnx.ValueInfoProto:
    size = info.type.tensor_type.shape.dim[1].dim_value
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])
