"""Kinds of rules, and the judgement of a whole policy. Adding a kind is one function here.

A kind looks at the facts of a stage and says what its rule found: hits (measured, or matched) and gaps
(a guard that did not measure). `judge` weighs the findings of all rules: the worst action wins, what
was measured goes before what was not, and of equals the first rule in the policy's order decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from classifiers.classification import Conversation, Origin
from classifiers.normalize import normalize
from policies.categories import likeliest
from policies.claims import Claim, Finding, weigh
from policies.patterns import PatternError, compile_pattern
from policies.plan import Plan, Plans, gates_of
from policies.policy import Policy, PolicyError, Rule
from policies.thresholds import Manifests, Points
from policies.verdict import ALLOWED, Action, Failure, Reading, Stage, Verdict

_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules of one stage look at.

    `readings`: those in which a score rule may find something. `text`: the answer at `post_call`.
    `latest`: number of the first turn that was not answered yet. `unread`: classifier to the origins of
    texts that it did not read, for the reason `failure`. `uncovered`: kinds of what nothing read.
    `unsupported`: readings of texts in a language that their classifier was not trained on.
    """

    stage: Stage
    readings: Sequence[Reading]
    conversation: Conversation
    text: str
    latest: int
    unread: Mapping[str, frozenset[Origin]]
    failure: Failure
    uncovered: tuple[str, ...]
    unsupported: Sequence[Reading]
    patterns: Mapping[str, tuple[re.Pattern[str], ...]]

    @property
    def answer(self) -> bool:
        """The answer is judged, not the request."""
        return self.stage is Stage.POST_CALL

    def concern(self, rule: Rule, origin: Origin, index: int) -> bool:
        """Whether a text is one that the rule looks at."""
        if self.answer:
            return True
        return origin in rule.origins and (rule.turns == "all" or index < 0 or index >= self.latest)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule. `wakes_on`: what must be there for it to find anything (for speed only)."""

    find: Callable[[Rule, Facts], Iterator[Finding]]
    wakes_on: Literal["scores", "parts", "text"]
    check: Callable[[Rule], Iterator[str]]
    story: str


def _find_score(rule: Rule, facts: Facts) -> Iterator[Finding]:
    best: tuple[float, str, float, Reading] | None = None
    over: list[str] = []
    gap = facts.failure if _lacks(rule, facts) else None
    for reading in facts.readings:
        if reading.classifier != rule.classifier or not facts.concern(rule, reading.origin, reading.index):
            continue
        scores = reading.classification.scores
        if rule.also_limits and not all(_reaches(scores, *limit) for limit in rule.also_limits):
            continue
        for label, limit in rule.limits:
            score = scores.get(label, _NAN)
            if score >= limit:
                over.append(label)
                if best is None or score > best[0]:
                    best = (score, label, limit, reading)
            elif score != score:  # noqa: PLR0124 - only NaN differs from itself
                gap = Failure.ERROR
    if best is not None:
        yield _hit(rule, *best, tuple(dict.fromkeys(over)))
    if gap is not None:
        reason = f"{rule.classifier} gave no measurement: {gap}"
        yield Finding("guard_unavailable", reason, failure=gap)


def _reaches(scores: Mapping[str, float], label: str, limit: float) -> bool:
    """At or over the limit; a label that was not measured holds nobody back."""
    return not scores.get(label, _NAN) < limit


def _hit(
    rule: Rule, score: float, label: str, limit: float, reading: Reading, over: tuple[str, ...]
) -> Finding:
    category = rule.category or label
    if category == "auto":
        category = likeliest(reading.classification.scores) or label
    reason = f"{rule.classifier} {label} {score:.3f} at or over {limit:.3f}"
    return Finding(category, reason, score, limit, reading.index, over)


def _lacks(rule: Rule, facts: Facts) -> bool:
    """The rule's classifier did not read all that the rule judges."""
    missing = facts.unread.get(rule.classifier)
    return missing is not None and (facts.answer or not missing.isdisjoint(rule.origins))


def _check_score(rule: Rule) -> Iterator[str]:
    if not rule.labels:
        yield "labels: a score rule needs at least one label"
    if rule.patterns:
        yield "patterns: only phrase rules have patterns"


def _find_phrase(rule: Rule, facts: Facts) -> Iterator[Finding]:
    patterns = facts.patterns[rule.id]
    for index, text in _texts(rule, facts):
        readings = dict.fromkeys((text, *normalize(text).readings))
        for number, pattern in enumerate(patterns, 1):
            if any(pattern.search(reading) is not None for reading in readings):
                category = rule.category if rule.category not in ("", "auto") else "default"
                where = "the answer" if facts.answer else f"turn {index}"
                reason = f"pattern {number} matches in {where}"
                yield Finding(category, reason, index=index, labels=rule.labels)
                return


def _texts(rule: Rule, facts: Facts) -> Iterator[tuple[int, str]]:
    if facts.answer:
        yield 0, facts.text
        return
    for index, turn in enumerate(facts.conversation.turns):
        if facts.concern(rule, turn.origin, index):
            yield index, turn.text


def _check_phrase(rule: Rule) -> Iterator[str]:
    if not rule.patterns:
        yield "patterns: a phrase rule needs at least one pattern"
    for number, pattern in enumerate(rule.patterns):
        try:
            compile_pattern(pattern)
        except PatternError as error:
            yield f"patterns[{number}]: {error}"
    if rule.also:
        yield "also: only score rules have further labels"


def _find_uncovered(rule: Rule, facts: Facts) -> Iterator[Finding]:
    kinds = [kind for kind in facts.uncovered if not rule.labels or kind in rule.labels]
    if kinds:
        category = rule.category if rule.category not in ("", "auto") else "uncovered"
        yield Finding(category, f"no guard reads: {', '.join(kinds)}", index=-1, labels=tuple(kinds))


def _uncovered(
    stage: Stage, readings: Sequence[Reading], conversation: Conversation, unread: Sequence[str]
) -> tuple[str, ...]:
    """Kinds of what no classifier read, each once; a text read in part is `too_long`."""
    kinds = list(unread) if stage is Stage.POST_CALL else [part.kind for part in conversation.uncovered]
    for reading in readings:
        if reading.classification.coverage < 1.0:
            kinds.append("too_long")
            break
    return tuple(dict.fromkeys(kinds)) if kinds else ()


def _check_uncovered(rule: Rule) -> Iterator[str]:
    if rule.patterns or rule.also:
        yield "kind: an uncovered rule has neither patterns nor further labels"


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "score": Kind(
            _find_score, "scores", _check_score, "a label of a classifier is at or over its threshold"
        ),
        "phrase": Kind(_find_phrase, "text", _check_phrase, "a pattern matches a text or the answer"),
        "uncovered": Kind(_find_uncovered, "parts", _check_uncovered, "a part is there that no guard reads"),
    }
)
"""Every kind of rule by name."""


def judge(
    policy: Policy,
    stage: Stage,
    readings: Sequence[Reading],
    *,
    conversation: Conversation,
    text: str = "",
    failure: Failure | None = None,
    flagged: bool = False,
    unseen: Sequence[str] = (),
) -> Verdict:
    """The verdict of a stage.

    `text`: the answer under judgement at `post_call`. `failure`: why the screening gave less than all
    measurements. `flagged`: the input was flagged, so rules with `when_flagged` take part. Monitored
    rules count in `would` only. `unseen`: kinds of parts of the answer that hold no text. There must be a
    reading for every turn that is not blank, of every classifier and origin in `reads`; what is missing
    counts as a failure, never as passed.

    Raises:
        PolicyError: the policy was not resolved and cannot be judged as it stands.
    """
    plan = (policy.plans or compile_plans(policy)).of(stage, flagged=flagged)
    loud = plan.loud(readings)
    unread = plan.unread(readings, conversation, text)
    uncovered = _uncovered(stage, readings, conversation, unseen)
    unsupported = [reading for reading in readings if reading.classification.unsupported]
    calm = not (loud or unread or uncovered or unsupported or failure)
    if calm and not plan.restless:
        return ALLOWED
    facts = Facts(
        stage=stage,
        readings=loud,
        conversation=conversation,
        text=text,
        latest=_latest(conversation),
        unread=unread,
        failure=failure or Failure.NOT_RUN,
        uncovered=uncovered,
        unsupported=unsupported,
        patterns=plan.patterns,
    )
    claims = _found(policy, plan.restless if calm else plan.rules, facts)
    if failure is not None and all(claim.finding.failure is None for claim in claims):
        claims.extend(_unplaced(plan.rules, failure))
    return weigh(claims)


def _found(policy: Policy, rules: Sequence[Rule], facts: Facts) -> list[Claim]:
    """All that rules and policy claim, in the policy's order."""
    claims: list[Claim] = []
    for rule in rules:
        for finding in KINDS[rule.kind].find(rule, facts):
            action = rule.action if finding.failure is None else Action(rule.on_failure)
            claims.append(Claim(action, rule.mode == "enforce", rule.id, finding))
    claims.extend(_unseen(policy, facts.uncovered))
    if policy.on_unsupported_language != "allow":
        claims.extend(_in_other_languages(policy, facts))
    return claims


def _unseen(policy: Policy, kinds: Sequence[str]) -> Iterator[Claim]:
    """What a policy claims of parts that nothing reads: kind by kind where it names them, else together."""
    enforced = policy.mode == "enforce"
    for kind in kinds:
        if (said := policy.media.get(kind, "allow")) != "allow":
            yield Claim(Action(said), enforced, "media", Finding(kind, f"no guard reads: {kind}", index=-1))
    others = [kind for kind in kinds if kind not in policy.media]
    if others and policy.on_uncovered != "allow":
        finding = Finding("uncovered", f"no guard reads: {', '.join(others)}", index=-1)
        yield Claim(Action(policy.on_uncovered), enforced, "on_uncovered", finding)


def _in_other_languages(policy: Policy, facts: Facts) -> Iterator[Claim]:
    """What a policy claims of texts that their classifier cannot judge; the application's own are flagged
    at most."""
    for reading in facts.unsupported:
        ours = reading.origin is Origin.OPERATOR
        action = Action.FLAG if ours else Action(policy.on_unsupported_language)
        reason = f"{reading.classifier} does not read {reading.classification.unsupported}"
        finding = Finding("unsupported_language", reason, index=reading.index)
        yield Claim(action, policy.mode == "enforce", "on_unsupported_language", finding)


def _unplaced(rules: Sequence[Rule], failure: Failure) -> Iterator[Claim]:
    """A failure that left no gap to see: every rule that reads a classifier is taken to be affected."""
    for rule in rules:
        if KINDS[rule.kind].wakes_on == "scores":
            finding = Finding("guard_unavailable", f"screening failed: {failure}", failure=failure)
            yield Claim(Action(rule.on_failure), rule.mode == "enforce", rule.id, finding)


def _latest(conversation: Conversation) -> int:
    """First turn after the model turn that precedes the last user turn.

    A model turn at the very end (a prefilled answer) therefore hides nothing.
    """
    turns = conversation.turns
    asked = next((i for i in range(len(turns) - 1, -1, -1) if turns[i].origin is Origin.USER), len(turns) - 1)
    return next((i + 1 for i in range(asked, -1, -1) if turns[i].origin is Origin.MODEL), 0)


def live(policy: Policy, stage: Stage, *, flagged: bool = True) -> tuple[Rule, ...]:
    """Rules of a stage that are not off; without `flagged`, without those that wait for a flag."""
    return tuple(
        rule
        for rule in policy.rules
        if rule.stage is stage and rule.mode != "off" and (flagged or not rule.when_flagged)
    )


def reads(policy: Policy, stage: Stage, *, flagged: bool = True) -> dict[str, frozenset[Origin]]:
    """Classifier to the origins whose turns it must read at a stage, so that rules can be judged."""
    wanted: dict[str, frozenset[Origin]] = {}
    for rule in live(policy, stage, flagged=flagged):
        if KINDS[rule.kind].wakes_on == "scores":
            wanted[rule.classifier] = wanted.get(rule.classifier, frozenset()) | frozenset(rule.origins)
    return wanted


def reads_at(policy: Policy, stage: Stage) -> Mapping[str, frozenset[Origin]]:
    """`reads` of a policy, from its compiled plans where it has them."""
    return policy.plans.of(stage, flagged=True).reads if policy.plans is not None else reads(policy, stage)


def needs(policy: Policy, stage: Stage, *, flagged: bool = True) -> tuple[str, ...]:
    """Names of the classifiers that rules of this stage (mode not off) read."""
    return tuple(reads(policy, stage, flagged=flagged))


def resolve(
    policy: Policy,
    thresholds: Mapping[str, Points],
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
) -> Policy:
    """The policy with named operating points replaced: classifier -> label -> point -> score.

    `labels`: all labels of each classifier, where some have no operating points. The result carries
    the compiled plans that make `judge` fast. Rules with mode `off` stay as they are.

    Raises:
        PolicyError: every unknown classifier, label and operating point, with the choices there are.
    """
    manifests = Manifests(thresholds, labels or {})
    rules = tuple(
        manifests.rule(rule) if rule.mode != "off" and KINDS[rule.kind].wakes_on == "scores" else rule
        for rule in policy.rules
    )
    benign = manifests.limits("benign_below", "input", policy.benign_below)
    if manifests.problems:
        raise PolicyError(manifests.problems)
    resolved = replace(policy, rules=rules, benign_below=dict(benign))
    return replace(resolved, plans=compile_plans(resolved))


def compile_plans(policy: Policy) -> Plans:
    """The compiled form of a policy whose thresholds are numbers.

    Raises:
        PolicyError: a threshold is still a name.
    """
    ready = replace(policy, rules=tuple(_with_limits(rule) for rule in policy.rules))
    return Plans(
        full={stage: _plan(ready, stage, flagged=True) for stage in Stage},
        calm={stage: _plan(ready, stage, flagged=False) for stage in Stage},
    )


def _with_limits(rule: Rule) -> Rule:
    if rule.mode == "off" or rule.limits or KINDS[rule.kind].wakes_on != "scores":
        return rule
    limits = dict.fromkeys(rule.labels, rule.threshold)
    if any(isinstance(limit, str) for limit in (*limits.values(), *rule.also.values())) or not limits:
        raise PolicyError([f"rule {rule.id}: thresholds are not resolved; call rules.resolve first"])
    return replace(
        rule,
        limits=tuple((label, float(limit)) for label, limit in limits.items()),
        also_limits=tuple((label, float(limit)) for label, limit in rule.also.items()),
    )


def _plan(policy: Policy, stage: Stage, *, flagged: bool) -> Plan:
    rules = live(policy, stage, flagged=flagged)
    answer = stage is Stage.POST_CALL
    return Plan(
        answer=answer,
        rules=rules,
        restless=tuple(rule for rule in rules if KINDS[rule.kind].wakes_on == "text"),
        gates=gates_of((rule for rule in rules if rule.limits), answer=answer),
        reads=reads(policy, stage, flagged=flagged),
        patterns={rule.id: tuple(map(compile_pattern, rule.patterns)) for rule in rules if rule.patterns},
    )
