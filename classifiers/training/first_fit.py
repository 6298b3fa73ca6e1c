"""Fitting the first stage of a cascade to what the network says of the same windows.

The stage learns to tell windows in which the network finds something from those in which it finds nothing;
its limit is then read from held-out risky rows: at most a given share of them may be stopped by the network
and passed by the stage.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from classifiers.first_stage import buckets_of
from classifiers.training.calibrate import Floats
from classifiers.training.tokens import Window

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Shape and schedule of a first stage.

    ``weight``: of windows with something in them; ``dropout``: share of a window's n-grams left out at each
    look, so that no single one decides.
    """

    buckets: int = 1 << 19
    width: int = 16
    units: int = 32
    epochs: int = 3
    dropout: float = 0.4
    batch_size: int = 256
    rate: float = 0.01
    weight: float = 3.0


class Bag(nn.Module):
    """The stage in torch: mean of n-gram vectors, one hidden layer, one logit."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(sizes.buckets, sizes.width, mode="mean", sparse=True)
        self.hidden = nn.Linear(sizes.width, sizes.units)
        self.out = nn.Linear(sizes.units, 1)
        # Nearly zero: an n-gram that no window had says nothing, and the file packs well.
        nn.init.normal_(self.table.weight, std=0.001)

    def forward(self, found: Tensor, offsets: Tensor) -> Tensor:
        """Buckets of all windows of a batch one after another, and where each begins, to logits."""
        logits: Tensor = self.out(torch.relu(self.hidden(self.table(found, offsets)))).squeeze(1)
        return logits


def fit_bag(windows: Sequence[Window], wanted: Floats, sizes: Sizes, seed: int) -> Bag:
    """Train on windows and 0/1 targets, (windows,)."""
    torch.manual_seed(seed)
    bag = Bag(sizes)
    found = [buckets_of(window.ids, sizes.buckets) for window in windows]
    sparse = torch.optim.SparseAdam(list(bag.table.parameters()), lr=sizes.rate)
    dense = torch.optim.AdamW([*bag.hidden.parameters(), *bag.out.parameters()], lr=sizes.rate)
    loss_of = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(sizes.weight))
    rng = np.random.default_rng(seed)
    batches = [
        rows
        for _ in range(sizes.epochs)
        for rows in np.array_split(rng.permutation(len(found)), -(-len(found) // sizes.batch_size))
    ]
    for step, rows in enumerate(batches):
        _set_rate((sparse, dense), sizes.rate * (1.0 - step / len(batches)))
        seen = [_thinned(found[i], sizes.dropout, rng) for i in rows]
        loss = loss_of(bag(*_packed(seen)), torch.tensor(wanted[rows]).float())
        sparse.zero_grad()
        dense.zero_grad()
        loss.backward()
        sparse.step()
        dense.step()
    return bag


def _set_rate(optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer], rate: float) -> None:
    """The table learns four times as fast as the layers over it."""
    for optimizer, share in zip(optimizers, (1.0, 0.25), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate * share


def _thinned(found: Ints, dropout: float, rng: np.random.Generator) -> Ints:
    kept = found[rng.random(len(found)) >= dropout]
    return kept if len(kept) else found


def _packed(found: Sequence[Ints]) -> tuple[Tensor, Tensor]:
    offsets = np.concatenate([[0], np.cumsum([len(item) for item in found])[:-1]])
    return torch.from_numpy(np.concatenate(found)), torch.from_numpy(offsets)


def write_bag(bag: Bag, limit: float, rest: Floats) -> bytes:
    """The bytes of ``first_stage.npz``: the table as int8 with a scale for each column."""
    table = bag.table.weight.detach().numpy()
    scale = np.maximum(np.abs(table).max(axis=0), 1e-8) / 127.0
    arrays = {
        "table": np.round(table / scale).astype(np.int8),
        "scale": scale,
        "hidden": bag.hidden.weight.detach().numpy().T,
        "hidden_bias": bag.hidden.bias.detach().numpy(),
        "out": bag.out.weight.detach().numpy()[0],
        "limits": np.array([float(bag.out.bias.detach()[0]), limit]),
        "rest": rest,
    }
    file = io.BytesIO()
    small = {name: array if name == "table" else array.astype(np.float32) for name, array in arrays.items()}
    np.savez_compressed(file, **small)
    return file.getvalue()


def limit_for(risky: Floats, rows: int, lost: float) -> float:
    """The highest limit under which at most ``lost`` of ``rows`` risky rows lie.

    ``risky`` holds, for every risky row that the network stops, the stage's highest logit over the windows
    that it stops.
    """
    ordered = np.sort(risky)
    allowed = int(lost * rows)
    return float(ordered[allowed]) if allowed < len(ordered) else float("inf")
