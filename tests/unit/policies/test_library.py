"""The shipped policies, constitutions and canned replies keep what the reference says of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from classifiers.classification import Origin
from policies import loader
from policies.categories import CATEGORIES, HAZARDS
from policies.constitution import compile_constitution
from policies.loader import library_names, load_bundle, load_constitution, schema_files
from policies.policy import Policy
from policies.rules import judge
from policies.verdict import Action, Stage
from tests.kits.policy_kit import (
    MODEL,
    OPERATOR,
    TOOL,
    USER,
    PolicyKit,
    Row,
    reading,
    rule_answer,
    rule_input,
    shipped,
    talk,
)

ALLOW, FLAGGED, REVIEW, BLOCKED = Action.ALLOW, Action.FLAG, Action.REVIEW, Action.BLOCK
COMPLETE = (
    *("children", "confucian-daoist", "creative-writing", "default", "health-information"),
    *("security-research", "strict", "support-desk", "western-liberal"),
)
"""Shipped constitutions that stand by themselves."""
LANGUAGES = ("en", "de", "es", "fr")


class TestDefault(PolicyKit):
    name = "default"
    table = (
        Row("an ordinary question", ALLOW, turns=((USER, {}),)),
        Row("just under every limit", ALLOW, turns=((USER, {"harm": 0.399, "vcr": 0.899}),)),
        Row("harm is blocked", BLOCKED, "harm", "input-harm", turns=((USER, {"harm": 0.9}),)),
        Row(
            "harm takes the likeliest hazard as its category",
            BLOCKED,
            "ncr",
            "input-harm",
            turns=((USER, {"harm": 0.95, "ncr": 0.8, "vcr": 0.6}),),
        ),
        Row("a hazard alone is flagged", FLAGGED, "vcr", "input-sensitive", turns=((USER, {"vcr": 0.99}),)),
        Row(
            "a hazard that looks harmful too is blocked",
            BLOCKED,
            "iwp",
            "input-hazard",
            turns=((USER, {"iwp": 0.92, "harm": 0.4}),),
        ),
        Row("distress gets support", BLOCKED, "ssh", "input-self-harm", turns=((USER, {"ssh": 0.93}),)),
        Row(
            "child safety needs less harm",
            BLOCKED,
            "cse",
            "input-child-safety",
            turns=((USER, {"cse": 0.95, "harm": 0.5}),),
        ),
        Row(
            "an attack is called one, whatever hazards rise with it",
            BLOCKED,
            "jailbreak",
            "input-jailbreak",
            turns=((USER, {"jailbreak": 0.97, "cse": 0.95, "ssh": 0.95, "harm": 0.95}),),
        ),
        Row(
            "advice is flagged, not blocked",
            FLAGGED,
            "spc",
            "input-sensitive",
            turns=((USER, {"spc": 0.99, "harm": 0.39}),),
        ),
        Row("sexual content is flagged", FLAGGED, "sxc", "input-sensitive", turns=((USER, {"sxc": 0.99}),)),
        Row("jailbreak", BLOCKED, "jailbreak", "input-jailbreak", turns=((USER, {"jailbreak": 0.95}),)),
        Row(
            "injection by a tool result",
            BLOCKED,
            "prompt_injection",
            "tool-injection",
            turns=((USER, {}), (MODEL, {}), (TOOL, {"prompt_injection": 0.97})),
        ),
        Row(
            "a violent web page is no block",
            FLAGGED,
            "harm",
            "context-suspicious",
            turns=((USER, {}), (TOOL, {"harm": 0.99})),
        ),
        Row(
            "the operator's own words are flagged at most",
            FLAGGED,
            "jailbreak",
            "context-suspicious",
            turns=((OPERATOR, {"jailbreak": 0.99}), (USER, {})),
        ),
        Row(
            "an assistant turn is flagged at most",
            FLAGGED,
            "harm",
            "context-suspicious",
            turns=((USER, {}), (MODEL, {"harm": 0.99}), (USER, {})),
        ),
        Row(
            "an answered turn counts like a new one",
            BLOCKED,
            "harm",
            "input-harm",
            turns=((USER, {"harm": 0.99}), (MODEL, {}), (USER, {})),
        ),
        Row(
            "a prefilled answer hides nothing",
            BLOCKED,
            "harm",
            "input-harm",
            turns=((USER, {"harm": 0.99}), (MODEL, {})),
        ),
        Row(
            "what only turns read together say is flagged",
            FLAGGED,
            "harm",
            "conversation-suspicious",
            turns=((USER, {}), (Origin.CONVERSATION, {"harm": 0.99}), (USER, {})),
        ),
        Row("an image is flagged", FLAGGED, "uncovered", "on_uncovered", ((USER, {}),), uncovered=("image",)),
        Row("a harmless answer", ALLOW, answer={"harm_delivered": 0.1}, flagged=True),
        Row(
            "a harmful answer to an ordinary question",
            FLAGGED,
            "output",
            "output-suspicious",
            answer={"harm_delivered": 0.9},
        ),
        Row(
            "a harmful answer to a flagged question",
            BLOCKED,
            "output",
            "output-harm",
            answer={"harm_delivered": 0.9},
            flagged=True,
        ),
        Row(
            "an insulting answer to a flagged question",
            REVIEW,
            "output",
            "output-review",
            answer={"toxic_reply": 0.95},
            flagged=True,
        ),
        Row("a doubtful answer to an ordinary question", ALLOW, answer={"harm_delivered": 0.6}),
        Row(
            "a doubtful answer to a flagged question",
            REVIEW,
            "output",
            "output-review",
            answer={"harm_delivered": 0.6},
            flagged=True,
        ),
    )


class TestMonitor(PolicyKit):
    name = "monitor"
    table = (
        Row("ordinary", ALLOW, turns=((USER, {}),), would=ALLOW),
        Row("harm is only noted", ALLOW, "harm", "input-harm", ((USER, {"harm": 0.95}),), would=BLOCKED),
        Row(
            "an image is only noted",
            ALLOW,
            "uncovered",
            "on_uncovered",
            ((USER, {}),),
            uncovered=("image",),
            would=FLAGGED,
        ),
        Row(
            "an answer too",
            ALLOW,
            "output",
            "output-harm",
            answer={"harm_delivered": 0.95},
            flagged=True,
            would=BLOCKED,
        ),
    )

    def test_nothing_is_enforced_and_nothing_is_added_to_the_request(self) -> None:
        """So the upstream gets a JSON-equal body and the client the upstream's bytes."""
        bundle = load_bundle("monitor")
        assert all(rule.mode == "monitor" for rule in bundle.policy.rules)
        assert bundle.policy.mode == "monitor"
        assert (bundle.constitution.text, bundle.constitution.tokens) == ("", 0)

    def test_it_watches_the_rules_of_the_default_policy(self) -> None:
        """Numbers seen in monitor mode are those of the policy that will be enforced."""
        watched = {name: _watched(load_bundle(name).policy) for name in ("default", "monitor")}
        assert watched["monitor"] == watched["default"]


def _watched(policy: Policy) -> dict[str, tuple[object, ...]]:
    return {rule.id: (rule.stage, rule.labels, rule.threshold, rule.action) for rule in policy.rules}


class TestStrict(PolicyKit):
    name = "strict"
    table = (
        Row("ordinary", ALLOW, turns=((OPERATOR, {}), (USER, {}))),
        Row(
            "history counts",
            BLOCKED,
            "harm",
            "input-harm",
            turns=((USER, {"harm": 0.99}), (MODEL, {}), (USER, {})),
        ),
        Row(
            "turns read together may block",
            BLOCKED,
            "harm",
            "conversation-suspicious",
            turns=((USER, {}), (Origin.CONVERSATION, {"harm": 0.99}), (USER, {})),
        ),
        Row(
            "the operator is judged",
            BLOCKED,
            "harm",
            "input-harm",
            turns=((OPERATOR, {"harm": 0.99}), (USER, {})),
        ),
        Row(
            "unseen parts are blocked",
            BLOCKED,
            "uncovered",
            "on_uncovered",
            ((USER, {}),),
            uncovered=("audio",),
        ),
        Row("doubtful answers", REVIEW, "output", "output-review", answer={"harm_delivered": 0.5}),
    )

    def test_it_fails_closed_everywhere(self) -> None:
        """No guard may be missing, and the upstream is not called before the input is ruled on."""
        policy = load_bundle("strict").policy
        assert {rule.on_failure for rule in policy.rules} == {"block"}
        assert not policy.speculative
        assert policy.review.on_failure == "canned"
        assert not any("loosened" in change for change in policy.changes)


@pytest.mark.parametrize(
    ("name", "action", "would"),
    [("default", FLAGGED, FLAGGED), ("monitor", ALLOW, FLAGGED), ("strict", BLOCKED, BLOCKED)],
)
@pytest.mark.parametrize("stage", [Stage.DURING_CALL, Stage.POST_CALL])
def test_a_language_that_is_not_read_is_no_pass(
    name: str, action: Action, would: Action, stage: Stage
) -> None:
    """Neither in a request nor in an answer, under any shipped policy."""
    classifier, origin = ("exchange", MODEL) if stage is Stage.POST_CALL else ("input", USER)
    readings = (reading({}, origin, classifier=classifier, unsupported="zh"),)
    verdict = judge(shipped(name), stage, readings, conversation=talk(USER), text="an answer")
    assert (verdict.action, verdict.would, verdict.category) == (action, would, "unsupported_language")


def test_the_library_holds_what_the_reference_names() -> None:
    """Names of the shipped files."""
    assert library_names() == ("default", "embedded", "monitor", "strict")
    assert set(library_names("constitutions")) == {*COMPLETE, "none", "platform"}
    assert library_names("replies") == ("default",)


@pytest.mark.parametrize("name", library_names())
def test_every_category_of_a_shipped_policy_has_a_text_in_every_language(name: str) -> None:
    """Whatever blocks, the client gets words about it in its own language."""
    bundle = load_bundle(name)
    for language in LANGUAGES:
        missing = _categories(bundle.policy) - bundle.replies.texts[language].keys()
        assert not missing, language


def _categories(policy: Policy) -> set[str]:
    named = {name for rule in policy.rules for name in (rule.category, *rule.labels)}
    return (named | set(CATEGORIES)) - {"", "auto", "harm_delivered", "toxic_reply"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_canned_reply_is_short_offers_something_and_carries_the_decision(language: str) -> None:
    """Under 500 characters, the decision once, no placeholder left, not in shouting letters."""
    replies = load_bundle("default").replies
    for category in replies.texts[language]:
        said = replies.text(category, language, "gh-abc")
        assert said.count("gh-abc") == 1, category
        assert "{" not in said, category
        assert len(said) <= 500, category
        assert len(set(replies.texts[language].values())) == len(replies.texts[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_distress_is_met_with_support_and_known_numbers_only(language: str) -> None:
    """112 and 988 hold for a whole region; no other number is named."""
    text = load_bundle("default").replies.text("ssh", language, "gh-x")
    assert re.findall(r"\d+", text) == ["112", "988"]


def test_the_default_constitution_is_small_and_its_digest_is_stable() -> None:
    """A change of wording is a change of version: update the digest here together with it."""
    constitution = load_bundle("default").constitution
    assert 400 <= constitution.tokens <= 600
    assert 8 <= len(constitution.principles) <= 12
    assert constitution.principles[0].authority == "hard"
    assert constitution.digest == "sha256:716302028cb25d206b199dbe9bcbd69d86c04200f6e593a924fe95c1a7a45082"


@pytest.mark.parametrize("name", COMPLETE)
def test_every_shipped_constitution_is_small_in_every_mode_and_has_the_common_limits(name: str) -> None:
    """400 to 600 tokens; whatever a sibling values besides, the platform's hard clauses come first."""
    constitution = load_constitution(name)
    common = [each for each in load_constitution("platform").principles if each.authority == "hard"]
    for mode in ("regular", *constitution.modes):
        compiled = compile_constitution(constitution, mode)
        assert 400 <= compiled.tokens <= 600, mode
        assert compiled.priority[: len(common)] == tuple(each.id for each in common)
    assert set(constitution.modes) == {"fun", "formal"}
    assert constitution.summary


@pytest.mark.parametrize("name", COMPLETE)
def test_every_clause_has_examples_both_ways_and_an_opposite(name: str) -> None:
    """So that it can be shown to matter: two rules and two exchanges at least."""
    constitution = load_constitution(name)
    toned = (each for mode in constitution.modes.values() for each in mode)
    for clause in (*constitution.principles, *toned):
        assert {example.verdict for example in clause.examples} == {"keep", "break"}, clause.id
        assert clause.bite is not None, clause.id


@pytest.mark.parametrize("name", COMPLETE)
def test_every_clause_says_how_a_draft_is_held_to_it(name: str, tmp_path: Path) -> None:
    """Limit or behaviour, critique and revision request, and hazards that exist."""
    path = tmp_path / "p.yaml"
    path.write_text(f"name: p\nversion: '1'\nconstitution: {name}\n")
    for principle in load_bundle(str(path)).constitution.principles:
        assert principle.critique, principle.id
        assert principle.revision, principle.id
        assert set(principle.categories) <= set(CATEGORIES), principle.id


def test_the_default_constitution_speaks_to_every_hazard() -> None:
    """Each hazard has a clause that a critic can cite."""
    covered = {name for p in load_bundle("default").constitution.principles for name in p.categories}
    assert set(HAZARDS) <= covered


def test_shipped_schemas_are_current() -> None:
    """Regenerate: for each item of loader.schema_files() write it to policies/library/schema."""
    folder = loader.SHIPPED / "schema"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == schema_files()


def test_a_default_block_needs_the_users_words_or_a_tool_result() -> None:
    """Nothing that the application or the model wrote blocks by itself."""
    policy = load_bundle("default").policy
    for rule in policy.rules:
        if rule.action is Action.BLOCK and rule.stage is not Stage.POST_CALL:
            assert set(rule.origins) <= {USER, TOOL}, rule.id


def test_verdicts_of_the_default_policy_name_labels_that_were_over() -> None:
    """`flagged` lists them all, the deciding rule's first."""
    policy = shipped("default")
    verdict = rule_input(policy, (USER, {"harm": 0.95, "jailbreak": 0.5, "spc": 0.95}))
    assert verdict.flagged == ("harm", "jailbreak", "spc")
    assert rule_answer(policy, {"harm_delivered": 0.95}).flagged == ("harm_delivered",)
