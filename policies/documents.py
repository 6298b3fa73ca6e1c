"""The files as validating models: policies, constitutions and canned replies, and their JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    WithJsonSchema,
)

from classifiers.classification import Origin
from policies.patterns import compile_pattern
from policies.policy import (
    BlockStyle,
    CriticFallback,
    EvidenceUse,
    Mode,
    OnFailure,
    Profile,
    Reviser,
    StreamDelivery,
    Turns,
)
from policies.refusal_calibration import MAX_BIAS, FittedOn
from policies.verdict import Action, Stage


def _as_off(value: object) -> object:
    """JSON files and editors write the YAML 1.1 reading of `off`."""
    return "off" if value is False else value


def _bounded(pattern: str) -> str:
    compile_pattern(pattern)
    return pattern


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Text = Annotated[str, Field(max_length=4000)]
Score = Annotated[float, Field(ge=0.0, le=1.0, strict=True)]
Threshold = Score | Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
RuleMode = Annotated[
    Mode, BeforeValidator(_as_off), WithJsonSchema({"enum": ["enforce", "monitor", "off", False]})
]
RuleAction = Literal[Action.FLAG, Action.REVIEW, Action.BLOCK]
Bias = Annotated[float, Field(ge=-MAX_BIAS, le=MAX_BIAS, strict=True)]
Count = Annotated[int, Field(ge=1, strict=True)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
ModelPattern = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^*\n]*\*?$")]
Version = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")]


class Document(BaseModel):
    """Unknown keys are errors; YAML's scalars are taken as they are, without guessing."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RuleDocument(Document):
    """One rule. In a policy that extends another, a known id overrides the keys it states."""

    id: Name = Field(description="Name of the rule; appears in verdicts, records and metrics.")
    kind: str | None = Field(None, description="score (default), phrase or uncovered.")
    stage: Stage | None = Field(None, description="When it runs. Required.")
    action: RuleAction | None = Field(None, description="What it asks for. Required. review: post_call only.")
    classifier: Name | None = Field(None, description="Classifier that a score rule reads.")
    labels: list[Annotated[str, Field(min_length=1)]] | None = Field(
        None, description="Labels of the classifier; for uncovered rules the kinds of parts (none: all)."
    )
    threshold: Threshold | None = Field(
        None, description="Calibrated score in [0, 1], or an operating point of the model (flag, block)."
    )
    also: dict[str, Threshold] | None = Field(
        None, description="Further labels that must reach their own limit in the same text."
    )
    origins: Annotated[list[Origin], Field(min_length=1)] | None = Field(
        None, description="Whose texts it looks at (input stages): operator, user, tool, model."
    )
    turns: Turns | None = Field(None, description="latest leaves out turns that were answered already.")
    category: str | None = Field(
        None, description="Canned reply; empty: the label; auto: likeliest hazard or attack."
    )
    patterns: Annotated[list[str], Field(max_length=200)] | None = Field(
        None, description="Regular expressions with bounded repeats, case ignored (phrase rules)."
    )
    when_flagged: bool | None = Field(None, description="Runs only when the input was flagged (post_call).")
    on_failure: OnFailure | None = Field(None, description="Meaning of a guard that did not measure.")
    mode: RuleMode | None = Field(None, description="enforce, monitor (recorded only) or off.")
    deadline_ms: Annotated[int, Field(ge=1, le=120_000)] | None = Field(
        None, description="Milliseconds its guard may take."
    )


class ReviewDocument(Document):
    """Bounds of critique and revision."""

    rounds: Annotated[int, Field(ge=0, le=3)] | None = None
    deadline_ms: Annotated[int, Field(ge=1, le=600_000)] | None = None
    critique_tokens: Annotated[int, Field(ge=50, le=4000)] | None = None
    revision_tokens: Annotated[int, Field(ge=50, le=32_000)] | None = None
    min_length_ratio: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    max_length_ratio: Annotated[float, Field(ge=1.0, le=20.0)] | None = None
    min_retention: Score | None = None
    risk_margin: Score | None = None
    on_failure: CriticFallback | None = None
    reviser: Reviser | None = None
    evidence: Annotated[EvidenceUse, BeforeValidator(_as_off)] | None = None
    sample: Score | None = None
    canary_share: Score | None = None


class MediaDocument(Document):
    """Meaning of parts that no guard reads, by kind; a kind that is not named follows on_uncovered."""

    image: OnFailure | None = None
    audio: OnFailure | None = None
    video: OnFailure | None = None
    file: OnFailure | None = None


class PolicyDocument(Document):
    """A policy file."""

    name: Name = Field(description="Name of the policy; appears in records and headers.")
    version: Version = Field(description="Version, in quotes.")
    extends: str | None = Field(None, description="Policy it starts from: a name, or a path from this file.")
    mode: Literal["enforce", "monitor"] | None = Field(
        None, description="monitor: nothing is enforced, everything is recorded."
    )
    constitution: str | None = Field(None, description="Constitution: a name or a path.")
    replies: str | None = Field(None, description="Canned replies: a name or a path.")
    critic: str | None = Field(
        None, description="Model that criticises; empty: the exchange's own model; embedded: no model at all."
    )
    review: ReviewDocument | None = None
    speculative: bool | None = Field(None, description="Call the upstream while the input is screened.")
    on_uncovered: OnFailure | None = Field(None, description="Meaning of a part that no guard can read.")
    media: MediaDocument | None = Field(
        None, description="Meaning of images, audio, video and files, each in place of on_uncovered."
    )
    on_unsupported_language: OnFailure | None = Field(
        None, description="Meaning of a text in a language that a classifier was not trained on."
    )
    block_style: BlockStyle | None = Field(None, description="Form of a blocked reply.")
    block_styles: dict[Name, BlockStyle] | None = Field(
        None, description="Form of a blocked reply on one surface (chat_completions, responses, ...)."
    )
    profile: Profile | None = Field(
        None, description="azure: blocks and annotations as Azure OpenAI's content filter has them."
    )
    stream: StreamDelivery | None = Field(None, description="How streams are released.")
    benign_below: dict[str, Threshold] | None = Field(
        None, description="Input labels and the score under which a request counts as benign."
    )
    rules: list[RuleDocument] = Field(default_factory=list)


Authority = Literal["hard", "default", "style"]
Severity = Annotated[int, Field(ge=1, le=3, strict=True)]
Patterns = Annotated[list[Annotated[str, AfterValidator(_bounded)]], Field(min_length=1, max_length=50)]
Words = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=100)
]
Topics = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=30)]
SemanticVersion = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){0,2}(-[0-9A-Za-z.-]{1,20})?$")
]
LocaleTexts = dict[
    Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")], Annotated[Text, Field(min_length=1)]
]


class CheckDocument(Document):
    """What every deterministic check has."""

    when: list[Annotated[str, AfterValidator(_bounded)]] = Field(
        default_factory=list, description="Bounded expressions of which one must match the request."
    )
    reason: Annotated[str, Field(max_length=300)] = ""
    severity: Severity = 2


class PatternCheckDocument(CheckDocument):
    """Expressions that a reply must not match."""

    kind: Literal["pattern"]
    patterns: Patterns


class MustMentionDocument(CheckDocument):
    """Phrases of which a reply must hold one."""

    kind: Literal["must_mention"]
    phrases: Words


class MaxLengthDocument(CheckDocument):
    """Most words of a reply."""

    kind: Literal["max_length"]
    words: Count


class LinkAllowListDocument(CheckDocument):
    """Hosts that a reply may link to, with what lies below them."""

    kind: Literal["link_allow_list"]
    hosts: list[Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")]]


class ExampleDocument(Document):
    """An exchange, and what the clause says of its reply."""

    request: Annotated[Text, Field(min_length=1)]
    reply: Annotated[Text, Field(min_length=1)]
    verdict: Literal["keep", "break"]


class BiteDocument(Document):
    """How a clause is shown to matter."""

    opposite: Annotated[Text, Field(min_length=1)] = Field(description="The rule turned round.")
    act: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="What examples do or leave out, in words of the clause; `|` parts alternatives."
    )
    done_in: Literal["keep", "break"] = Field("break", description="The examples that do it.")


class AddsDocument(Document):
    """Words added to the inherited texts of a clause: the only way to word a hard clause further."""

    behaviour: Text | None = None
    limit: Text | None = None
    critique: Text | None = None
    revision: Text | None = None


class PrincipleDocument(Document):
    """One clause. In a file that extends others, a known id states only what it changes."""

    id: Name
    title: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    behaviour: Annotated[Text, Field(min_length=1)] | None = Field(None, description="What is wanted.")
    limit: Text | None = Field(None, description="One explicit limit.")
    authority: Authority | None = None
    critique: Text | None = Field(None, description="What a critic asks of a draft.")
    revision: Text | None = Field(None, description="How a draft is mended.")
    categories: list[str] | None = Field(None, description="Hazards that the clause speaks to.")
    definitions: dict[Annotated[str, Field(min_length=1, max_length=80)], Text] | None = None
    examples: list[ExampleDocument] | None = None
    canned: LocaleTexts | None = Field(None, description="Said in place of a reply that broke it.")
    safe_partial: LocaleTexts | None = Field(None, description="Said in place of the part that broke it.")
    checks: (
        list[
            Annotated[
                PatternCheckDocument | MustMentionDocument | MaxLengthDocument | LinkAllowListDocument,
                Field(discriminator="kind"),
            ]
        ]
        | None
    ) = Field(None, description="Checks that need no model.")
    conflicts_with: list[Name] | None = Field(None, description="Clauses it cannot stand beside as equal.")
    bite: BiteDocument | None = Field(None, description="Its opposite, for the bite test.")
    adds: AddsDocument | None = None


class ScopeDocument(Document):
    """What the assistant is for; becomes a clause with the id `scope`."""

    topics_in: Topics = Field(default_factory=list, description="Topics it takes up; none: all.")
    topics_out: Topics = Field(default_factory=list, description="Topics it does not take up.")
    sources: Topics = Field(default_factory=list, description="Sources that answers may rest on.")
    examples: list[ExampleDocument] = Field(default_factory=list)
    bite: BiteDocument | None = None


class ModeDocument(Document):
    """A tone: style clauses that are added, or stand in place of those of the same id."""

    principles: Annotated[list[PrincipleDocument], Field(min_length=1)]


class BudgetsDocument(Document):
    """Most tokens (estimated) of the clauses by phase."""

    prompt: Count | None = Field(None, description="Of the compiled text; default 600.")
    critique: Count | None = Field(None, description="Of the clauses as a critic reads them; default 2000.")
    revision: Count | None = Field(None, description="Of the clauses as a reviser reads them; default 2000.")


class ExchangeTestDocument(Document):
    """An exchange, and the clauses that its reply breaks."""

    request: Annotated[Text, Field(min_length=1)]
    reply: Annotated[Text, Field(min_length=1)]
    breaks: list[Name] = Field(default_factory=list)
    does: list[str] = Field(default_factory=list, description="Acts of the reply, for the scripted critic.")
    omits: list[str] = Field(default_factory=list, description="Acts that the reply leaves out.")


class ConstitutionDocument(Document):
    """A constitution file."""

    name: Name
    version: SemanticVersion
    summary: Annotated[str, Field(max_length=300)] = Field("", description="For whom, and to what end.")
    level: Literal["platform", "organisation", "tenant", "route"] = Field(
        "tenant", description="Who speaks; a more special level may extend a more general one."
    )
    extends: list[str] | str | None = Field(
        None, description="Constitutions it starts from: names, or paths from this file."
    )
    preamble: Text | None = None
    principles: list[PrincipleDocument] = Field(default_factory=list)
    remove: list[Name] = Field(default_factory=list, description="Inherited clauses to drop; no hard ones.")
    scope: ScopeDocument | None = None
    modes: dict[Name, ModeDocument] = Field(default_factory=dict)
    budgets: BudgetsDocument | None = None
    tests: list[ExchangeTestDocument] = Field(default_factory=list)


class LanguageDocument(Document):
    """Texts of one language. `closing` is added to every text that has no `{decision}` of its own.

    `partials`: safe-partial replies by clause or category, given in place of a draft that was reviewed and
    cannot stay. `left_out`: what stands where the embedded reviser left something out.
    """

    closing: Text = ""
    left_out: Annotated[str, Field(max_length=200)] = ""
    texts: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Annotated[Text, Field(min_length=1)]]
    partials: dict[Name, Annotated[Text, Field(min_length=1)]] = Field(default_factory=dict)


class RepliesDocument(Document):
    """A file of canned replies."""

    name: Name
    version: Version
    languages: dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")], LanguageDocument]


class RefusalCalibrationDocument(Document):
    """Biases of the refusal classes for the models of one pattern, and where they come from."""

    comply: Bias = 0.0
    partial: Bias = 0.0
    refuse: Bias = 0.0
    unable: Bias = 0.0
    n: Count
    date: Day
    fitted_on: FittedOn
    classifier: str = ""


REFUSAL_CALIBRATIONS = TypeAdapter(dict[ModelPattern, RefusalCalibrationDocument])
"""A file of refusal calibrations: model name, or the start of one and `*`, to its entry."""

DOCUMENTS: Mapping[str, type[Document]] = {
    "policies": PolicyDocument,
    "constitutions": ConstitutionDocument,
    "replies": RepliesDocument,
}
"""Kind of file (and folder of the library) to its model."""


def json_schema(kind: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a kind of file: `policies`, `constitutions` or `replies`."""
    schema = DOCUMENTS[kind].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
