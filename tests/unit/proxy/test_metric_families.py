"""Families: names as Prometheus wants them, few series, and every enumeration of the house in them."""

from __future__ import annotations

import re

from classifiers.classification import Conversation
from gatehouse.raised_codes import raised_codes
from policies.loader import load_bundle
from proxy.metric_families import CODES, SERIES, Vocabulary, make_clocks, make_counters, vocabulary_of
from proxy.watched_families import WATCHED, watched_series


def test_all_series_there_can_ever_be_are_within_the_budget() -> None:
    """Label products times buckets stay within it, with the shipped policies serving together."""
    bundles = [load_bundle(name) for name in ("default", "strict", "monitor")]
    words = vocabulary_of(bundles, ("harm", "harm_delivered"))
    shown = sum(sum(1 for _ in tally.samples()) for tally in make_counters(words).all())
    clocks = make_clocks(words).all()
    shown += sum(clock.most_series() for clock in clocks)
    shown += watched_series()
    assert shown < SERIES == 5_000


def test_names_follow_the_rules() -> None:
    """Prefix, base units, no `_total` twice, and a sentence of help."""
    words = Vocabulary()
    families = [*make_counters(words).all(), *make_clocks(words).all()]
    for family in families:
        assert re.fullmatch(r"gatehouse_[a-z_]+", family.name)
        assert not family.name.endswith("_total")
        assert family.about.endswith(".")
        assert len(family.labels) <= 4
    for watched in WATCHED:
        assert watched.name.endswith("_total") == (watched.kind == "counter")


def test_the_words_of_policies_and_models_are_labels() -> None:
    """A category of a serving policy and a label of a loaded model are not `other`."""
    words = vocabulary_of([load_bundle("default")], ("something_new",))
    assert words.policies == ("default",)
    assert "something_new" in words.labels
    assert "something_new" in words.categories
    assert {"cse", "ssh", "guard_unavailable", "uncovered"} <= set(words.categories)
    assert "auto" not in words.categories


INSIDE = {
    *("content_policy_violation", "deadline_exceeded", "unsupported_input", "upstream_cut_off"),
    *("upstream_error", "upstream_invalid", "upstream_timeout", "upstream_unreachable"),
}
"""Codes that only an exchange ends with."""


def test_the_codes_that_refuse_a_request_are_those_that_are_raised() -> None:
    """A new error code has to be added to the list, and one that nothing raises leaves it."""
    assert {each.code for each in raised_codes()} == {*CODES, *INSIDE}


def test_kinds_of_uncovered_parts_are_those_of_the_conversation() -> None:
    """What surfaces list as uncovered is countable by kind."""
    assert {"image", "audio", "file", "too_long"} <= set(Vocabulary().kinds)
    assert Conversation(()).uncovered == ()
