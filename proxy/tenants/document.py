"""The file of tenants as validating models. Keys stand in it as digests, upstream keys as references."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from policies.documents import Document, ModelPattern, Name
from policies.policy import PolicyError
from policies.yaml_files import read_document
from proxy.keys import DIGEST
from proxy.metric_families import Vocabulary

DEFAULT_TENANT = "default"
"""Who shows no key of a tenant."""
ROUTES = Vocabulary().surfaces


def _is_route(value: str) -> str:
    if value not in ROUTES:
        raise ValueError(f"is no route; there are: {', '.join(ROUTES)}")
    return value


def _is_reference(value: str) -> str:
    if value and not (value.startswith("file:") or (value.startswith("${") and value.endswith("}"))):
        raise ValueError("must be ${VARIABLE} or file:/path: keys do not stand in this file")
    return value


def _is_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ValueError("must be an http:// or https:// base URL")
    if parts.username or parts.password or parts.query:
        raise ValueError("must not carry credentials or a query; use key")
    return value.rstrip("/")


def _as_key(value: object) -> object:
    return {"digest": value} if isinstance(value, str) else value


Route = Annotated[str, AfterValidator(_is_route)]
Digest = Annotated[str, Field(pattern=f"^{DIGEST.pattern}$")]
Number = Annotated[int, Field(ge=0, strict=True)]


class PlaceDocument(Document):
    """What one place in the lattice names: a policy, a constitution, both or neither."""

    policy: str = Field(default="", description="Policy: a name or a path.")
    constitution: str = Field(
        default="", description="Constitution in place of the policy's own: a name or a path."
    )


class KeyDocument(PlaceDocument):
    """A virtual key; a digest alone is enough."""

    digest: Digest = Field(description="What `gatehouse key new` or `gatehouse key hash` printed.")
    per_minute: Number = Field(
        default=0, description="Requests a minute of this key; 0: no limit of its own."
    )


class UpstreamDocument(Document):
    """Where a tenant's calls go."""

    url: Annotated[str, AfterValidator(_is_url)] = Field(
        default="", description="Base URL of an OpenAI-compatible server; empty: the one of the settings."
    )
    key: Annotated[str, AfterValidator(_is_reference)] = Field(
        default="",
        description="Key sent there, as `${VARIABLE}` or `file:/path`; empty: the one of the settings.",
    )


class LimitsDocument(Document):
    """What a tenant may use, counted in the store that replicas share; 0: no limit."""

    per_minute: Number = Field(default=0, description="Requests a minute.")
    tokens_per_minute: Number = Field(
        default=0, description="Tokens a minute: prompts, answers, critique and revision."
    )
    tokens_per_day: Number = Field(default=0, description="Tokens a day (UTC), of the same.")


class SelectableDocument(Document):
    """What a tenant's clients may choose by header."""

    policies: tuple[str, ...] = Field(default=(), description="Policies for `x-gatehouse-policy`.")
    constitutions: tuple[str, ...] = Field(
        default=(), description="Constitutions for `x-gatehouse-constitution`."
    )


class ConsentDocument(Document):
    """What a tenant agrees to."""

    preferences: bool = Field(default=False, description="Its exchanges may become training data.")


class TenantDocument(PlaceDocument):
    """One tenant."""

    keys: dict[Name, Annotated[KeyDocument, BeforeValidator(_as_key)]] = Field(
        default_factory=dict, description="Its virtual keys by name."
    )
    upstream: str | UpstreamDocument = Field(
        default="",
        description="Name of an upstream of this file, or an upstream; empty: the one of the settings.",
    )
    limits: LimitsDocument = Field(default_factory=LimitsDocument, description="What it may use.")
    models: tuple[ModelPattern, ...] = Field(
        default=(), description="Models it may ask, each a name or its start and `*`; none listed: all."
    )
    routes: tuple[Route, ...] = Field(default=(), description="Routes it may use; none listed: all.")
    by_route: dict[Route, PlaceDocument] = Field(default_factory=dict, description="What it says of a route.")
    by_model: dict[ModelPattern, PlaceDocument] = Field(
        default_factory=dict, description="What it says of models, by name or the start of one and `*`."
    )
    selectable: SelectableDocument = Field(
        default_factory=SelectableDocument, description="What its clients may choose."
    )
    candidate: str = Field(
        default="", description="Policy judged beside the one that serves, without effect."
    )
    consent: ConsentDocument = Field(default_factory=ConsentDocument, description="What it agrees to.")


class TenantsDocument(Document):
    """The file. `by_route`, `by_model` and `may_loosen` are the platform's own words."""

    upstreams: dict[Name, UpstreamDocument] = Field(default_factory=dict, description="Upstreams by name.")
    by_route: dict[Route, PlaceDocument] = Field(
        default_factory=dict, description="What the platform says of a route."
    )
    by_model: dict[ModelPattern, PlaceDocument] = Field(
        default_factory=dict, description="What the platform says of models."
    )
    may_loosen: tuple[str, ...] = Field(
        default=(), description="Policies that tenants may name although they lack the platform's hard rules."
    )
    tenants: dict[Name, TenantDocument] = Field(default_factory=dict, description="Tenants by name.")


def read_tenants(path: Path) -> TenantsDocument:
    """The file, checked for what one entry cannot show.

    Raises:
        PolicyError: `problems` lists everything wrong, without a key or its digest.
    """
    document = read_document(path, TenantsDocument)
    problems = [f"{path}: {problem}" for problem in _problems(document)]
    if problems:
        raise PolicyError(problems)
    return document


def _problems(document: TenantsDocument) -> list[str]:
    found: list[str] = []
    owners: dict[str, str] = {}
    for name, tenant in document.tenants.items():
        if isinstance(tenant.upstream, str) and tenant.upstream and tenant.upstream not in document.upstreams:
            found.append(f"tenants.{name}.upstream: no upstream {tenant.upstream!r} in this file")
        if name == DEFAULT_TENANT and tenant.keys:
            found.append(f"tenants.{name}.keys: this tenant is who shows no key")
        for key, entry in tenant.keys.items():
            place = f"tenants.{name}.keys.{key}"
            other = owners.setdefault(entry.digest, place)
            if other != place:
                found.append(f"{place}: the same key as {other}")
    return found
