"""OpenAPI of Gatehouse's own routes: those that no other API has described.

`gatehouse openapi` prints the document, and `docs/reference/openapi.json` holds it. The routes that stand in
for OpenAI's and Anthropic's are described by them; all errors described here have the same shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from proxy.surfaces.feedback import KINDS, MOST_COMMENT_CHARS
from proxy.surfaces.verdicts import agentgateway, guard_check, litellm_guardrail
from proxy.version import VERSION

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_CLAUSES: Json = {"type": "array", "items": {"type": "object"}}
_ANYTHING: Json = {"type": "object"}
_MESSAGES: Json = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Message"}}
_STATUSES: Mapping[str, str] = {
    "400": "The request is not what it claims to be.",
    "401": "No key, or a wrong one.",
    "403": "The key may not do this.",
    "408": "The body did not arrive in time.",
    "413": "The body is over the limit.",
    "415": "Not JSON in UTF-8, or compressed.",
    "429": "The client's budget is used up.",
    "503": "A guard that the policy requires gave no measurement.",
}


def document() -> Json:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gatehouse", "version": VERSION, "license": {"name": "Apache-2.0"}},
        "paths": {**_verdicts(), **_hooks(), **_operations()},
        "components": {"schemas": {"Message": _message(), "Verdict": _verdict(), "Error": _error()}},
    }


def text() -> str:
    """The document as it is written to files."""
    return json.dumps(document(), indent=1) + "\n"


def _object(properties: Json, required: tuple[str, ...] = (), *, closed: bool = False) -> Json:
    schema: Json = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema | ({"additionalProperties": False} if closed else {})


def _post(summary: str, body: Json, answer: Json, more: tuple[str, ...] = ()) -> Json:
    """One route that takes and gives JSON. `more`: error statuses beside the usual ones."""
    errors = {status: _answer(about, _ref("Error")) for status, about in _STATUSES.items()}
    errors |= {status: _answer("There is no such thing.", _ref("Error")) for status in more}
    content = {"application/json": {"schema": body}}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": content},
            "responses": {"200": _answer("The answer.", answer), **errors},
        }
    }


def _get(summary: str, answer: Json, *, kind: str = "application/json", down: bool = False) -> Json:
    answers = {"200": _answer("The answer.", answer, kind)}
    if down:
        answers["503"] = _answer("Not ready; the parts say why.", answer)
    return {"get": {"summary": summary, "responses": answers}}


def _answer(about: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": about, "content": {kind: {"schema": schema}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _message() -> Json:
    return _object({"role": _TEXT, "content": {"anyOf": [_TEXT, {"type": "array"}, {"type": "null"}]}})


def _verdict() -> Json:
    unknown = {"type": ["string", "null"]}
    number = {"type": ["number", "null"]}
    actions = {"type": "string", "enum": ["allow", "flag", "review", "block"]}
    names = ("category", "rule", "reason", "failure")
    fields: Json = {"action": actions, "would": actions, **dict.fromkeys(names, unknown)}
    return _object({**fields, "score": number, "threshold": number, "flagged": _TEXTS}, ("action",))


def _error() -> Json:
    unknown = {"type": ["string", "null"]}
    fields: Json = {"message": _TEXT, "type": _TEXT, "param": unknown, "code": unknown}
    return _object({"error": _object(fields, tuple(fields))}, ("error",))


def _verdicts() -> Json:
    decision = {"type": "string", "pattern": "^gh-[0-9a-hjkmnp-tv-z]{26}$"}
    comment = {"type": "string", "maxLength": MOST_COMMENT_CHARS}
    kind = {"type": "string", "enum": list(KINDS)}
    said: Json = {"decision_id": decision, "kind": kind, "comment": comment}
    asked: Json = {
        "messages": _MESSAGES,
        "input": {"type": "string", "minLength": 1},
        "output": {"anyOf": [_TEXT, {**_TEXTS, "minItems": 1}]},
        "judge": {"type": "string", "enum": ["input", "output", "both"]},
        "model": {"type": "string", "maxLength": 256},
    }
    thanks = _object({"object": {"const": "feedback"}, "decision_id": decision, "kind": _TEXT})
    told = _object({"id": _TEXT, "object": {"const": "guard.verdict"}, "side": _TEXT}, ("id", "object"))
    return {
        "/v1/feedback": _post(
            "Say what was wrong, or right, with a decision.",
            _object(said, ("decision_id", "kind"), closed=True),
            thanks,
            ("404",),
        ),
        f"/v1{guard_check.PATH}": _post("A verdict, and no model is asked.", _object(asked), told),
    }


def _hooks() -> Json:
    litellm: Json = {
        "input_type": {"type": "string", "enum": ["request", "response"]},
        "texts": _TEXTS,
        "images": _TEXTS,
        "structured_messages": {"type": "array", "items": _ref("Message")},
        "request_data": _ANYTHING,
        "model": _TEXT,
    }
    decided = _object({"action": {"type": "string", "enum": ["NONE", "BLOCKED"]}, "blocked_reason": _TEXT})
    choice = _object({"message": _ref("Message")}, ("message",))
    bodies: Mapping[str, Json] = {
        "request": _object({"messages": _MESSAGES}, ("messages",)),
        "response": _object({"choices": {"type": "array", "items": choice}}, ("choices",)),
    }
    paths: Json = {
        f"/v1{litellm_guardrail.PATH}": _post(
            "LiteLLM's generic guardrail hook.", _object(litellm, ("input_type",)), decided
        )
    }
    for side, path in agentgateway.HOOKS.items():
        body = _object({"body": bodies[side]}, ("body",))
        answer = _object({"action": _ANYTHING}, ("action",))
        paths[f"{agentgateway.PREFIX}{path}"] = _post(f"agentgateway's webhook: {side}.", body, answer)
    return paths


def _operations() -> Json:
    parts: Json = {"type": "object", "additionalProperties": _TEXT}
    state = _object({"status": _TEXT, "parts": parts}, ("status",))
    hello = _object(dict.fromkeys(("service", "version", "status"), _TEXT), ("service", "version"))
    words = dict.fromkeys(("object", "name", "version", "digest", "mode", "summary", "text"), _TEXT)
    constitution = _object(
        {
            **words,
            "extends": _TEXTS,
            "selectable": _TEXTS,
            "tokens": {"type": "integer"},
            "clauses": _CLAUSES,
        },
        ("name", "version", "digest", "text", "clauses"),
    )
    return {
        "/v1/constitution": _get("The constitution that answers this client.", constitution),
        "/": _get("A greeting with the version.", hello),
        "/livez": _get("The process turns.", state),
        "/readyz": _get("All parts are there.", state, down=True),
        "/metrics": _get("Prometheus or OpenMetrics text.", _TEXT, kind="text/plain"),
    }
