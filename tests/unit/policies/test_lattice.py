"""The lattice: whatever is said where, exactly one policy applies, and the narrowest place is obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.lattice import (
    NOTHING,
    Applied,
    Lattice,
    Member,
    Place,
    Says,
    applicable,
    matching,
)

NAMES = ("lax", "plain", "strict")
TENANTS, KEYS, ROUTES, MODELS = ("acme", "blue"), ("web", "batch"), ("chat", "embeddings"), ("gpt-5", "llama")
PATTERNS = ("gpt-5", "gpt-*", "llama", "*")
words = st.builds(Says, st.sampled_from(("", *NAMES)), st.sampled_from(("", "dao", "liberal")))
members = st.builds(
    Member,
    words,
    st.dictionaries(st.sampled_from(ROUTES), words),
    st.dictionaries(st.sampled_from(PATTERNS), words),
    st.dictionaries(st.sampled_from(KEYS), words),
    st.frozensets(st.sampled_from(NAMES)),
    st.frozensets(st.sampled_from(("dao", "liberal"))),
    st.booleans(),
)
lattices = st.builds(
    Lattice,
    st.builds(Says, st.sampled_from(NAMES), st.sampled_from(("", "dao"))),
    st.dictionaries(st.sampled_from(ROUTES), words),
    st.dictionaries(st.sampled_from(PATTERNS), words),
    st.dictionaries(st.sampled_from(TENANTS), members),
    st.frozensets(st.sampled_from(NAMES)),
)
requests = st.tuples(
    st.sampled_from((*TENANTS, "stranger")),
    st.sampled_from((*KEYS, "", "lost")),
    st.sampled_from((*MODELS, "", "gpt-6")),
    st.sampled_from((*ROUTES, "", "other")),
    words,
)
ORDER = tuple(Place)


@given(lattices, requests)
def test_a_policy_applies_to_every_request_whoever_asks(lattice: Lattice, asked: tuple[str, ...]) -> None:
    """Total: no combination fails, and none is left without a policy."""
    found = applicable(lattice, *asked)  # type: ignore[arg-type]
    assert found.policy in NAMES
    assert found.by("policy") is not None


def _reversed(mapping: Mapping[str, Says]) -> dict[str, Says]:
    return dict(reversed(list(mapping.items())))


@given(lattices, requests)
def test_the_order_in_which_things_are_written_changes_nothing(
    lattice: Lattice, asked: tuple[str, ...]
) -> None:
    """Deterministic: the same words in any order of the file give the same answer."""
    turned = Lattice(
        lattice.platform,
        _reversed(lattice.routes),
        _reversed(lattice.models),
        {
            name: replace(
                each,
                routes=_reversed(each.routes),
                models=_reversed(each.models),
                keys=_reversed(each.keys),
            )
            for name, each in reversed(list(lattice.members.items()))
        },
        lattice.may_loosen,
    )
    assert applicable(turned, *asked) == applicable(lattice, *asked)  # type: ignore[arg-type]


def _saying(lattice: Lattice, place: Place, asked: tuple[str, ...], says: Says) -> tuple[Lattice, Says]:
    """The lattice (and the header) in which one place says this of a request."""
    tenant, key, model, route = asked
    member = lattice.members.get(tenant, Member())
    header = NOTHING
    if place is Place.PLATFORM:
        lattice = replace(lattice, platform=says)
    elif place is Place.ROUTE:
        lattice = replace(lattice, routes={**lattice.routes, route: says})
    elif place is Place.MODEL:
        lattice = replace(lattice, models={**lattice.models, model: says})
    elif place is Place.TENANT:
        member = replace(member, own=says)
    elif place is Place.TENANT_ROUTE:
        member = replace(member, routes={**member.routes, route: says})
    elif place is Place.TENANT_MODEL:
        member = replace(member, models={**member.models, model: says})
    elif place is Place.KEY:
        member = replace(member, keys={**member.keys, key: says})
    else:
        member, header = replace(member, policies=member.policies | {says.policy}), says
    return replace(lattice, members={**lattice.members, tenant: member}), header


@given(lattices, requests, st.sampled_from(ORDER))
def test_a_narrower_word_wins_and_a_wider_one_changes_nothing(
    lattice: Lattice, asked: tuple[str, ...], place: Place
) -> None:
    """Monotone: a place that begins to speak is obeyed by all wider places, and heard by no narrower one."""
    who = asked[:4]
    before = applicable(lattice, *who)
    spoke = before.by("policy")
    assert spoke is not None
    changed, header = _saying(lattice, place, who, Says("new"))
    after = applicable(changed, *who, header=header)
    if ORDER.index(place) >= ORDER.index(spoke.place):
        assert (after.policy, after.by("policy").place) == ("new", place)  # type: ignore[union-attr]
    else:
        assert after.policy == before.policy


@given(lattices, requests)
def test_what_a_tenant_names_keeps_the_platform_s_hard_rules(
    lattice: Lattice, asked: tuple[str, ...]
) -> None:
    """The floor is the policy that the platform's own words give, unless it lets the other one loosen."""
    found = applicable(lattice, *asked)  # type: ignore[arg-type]
    platform = (Place.PLATFORM, Place.ROUTE, Place.MODEL)
    ours = [word.says.policy for word in found.why if word.place in platform and word.says.policy]
    member = lattice.members.get(asked[0], Member())
    exempt = member.of_platform or found.policy in lattice.may_loosen or found.policy == ours[-1]
    assert found.floor == ("" if exempt else ours[-1])


@given(lattices, requests)
def test_a_client_gets_what_it_may_ask_for_or_is_told(lattice: Lattice, asked: tuple[str, ...]) -> None:
    """A wish is obeyed or refused, never quietly replaced."""
    found: Applied = applicable(lattice, *asked)  # type: ignore[arg-type]
    wish: Says = asked[4]  # type: ignore[assignment]
    member = lattice.members.get(asked[0], Member())
    if wish.policy and wish.policy in member.policies:
        assert found.policy == wish.policy
    if wish.policy and wish.policy not in member.policies:
        assert found.refused == "policy"
    elif wish.constitution and wish.constitution not in member.constitutions:
        assert found.refused == "constitution"
    else:
        assert found.refused == ""
    if wish.constitution in member.constitutions and wish.constitution:
        assert found.constitution == wish.constitution


@pytest.mark.parametrize(
    ("model", "pattern"),
    [("gpt-5", "gpt-5"), ("gpt-5-mini", "gpt-5*"), ("gpt-4", "gpt-*"), ("llama", "*"), ("", "*")],
)
def test_the_closest_pattern_of_a_model_counts(model: str, pattern: str) -> None:
    assert matching(dict.fromkeys(("*", "gpt-*", "gpt-5*", "gpt-5")), model) == pattern


def test_a_model_without_a_pattern_falls_under_none() -> None:
    assert matching({"gpt-*": 1}, "llama") is None
    assert matching({}, "llama") is None
