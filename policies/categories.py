"""Categories: the keys by which canned replies, metrics and critiques speak of a decision."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

HAZARDS: Mapping[str, str] = MappingProxyType(
    {
        "vcr": "violent crime",
        "ncr": "non-violent crime (cyber crime, fraud, drugs, theft)",
        "src": "sex-related crime",
        "cse": "child sexual exploitation",
        "dfm": "defamation and disinformation",
        "spc": "specialised advice (health, law, finance, elections)",
        "prv": "privacy",
        "ipv": "intellectual property",
        "iwp": "indiscriminate weapons",
        "hte": "hate",
        "ssh": "suicide and self-harm",
        "sxc": "sexual content",
    }
)
"""MLCommons AILuminate 1.0 hazards by code; the input model's hazard labels."""

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        **HAZARDS,
        "harm": "harmful request, hazard not known",
        "jailbreak": "attempt to talk the model out of its rules",
        "prompt_injection": "text that tries to take over the instructions",
        "output": "answer withheld by an output rule",
        "uncovered": "a part that no guard can read",
        "image": "an image, where the policy takes none",
        "audio": "a recording, where the policy takes none",
        "video": "a video, where the policy takes none",
        "file": "a file, where the policy takes none",
        "unsupported_language": "a text in a language that a classifier was not trained on",
        "guard_unavailable": "a guard gave no measurement and the policy fails closed",
        "default": "anything else",
    }
)
"""Every category that shipped policies use; a policy may add its own, with texts of its own."""


ATTACKS = ("jailbreak", "prompt_injection")


def likeliest(scores: Mapping[str, float], floor: float = 0.5) -> str:
    """The hazard or attack with the highest score, `""` where none reaches `floor`.

    Hazard heads are hints, and on attacks they all rise together: an attack that scores higher names
    the decision better.
    """
    best, top = "", floor
    for label in (*HAZARDS, *ATTACKS):
        score = scores.get(label, 0.0)
        if score > top or (score == top and not best):
            best, top = label, score
    return best
