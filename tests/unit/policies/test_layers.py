"""From documents to layers."""

from __future__ import annotations

from policies.clause_checks import ClauseCheck
from policies.constitution import Example, ExchangeTest
from policies.documents import ConstitutionDocument
from policies.layers import layer_of, parents_of, repeated
from policies.scope import Scope

CLAUSE = {
    "id": "a",
    "limit": "Never.",
    "definitions": {"term": "meaning"},
    "examples": [{"request": "q", "reply": "r", "verdict": "keep"}],
    "checks": [{"kind": "max_length", "words": 9}],
    "adds": {"critique": "And?"},
}
DOCUMENT = ConstitutionDocument.model_validate(
    {
        "name": "c",
        "version": "1.2.3",
        "extends": "platform",
        "level": "route",
        "principles": [CLAUSE],
        "remove": ["b"],
        "scope": {"topics_out": ["law"]},
        "modes": {"fun": {"principles": [{"id": "tone", "behaviour": "Joke."}]}},
        "budgets": {"prompt": 300},
        "tests": [{"request": "q", "reply": "r", "breaks": ["a"]}],
    }
)


def test_a_layer_holds_only_what_was_stated() -> None:
    """So that an absent key inherits."""
    layer = layer_of(DOCUMENT, "c.yaml", lambda path: f"at {path[-1]}", ["p.yaml"])
    statement = layer.statements[0]
    assert statement.values == {
        "limit": "Never.",
        "definitions": (("term", "meaning"),),
        "examples": (Example("q", "r", "keep"),),
        "checks": (ClauseCheck("max_length", words=9),),
    }
    assert (statement.adds, statement.place, layer.removes) == ({"critique": "And?"}, "at 0", {"b": "at 0"})
    assert (layer.level, layer.ancestors, layer.budgets) == ("route", {"p.yaml"}, {"prompt": 300})
    assert layer.scope == Scope(topics_out=("law",))
    assert layer.modes["fun"][0].values == {"behaviour": "Joke."}
    assert layer.tests == (ExchangeTest("q", "r", ("a",)),)


def test_a_file_extends_none_one_or_several() -> None:
    """As a name or a list of names."""
    assert parents_of(DOCUMENT) == ["platform"]
    assert parents_of(DOCUMENT.model_copy(update={"extends": ["a", "b"]})) == ["a", "b"]
    assert parents_of(DOCUMENT.model_copy(update={"extends": None})) == []


def test_an_id_that_stands_twice_is_found_in_modes_too() -> None:
    """A finding must point to one clause."""
    twice = {"principles": [{"id": "t"}, {"id": "t"}]}
    document = ConstitutionDocument.model_validate(
        {"name": "c", "version": "1", **twice, "modes": {"m": twice}}
    )
    assert list(repeated(document)) == [
        (("principles", 1, "id"), "t"),
        (("modes", "m", "principles", 1, "id"), "t"),
    ]
