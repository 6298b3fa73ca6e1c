"""Loading a snapshot: settings and files in, one immutable value out, or every problem at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from classifiers.classification import Classifier
from policies.bundle import PolicyBundle
from policies.constitution import CompiledConstitution
from policies.digest import digest_of
from policies.floor import held
from policies.lattice import Lattice, Member, Says
from policies.loader import load_bundle, load_compiled_constitution
from policies.policy import PolicyError
from policies.rules import resolve
from policies.thresholds import Points
from proxy.exchange.exchange import HOUSE, Onward
from proxy.settings import Settings
from proxy.settings_sources import resolved_secret
from proxy.tenants.document import (
    DEFAULT_TENANT,
    PlaceDocument,
    TenantDocument,
    TenantsDocument,
    UpstreamDocument,
    read_tenants,
)
from proxy.tenants.snapshot import Snapshot, Tenant, TenantLimits, VirtualKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What policies are resolved against: operating points and labels by classifier."""

    thresholds: Mapping[str, Points]
    labels: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, classifiers: Mapping[str, Classifier]) -> Manifest:
        """Those of the loaded classifiers."""
        return cls(
            {name: each.thresholds for name, each in classifiers.items()},
            {name: tuple(each.labels) for name, each in classifiers.items()},
        )


def load_snapshot(
    settings: Settings, manifest: Manifest | None, environ: Mapping[str, str] | None = None
) -> Snapshot:
    """Read every file that the settings and the file of tenants name.

    `manifest` None: thresholds stay as they are written, so that the snapshot can explain but not serve.

    Raises:
        PolicyError: everything that is wrong in any of them.
    """
    return _Loading(settings, manifest, os.environ if environ is None else environ).snapshot()


@dataclass(slots=True)
class _Loading:
    settings: Settings
    manifest: Manifest | None
    environ: Mapping[str, str]
    document: TenantsDocument = field(default_factory=TenantsDocument)
    problems: list[str] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        path = self.settings.tenants.file
        if path is not None:
            self.document = self._tried(lambda: read_tenants(path)) or self.document
        document = self.document
        lattice = lattice_of(self.settings, document)
        raw = self._each(policies_of(lattice, self._candidates()), self._policy)
        constitutions = self._each(constitutions_of(lattice), self._constitution)
        tenants = {name: self._tenant(name, each) for name, each in _entries(document).items()}
        if self.problems:
            raise PolicyError(list(dict.fromkeys(self.problems)))
        floors = {says.policy for says in _platform_places(lattice)} - {""}
        policies = {
            (name, floor): self._held(raw[name], raw[floor] if floor else None)
            for name in raw
            for floor in ("", *sorted(floors - {name}))
        }
        if self.problems:
            raise PolicyError(list(dict.fromkeys(self.problems)))
        default = policies[lattice.platform.policy, ""]
        if lattice.platform.constitution:
            default = replace(default, constitution=constitutions[lattice.platform.constitution])
        return Snapshot(
            digest=_digest(document, raw, constitutions),
            default=default,
            lattice=lattice,
            tenants=tenants,
            keys=_keys(document),
            policies=policies,
            constitutions=constitutions,
            aliases={default.policy.name: lattice.platform.policy},
            required=self.settings.tenants.required,
        )

    def _tried(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except PolicyError as error:
            self.problems += error.problems
            return None

    def _each(self, names: Iterable[str], read: Callable[[str], T | None]) -> dict[str, T]:
        return {name: found for name in names if (found := read(name)) is not None}

    def _policy(self, name: str) -> PolicyBundle | None:
        return self._tried(lambda: load_bundle(name, library=self.settings.policies_dir))

    def _constitution(self, name: str) -> CompiledConstitution | None:
        return self._tried(lambda: load_compiled_constitution(name, library=self.settings.policies_dir))

    def _candidates(self) -> set[str]:
        theirs = (each.candidate for each in self.document.tenants.values())
        return {self.settings.candidate_policy, *theirs} - {""}

    def _held(self, bundle: PolicyBundle, floor: PolicyBundle | None) -> PolicyBundle:
        policy = bundle.policy if floor is None else held(bundle.policy, floor.policy)
        manifest = self.manifest
        if manifest is not None:
            found = self._tried(lambda: resolve(policy, manifest.thresholds, labels=manifest.labels))
            policy = found or policy
        if self.settings.stream != "auto":
            policy = replace(policy, stream=self.settings.stream)
        return replace(bundle, policy=policy)

    def _tenant(self, name: str, entry: TenantDocument) -> Tenant:
        return Tenant(
            name,
            onward=self._onward(name, entry),
            limits=TenantLimits(**entry.limits.model_dump()),
            models=frozenset(entry.models),
            routes=frozenset(entry.routes),
            candidate=entry.candidate or self.settings.candidate_policy,
            consents=entry.consent.preferences,
        )

    def _onward(self, name: str, entry: TenantDocument) -> Onward:
        said = entry.upstream
        if not isinstance(said, str):
            return self._resolved(f"tenants.{name}.upstream", said)
        return self._resolved(f"upstreams.{said}", self.document.upstreams[said]) if said else HOUSE

    def _resolved(self, place: str, said: UpstreamDocument) -> Onward:
        where = f"{self.settings.tenants.file}: {place}.key"
        key = None
        try:
            key = resolved_secret(said.key, self.environ) if said.key else None
        except LookupError as error:
            self.problems.append(f"{where}: environment variable {error.args[0]} is not set")
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{where}: its file cannot be read ({type(error).__name__})")
        return Onward(said.url, key)


def lattice_of(settings: Settings, document: TenantsDocument) -> Lattice:
    """What the settings and the file say, place by place."""
    routes = {name: _says(each) for name, each in document.by_route.items()}
    if settings.embeddings_policy and not routes.get("embeddings", Says()).policy:
        said = routes.get("embeddings", Says())
        routes["embeddings"] = replace(said, policy=settings.embeddings_policy)
    members = {name: _member(each) for name, each in _entries(document).items()}
    default = members[DEFAULT_TENANT]
    members[DEFAULT_TENANT] = replace(
        default,
        policies=default.policies | {settings.policy, *settings.selectable_policies},
        constitutions=default.constitutions | set(settings.selectable_constitutions),
        of_platform=True,
    )
    return Lattice(
        Says(settings.policy, settings.constitution),
        routes,
        {name: _says(each) for name, each in document.by_model.items()},
        members,
        frozenset(document.may_loosen),
    )


def _entries(document: TenantsDocument) -> dict[str, TenantDocument]:
    return {DEFAULT_TENANT: TenantDocument(), **document.tenants}


def _member(entry: TenantDocument) -> Member:
    return Member(
        _says(entry),
        {name: _says(each) for name, each in entry.by_route.items()},
        {name: _says(each) for name, each in entry.by_model.items()},
        {name: _says(each) for name, each in entry.keys.items()},
        frozenset(entry.selectable.policies),
        frozenset(entry.selectable.constitutions),
    )


def _says(place: PlaceDocument) -> Says:
    return Says(place.policy, place.constitution)


def _platform_places(lattice: Lattice) -> tuple[Says, ...]:
    return (lattice.platform, *lattice.routes.values(), *lattice.models.values())


def _places(lattice: Lattice) -> list[Says]:
    found = list(_platform_places(lattice))
    for member in lattice.members.values():
        found += [member.own, *member.routes.values(), *member.models.values(), *member.keys.values()]
    return found


def policies_of(lattice: Lattice, more: Iterable[str] = ()) -> list[str]:
    """References of every policy that may serve, the platform's first."""
    named = [says.policy for says in _places(lattice)]
    chosen = (name for member in lattice.members.values() for name in sorted(member.policies))
    return [name for name in dict.fromkeys((*named, *chosen, *sorted(more))) if name]


def constitutions_of(lattice: Lattice) -> list[str]:
    """References of every constitution that is named apart from a policy."""
    named = [says.constitution for says in _places(lattice)]
    chosen = (name for member in lattice.members.values() for name in sorted(member.constitutions))
    return [name for name in dict.fromkeys((*named, *chosen)) if name]


def _keys(document: TenantsDocument) -> dict[str, VirtualKey]:
    return {
        entry.digest: VirtualKey(tenant, name, entry.digest, entry.per_minute)
        for tenant, each in document.tenants.items()
        for name, entry in each.keys.items()
    }


def _digest(
    document: TenantsDocument,
    policies: Mapping[str, PolicyBundle],
    constitutions: Mapping[str, CompiledConstitution],
) -> str:
    bundles = {
        name: (each.policy.digest, each.constitution.digest, each.replies.digest)
        for name, each in policies.items()
    }
    named = {name: each.digest for name, each in constitutions.items()}
    return digest_of([document.model_dump(mode="json"), bundles, named])
