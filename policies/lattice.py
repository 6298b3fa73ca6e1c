"""The lattice: which policy and which constitution apply to a request, and who said so.

Places that may name one, from the widest to the narrowest; the narrowest that names one is obeyed:

    platform → route → model → tenant → the tenant's route → the tenant's model → key → header

The first three are the platform's own words. A policy that a narrower place names keeps the hard rules of
the policy that the platform's words alone would give (`floor`), unless the platform lets it loosen them.
A policy and a constitution are looked for apart: a place may name one of them and leave the other alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Refused = Literal["", "policy", "constitution"]


class Place(StrEnum):
    """Who may name a policy or a constitution, widest first."""

    PLATFORM = "platform"
    ROUTE = "route"
    MODEL = "model"
    TENANT = "tenant"
    TENANT_ROUTE = "tenant_route"
    TENANT_MODEL = "tenant_model"
    KEY = "key"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Says:
    """What one place names; empty: nothing."""

    policy: str = ""
    constitution: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """What a tenant says. `policies`, `constitutions`: what its clients may ask for by header.

    `routes`, `models`, `keys`: what it says of one of them; a model name may end in `*`.
    `of_platform`: its words are the platform's own, so that no floor is held against them.
    """

    own: Says = Says()
    routes: Mapping[str, Says] = field(default_factory=dict)
    models: Mapping[str, Says] = field(default_factory=dict)
    keys: Mapping[str, Says] = field(default_factory=dict)
    policies: frozenset[str] = frozenset()
    constitutions: frozenset[str] = frozenset()
    of_platform: bool = False


@dataclass(frozen=True, slots=True)
class Lattice:
    """`platform` names a policy. `may_loosen`: policies that need not keep the platform's hard rules."""

    platform: Says
    routes: Mapping[str, Says] = field(default_factory=dict)
    models: Mapping[str, Says] = field(default_factory=dict)
    members: Mapping[str, Member] = field(default_factory=dict)
    may_loosen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Word:
    """One place that spoke. `of`: the route, model pattern, tenant or key that it is about."""

    place: Place
    of: str
    says: Says


@dataclass(frozen=True, slots=True)
class Applied:
    """What applies. `constitution` empty: the policy's own. `floor`: policy whose hard rules are kept as
    well, empty where there is nothing to keep. `refused`: what the header asked for in vain.
    `why`: every place that spoke, widest first.
    """

    policy: str
    constitution: str
    floor: str
    refused: Refused
    why: tuple[Word, ...]

    def by(self, kind: Literal["policy", "constitution"]) -> Word | None:
        """Who is obeyed; None where nobody names a constitution."""
        return next((word for word in reversed(self.why) if getattr(word.says, kind)), None)


NOTHING = Says()
_NOBODY = Member()


def applicable(
    lattice: Lattice, tenant: str, key: str = "", model: str = "", route: str = "", header: Says = NOTHING
) -> Applied:
    """What applies to a request. `key` is the name of a key; `header` what the client asks for.

    Never fails: what is not known says nothing, and what a client may not ask for is left out and told
    in `refused`.
    """
    member = lattice.members.get(tenant, _NOBODY)
    policy_refused = bool(header.policy) and header.policy not in member.policies
    constitution_refused = bool(header.constitution) and header.constitution not in member.constitutions
    asked = Says("" if policy_refused else header.policy, "" if constitution_refused else header.constitution)
    ours = tuple(_platform_words(lattice, model, route))
    theirs = tuple(_tenant_words(member, tenant, key, model, route, asked))
    why = ours + theirs
    policy = _narrowest(why, "policy")
    platform_policy = _narrowest(ours, "policy")
    free = policy == platform_policy or member.of_platform or policy in lattice.may_loosen
    return Applied(
        policy=policy,
        constitution=_narrowest(why, "constitution"),
        floor="" if free else platform_policy,
        refused="policy" if policy_refused else "constitution" if constitution_refused else "",
        why=why,
    )


def _platform_words(lattice: Lattice, model: str, route: str) -> Iterator[Word]:
    yield Word(Place.PLATFORM, "", lattice.platform)
    if (said := lattice.routes.get(route)) is not None:
        yield Word(Place.ROUTE, route, said)
    yield from _of_model(Place.MODEL, lattice.models, model)


def _tenant_words(
    member: Member, tenant: str, key: str, model: str, route: str, asked: Says
) -> Iterator[Word]:
    if member.own != NOTHING:
        yield Word(Place.TENANT, tenant, member.own)
    if (said := member.routes.get(route)) is not None:
        yield Word(Place.TENANT_ROUTE, route, said)
    yield from _of_model(Place.TENANT_MODEL, member.models, model)
    if (said := member.keys.get(key)) is not None and said != NOTHING:
        yield Word(Place.KEY, key, said)
    if asked != NOTHING:
        yield Word(Place.HEADER, "", asked)


def _of_model(place: Place, models: Mapping[str, Says], model: str) -> Iterator[Word]:
    pattern = matching(models, model)
    if pattern is not None:
        yield Word(place, pattern, models[pattern])


def matching(patterns: Mapping[str, object] | frozenset[str], model: str) -> str | None:
    """The pattern that a model name falls under: the name itself, else the longest start and `*`."""
    if not patterns or model in patterns:
        return model if patterns and model in patterns else None
    starts = [each for each in patterns if each.endswith("*") and model.startswith(each[:-1])]
    return max(starts, key=len, default=None)


def _narrowest(words: tuple[Word, ...], kind: Literal["policy", "constitution"]) -> str:
    named = (str(getattr(word.says, kind)) for word in reversed(words))
    return next((name for name in named if name), "")
