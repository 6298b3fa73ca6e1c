"""Placement: which policy and constitution apply to a request, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policies.bundle import PolicyBundle
from policies.digest import short
from policies.lattice import Applied, Place, Says, Word
from proxy.exchange.exchange import Delivery
from proxy.exchange.plan import plan
from proxy.keys import DIGEST, key_digest
from proxy.tenants.document import DEFAULT_TENANT, ROUTES
from proxy.tenants.snapshot import Snapshot

_SAID_OF = {
    Place.PLATFORM: "the platform",
    Place.ROUTE: "the platform, for route {}",
    Place.MODEL: "the platform, for model {}",
    Place.TENANT: "tenant {}",
    Place.TENANT_ROUTE: "the tenant, for route {}",
    Place.TENANT_MODEL: "the tenant, for model {}",
    Place.KEY: "key {}",
    Place.HEADER: "the client's header",
}


class PlacementError(Exception):
    """There is no such key, tenant or route. The message does not repeat a key."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A request's place in the lattice. `allowed`: the tenant may ask this model on this route."""

    tenant: str
    key: str
    model: str
    route: str
    applied: Applied
    bundle: PolicyBundle
    allowed: bool
    snapshot: str

    @property
    def held(self) -> tuple[str, ...]:
        """Hard rules of the platform that the policy keeps although it lacks them."""
        return tuple(change for change in self.bundle.policy.changes if change.startswith("holds "))

    def stream(self, *, flagged: bool) -> Delivery:
        """How a stream is released after an ordinary or a flagged request."""
        policy = self.bundle.policy
        return plan(policy).of_stream(policy.stream, flagged)

    @property
    def fixed_checks(self) -> Literal["none", "held", "all"]:
        """Which answers the fixed checks of clauses and of code look at."""
        policy = self.bundle.policy
        if policy.review.evidence == "off" or plan(policy).observes:
            return "none"
        return "all" if self.stream(flagged=False) is Delivery.BUFFERED else "held"

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        policy, constitution = self.bundle.policy, self.bundle.constitution
        return {
            "tenant": self.tenant,
            "key": self.key,
            "model": self.model,
            "route": self.route,
            "allowed": self.allowed,
            "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
            "constitution": {
                "name": constitution.name,
                "version": constitution.version,
                "digest": constitution.digest,
            },
            "streams": {"ordinary": self.stream(flagged=False), "flagged": self.stream(flagged=True)},
            "fixed_checks": self.fixed_checks,
            "candidate": self.bundle.candidate.name if self.bundle.candidate is not None else "",
            "floor": self.applied.floor,
            "held": [change.removeprefix("holds ") for change in self.held],
            "refused": self.applied.refused,
            "why": [
                {
                    "place": word.place,
                    "of": word.of,
                    "policy": word.says.policy,
                    "constitution": word.says.constitution,
                }
                for word in self.applied.why
            ],
            "snapshot": self.snapshot,
        }


def place(
    snapshot: Snapshot, *, key: str = "", tenant: str = "", model: str = "", route: str = "", wish: Says
) -> Placement:
    """Where a request stands. `key`: a virtual key, its digest, or `tenant/name` as the file has it.

    Raises:
        PlacementError: there is no such key, tenant or route.
    """
    name = ""
    if key:
        tenant, name = _found(snapshot, key)
    tenant = tenant or DEFAULT_TENANT
    if tenant not in snapshot.tenants:
        raise PlacementError(f"there is no tenant {tenant!r}; there are: {', '.join(snapshot.tenants)}")
    if route and route not in ROUTES:
        raise PlacementError(f"there is no route {route!r}; there are: {', '.join(ROUTES)}")
    who = snapshot.tenants[tenant]
    applied = snapshot.applied(tenant, name, model, route, wish)
    allowed = who.may_ask(model) and (not who.routes or not route or route in who.routes)
    bundle = snapshot.of(applied, who.candidate)
    return Placement(tenant, name, model, route, applied, bundle, allowed, snapshot.digest)


def _found(snapshot: Snapshot, key: str) -> tuple[str, str]:
    named = {f"{each.tenant}/{each.name}": each for each in snapshot.keys.values()}
    digest = key if DIGEST.fullmatch(key) else key_digest(key)
    found = named.get(key) or snapshot.keys.get(digest)
    if found is None:
        raise PlacementError(f"there is no such key; by name there are: {', '.join(named) or 'none'}")
    return found.tenant, found.name


def render(found: Placement) -> str:
    """For a terminal: what applies first, then every place that spoke, widest first."""
    policy, constitution = found.bundle.policy, found.bundle.constitution
    said = constitution.text
    lines = [
        f"Tenant {found.tenant}" + (f", key {found.key}" if found.key else "") + _asked(found),
        f"Policy {policy.name} {policy.version} ({short(policy.digest)}), named by {_who(found, 'policy')}.",
        f"Constitution {constitution.name} {constitution.version} ({short(constitution.digest)}), "
        f"named by {_who(found, 'constitution')}."
        if said
        else "No constitution is sent.",
    ]
    if not found.allowed:
        lines.append("The tenant may not ask this: the answer is 403.")
    if found.applied.refused:
        lines.append(f"The {found.applied.refused} asked for is not one that clients may choose: 400.")
    if found.bundle.candidate is not None:
        lines.append(f"Candidate {found.bundle.candidate.name} is judged beside it, without effect.")
    lines += [_delivery_line(found), _CHECKS[found.fixed_checks]]
    return "\n".join([*lines, *_floor_lines(found), "Who spoke, widest first:", *_word_lines(found)])


def _asked(found: Placement) -> str:
    model = f" asks {found.model}" if found.model else ""
    return f"{model}{f' on {found.route}' if found.route else ''}."


def _delivery_line(found: Placement) -> str:
    ordinary, flagged = found.stream(flagged=False), found.stream(flagged=True)
    after = f", after a flagged request {flagged}" if flagged is not ordinary else ""
    return f"Streams are delivered {ordinary}{after}."


_CHECKS = {
    "none": "Fixed checks of clauses look at no answer.",
    "held": "Fixed checks of clauses look at whole answers and at buffered streams, at no other "
    "(review.evidence: always would hold every stream for them).",
    "all": "Fixed checks of clauses look at every answer.",
}


def _floor_lines(found: Placement) -> Iterator[str]:
    if found.applied.floor:
        held = f": {', '.join(each.removeprefix('holds ') for each in found.held)}" if found.held else ""
        yield f"It keeps the hard rules of {found.applied.floor}{held or ', and lacks none'}."


def _word_lines(found: Placement) -> Iterator[str]:
    for word in found.applied.why:
        named = [f"policy {word.says.policy}"] if word.says.policy else []
        named += [f"constitution {word.says.constitution}"] if word.says.constitution else []
        yield f"  {_spoken(word)}: {', '.join(named) or 'nothing'}"


def _who(found: Placement, kind: Any) -> str:
    word = found.applied.by(kind)
    return _spoken(word) if word is not None else "the policy itself"


def _spoken(word: Word) -> str:
    return _SAID_OF[word.place].format(word.of)
