"""The constitutions that answer here, for everybody to read: `GET /v1/constitution` and by name.

A client sees the constitution under which its own requests are answered, and those that it may choose;
no others are told, or said to exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from policies.constitution import CompiledConstitution, Principle
from proxy.errors import NotFound

ConstitutionLister = Callable[[Mapping[str, str]], Sequence[CompiledConstitution]]
"""From request headers to the constitution that answers them, then those that may be chosen."""


def constitution_routes(served: ConstitutionLister) -> APIRouter:
    """The two routes, with and without `/v1`."""
    router = APIRouter(include_in_schema=False)

    def own(request: Request) -> Response:
        found = tuple(served(dict(request.headers)))
        names = list(dict.fromkeys(each.name for each in found))
        return _json({**_document(found[0]), "selectable": names})

    def named(request: Request, name: str) -> Response:
        for constitution in served(dict(request.headers)):
            if constitution.name == name:
                return _json(_document(constitution))
        raise NotFound("No constitution of this name answers here.", code="constitution_not_found")

    for prefix in ("", "/v1"):
        router.add_api_route(f"{prefix}/constitution", own, methods=["GET"])
        router.add_api_route(f"{prefix}/constitution/{{name}}", named, methods=["GET"])
    return router


def _document(constitution: CompiledConstitution) -> dict[str, Any]:
    return {
        "object": "constitution",
        "name": constitution.name,
        "version": constitution.version,
        "digest": constitution.digest,
        "mode": constitution.mode,
        "summary": constitution.summary,
        "extends": constitution.lineage,
        "text": constitution.text,
        "tokens": constitution.tokens,
        "clauses": [_clause(principle) for principle in constitution.principles],
    }


def _clause(principle: Principle) -> dict[str, Any]:
    return {
        "id": principle.id,
        "title": principle.title,
        "authority": principle.authority,
        "behaviour": principle.behaviour,
        "limit": principle.limit,
        "definitions": dict(principle.definitions),
    }


def _json(body: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
