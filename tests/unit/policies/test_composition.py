"""Composition: a child tightens, and nothing hard is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.composition import CompositionError, Layer, Statement, compose
from policies.constitution import Constitution, Principle, compile_constitution
from policies.scope import Scope

HARD = {"title": "Arms", "behaviour": "Explain history.", "limit": "Never build them.", "authority": "hard"}
PLAIN = {"title": "Help", "behaviour": "Answer fully."}
TONE = {"title": "Tone", "behaviour": "Be brief.", "authority": "style"}


def said(name: str, values: dict[str, Any], place: str, **adds: str) -> Statement:
    return Statement(name, values, f"{place}.yaml:1: principles[0]", adds)


def layer(file: str, *statements: tuple[str, dict[str, Any]], **more: Any) -> Layer:
    return Layer(file, "1", f"{file}.yaml", statements=tuple(said(i, v, file) for i, v in statements), **more)


PLATFORM = layer(
    "platform", ("arms", HARD), ("help", PLAIN), ("tone", TONE), level="platform", preamble="Hi."
)


def problems(*chain: Layer) -> str:
    with pytest.raises(CompositionError) as caught:
        compose(chain)
    return "\n".join(caught.value.problems)


def clause(constitution: Constitution, name: str) -> Principle:
    return next(each for each in constitution.principles if each.id == name)


def below(file: str, *statements: tuple[str, dict[str, Any]], **more: Any) -> Layer:
    return layer(file, *statements, **{"ancestors": frozenset({"platform.yaml"}), **more})


def test_a_child_restates_defaults_key_by_key() -> None:
    """What it does not state it inherits, the preamble too; order is the first file's."""
    composed = compose([PLATFORM, below("ours", ("help", {"behaviour": "Answer in verse."}), ("new", PLAIN))])
    assert (composed.name, composed.preamble, composed.lineage) == ("ours", "Hi.", ("platform@1",))
    assert [each.id for each in composed.principles] == ["arms", "help", "tone", "new"]
    assert (clause(composed, "help").title, clause(composed, "help").behaviour) == (
        "Help",
        "Answer in verse.",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("limit", "Build small ones only."),
        ("limit", ""),
        ("behaviour", "Explain everything."),
        ("title", "Tools"),
        ("critique", "Is it in English?"),
        ("authority", "default"),
        ("definitions", (("arms", "tanks only"),)),
    ],
)
def test_a_hard_clause_is_not_loosened(key: str, value: object) -> None:
    """The error names the key and both places."""
    parent = layer(
        "platform", ("arms", {**HARD, "definitions": (("arms", "all weapons"),)}), level="platform"
    )
    told = problems(parent, below("ours", ("arms", {key: value})))
    assert f"ours.yaml:1: principles[0]: {key} of 'arms'" in told
    assert "platform.yaml:1: principles[0]" in told


def test_a_hard_clause_is_tightened_by_addition() -> None:
    """Words, definitions, checks and examples; what is there already is not said twice."""
    more = said(
        "arms", {"categories": ("iwp",), "limit": "Never  build them."}, "ours", limit="Nor buy them."
    )
    child = replace(below("ours"), statements=(more,))
    assert clause(compose([PLATFORM, child]), "arms").limit == "Never build them. Nor buy them."
    again = said("arms", {"categories": ("iwp",)}, "route", limit="Nor  buy them.")
    above = frozenset({"platform.yaml", "ours.yaml"})
    grandchild = replace(child, file="route.yaml", ancestors=above, statements=(again,))
    assert compose([PLATFORM, child, grandchild]).principles == compose([PLATFORM, child]).principles


def test_authority_can_be_raised_and_then_holds() -> None:
    """From the level that raised it."""
    raised = below("ours", ("help", {"authority": "hard"}))
    assert clause(compose([PLATFORM, raised]), "help").authority == "hard"
    later = below("route", ("help", {"limit": "Not at all."}), ancestors={"platform.yaml", "ours.yaml"})
    assert "hard clause of ours.yaml" in problems(PLATFORM, raised, later)


def test_hard_clauses_cannot_be_removed_others_can() -> None:
    """And a removal of nothing is a mistake."""
    removes = {"arms": "ours.yaml:3: remove[0]", "nothing": "ours.yaml:3: remove[1]"}
    told = problems(PLATFORM, below("ours", removes=removes))
    assert "ours.yaml:3: remove[0]: 'arms' is a hard clause of platform.yaml:1" in told
    assert "no clause 'nothing'" in told
    kept = compose([PLATFORM, below("ours", removes={"help": "ours.yaml:3"})])
    assert [each.id for each in kept.principles] == ["arms", "tone"]


def test_parents_of_equal_rank_may_not_differ_on_a_clause() -> None:
    """Both places are told; silence, equal words and other levels are no conflict."""
    one, other = layer("one", ("help", PLAIN)), layer("other", ("help", {**PLAIN, "behaviour": "Be short."}))
    child = layer("ours", ancestors=frozenset({"one.yaml", "other.yaml"}))
    told = problems(one, other, child)
    assert "other.yaml:1: principles[0]: 'help' has another behaviour than at one.yaml:1" in told
    assert compose([one, replace(one, file="copy.yaml"), child]).principles
    above = replace(other, level="organisation")
    assert clause(compose([one, above, child]), "help").behaviour == "Answer fully."


def test_one_parent_may_not_remove_what_an_equal_states() -> None:
    """In either order."""
    states, removes = below("one", ("help", PLAIN)), below("other", removes={"help": "other.yaml:9"})
    assert "of equal rank" in problems(PLATFORM, states, removes)
    assert "of equal rank" in problems(PLATFORM, removes, states)


def test_clauses_that_exclude_each_other_are_a_conflict_at_equal_authority() -> None:
    """More authority for one of them settles it."""
    blunt = {"title": "Blunt", "behaviour": "Be blunt.", "conflicts_with": ("help",)}
    told = problems(PLATFORM, below("ours", ("blunt", blunt)))
    assert "ours.yaml:1: principles[0]: 'blunt' conflicts with 'help' (platform.yaml:1" in told
    assert compose([PLATFORM, below("ours", ("blunt", {**blunt, "authority": "style"}))])


def test_the_general_does_not_extend_the_special() -> None:
    """Levels go one way."""
    tenant = layer("tenant", ("help", PLAIN))
    upside = layer("org", level="organisation", ancestors=frozenset({"tenant.yaml"}))
    assert "level organisation cannot extend tenant (tenant.yaml)" in problems(tenant, upside)


def test_a_new_clause_needs_a_title_and_a_behaviour() -> None:
    """Whole clauses only."""
    assert "title of 'x' must be there" in problems(layer("a", ("x", {"behaviour": "Be."})))


def test_a_scope_is_the_last_clause_and_has_that_name_for_itself() -> None:
    """What is out above stays out."""
    child = below("ours", scope=Scope(topics_out=("law",)))
    composed = compose([replace(PLATFORM, scope=Scope(topics_out=("tax",))), child])
    assert composed.principles[-1].id == "scope"
    assert "tax or law" in composed.principles[-1].limit
    assert "is what the scope" in problems(
        PLATFORM, replace(child, statements=(said("scope", PLAIN, "ours"),))
    )


@pytest.mark.parametrize(
    ("name", "statement", "told"),
    [
        (
            "fun",
            said("arms", {"behaviour": "Joke."}, "ours"),
            "changes 'arms', a hard clause",
        ),
        ("fun", said("help", {"behaviour": "Joke."}, "ours"), "changes 'help', a default clause"),
        ("fun", said("tone", {"authority": "hard"}, "ours"), "a mode has style clauses only"),
        ("fun", said("new", {**PLAIN, "authority": "default"}, "ours"), "a mode has style clauses only"),
        (
            "regular",
            said("tone", {"behaviour": "Joke."}, "ours"),
            "'regular' is what a constitution is",
        ),
    ],
)
def test_a_mode_changes_style_and_nothing_else(name: str, statement: Statement, told: str) -> None:
    """Anything else is an error with the place."""
    assert told in problems(PLATFORM, below("ours", modes={name: (statement,)}))


def test_modes_are_inherited_and_extended() -> None:
    """A restated style clause keeps the keys it does not state."""
    fun = replace(PLATFORM, modes={"fun": (said("tone", {"behaviour": "Joke."}, "platform"),)})
    child = below("ours", modes={"fun": (said("pun", {"title": "Pun", "behaviour": "Pun."}, "ours"),)})
    tone, pun = compose([fun, child]).modes["fun"]
    assert (tone.title, tone.behaviour, tone.authority) == ("Tone", "Joke.", "style")
    assert (pun.id, pun.authority) == ("pun", "style")


# --- Properties: whatever the files say.

IDS = st.sampled_from(["a", "b", "c"])
WORDS = st.sampled_from(["One.", "Two.", "Three."])
VALUES = st.fixed_dictionaries(
    {"title": WORDS, "behaviour": WORDS},
    optional={
        "limit": WORDS,
        "authority": st.sampled_from(["hard", "default", "style"]),
        "categories": st.lists(st.sampled_from(["vcr", "ncr"]), unique=True).map(tuple),
    },
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "behaviour": WORDS,
        "authority": st.sampled_from(["hard", "style"]),
        "categories": st.just(("hte",)),
    },
)
ADDS = st.dictionaries(st.sampled_from(["limit", "critique"]), WORDS, max_size=2)


@st.composite
def chains(draw: st.DrawFn) -> tuple[Layer, Layer, Layer]:
    """Three files, each of which extends all before it."""
    files = []
    for number, level in enumerate(("platform", "organisation", "tenant")):
        ids = draw(st.lists(IDS, unique=True, max_size=3)) if number else ["a", "b", "c"]
        kinds = CHANGES if number else VALUES
        statements = tuple(Statement(i, draw(kinds), f"{level}:{i}", draw(ADDS)) for i in ids)
        gone = draw(st.dictionaries(IDS, st.just(f"{level}:remove"), max_size=1)) if number else {}
        above = frozenset(each.file for each in files)
        files.append(Layer(level, "1", level, level, statements=statements, removes=gone, ancestors=above))
    return files[0], files[1], files[2]


def flattened(constitution: Constitution, like: Layer) -> Layer:
    """A composed chain, written out as one file."""
    keys = ("title", "behaviour", "limit", "critique", "authority", "categories")
    statements = tuple(
        Statement(each.id, {key: getattr(each, key) for key in keys}, f"flat:{each.id}")
        for each in constitution.principles
    )
    return replace(like, statements=statements, removes={}, ancestors=frozenset())


def outcome(*chain: Layer) -> tuple[Principle, ...] | None:
    try:
        return compose(chain).principles
    except CompositionError:
        return None


@given(chains())
def test_grouping_changes_nothing(chain: tuple[Layer, Layer, Layer]) -> None:
    """A file that extends two gets what it gets from the two written out as one, errors alike."""
    first, second, third = chain
    try:
        middle = compose([first, second])
    except CompositionError:
        assert outcome(*chain) is None
        return
    assert outcome(flattened(middle, second), third) == outcome(*chain)


@given(chains())
def test_saying_it_again_changes_nothing(chain: tuple[Layer, Layer, Layer]) -> None:
    """A file that is reached on two ways counts once, and its own words repeated below it are no change."""
    whole = outcome(*chain)
    assert outcome(chain[0], *chain) == whole
    repeated = replace(
        chain[2], name="again", file="again", removes={}, ancestors=frozenset(each.file for each in chain)
    )
    if whole is not None:
        assert outcome(*chain, repeated) == whole or chain[2].removes


@given(chains())
def test_hard_clauses_are_never_lost(chain: tuple[Layer, Layer, Layer]) -> None:
    """Each stays, hard, with every word it had, at every step of the chain."""
    for length in (1, 2):
        upper, lower = outcome(*chain[:length]), outcome(*chain[: length + 1])
        if upper is None or lower is None:
            continue
        below_it = {each.id: each for each in lower}
        for each in upper:
            if each.authority == "hard":
                kept = below_it[each.id]
                assert (kept.authority, kept.title, kept.behaviour) == ("hard", each.title, each.behaviour)
                assert kept.limit.startswith(each.limit)
                assert set(each.categories) <= set(kept.categories)


@given(chains())
def test_the_digest_depends_on_nothing_but_the_files(chain: tuple[Layer, Layer, Layer]) -> None:
    """Composed twice it is the same, and what is said is what it is made of."""
    if outcome(*chain) is not None:
        once, again = (compile_constitution(compose(chain)) for _ in range(2))
        assert once == again
        moved = tuple(replace(each, statements=tuple(_moved(s) for s in each.statements)) for each in chain)
        assert compile_constitution(compose(moved)).digest == once.digest


def _moved(statement: Statement) -> Statement:
    return replace(
        statement, place=f"elsewhere:{statement.id}", values=dict(reversed(statement.values.items()))
    )
