"""What is said in place of a draft that was withheld."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from policies.constitution import CompiledConstitution, Principle
from policies.replies import CannedReplies
from policies.stand_ins import StandIn, stand_in

CLAUSES = (
    Principle("first", "F", "Be first.", canned=(("en", "first canned"), ("de", "erstens"))),
    Principle(
        "second",
        "S",
        "Be second.",
        canned=(("en", "second canned {decision}"),),
        safe_partial=(("en", "second part"), ("de-at", "Teil, Oida")),
    ),
    Principle("silent", "Q", "Say nothing."),
)
CONSTITUTION = CompiledConstitution("c", "1", "sha256:c", "", 0, CLAUSES)
REPLIES = CannedReplies(
    "r",
    "1",
    {"en": {"default": "no", "ncr": "no crime"}, "de": {"default": "nein"}, "fr": {"default": "non"}},
    partials={"en": {"silent": "silent part", "hte": "hate part"}, "de": {"second": "zweiter Teil"}},
    closings={"en": "({decision})", "de": "", "fr": ""},
)


def said(cited: Collection[str], language: str = "en", category: str = "ncr") -> StandIn:
    return stand_in(CONSTITUTION, REPLIES, cited, category=category, language=language, decision="gh-1")


def test_the_clause_s_own_words_go_before_the_policy_s() -> None:
    """They name the decision like any canned reply."""
    assert said({"first"}) == StandIn("canned", "first canned (gh-1)")
    assert said({"second"}) == StandIn("safe_partial", "second part (gh-1)")


def test_of_several_clauses_the_one_that_decides_first_speaks() -> None:
    """In whatever order they were cited."""
    assert said(["second", "first"]) == said({"first"})
    assert said({"silent", "second"}) == said({"second"})


def test_a_clause_without_words_leaves_them_to_the_policy() -> None:
    """Its safe-partial reply for the clause or the category, else the canned one."""
    assert said({"silent"}) == StandIn("safe_partial", "silent part (gh-1)")
    assert said((), category="hte") == StandIn("safe_partial", "hate part (gh-1)")
    assert said({"unheard-of"}) == StandIn("canned", "no crime (gh-1)")


@pytest.mark.parametrize(
    ("language", "cited", "text"),
    [
        ("de-AT", "first", "erstens"),
        ("de_at", "second", "Teil, Oida"),
        ("de", "second", "zweiter Teil"),
        ("fr-CA", "second", "non"),
        ("xx", "second", "second part (gh-1)"),
    ],
)
def test_the_client_s_language_goes_before_the_clause(language: str, cited: str, text: str) -> None:
    """A clause that does not speak it leaves the word to the policy that does; last comes English."""
    assert said({cited}, language).text == text


def test_where_nothing_can_be_said_the_reply_is_empty() -> None:
    """Never an exception on the way to a client."""
    nothing = CannedReplies("r", "1", {})
    assert stand_in(CONSTITUTION, nothing, (), category="", language="", decision="gh-1") == StandIn(
        "canned", ""
    )
