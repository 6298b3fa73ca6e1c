"""Kinds of rules, and judging."""

from __future__ import annotations

from dataclasses import replace

import pytest

from classifiers.classification import Classification, Conversation, Origin, Turn
from policies.policy import Policy, PolicyError, Rule
from policies.rules import KINDS, judge, needs, reads, resolve
from policies.verdict import ALLOWED, Action, Failure, Reading, Stage, Verdict
from tests.kits.policy_kit import (
    MODEL,
    OPERATOR,
    THRESHOLDS,
    TOOL,
    USER,
    read_all,
    reading,
    rule_answer,
    rule_input,
    shipped,
    talk,
)

HARM = Rule("harm", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.8, category="harm")


def policy(*rules: Rule, **more: object) -> Policy:
    return resolve(Policy("p", "1", rules, **more), THRESHOLDS)  # type: ignore[arg-type]


class TestScore:
    def test_at_the_threshold_counts(self) -> None:
        """And just under it does not."""
        assert rule_input(policy(HARM), (USER, {"harm": 0.8})).action is Action.BLOCK
        assert rule_input(policy(HARM), (USER, {"harm": 0.7999})) is ALLOWED

    def test_the_verdict_tells_score_threshold_and_turn_but_no_text(self) -> None:
        """Enough to tune a rule, nothing of what was said."""
        verdict = rule_input(policy(HARM), (USER, {}), (USER, {"harm": 0.9}))
        assert (verdict.score, verdict.threshold, verdict.index) == (0.9, 0.8, 1)
        assert verdict.reason == "input harm 0.900 at or over 0.800"

    def test_only_its_origins_are_read(self) -> None:
        """A rule about users says nothing about tools."""
        mine = policy(replace(HARM, origins=(USER,)))
        assert rule_input(mine, (TOOL, {"harm": 0.99}), (USER, {})) is ALLOWED

    def test_further_labels_must_be_there_too(self) -> None:
        """`also` needs both in the same text."""
        mine = policy(replace(HARM, labels=("vcr",), also={"harm": 0.5}))
        assert rule_input(mine, (USER, {"vcr": 0.9, "harm": 0.5})).action is Action.BLOCK
        assert rule_input(mine, (USER, {"vcr": 0.9, "harm": 0.4})) is ALLOWED
        assert rule_input(mine, (USER, {"vcr": 0.9}), (USER, {"harm": 0.9})) is ALLOWED

    @pytest.mark.parametrize(
        ("origins", "bad", "action"),
        [
            ((USER,), 0, Action.BLOCK),
            ((USER, MODEL, USER), 0, Action.ALLOW),
            ((USER, MODEL, USER), 2, Action.BLOCK),
            ((USER, MODEL), 0, Action.BLOCK),
            ((OPERATOR, USER, MODEL, TOOL), 3, Action.BLOCK),
            ((USER, MODEL, USER, MODEL, TOOL), 2, Action.BLOCK),
        ],
    )
    def test_latest_turns_are_those_not_answered_yet(
        self, origins: tuple[object, ...], bad: int, action: Action
    ) -> None:
        """Tool results of a running task belong to it; a prefilled answer ends nothing."""
        mine = policy(replace(HARM, turns="latest"))
        conversation = talk(*origins)  # type: ignore[arg-type]
        readings = read_all(conversation, {bad: {"harm": 0.9}})
        assert judge(mine, Stage.DURING_CALL, readings, conversation=conversation).action is action

    def test_a_reading_of_the_whole_conversation_is_always_latest(self) -> None:
        """Index -1 stands for all turns together."""
        mine = policy(replace(HARM, turns="latest"))
        conversation = talk(USER, MODEL, USER)
        readings = (*read_all(conversation), reading({"harm": 0.9}, USER, -1))
        assert judge(mine, Stage.DURING_CALL, readings, conversation=conversation).action is Action.BLOCK

    def test_auto_takes_the_likeliest_hazard_and_empty_the_label(self) -> None:
        """The category decides which words the client gets."""
        scores = {"harm": 0.9, "ncr": 0.6}
        assert rule_input(policy(replace(HARM, category="auto")), (USER, scores)).category == "ncr"
        assert rule_input(policy(replace(HARM, category="")), (USER, scores)).category == "harm"
        assert rule_input(policy(replace(HARM, category="auto")), (USER, {"harm": 0.9})).category == "harm"

    def test_a_label_that_the_reading_lacks_is_a_failure(self) -> None:
        """A model that does not know the label has not passed the text."""
        bare = Reading("input", USER, Classification("m", "d", {"jailbreak": 0.1}))
        verdict = judge(policy(HARM), Stage.DURING_CALL, [bare], conversation=talk(USER))
        assert (verdict.action, verdict.failure) == (Action.BLOCK, Failure.ERROR)

    def test_nan_is_a_failure(self) -> None:
        """Not a number is not a low number."""
        verdict = rule_input(policy(HARM), (USER, {"harm": float("nan")}))
        assert (verdict.action, verdict.failure) == (Action.BLOCK, Failure.ERROR)


class TestPhrase:
    SECRET = Rule(
        "secret",
        Stage.PRE_CALL,
        Action.BLOCK,
        kind="phrase",
        category="prv",
        patterns=(r"\bAKIA[0-9A-Z]{16}\b", "project bluebird"),
    )

    def judge(self, text: str) -> Verdict:
        conversation = Conversation((Turn("user", text, USER),))
        return judge(policy(self.SECRET), Stage.PRE_CALL, (), conversation=conversation)

    def test_a_match_blocks_and_tells_which_pattern_without_the_text(self) -> None:
        """Numbers, not words."""
        verdict = self.judge("our Project Bluebird starts")
        assert (verdict.action, verdict.category, verdict.score) == (Action.BLOCK, "prv", None)
        assert verdict.reason == "pattern 2 matches in turn 0"

    def test_no_match_is_allowed_and_needs_no_classifier(self) -> None:
        """Phrase rules measure nothing."""
        assert self.judge("nothing of the kind") is ALLOWED
        assert needs(policy(self.SECRET), Stage.PRE_CALL) == ()

    def test_hidden_characters_do_not_hide_a_phrase(self) -> None:
        """What is searched is the text and its normalised copy."""
        assert self.judge("project blue\u200bbird").action is Action.BLOCK

    def test_at_post_call_the_answer_is_searched(self) -> None:
        """And the request is not."""
        mine = policy(replace(self.SECRET, stage=Stage.POST_CALL))
        asked = Conversation((Turn("user", "project bluebird?", USER),))
        verdict = judge(mine, Stage.POST_CALL, (), conversation=asked, text="I know nothing")
        assert verdict is ALLOWED
        verdict = judge(mine, Stage.POST_CALL, (), conversation=asked, text="Project Bluebird is late")
        assert verdict.reason == "pattern 2 matches in the answer"


class TestUncovered:
    def test_kinds_may_be_named(self) -> None:
        """A rule about audio does not mind images."""
        rule = Rule("no-audio", Stage.DURING_CALL, Action.BLOCK, ("audio",), kind="uncovered")
        mine = policy(rule, on_uncovered="allow")
        assert rule_input(mine, (USER, {}), uncovered=["image"]) is ALLOWED
        verdict = rule_input(mine, (USER, {}), uncovered=["image", "audio"])
        assert (verdict.action, verdict.category, verdict.flagged) == (Action.BLOCK, "uncovered", ("audio",))

    @pytest.mark.parametrize("what", ["allow", "flag", "block"])
    def test_the_policy_says_what_unread_parts_mean(self, what: str) -> None:
        """With no rule about them."""
        verdict = rule_input(policy(HARM, on_uncovered=what), (USER, {}), uncovered=["file"])
        assert verdict.action == what

    def test_a_text_read_in_part_is_uncovered(self) -> None:
        """Truncation never passes for reading."""
        half = (reading({}, coverage=0.5),)
        verdict = judge(policy(HARM, on_uncovered="block"), Stage.DURING_CALL, half, conversation=talk(USER))
        assert (verdict.action, verdict.reason) == (Action.BLOCK, "no guard reads: too_long")

    @pytest.mark.parametrize("what", ["allow", "flag", "block"])
    def test_a_policy_may_speak_of_each_kind_by_itself(self, what: str) -> None:
        """What it says of a kind goes before `on_uncovered`, which holds for the rest."""
        mine = policy(HARM, on_uncovered="flag", media={"image": what})
        verdict = rule_input(mine, (USER, {}), uncovered=["image"])
        assert (verdict.action, verdict.category) == (what, "" if what == "allow" else "image")
        both = rule_input(mine, (USER, {}), uncovered=["image", "file"])
        assert both.action == ("flag" if what == "allow" else what)

    def test_a_kind_that_is_allowed_opens_no_door_for_another(self) -> None:
        """Nor for text that was not read in full."""
        mine = policy(HARM, on_uncovered="block", media={"image": "allow"})
        assert rule_input(mine, (USER, {}), uncovered=["image"]).action is Action.ALLOW
        assert rule_input(mine, (USER, {}), uncovered=["image", "audio"]).action is Action.BLOCK
        half = (reading({}, coverage=0.5),)
        talked = talk(USER, uncovered=["image"])
        assert judge(mine, Stage.DURING_CALL, half, conversation=talked).action is Action.BLOCK

    def test_in_monitor_mode_media_are_watched_and_pass(self) -> None:
        """As every other word of such a policy."""
        mine = policy(HARM, media={"image": "block"}, mode="monitor")
        verdict = rule_input(mine, (USER, {}), uncovered=["image"])
        assert (verdict.action, verdict.would) == (Action.ALLOW, Action.BLOCK)

    def test_an_unread_part_is_no_fault_of_any_one_turn(self) -> None:
        """Its verdict points at none of them."""
        assert rule_input(policy(HARM, on_uncovered="block"), (USER, {}), uncovered=["file"]).index == -1

    def test_parts_of_the_request_do_not_count_against_the_answer(self) -> None:
        """They were ruled on before the call."""
        mine = policy(HARM, on_uncovered="block")
        asked = talk(USER, uncovered=["image"])
        assert judge(mine, Stage.POST_CALL, (), conversation=asked, text="hello") is ALLOWED


class TestUnsupportedLanguage:
    ASKED = talk(USER)

    @pytest.mark.parametrize("what", ["allow", "flag", "block"])
    def test_the_policy_says_what_a_language_that_is_not_read_means(self, what: str) -> None:
        """With its low scores it never passes for harmless by itself."""
        mine = policy(HARM, on_unsupported_language=what)
        readings = (reading({}, unsupported="zh"),)
        verdict = judge(mine, Stage.DURING_CALL, readings, conversation=self.ASKED)
        assert verdict.action == what

    def test_the_verdict_names_category_classifier_language_and_turn(self) -> None:
        """And the policy's key in place of a rule."""
        conversation = talk(USER, MODEL, USER)
        readings = (*read_all(conversation)[:2], reading({}, index=2, unsupported="de"))
        mine = policy(HARM, on_unsupported_language="block")
        verdict = judge(mine, Stage.DURING_CALL, readings, conversation=conversation)
        assert (verdict.category, verdict.rule) == ("unsupported_language", "on_unsupported_language")
        assert (verdict.reason, verdict.index) == ("input does not read de", 2)
        assert (verdict.score, verdict.failure) == (None, None)

    def test_the_application_s_own_words_are_flagged_at_most(self) -> None:
        """A system prompt in another language is the operator's choice."""
        conversation = talk(OPERATOR, USER)
        readings = (reading({}, OPERATOR, 0, unsupported="fr"), reading({}, USER, 1))
        mine = policy(HARM, on_unsupported_language="block")
        verdict = judge(mine, Stage.DURING_CALL, readings, conversation=conversation)
        assert (verdict.action, verdict.index) == (Action.FLAG, 0)

    @pytest.mark.parametrize("origin", [USER, TOOL, MODEL])
    def test_all_other_texts_count_in_full(self, origin: Origin) -> None:
        """Tool results and history can carry harm as well."""
        mine = policy(HARM, on_unsupported_language="block")
        readings = (reading({}, origin, unsupported="fr"),)
        verdict = judge(mine, Stage.DURING_CALL, readings, conversation=talk(origin))
        assert verdict.action is Action.BLOCK

    def test_the_answer_is_held_to_it_too(self) -> None:
        """Whatever language the request was in."""
        mine = policy(HARM, on_unsupported_language="block")
        answer = (reading({}, MODEL, classifier="exchange", unsupported="ru"),)
        verdict = judge(mine, Stage.POST_CALL, answer, conversation=self.ASKED, text="нет")
        assert (verdict.action, verdict.reason) == (Action.BLOCK, "exchange does not read ru")

    def test_harm_that_was_measured_names_the_decision(self) -> None:
        """Of two blocks the rule's goes first."""
        mine = policy(HARM, on_unsupported_language="block")
        readings = (reading({"harm": 0.95}, unsupported="de"),)
        verdict = judge(mine, Stage.DURING_CALL, readings, conversation=self.ASKED)
        assert verdict.category == "harm"

    def test_in_monitor_mode_it_only_counts(self) -> None:
        """In `would`, with the key named."""
        mine = policy(HARM, on_unsupported_language="block", mode="monitor")
        readings = (reading({}, unsupported="de"),)
        verdict = judge(mine, Stage.DURING_CALL, readings, conversation=self.ASKED)
        assert (verdict.action, verdict.would) == (Action.ALLOW, Action.BLOCK)
        assert verdict.would_rule == "on_unsupported_language"


class TestFailures:
    @pytest.mark.parametrize(
        ("on_failure", "action", "category"),
        [
            ("block", Action.BLOCK, "guard_unavailable"),
            ("flag", Action.FLAG, "guard_unavailable"),
            ("allow", Action.ALLOW, "guard_unavailable"),
        ],
    )
    def test_the_rule_says_what_a_missing_measurement_means(
        self, on_failure: str, action: Action, category: str
    ) -> None:
        """The failure is told in every case."""
        mine = policy(replace(HARM, on_failure=on_failure))  # type: ignore[arg-type]
        verdict = judge(mine, Stage.DURING_CALL, (), conversation=talk(USER), failure=Failure.TIMEOUT)
        assert (verdict.action, verdict.category, verdict.failure) == (action, category, Failure.TIMEOUT)

    def test_one_unread_turn_among_many_is_a_failure(self) -> None:
        """Every turn of the rule's origins must have been read."""
        conversation = talk(USER, MODEL, USER)
        readings = read_all(conversation)[:2]
        verdict = judge(policy(HARM), Stage.DURING_CALL, readings, conversation=conversation)
        assert (verdict.action, verdict.failure) == (Action.BLOCK, Failure.NOT_RUN)

    def test_only_rules_whose_texts_went_unread_are_affected(self) -> None:
        """An unread tool result does not fail a rule about users."""
        about_users = replace(HARM, origins=(USER,))
        about_tools = replace(HARM, id="tools", origins=(TOOL,), on_failure="flag")
        conversation = talk(USER, TOOL)
        readings = read_all(conversation)[:1]
        mine = policy(about_users, about_tools)
        verdict = judge(mine, Stage.DURING_CALL, readings, conversation=conversation)
        assert (verdict.action, verdict.rule) == (Action.FLAG, "tools")

    def test_a_measured_block_stands_beside_a_failure(self) -> None:
        """Harm that was seen is answered as harm."""
        conversation = talk(USER, USER)
        readings = read_all(conversation, {0: {"harm": 0.9}})[:1]
        verdict = judge(policy(HARM), Stage.DURING_CALL, readings, conversation=conversation)
        assert (verdict.category, verdict.failure) == ("harm", Failure.NOT_RUN)

    def test_an_unread_answer_is_a_failure_and_an_empty_one_is_none(self) -> None:
        """Nothing was said, so nothing needs reading."""
        mine = policy(Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm_delivered",), classifier="exchange"))
        verdict = judge(mine, Stage.POST_CALL, (), conversation=talk(USER), text="hello")
        assert (verdict.action, verdict.failure) == (Action.BLOCK, Failure.NOT_RUN)
        assert judge(mine, Stage.POST_CALL, (), conversation=talk(USER), text="") is ALLOWED

    def test_off_rules_need_nothing(self) -> None:
        """Neither readings nor thresholds that exist."""
        mine = policy(replace(HARM, mode="off", labels=("unknown",), threshold="nowhere"))
        assert judge(mine, Stage.DURING_CALL, (), conversation=talk(USER)) is ALLOWED
        assert needs(mine, Stage.DURING_CALL) == ()


def test_rules_that_wait_for_a_flag_run_only_then() -> None:
    """And their classifier is needed only then."""
    answer = Rule("late", Stage.POST_CALL, Action.REVIEW, ("harm_delivered",), 0.5, classifier="exchange")
    mine = policy(replace(answer, when_flagged=True))
    assert rule_answer(mine, {"harm_delivered": 0.9}) is ALLOWED
    assert rule_answer(mine, {"harm_delivered": 0.9}, flagged=True).action is Action.REVIEW
    assert needs(mine, Stage.POST_CALL) == ("exchange",)
    assert needs(mine, Stage.POST_CALL, flagged=False) == ()


def test_a_stage_knows_what_must_be_read() -> None:
    """Classifier to origins, over all its rules."""
    mine = policy(replace(HARM, origins=(USER,)), replace(HARM, id="t", origins=(TOOL,), mode="monitor"))
    assert reads(mine, Stage.DURING_CALL) == {"input": frozenset({USER, TOOL})}
    assert reads(mine, Stage.POST_CALL) == {}


def test_resolving_replaces_names_by_numbers_everywhere() -> None:
    """In rules and in what counts as benign."""
    mine = policy(replace(HARM, threshold="block"), benign_below={"harm": "flag", "jailbreak": 0.2})
    assert mine.rules[0].limits == (("harm", 0.9),)
    assert mine.rules[0].threshold == "block"
    assert mine.benign_below == {"harm": 0.4, "jailbreak": 0.2}


def test_resolving_tells_all_problems_at_once() -> None:
    """Rules and benign limits."""
    wrong = (replace(HARM, labels=("harms",)), replace(HARM, id="b", threshold="x"))
    with pytest.raises(PolicyError) as caught:
        policy(*wrong, benign_below={"y": 0.1})
    assert len(caught.value.problems) == 3


def test_a_policy_with_names_for_thresholds_cannot_be_judged() -> None:
    """It would otherwise pass everything."""
    unresolved = Policy("p", "1", (replace(HARM, threshold="block"),))
    with pytest.raises(PolicyError, match="not resolved"):
        judge(unresolved, Stage.DURING_CALL, (), conversation=talk(USER))


def test_every_kind_has_a_story() -> None:
    """The reference is written from it."""
    assert set(KINDS) == {"score", "phrase", "uncovered"}
    assert all(kind.story for kind in KINDS.values())


def test_the_common_verdict_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six quiet readings under the default policy: no rule is evaluated, none is even looked up."""

    def refuse(*_: object) -> None:
        raise AssertionError("a rule was evaluated")

    mine = shipped("default")
    conversation = talk(OPERATOR, USER, MODEL, USER, MODEL, USER)
    readings = read_all(conversation)
    monkeypatch.setattr("policies.rules._found", refuse)
    assert judge(mine, Stage.DURING_CALL, readings, conversation=conversation) is ALLOWED
    with pytest.raises(AssertionError, match="was evaluated"):
        judge(mine, Stage.DURING_CALL, readings[1:], conversation=conversation)
