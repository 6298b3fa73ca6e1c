"""Constitutions told over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from fastapi import FastAPI

from policies.constitution import CompiledConstitution
from policies.loader import load_compiled_constitution
from proxy.surfaces.constitutions import constitution_routes
from proxy.surfaces.operations import speak_openai
from tests.kits.surface_kit import Caller

DEFAULT, FUN = (load_compiled_constitution(name) for name in ("default", "default+fun"))


def build() -> Caller:
    def served(headers: Mapping[str, str]) -> Sequence[CompiledConstitution]:
        return (FUN, DEFAULT) if headers.get("x-gatehouse-policy") == "merry" else (DEFAULT, DEFAULT, FUN)

    app = FastAPI(openapi_url=None)
    speak_openai(app)
    app.include_router(constitution_routes(served))
    return Caller(app)


async def test_a_client_reads_the_constitution_that_answers_it() -> None:
    """The text byte for byte, the clauses in their order of priority, and what it may choose."""
    told = orjson.loads((await build().call("GET", "/v1/constitution")).body)
    assert (told["name"], told["digest"], told["text"]) == ("default", DEFAULT.digest, DEFAULT.text)
    assert [clause["id"] for clause in told["clauses"]] == list(DEFAULT.priority)
    assert told["clauses"][0]["authority"] == "hard"
    assert told["selectable"] == ["default", "default+fun"]


async def test_the_headers_lead_to_the_constitution() -> None:
    """As they do for requests."""
    answer = await build().call("GET", "/constitution", [("x-gatehouse-policy", "merry")])
    assert orjson.loads(answer.body)["name"] == "default+fun"


async def test_others_are_read_by_name_and_only_those_that_may_be_chosen() -> None:
    """What is not served here is not said to exist."""
    told = orjson.loads((await build().call("GET", "/v1/constitution/default+fun")).body)
    assert (told["mode"], told["digest"]) == ("fun", FUN.digest)
    answer = await build().call("GET", "/v1/constitution/strict")
    assert answer.status == 404
    assert orjson.loads(answer.body)["error"]["code"] == "constitution_not_found"
