"""The encoder with its heads, in plain torch.

A BERT encoder is written out here (about sixty lines) rather than taken from a library: the exported graph
stays free of tracing artefacts, its inputs are exactly the three that the serving side feeds, and a new
library release cannot change it. Parameter names follow the published checkpoints, so ``load_encoder``
reads them as they are.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from classifiers.training.labels import EXIT_LAYER, EXIT_UNITS

_HEADS = ("head.", "exit.")
DROPPED = 26
"""Of 256 states, in training."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a BERT encoder, as read from its config.json."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    types: int
    epsilon: float

    @classmethod
    def read(cls, folder: Path) -> Shape:
        """Read config.json; raises ValueError for an encoder that is not BERT."""
        raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if raw.get("model_type") != "bert":
            raise ValueError(f"base encoder must be BERT, got {raw.get('model_type')!r}")
        return cls(
            vocabulary=raw["vocab_size"],
            hidden=raw["hidden_size"],
            layers=raw["num_hidden_layers"],
            heads=raw["num_attention_heads"],
            inner=raw["intermediate_size"],
            positions=raw["max_position_embeddings"],
            types=raw["type_vocab_size"],
            epsilon=raw["layer_norm_eps"],
        )


class Dropout(nn.Module):
    """Sets about a tenth of the states to zero in training and scales up the rest.

    A byte of random bits decides on each: torch's own dropout draws a whole number for every element, which
    on a CPU took a seventh of a step's time.
    """

    def forward(self, states: Tensor) -> Tensor:
        """States of any shape to states of the same."""
        if not self.training:
            return states
        size = states.numel()
        draws = torch.empty(-(-size // 8), dtype=torch.int64, device=states.device).random_(-(2**63), None)
        kept = draws.view(torch.uint8)[:size].view(states.shape) >= DROPPED
        return states * (kept.to(states.dtype) * (256 / (256 - DROPPED)))


class Embeddings(nn.Module):
    """Word, position and segment embeddings, summed and normalised."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(shape.vocabulary, shape.hidden)
        self.position_embeddings = nn.Embedding(shape.positions, shape.hidden)
        self.token_type_embeddings = nn.Embedding(shape.types, shape.hidden)
        self.LayerNorm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.dropout = Dropout()

    def forward(self, ids: Tensor, types: Tensor) -> Tensor:
        """Ids and segment ids (batch, sequence) to states (batch, sequence, hidden)."""
        positions = torch.arange(ids.shape[1], device=ids.device).unsqueeze(0)
        summed = (
            self.word_embeddings(ids)
            + self.position_embeddings(positions)
            + self.token_type_embeddings(types)
        )
        result: Tensor = self.dropout(self.LayerNorm(summed))
        return result


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence on itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.size = shape.hidden // shape.heads
        self.query = nn.Linear(shape.hidden, shape.hidden)
        self.key = nn.Linear(shape.hidden, shape.hidden)
        self.value = nn.Linear(shape.hidden, shape.hidden)

    def _split(self, states: Tensor) -> Tensor:
        batch, length = states.shape[0], states.shape[1]
        return states.reshape(batch, length, self.heads, self.size).transpose(1, 2)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """States (batch, sequence, hidden) and additive mask to mixed states of the same shape."""
        query, key, value = (self._split(part(states)) for part in (self.query, self.key, self.value))
        scores = query @ key.transpose(-1, -2) / math.sqrt(self.size) + bias
        mixed = torch.softmax(scores, dim=-1) @ value
        return mixed.transpose(1, 2).reshape(states.shape[0], states.shape[1], self.heads * self.size)


class AddNorm(nn.Module):
    """A linear layer, a residual connection and a norm."""

    def __init__(self, inputs: int, shape: Shape) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, shape.hidden)
        self.LayerNorm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.dropout = Dropout()

    def forward(self, states: Tensor, residual: Tensor) -> Tensor:
        """Project ``states``, add ``residual``, normalise."""
        result: Tensor = self.LayerNorm(self.dropout(self.dense(states)) + residual)
        return result


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"self": SelfAttention(shape), "output": AddNorm(shape.hidden, shape)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(shape.hidden, shape.inner)})
        self.output = AddNorm(shape.inner, shape)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """States and additive mask to states of the same shape."""
        states = self.attention["output"](self.attention["self"](states, bias), states)
        result: Tensor = self.output(nn.functional.gelu(self.intermediate["dense"](states)), states)
        return result


class Classifier(nn.Module):
    """Encoder, pooling and one linear layer; ``forward`` returns raw logits of shape (batch, labels),
    float32.

    Pooling ``text`` is the mean over all tokens. Pooling ``reply`` is the mean over the tokens of the
    second segment beside the first token's state: the reply is what is judged, the request is context.
    """

    def __init__(self, shape: Shape, labels: int, pooling: str) -> None:
        super().__init__()
        self.pooling = pooling
        self.exit = nn.Sequential(
            nn.Linear(2 * shape.hidden, EXIT_UNITS), nn.ReLU(), nn.Linear(EXIT_UNITS, 1)
        )
        self.embeddings = Embeddings(shape)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(shape) for _ in range(shape.layers))})
        self.dropout = Dropout()
        self.head = nn.Linear(shape.hidden * (2 if pooling == "reply" else 1), labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def _pool(self, states: Tensor, mask: Tensor, types: Tensor) -> Tensor:
        kept = (mask * types if self.pooling == "reply" else mask).unsqueeze(-1).to(states.dtype)
        mean = (states * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1.0)
        return torch.cat([mean, states[:, 0]], dim=-1) if self.pooling == "reply" else mean

    def pooled(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The three inputs (batch, sequence) to what the heads see (batch, hidden or twice hidden), and to
        the logit of the early exit (batch, 1): is there anything to look at?
        """
        states = self.embeddings(input_ids, token_type_ids)
        bias = (1.0 - attention_mask[:, None, None, :].to(states.dtype)) * -10000.0
        early = states
        for number, layer in enumerate(self.encoder["layer"].children(), 1):
            states = layer(states, bias)
            early = states if number == EXIT_LAYER else early
        return self._pool(states, attention_mask, token_type_ids), self.exit(_spread(early, attention_mask))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """The three inputs (batch, sequence) to logits (batch, labels)."""
        pooled, _ = self.pooled(input_ids, attention_mask, token_type_ids)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits


def _spread(states: Tensor, mask: Tensor) -> Tensor:
    """Mean and largest state over the tokens (batch, twice hidden)."""
    kept = mask.unsqueeze(-1).to(states.dtype)
    mean = (states * kept).sum(dim=1) / kept.sum(dim=1)
    return torch.cat([mean, (states + (kept - 1.0) * 10000.0).amax(dim=1)], dim=-1)


def load_encoder(folder: Path, labels: int, pooling: str) -> Classifier:
    """Build a classifier on the weights in ``folder``; heads that are not there so large start untrained."""
    model = Classifier(Shape.read(folder), labels, pooling)
    own = model.state_dict()
    state = {
        name: value
        for name, value in _read_state(folder).items()
        if not name.startswith(_HEADS) or value.shape == own[name].shape
    }
    missing, _ = model.load_state_dict(state, strict=False)
    untrained = [name for name in missing if not name.startswith(_HEADS)]
    if untrained:
        raise ValueError(f"weights lack {untrained[:3]} and {max(0, len(untrained) - 3)} more")
    return model


def _read_state(folder: Path) -> dict[str, Tensor]:
    if (folder / "model.safetensors").is_file():
        from safetensors.torch import load_file  # noqa: PLC0415 - only for this format

        state: dict[str, Tensor] = load_file(str(folder / "model.safetensors"))
    else:
        state = torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
    return {name.removeprefix("bert."): value for name, value in state.items()}
