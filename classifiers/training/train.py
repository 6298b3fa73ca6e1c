"""The training loop: masked, weighted loss; layer-wise rates; length-sorted batches.

Sigmoid heads use binary cross-entropy on the labels a row has; positives weigh the square root of their
rarity, capped. The refusal group uses cross-entropy on rows that state it. Targets are smoothed a little,
so that scores do not saturate and low false-positive thresholds stay apart from 1.0.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from classifiers.training.examples import Example
from classifiers.training.labels import Head
from classifiers.training.network import Classifier
from classifiers.training.tokens import Window, Windower, batch

log = logging.getLogger(__name__)
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. ``minutes`` (0 = no limit) ends the run early, with the rate at zero by then."""

    epochs: float = 1.6
    batch_size: int = 32
    rate: float = 8e-5
    head_factor: float = 20.0
    layer_decay: float = 0.85
    warmup: float = 0.06
    weight_decay: float = 0.01
    smoothing: float = 0.02
    positive_cap: float = 3.0
    train_tokens: int = 96
    minutes: float = 0.0
    bfloat16: bool = True
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows ready for the loop, one window each; ``targets`` (rows, heads; NaN = unknown), ``weights``
    (rows,).
    """

    windows: Sequence[Window]
    targets: Array
    weights: Array


def encode(examples: Sequence[Example], heads: Sequence[Head], windower: Windower) -> Encoded:
    """Tokenise examples; only the first window of a long text is trained on."""
    windows = [windower.windows(row.text, row.request, limit=1)[0] for row in examples]
    unknown = float("nan")
    targets = np.array(
        [[row.targets.get(head.name, unknown) for head in heads] for row in examples], dtype=np.float32
    )
    return Encoded(windows, targets, np.array([row.weight for row in examples], dtype=np.float32))


def positive_weights(targets: Array, cap: float) -> Array:
    """Per head: square root of negatives over positives, between 1 and ``cap``."""
    positives = np.nansum(targets > 0.5, axis=0)
    negatives = np.nansum(targets <= 0.5, axis=0)
    ratio = np.sqrt(negatives / np.maximum(positives, 1))
    weights: Array = np.clip(ratio, 1.0, cap).astype(np.float32)
    return weights


class Loss:
    """The loss of one model's heads; called with logits and targets (batch, heads) and row weights
    (batch,).
    """

    def __init__(self, heads: Sequence[Head], positives: Array, smoothing: float) -> None:
        self.sigmoid = [i for i, head in enumerate(heads) if head.activation == "sigmoid"]
        self.softmax = [i for i, head in enumerate(heads) if head.activation == "softmax"]
        self.head_weights = torch.tensor([heads[i].loss for i in self.sigmoid])
        self.group_weight = heads[self.softmax[0]].loss if self.softmax else 0.0
        self.positives = torch.tensor(positives)[self.sigmoid]
        self.smoothing = smoothing

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """The batch's loss, a scalar."""
        total = self._binary(logits[:, self.sigmoid], targets[:, self.sigmoid], weights)
        return total + self._group(logits, targets, weights) if self.softmax else total

    def _binary(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        known = ~torch.isnan(targets)
        wanted = torch.nan_to_num(targets) * (1 - 2 * self.smoothing) + self.smoothing
        terms = nn.functional.binary_cross_entropy_with_logits(
            logits, wanted, pos_weight=self.positives, reduction="none"
        )
        terms = terms * known * self.head_weights * weights[:, None]
        return terms.sum() / (self.head_weights.sum() * logits.shape[0])

    def _group(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        chosen = targets[:, self.softmax]
        known = ~torch.isnan(chosen).any(dim=1)
        wanted = torch.nan_to_num(chosen).argmax(dim=1)
        terms = nn.functional.cross_entropy(
            logits[:, self.softmax], wanted, reduction="none", label_smoothing=2 * self.smoothing
        )
        return self.group_weight * (terms * known * weights).sum() / logits.shape[0]


def parameter_groups(model: Classifier, schedule: Schedule) -> list[dict[str, object]]:
    """Groups for the optimizer: head fastest, embeddings slowest; no decay on biases and norms."""
    layers = len(model.encoder["layer"])  # type: ignore[arg-type]
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if name.startswith("head."):
            rate = schedule.rate * schedule.head_factor
        else:
            depth = int(name.split(".")[2]) + 1 if name.startswith("encoder.layer.") else 0
            rate = schedule.rate * schedule.layer_decay ** (layers - depth)
        decay = schedule.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": found, "lr": rate, "weight_decay": decay} for (rate, decay), found in groups.items()]


def batches(lengths: Sequence[int], size: int, rng: random.Random) -> list[list[int]]:
    """Row numbers in batches of like length: shuffle, sort inside chunks of 50 batches, shuffle the
    batches.
    """
    order = list(range(len(lengths)))
    rng.shuffle(order)
    found: list[list[int]] = []
    for start in range(0, len(order), size * 50):
        chunk = sorted(order[start : start + size * 50], key=lambda row: lengths[row])
        found.extend(chunk[i : i + size] for i in range(0, len(chunk), size))
    rng.shuffle(found)
    return found


def rate_at(progress: float, warmup: float) -> float:
    """Linear warm-up, then linear decay to zero; ``progress`` runs from 0 to 1."""
    if progress < warmup:
        return progress / warmup
    return max(0.0, (1.0 - progress) / (1.0 - warmup))


def seed_torch(seed: int) -> None:
    """Fix torch's random numbers, so that untrained heads start the same in every run."""
    torch.manual_seed(seed)


def fit(model: Classifier, data: Encoded, heads: Sequence[Head], schedule: Schedule) -> int:
    """Train in place and return the number of steps."""
    torch.manual_seed(schedule.seed)
    rng = random.Random(schedule.seed)  # noqa: S311 - sampling, not secrets
    loss_of = Loss(heads, positive_weights(data.targets, schedule.positive_cap), schedule.smoothing)
    optimizer = torch.optim.AdamW(parameter_groups(model, schedule), betas=(0.9, 0.98))
    scheduled = [float(group["lr"]) for group in optimizer.param_groups]
    lengths = [len(window.ids) for window in data.windows]
    planned = int(schedule.epochs * -(-len(lengths) // schedule.batch_size))
    model.train()
    queue: list[list[int]] = []
    started, step, smooth = time.monotonic(), 0, 0.0
    while True:
        spent = (time.monotonic() - started) / (schedule.minutes * 60) if schedule.minutes else 0.0
        progress = max(step / planned, spent)
        if progress >= 1.0:
            break
        for group, rate in zip(optimizer.param_groups, scheduled, strict=True):
            group["lr"] = rate * rate_at(progress, schedule.warmup)
        queue = queue or batches(lengths, schedule.batch_size, rng)
        value = _step(model, data, queue.pop(), loss_of, optimizer, schedule.bfloat16)
        step, smooth = step + 1, value if step == 0 else 0.98 * smooth + 0.02 * value
        if step % 50 == 0:
            log.info("step %d/%d loss %.4f, %.0f s", step, planned, smooth, time.monotonic() - started)
    return step


def _step(
    model: Classifier,
    data: Encoded,
    rows: list[int],
    loss_of: Loss,
    optimizer: torch.optim.Optimizer,
    bfloat16: bool,
) -> float:
    feeds = {
        name: torch.from_numpy(array) for name, array in batch([data.windows[row] for row in rows]).items()
    }
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
        logits = model(feeds["input_ids"], feeds["attention_mask"], feeds["token_type_ids"])
    loss = loss_of(logits.float(), torch.from_numpy(data.targets[rows]), torch.from_numpy(data.weights[rows]))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


def predict(model: Classifier, data: Encoded, size: int = 32) -> npt.NDArray[np.float64]:
    """Logits (rows, heads) of one window a row, without gradients."""
    model.eval()
    order = sorted(range(len(data.windows)), key=lambda row: len(data.windows[row].ids))
    found = np.zeros(data.targets.shape)
    with torch.inference_mode():
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            feeds = {
                name: torch.from_numpy(array)
                for name, array in batch([data.windows[i] for i in rows]).items()
            }
            found[rows] = model(feeds["input_ids"], feeds["attention_mask"], feeds["token_type_ids"]).numpy()
    return found
