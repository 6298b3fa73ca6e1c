"""The labels of the two shipped models, in manifest order.

Order matters: it is the column order of the ONNX output ``logits``. Hazard codes follow the MLCommons
AILuminate 1.0 taxonomy; ``jailbreak`` and ``prompt_injection`` are kept apart from ``harm`` because their
false positives have other causes and policies treat them differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

HAZARDS: tuple[str, ...] = (
    "vcr",  # violent crimes
    "ncr",  # non-violent crimes: cyber crime, fraud, drugs, theft
    "src",  # sex-related crimes
    "cse",  # child sexual exploitation
    "dfm",  # defamation, here also disinformation
    "spc",  # specialised advice: health, law, finance, elections
    "prv",  # privacy
    "ipv",  # intellectual property
    "iwp",  # indiscriminate weapons
    "hte",  # hate
    "ssh",  # suicide and self-harm
    "sxc",  # sexual content
)
ATTACKS: tuple[str, ...] = ("jailbreak", "prompt_injection")
RISKS: tuple[str, ...] = ("harm", *ATTACKS)
REFUSAL: tuple[str, ...] = ("comply", "partial", "refuse", "unable")


EXIT_LAYER, EXIT_UNITS = 2, 128
"""Layer after which clearly harmless windows may leave, and the size of what decides (``early_exit.py``)."""


@dataclass(frozen=True, slots=True)
class Head:
    """One column of the output.

    ``group`` names what the head belongs to; members of a softmax group share one distribution.
    ``loss`` is the weight of the head's term in the training loss.
    """

    name: str
    group: str
    activation: str
    loss: float


INPUT_HEADS: tuple[Head, ...] = (
    Head("harm", "risk", "sigmoid", 3.0),
    *(Head(name, "attack", "sigmoid", 2.0) for name in ATTACKS),
    *(Head(name, "hazard", "sigmoid", 1.0) for name in HAZARDS),
)
EXCHANGE_HEADS: tuple[Head, ...] = (
    *(Head(name, "refusal", "softmax", 2.0) for name in REFUSAL),
    Head("harm_delivered", "reply", "sigmoid", 2.0),
    Head("toxic_reply", "reply", "sigmoid", 1.0),
)
CALM: Mapping[str, float] = MappingProxyType({head.name: 0.0 for head in INPUT_HEADS})
"""Targets of the input model for a text that is harmless by every label."""
