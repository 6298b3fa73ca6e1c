"""Tenants: whose exchange it is, and which policy rules it.

There is one tenant so far, `default`. A client may choose among the policies that the settings list
(`selectable_policies`) with the header `x-gatehouse-policy`; any other name is refused, never ignored:
somebody who asks for a stricter policy must not silently get another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.bundle import PolicyBundle
from proxy.errors import BadRequest

POLICY_HEADER = "x-gatehouse-policy"
DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who is served, under which policy."""

    name: str
    bundle: PolicyBundle


@dataclass(frozen=True, slots=True)
class Tenants:
    """`default`: served when the client asks for nothing; `selectable`: policies by the name to ask for;
    `embeddings`: in place of the default on that route."""

    default: Tenant
    selectable: Mapping[str, Tenant] = field(default_factory=dict)
    embeddings: Tenant | None = None

    def resolve(self, headers: Mapping[str, str], *, embeds: bool = False) -> Tenant:
        """The tenant and policy of a request. `headers`: lower-case names; `embeds`: it asks for embeddings.

        Raises:
            BadRequest: code `policy_not_selectable`.
        """
        wanted = headers.get(POLICY_HEADER)
        if wanted is None:
            return self.embeddings if embeds and self.embeddings is not None else self.default
        found = self.selectable.get(wanted.strip())
        if found is None:
            raise BadRequest(
                f"The policy asked for in {POLICY_HEADER} is not one that clients may choose here.",
                code="policy_not_selectable",
            )
        return found

    def bundles(self) -> tuple[PolicyBundle, ...]:
        """Every policy that may serve, the default first."""
        tenants = (*self.selectable.values(), self.embeddings)
        others = (tenant.bundle for tenant in tenants if tenant is not None)
        return (self.default.bundle, *(each for each in others if each is not self.default.bundle))


def make_tenants(
    default: PolicyBundle, selectable: Mapping[str, PolicyBundle], embeddings: PolicyBundle | None = None
) -> Tenants:
    """Tenants from loaded policies; the default policy may be asked for by its own name as well."""
    return Tenants(
        Tenant(DEFAULT_TENANT, default),
        {
            default.policy.name: Tenant(DEFAULT_TENANT, default),
            **{name: Tenant(DEFAULT_TENANT, bundle) for name, bundle in selectable.items()},
        },
        Tenant(DEFAULT_TENANT, embeddings) if embeddings is not None else None,
    )
