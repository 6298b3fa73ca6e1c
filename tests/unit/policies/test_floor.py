"""The floor: a policy that holds it is at least as strict as the floor's hard rules, on every input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.classification import Classification, Conversation, Origin, Turn, Uncovered
from policies.floor import hard_rules, held
from policies.loader import load_bundle
from policies.policy import OnFailure, Policy, Rule
from policies.rules import judge, resolve
from policies.verdict import Action, Failure, Reading, Stage

LABELS = ("harm", "jailbreak")
POINTS = {"input": {label: {"flag": 0.3, "block": 0.5} for label in LABELS}}
ACTIONS = (Action.FLAG, Action.BLOCK)
said = st.sampled_from(get_args(OnFailure))


@st.composite
def rules_of(draw: st.DrawFn) -> tuple[Rule, ...]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        rule = Rule(
            f"r{number}",
            Stage.DURING_CALL,
            draw(st.sampled_from(ACTIONS)),
            (draw(st.sampled_from(LABELS)),),
            draw(st.sampled_from((0.2, 0.5, "block", "flag"))),
            on_failure=draw(said),
            mode=draw(st.sampled_from(("enforce", "monitor", "off"))),
            origins=draw(st.sampled_from(((Origin.USER,), (Origin.USER, Origin.TOOL)))),
        )
        found.append(rule)
    return tuple(found)


@st.composite
def policies(draw: st.DrawFn, name: str) -> Policy:
    mode = draw(st.sampled_from(("enforce", "monitor")))
    rules = draw(rules_of())
    if mode == "monitor":
        rules = tuple(rule for rule in rules if rule.mode != "enforce")
    media: dict[str, Any] = draw(st.dictionaries(st.sampled_from(("image", "audio")), said))
    more = {"on_uncovered": draw(said), "on_unsupported_language": draw(said), "media": media}
    return Policy(name, "1", rules, mode=mode, **more)


readings = st.lists(
    st.tuples(
        st.sampled_from((0.1, 0.4, 0.6)), st.sampled_from((0.1, 0.4, 0.6)), st.sampled_from(("", "xx"))
    ),
    max_size=2,
)
unread = st.lists(st.sampled_from(("image", "audio", "file")), max_size=2)


def _blocks(policy: Policy, given_: list[Any], kinds: list[str], failure: Failure | None) -> bool:
    origins = (Origin.USER, Origin.TOOL)
    turns = tuple(Turn("user", f"t{i}", origins[i]) for i in range(len(given_)))
    found = tuple(
        Reading(
            "input",
            turns[i].origin,
            Classification("m@1", "d", {"harm": harm, "jailbreak": jailbreak}, unsupported=language),
            i,
        )
        for i, (harm, jailbreak, language) in enumerate(given_)
    )
    conversation = Conversation(turns, tuple(Uncovered(kind, "p") for kind in kinds))
    verdict = judge(
        resolve(policy, POINTS), Stage.DURING_CALL, found, conversation=conversation, failure=failure
    )
    return verdict.action is Action.BLOCK


def _hard_part(policy: Policy) -> Policy:
    """The policy with nothing but what is hard in it."""
    soft: dict[str, Any] = {"on_uncovered": "allow", "on_unsupported_language": "allow"}
    if policy.mode == "enforce":
        soft = {
            name: value if (value := getattr(policy, name)) == "block" else "allow" for name in sorted(soft)
        }
        soft["media"] = {kind: value if value == "block" else "allow" for kind, value in policy.media.items()}
    return Policy(policy.name, "1", hard_rules(policy), mode=policy.mode, **soft)


@given(policies("own"), policies("floor"), readings, unread, st.sampled_from((None, Failure.TIMEOUT)))
def test_what_the_floor_blocks_stays_blocked(
    own: Policy, floor: Policy, given_: list[Any], kinds: list[str], failure: Failure | None
) -> None:
    """Tighten, never loosen: no input that the floor's hard part blocks gets past a policy that holds it."""
    if _blocks(_hard_part(floor), given_, kinds, failure):
        assert _blocks(held(own, floor), given_, kinds, failure)


@given(policies("own"), policies("floor"), readings, unread)
def test_what_the_policy_blocks_itself_stays_blocked(
    own: Policy, floor: Policy, given_: list[Any], kinds: list[str]
) -> None:
    if _blocks(own, given_, kinds, None):
        assert _blocks(held(own, floor), given_, kinds, None)


@given(policies("own"), policies("floor"), readings, unread)
def test_nothing_is_blocked_that_neither_of_them_blocks(
    own: Policy, floor: Policy, given_: list[Any], kinds: list[str]
) -> None:
    """A monitored policy that holds a floor enforces the floor and nothing of its own."""
    if _blocks(held(own, floor), given_, kinds, None):
        assert _blocks(own, given_, kinds, None) or _blocks(floor, given_, kinds, None)


def test_a_policy_that_lacks_nothing_is_left_as_it_is() -> None:
    strict = load_bundle("strict").policy
    assert held(strict, strict) is strict


def test_what_was_added_is_named_and_gives_another_digest() -> None:
    """A record that names the policy's digest tells a held policy from the one in the file."""
    monitor, default = load_bundle("monitor").policy, load_bundle("default").policy
    found = held(monitor, default)
    added = [rule.id for rule in found.rules[len(monitor.rules) :]]
    assert added == [f"default.{rule.id}" for rule in hard_rules(default)]
    assert added
    assert found.digest not in (monitor.digest, default.digest)
    assert f"holds {added[0]}" in found.changes


BASIS = Rule("a", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5, on_failure="flag", origins=(Origin.USER,))


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        ({"id": "other", "category": "x"}, True),
        ({"threshold": 0.4}, True),
        ({"threshold": 0.6}, False),
        ({"threshold": "block"}, False),
        ({"labels": ("jailbreak", "harm")}, True),
        ({"labels": ("jailbreak",)}, False),
        ({"origins": (Origin.USER, Origin.TOOL)}, True),
        ({"origins": (Origin.TOOL,)}, False),
        ({"on_failure": "block"}, True),
        ({"on_failure": "allow"}, False),
        ({"turns": "latest"}, False),
        ({"also": {"jailbreak": 0.1}}, False),
        ({"classifier": "other"}, False),
        ({"stage": Stage.PRE_CALL}, False),
        ({"mode": "monitor"}, False),
        ({"action": Action.FLAG}, False),
    ],
)
def test_a_rule_that_plainly_covers_a_hard_one_is_enough(changes: dict[str, Any], covers: bool) -> None:
    own, floor = Policy("own", "1", (replace(BASIS, **changes),)), Policy("floor", "1", (BASIS,))
    assert (held(own, floor) is own) == covers


def test_a_rule_on_some_kinds_of_parts_does_not_cover_one_on_all() -> None:
    every = Rule("p", Stage.DURING_CALL, Action.BLOCK, kind="uncovered")
    one = replace(every, labels=("image",))
    floor = Policy("floor", "1", (every,), on_uncovered="allow")
    assert len(held(Policy("own", "1", (one,)), floor).rules) == 2
    assert len(held(Policy("own", "1", (every,)), replace(floor, rules=(one,))).rules) == 1


FLAGGING = Rule("soft", Stage.DURING_CALL, Action.FLAG, ("harm",), 0.2)
WAITING = Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, when_flagged=True)


@pytest.mark.parametrize(
    ("own", "waits"),
    [
        ((), False),
        ((replace(FLAGGING, threshold=0.3),), False),
        ((replace(FLAGGING, mode="off"),), False),
        ((replace(FLAGGING, threshold=0.1, mode="monitor"),), True),
        ((FLAGGING,), True),
    ],
)
def test_a_rule_that_waits_for_a_flag_waits_only_where_as_much_is_flagged(
    own: tuple[Rule, ...], waits: bool
) -> None:
    """Else a policy that flags less would quietly put a hard rule on the output to sleep."""
    found = held(Policy("own", "1", own), Policy("floor", "1", (FLAGGING, WAITING)))
    (added,) = [rule for rule in found.rules if rule.id == "floor.out"]
    assert added.when_flagged == waits


def test_parts_that_the_floor_flags_and_the_policy_does_not_wake_its_rules_too() -> None:
    floor = Policy("floor", "1", (WAITING,), on_uncovered="flag")
    found = held(Policy("own", "1", (WAITING,), on_uncovered="allow"), floor)
    assert [rule.when_flagged for rule in found.rules] == [True, False]
