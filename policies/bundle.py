"""A policy with everything it refers to, ready to serve."""

from __future__ import annotations

from dataclasses import dataclass

from policies.constitution import CompiledConstitution
from policies.policy import Policy
from policies.replies import CannedReplies


@dataclass(frozen=True, slots=True)
class PolicyBundle:
    """`policy` has its thresholds resolved against the loaded models."""

    policy: Policy
    constitution: CompiledConstitution
    replies: CannedReplies
