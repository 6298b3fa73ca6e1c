"""The snapshot: everything that files say about who is served how, loaded together and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from policies.bundle import PolicyBundle
from policies.constitution import CompiledConstitution
from policies.lattice import NOTHING, Applied, Lattice, Says, applicable, matching
from proxy.errors import BadRequest, Forbidden
from proxy.exchange.exchange import HOUSE, Onward
from proxy.keys import key_digest

_COMBINATIONS_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """Requests and tokens; 0: no limit."""

    per_minute: int = 0
    tokens_per_minute: int = 0
    tokens_per_day: int = 0

    @property
    def counts_tokens(self) -> bool:
        """Whether tokens have to be counted."""
        return bool(self.tokens_per_minute or self.tokens_per_day)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who is served. `models` and `routes` are lists of what it may use, empty: all.

    `candidate`: reference of the policy that is judged beside its own, empty: none. `consents`: its
    exchanges may become training data.
    """

    name: str
    onward: Onward = HOUSE
    limits: TenantLimits = TenantLimits()
    models: frozenset[str] = frozenset()
    routes: frozenset[str] = frozenset()
    candidate: str = ""
    consents: bool = False

    def check_route(self, route: str) -> None:
        """Whether it may use a route.

        Raises:
            Forbidden: it may not.
        """
        if self.routes and route not in self.routes:
            raise Forbidden("This key may not use this route.", code="route_not_allowed")

    def may_ask(self, model: str) -> bool:
        """Whether it may ask a model; a request that names none asks none."""
        return not self.models or not model or matching(self.models, model) is not None


@dataclass(frozen=True, slots=True)
class VirtualKey:
    """A key that was found by its digest. `per_minute`: requests of this key alone, 0: no limit."""

    tenant: str
    name: str
    digest: str
    per_minute: int = 0


Combination = tuple[str, str, str, str, Says]
"""Tenant, key, model, route, and what the client asks for."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What serves until the next reload. `digest` addresses all of it.

    `default`: the platform's policy with what belongs to it. `policies`: by reference and by the reference
    of the floor that is held (empty: none), thresholds resolved. `aliases`: names that clients use for
    references. `keys`: by digest. Combinations that were asked for are remembered.
    """

    digest: str
    default: PolicyBundle
    lattice: Lattice
    tenants: Mapping[str, Tenant]
    keys: Mapping[str, VirtualKey]
    policies: Mapping[tuple[str, str], PolicyBundle]
    constitutions: Mapping[str, CompiledConstitution]
    aliases: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    _known: dict[Combination, PolicyBundle] = field(default_factory=dict, compare=False, repr=False)

    def applied(
        self, tenant: str, key: str = "", model: str = "", route: str = "", wish: Says = NOTHING
    ) -> Applied:
        """Which policy and constitution apply to a request, and why."""
        return applicable(self.lattice, tenant, key, model, route, self._named(wish))

    def bundle(
        self, tenant: str, key: str = "", model: str = "", route: str = "", wish: Says = NOTHING
    ) -> PolicyBundle:
        """What rules a request.

        Raises:
            BadRequest: the client asks for what it may not choose.
            Forbidden: the tenant may not ask this model.
        """
        combination = (tenant, key, model, route, wish)
        found = self._known.get(combination)
        if found is None:
            found = self._found(combination)
            if len(self._known) >= _COMBINATIONS_KEPT:
                self._known.clear()
            self._known[combination] = found
        return found

    def key(self, presented: Iterable[str]) -> VirtualKey | None:
        """The first of these keys that is one of ours."""
        known = (self.keys.get(key_digest(each)) for each in presented)
        return next((each for each in known if each is not None), None)

    def of(self, applied: Applied, candidate: str = "") -> PolicyBundle:
        """The bundle of what applies, with the candidate that is judged beside it."""
        bundle = self.policies[applied.policy, applied.floor]
        if applied.constitution:
            bundle = replace(bundle, constitution=self.constitutions[applied.constitution])
        if candidate and candidate != applied.policy:
            bundle = replace(bundle, candidate=self.policies[candidate, applied.floor].policy)
        return bundle

    def bundles(self) -> tuple[PolicyBundle, ...]:
        """Every policy that may serve or is judged beside one, each digest once, the default first."""
        known = {self.default.policy.digest: self.default}
        for bundle in self.policies.values():
            known.setdefault(bundle.policy.digest, bundle)
        return tuple(known.values())

    def _found(self, combination: Combination) -> PolicyBundle:
        tenant, key, model, route, wish = combination
        member = self.tenants[tenant]
        if not member.may_ask(model):
            raise Forbidden("This key may not ask this model.", code="model_not_allowed", param="model")
        applied = self.applied(tenant, key, model, route, wish)
        _check_wish(applied)
        return self.of(applied, member.candidate)

    def _named(self, wish: Says) -> Says:
        return wish if wish == NOTHING else replace(wish, policy=self.aliases.get(wish.policy, wish.policy))


def _check_wish(applied: Applied) -> None:
    if applied.refused == "policy":
        raise BadRequest(
            "The policy asked for in x-gatehouse-policy is not one that clients may choose here "
            "(selectable_policies).",
            code="policy_not_selectable",
        )
    if applied.refused == "constitution":
        raise BadRequest(
            "The constitution asked for in x-gatehouse-constitution is not one that clients may choose here "
            "(selectable_constitutions).",
            code="constitution_not_selectable",
        )
