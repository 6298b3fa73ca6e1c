"""The training loop: masked, weighted loss; layer-wise rates; length-sorted batches.

Sigmoid heads use binary cross-entropy on the labels a row has; positives weigh the square root of their
rarity, capped. The refusal group uses cross-entropy on rows that state it. Targets are smoothed a little,
so that scores do not saturate and low false-positive thresholds stay apart from 1.0.
"""

from __future__ import annotations

import copy
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
from classifiers.training.labels import RISKS, Head
from classifiers.training.network import Classifier
from classifiers.training.tokens import Window, Windower, batch

log = logging.getLogger(__name__)
Array = npt.NDArray[np.float32]
CALM_LOGIT = -4.0
PROGRESS_SECONDS = 10.0
ANCHOR_EVERY = 4
"""Batches between two that are held to the untrained encoder: it has to run for each of them."""
MOST_WINDOWS = 4
"""Windows of one harmless text that are learned from."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. ``minutes`` (0 = no limit) ends the run early, with the rate at zero by then.

    ``anchor`` weighs the distance of the pooled states from those of the untrained encoder, which keeps
    what it knows of texts that no row exercises. ``calm`` weighs the square of how far harmless rows rise
    over ``CALM_LOGIT``: confident scores on harmless text cost more than cross-entropy makes them. ``exit``
    weighs the early exit, which makes the lower layers tell harmless text apart.
    """

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
    anchor: float = 0.0
    calm: float = 0.0
    exit: float = 0.0
    seed: int = 7
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Windows ready for the loop; ``targets`` (windows, heads; NaN = unknown), ``weights`` (windows,)."""

    windows: Sequence[Window]
    targets: Array
    weights: Array


def encode(
    examples: Sequence[Example], heads: Sequence[Head], windower: Windower, seed: int | None = None
) -> Encoded:
    """Tokenise examples: the first window of each, or with a ``seed`` several windows of harmless texts.

    What is true of a harmless text is true of each of its windows; a risky one says nothing of where its
    risk stands.
    """
    rng = None if seed is None else random.Random(seed)  # noqa: S311 - sampling, not secrets
    cut = [_windows_of(row, windower, rng) for row in examples]
    sizes = [len(windows) for windows in cut]
    unknown = float("nan")
    targets = np.array(
        [[row.targets.get(head.name, unknown) for head in heads] for row in examples], dtype=np.float32
    )
    weights = np.array([row.weight for row in examples], dtype=np.float32)
    windows = [window for each in cut for window in each]
    return Encoded(windows, np.repeat(targets, sizes, axis=0), np.repeat(weights, sizes))


def _windows_of(row: Example, windower: Windower, rng: random.Random | None) -> Sequence[Window]:
    if rng is None or row.targets.get("harm") != 0.0:
        return windower.windows(row.text, row.request, limit=1)
    found = windower.windows(row.text, row.request, limit=2 * MOST_WINDOWS)
    return rng.sample(found, min(MOST_WINDOWS, len(found)))


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

    def __init__(self, heads: Sequence[Head], positives: Array, smoothing: float, calm: float = 0.0) -> None:
        self.sigmoid = [i for i, head in enumerate(heads) if head.activation == "sigmoid"]
        self.softmax = [i for i, head in enumerate(heads) if head.activation == "softmax"]
        self.head_weights = torch.tensor([heads[i].loss for i in self.sigmoid])
        self.group_weight = heads[self.softmax[0]].loss if self.softmax else 0.0
        self.positives = torch.tensor(positives)[self.sigmoid]
        self.smoothing = smoothing
        self.calm = calm

    def to(self, device: torch.device) -> Loss:
        """Move its weights."""
        self.head_weights, self.positives = self.head_weights.to(device), self.positives.to(device)
        return self

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """The batch's loss, a scalar."""
        total = self._binary(logits[:, self.sigmoid], targets[:, self.sigmoid], weights)
        if self.calm:
            total = total + self.calm * self._alarm(logits[:, self.sigmoid], targets[:, self.sigmoid])
        return total + self._group(logits, targets, weights) if self.softmax else total

    def _alarm(self, logits: Tensor, targets: Tensor) -> Tensor:
        """How far rows that are harmless by every known label rise over the calm logit, squared."""
        harmless = (torch.nan_to_num(targets, nan=0.0).amax(dim=1) == 0.0) & (targets[:, 0] == 0.0)
        risen = nn.functional.relu(logits.amax(dim=1) - CALM_LOGIT)
        return (risen.square() * harmless).sum() / logits.shape[0]

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
        if name.startswith(("head.", "exit.")):
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


def find_device(name: str = "auto") -> torch.device:
    """The device of that name; ``auto``: a GPU where there is one, else the CPU.

    Raises ValueError for ``cuda`` where torch finds none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("torch finds no CUDA device on this machine")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


class Trainer:
    """A model with its optimizer and the rows it learns from; one call, one step."""

    def __init__(self, model: Classifier, data: Encoded, heads: Sequence[Head], schedule: Schedule) -> None:
        positives = positive_weights(data.targets, schedule.positive_cap)
        self.device = find_device(schedule.device)
        self.model = model.to(self.device)
        self.schedule = schedule
        self._data = data
        self._risks = [i for i, head in enumerate(heads) if head.name in (*RISKS, "ssh")] or [0]
        self._loss = Loss(heads, positives, schedule.smoothing, schedule.calm).to(self.device)
        self._frozen = copy.deepcopy(model).eval().requires_grad_(False) if schedule.anchor else None
        self._optimizer = torch.optim.AdamW(parameter_groups(model, schedule), betas=(0.9, 0.98), fused=True)
        self._rates = [float(group["lr"]) for group in self._optimizer.param_groups]

    def step(self, rows: list[int], progress: float, *, anchored: bool) -> float:
        """Learn from these rows; ``progress`` (0..1) sets the rate. Returns the loss."""
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * rate_at(progress, self.schedule.warmup)
        feeds = self._feeds(rows)
        with self._mixed():
            pooled, early = self.model.pooled(*feeds)
            logits = self.model.head(self.model.dropout(pooled))
        targets, weights = (self._tensor(array[rows]) for array in (self._data.targets, self._data.weights))
        loss = self._loss(logits.float(), targets, weights)
        if self.schedule.exit:
            loss = loss + self.schedule.exit * self._missed(early.float().squeeze(1), targets)
        if anchored and self._frozen is not None:
            loss = loss + self.schedule.anchor * self._drift(pooled, feeds, self._frozen)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        return float(loss.detach())

    def _missed(self, early: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of the early exit: a risk that a row is known to have, or to have none of."""
        found = (torch.nan_to_num(targets[:, self._risks]) > 0.5).any(dim=1)
        known = found | (targets[:, self._risks[0]] == 0.0)
        terms = nn.functional.binary_cross_entropy_with_logits(early, found.float(), reduction="none")
        return (terms * known).mean()

    def _drift(self, pooled: Tensor, feeds: tuple[Tensor, ...], frozen: Classifier) -> Tensor:
        """Mean cosine distance from the untrained encoder's pooled states."""
        with torch.no_grad(), self._mixed():
            untrained, _ = frozen.pooled(*feeds)
        return 1.0 - nn.functional.cosine_similarity(pooled.float(), untrained.float(), dim=1).mean()

    def _mixed(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.schedule.bfloat16)

    def _feeds(self, rows: list[int]) -> tuple[Tensor, ...]:
        arrays = batch([self._data.windows[row] for row in rows])
        return tuple(self._tensor(arrays[name]) for name in ("input_ids", "attention_mask", "token_type_ids"))

    def _tensor(self, array: npt.NDArray[np.int64] | Array) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def fit(model: Classifier, data: Encoded, heads: Sequence[Head], schedule: Schedule) -> int:
    """Train in place and return the number of steps; the model is on the CPU again afterwards."""
    torch.manual_seed(schedule.seed)
    rng = random.Random(schedule.seed)  # noqa: S311 - sampling, not secrets
    trainer = Trainer(model, data, heads, schedule)
    lengths = [len(window.ids) for window in data.windows]
    planned = int(schedule.epochs * -(-len(lengths) // schedule.batch_size))
    model.train()
    queue: list[list[int]] = []
    started, step, smooth = time.monotonic(), 0, 0.0
    told = started
    while True:
        spent = (time.monotonic() - started) / (schedule.minutes * 60) if schedule.minutes else 0.0
        progress = max(step / planned, spent)
        if progress >= 1.0:
            break
        queue = queue or batches(lengths, schedule.batch_size, rng)
        value = trainer.step(queue.pop(), progress, anchored=step % ANCHOR_EVERY == 0)
        step, smooth = step + 1, value if step == 0 else 0.98 * smooth + 0.02 * value
        if (now := time.monotonic()) - told >= PROGRESS_SECONDS:
            left = (now - started) * (1.0 / max(step / planned, spent) - 1.0)
            log.info("step %d/%d, loss %.4f, %.0f s left", step, planned, smooth, max(0.0, left))
            told = now
    model.cpu()
    return step


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
