"""Rules and policies as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from classifiers.classification import Origin
from policies.verdict import Action, Stage

if TYPE_CHECKING:
    from policies.plan import Plans

Mode = Literal["enforce", "monitor", "off"]
OnFailure = Literal["allow", "flag", "block"]
BlockStyle = Literal["auto", "message", "refusal", "error"]
StreamDelivery = Literal["auto", "live", "windowed", "buffered"]
Profile = Literal["openai", "azure"]
CriticFallback = Literal["original", "canned"]
EvidenceUse = Literal["off", "held", "always"]
Reviser = Literal["critic", "upstream"]
Turns = Literal["all", "latest"]
Limit = float | str
"""A calibrated score, or the name of an operating point of the model's manifest (`flag`, `block`)."""


class PolicyError(Exception):
    """A policy, constitution or reply file is wrong. `problems` lists all of it, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy: label at or over threshold, at a stage, asks for an action.

    `kind` names the function in `policies/rules.py` that evaluates it. `threshold` is a calibrated
    score or the name of an operating point of the model's manifest; `also` are further labels that
    must be at or over their own limit in the same reading. `turns`: `latest` leaves out what was
    already answered (turns before the model turn that precedes the last user turn). `category`: key of
    the canned reply, `""` for the label that decided, `auto` for the likeliest hazard
    or attack.
    `when_flagged`: a post-call rule that runs only when the input was flagged. `deadline_ms` bounds
    the guard it needs; on time-out `on_failure` decides. `origins` and `turns` say nothing at
    `post_call`, where the answer is judged.

    `limits` and `also_limits` are label to score, filled in by `rules.resolve`.
    """

    id: str
    stage: Stage
    action: Action
    labels: tuple[str, ...] = ()
    threshold: Limit = "block"
    kind: str = "score"
    classifier: str = "input"
    origins: tuple[Origin, ...] = (Origin.OPERATOR, Origin.USER, Origin.TOOL, Origin.MODEL)
    category: str = ""
    on_failure: OnFailure = "block"
    mode: Mode = "enforce"
    when_flagged: bool = False
    deadline_ms: int = 10_000
    patterns: tuple[str, ...] = ()
    also: Mapping[str, Limit] = field(default_factory=dict)
    turns: Turns = "all"
    limits: tuple[tuple[str, float], ...] = ()
    also_limits: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewBudget:
    """What a review of a draft may cost, and what leads to one besides a score.

    `rounds` is 0 to 3: the first revision removes most harm, later ones cost helpfulness.
    `min_retention`: share of the draft's content that a revision must keep; length ratios are
    revision to draft in characters. `risk_margin`: a revision that stays over the review threshold is
    still taken when its risk fell by this much. `on_failure`: what the client gets when the critic
    fails on a draft under the block threshold (over it, a safe part or the canned reply).
    `reviser`: which model rewrites, the critic or the one whose draft it is. `evidence`: whether what
    fixed checks find leads to a review of answers that are held anyhow (`held`), or of all, which holds
    every stream (`always`). `sample`: share of passing exchanges whose answer is reviewed after it was
    delivered, for the counts alone. `canary_share`: share of critiques that carry a canary clause.
    """

    rounds: int = 1
    deadline_ms: int = 20_000
    critique_tokens: int = 300
    revision_tokens: int = 1200
    min_length_ratio: float = 0.2
    max_length_ratio: float = 3.0
    min_retention: float = 0.5
    risk_margin: float = 0.2
    on_failure: CriticFallback = "original"
    reviser: Reviser = "critic"
    evidence: EvidenceUse = "held"
    sample: float = 0.0
    canary_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """An ordered list of rules with what surrounds them. `digest` addresses its content.

    `mode`: `monitor` turns every enforced rule, `on_uncovered`, `media` and `on_unsupported_language`
    into monitored ones.
    `changes` says in words what was overridden in the policies it extends. `plans` is the compiled
    form that `rules.resolve` adds for speed; it carries no meaning of its own.
    """

    name: str
    version: str
    rules: tuple[Rule, ...]
    constitution: str = "default"
    replies: str = "default"
    critic: str = ""
    """Model name of the critic; empty: the upstream model of the exchange criticises itself; `embedded`: the
    classifier names the sentences, and no model is asked."""
    review: ReviewBudget = field(default_factory=ReviewBudget)
    speculative: bool = False
    on_uncovered: OnFailure = "flag"
    media: Mapping[str, OnFailure] = field(default_factory=dict)
    """Kind of part to its meaning, in place of `on_uncovered`; each `block` names the kind as category."""
    on_unsupported_language: OnFailure = "flag"
    block_style: BlockStyle = "auto"
    block_styles: Mapping[str, BlockStyle] = field(default_factory=dict)
    """Surface (`chat_completions`, `responses`, …) to the form of its blocked replies, in place of
    `block_style`."""
    profile: Profile = "openai"
    """Whose clients are served: `azure` speaks of blocks as Azure OpenAI's content filter does."""
    stream: StreamDelivery = "auto"
    benign_below: Mapping[str, Limit] = field(default_factory=dict)
    """Label to score (of the classifier `input`) under which the input counts as benign for suspected
    over-refusals; operating points become numbers in `rules.resolve`."""
    digest: str = ""
    mode: Mode = "enforce"
    changes: tuple[str, ...] = ()
    plans: Plans | None = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"
