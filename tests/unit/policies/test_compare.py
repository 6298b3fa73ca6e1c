"""Comparing policies over records."""

from __future__ import annotations

from dataclasses import replace

from policies.compare import Recorded, compare
from policies.policy import Policy, Rule
from policies.verdict import Action, Stage
from tests.kits.policy_kit import MODEL, reading, resolved, shipped

DEFAULT = shipped("default")


def record(name: str, **scores: float) -> Recorded:
    return Recorded(name, Stage.DURING_CALL, (reading(scores),))


RECORDS = (
    record("calm"),
    record("harm", harm=0.92),
    record("harder", harm=0.97),
    record("ssh", ssh=0.95),
    Recorded(
        "answer",
        Stage.POST_CALL,
        (reading({"harm_delivered": 0.6}, MODEL, classifier="exchange"),),
        flagged=True,
    ),
)


def changed(rule_id: str, **more: object) -> Policy:
    rules = tuple(replace(rule, **more) if rule.id == rule_id else rule for rule in DEFAULT.rules)  # type: ignore[arg-type]
    return resolved(replace(DEFAULT, rules=rules, plans=None))


def test_the_same_policy_flips_nothing() -> None:
    """However many records."""
    result = compare(DEFAULT, DEFAULT, RECORDS)
    assert (result.total, result.flips) == (5, ())


def test_flips_are_listed_by_the_rule_that_decides() -> None:
    """A higher threshold lets one record through to the flag below."""
    result = compare(DEFAULT, changed("input-harm", threshold=0.95), RECORDS)
    assert [(flip.id, flip.before, flip.after, flip.rule) for flip in result.flips] == [
        ("harm", Action.BLOCK, Action.FLAG, "input-harm")
    ]
    assert list(result.by_rule()) == ["input-harm"]


def test_a_stricter_policy_shows_as_such() -> None:
    """The new rule is named."""
    result = compare(changed("output-review", mode="off"), DEFAULT, RECORDS)
    flips = [(flip.id, flip.before, flip.after, flip.rule) for flip in result.flips]
    assert flips == [("answer", Action.ALLOW, Action.REVIEW, "output-review")]


def test_monitored_rules_count_when_asked_for() -> None:
    """To see what enforcing would do."""
    monitored = changed("input-self-harm", mode="monitor")
    assert len(compare(DEFAULT, monitored, RECORDS).flips) == 1
    assert compare(DEFAULT, monitored, RECORDS, enforced=False).flips == ()


def test_rules_that_content_free_records_cannot_show_are_named() -> None:
    """No flip is no proof for them."""
    phrase = Rule("secret", Stage.PRE_CALL, Action.BLOCK, kind="phrase", patterns=("bluebird",))
    other = resolved(replace(DEFAULT, rules=(*DEFAULT.rules, phrase), plans=None))
    assert compare(DEFAULT, other, RECORDS).unseen == ("secret",)


def test_a_flip_by_language_names_the_policy_s_key() -> None:
    """Records tell which languages a stricter policy would stop."""
    lenient, strict = (
        resolved(Policy("p", "1", (), on_unsupported_language=what)) for what in ("flag", "block")
    )
    records = [
        Recorded(str(n), Stage.DURING_CALL, (reading({}, unsupported=tag),))
        for n, tag in enumerate(("", "de"))
    ]
    result = compare(lenient, strict, records)
    assert [(flip.id, flip.after, flip.rule) for flip in result.flips] == [
        ("1", Action.BLOCK, "on_unsupported_language")
    ]
