"""A visit: one request's view of the house, fixed when its headers are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.bundle import PolicyBundle
from policies.constitution import CompiledConstitution
from policies.lattice import NOTHING, Member, Says
from proxy.errors import Unauthorised
from proxy.exchange.exchange import Onward
from proxy.exchange.values import value
from proxy.keys import KEY_HEADERS, KEY_PREFIX, presented_keys
from proxy.tenants.document import DEFAULT_TENANT
from proxy.tenants.snapshot import Snapshot, Tenant, VirtualKey

POLICY_HEADER = "x-gatehouse-policy"
CONSTITUTION_HEADER = "x-gatehouse-constitution"


@value(frozen=True, slots=True)
class Visit:
    """Who asks, under which snapshot. `headers`: the client's without its virtual key, which stays here.

    `client`: what its requests are counted by; the key's digest, or the header of a key that is not ours.
    """

    snapshot: Snapshot
    who: Tenant
    headers: Mapping[str, str]
    key: VirtualKey | None = None
    wish: Says = NOTHING
    client: str = field(default="", repr=False)

    @property
    def tenant(self) -> str:
        """Name of the tenant."""
        return self.who.name

    @property
    def onward(self) -> Onward:
        """Where its calls go."""
        return self.who.onward

    def enter(self, route: str) -> None:
        """Use a route.

        Raises:
            Forbidden: the tenant may not.
        """
        self.who.check_route(route)

    def bundle(self, route: str, model: str) -> PolicyBundle:
        """What rules its request for a model on a route.

        Raises:
            BadRequest: it asks for a policy or constitution that it may not choose.
            Forbidden: the tenant may not ask this model.
        """
        key = self.key.name if self.key is not None else ""
        return self.snapshot.bundle(self.who.name, key, model, route, self.wish)

    def bundle_of(self, route: str, model: str) -> PolicyBundle:
        """What rules a stored answer of a model: its name may be one that nobody asks for."""
        key = self.key.name if self.key is not None else ""
        applied = self.snapshot.applied(self.who.name, key, model, route, self.wish)
        return self.snapshot.of(applied, self.who.candidate)

    def constitutions(self, route: str) -> tuple[CompiledConstitution, ...]:
        """The constitution that answers it on a route, then those that it may choose.

        Raises:
            BadRequest, Forbidden: as for `bundle`.
        """
        own, member = self.bundle(route, ""), self.snapshot.lattice.members.get(self.who.name, Member())
        wishes = [Says(policy=name) for name in sorted(member.policies)]
        wishes += [Says(constitution=name) for name in sorted(member.constitutions)]
        key = self.key.name if self.key is not None else ""
        chosen = (self.snapshot.bundle(self.who.name, key, "", route, wish) for wish in wishes)
        found = {each.constitution.digest: each.constitution for each in (own, *chosen)}
        return tuple(found.values())


@dataclass(slots=True)
class Tenants:
    """The door-keeper. `snapshot` is what serves now; a reload puts another in its place, in one step."""

    snapshot: Snapshot

    def greet(self, headers: Mapping[str, str]) -> Visit:
        """Whose request it is. `headers`: lower-case names.

        Raises:
            Unauthorised: no key of a tenant where one is required, or one that looks like ours and is not.
        """
        snapshot = self.snapshot
        wish = _wish(headers)
        presented = presented_keys(headers)
        key = snapshot.key(presented) if snapshot.keys else None
        if key is not None:
            kept = {name: value for name, value in headers.items() if name not in KEY_HEADERS}
            return Visit(snapshot, snapshot.tenants[key.tenant], kept, key, wish, key.digest)
        if snapshot.required or (snapshot.keys and any(each.startswith(KEY_PREFIX) for each in presented)):
            raise Unauthorised("There is no such key." if presented else "Send a key of a tenant.")
        client = presented[0] if presented else headers.get("authorization", "")
        return Visit(snapshot, snapshot.tenants[DEFAULT_TENANT], headers, None, wish, client)


def _wish(headers: Mapping[str, str]) -> Says:
    policy, constitution = headers.get(POLICY_HEADER), headers.get(CONSTITUTION_HEADER)
    if policy is None and constitution is None:
        return NOTHING
    return Says(_asked(policy), _asked(constitution))


def _asked(value: str | None) -> str:
    """What a header asks for; an empty one asks for what there is not."""
    return "" if value is None else value.strip() or "?"
