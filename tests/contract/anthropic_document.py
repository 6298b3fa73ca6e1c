"""The Messages API as an OpenAPI document, made of the types of anthropic's Python client.

Anthropic publishes no such document. Run in an environment that has the client; the document goes to standard
output. No object may have fields that the types do not name.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from anthropic.types import Message, MessageCountTokensParams, MessageTokensCount
from anthropic.types.message_create_params import MessageCreateParams
from pydantic import TypeAdapter

PATHS = {
    "/messages": (MessageCreateParams, Message),
    "/messages/count_tokens": (MessageCountTokensParams, MessageTokensCount),
}
PREFIX = "Anthropic"
"""Before every name of a schema, so that the document can be joined with another."""


def document() -> dict[str, Any]:
    """The operations of `PATHS`."""
    schemas: dict[str, Any] = {}

    def content(kind: Any) -> dict[str, Any]:
        schema = TypeAdapter(kind).json_schema(ref_template=f"#/components/schemas/{PREFIX}{{model}}")
        schemas.update({f"{PREFIX}{name}": each for name, each in schema.pop("$defs", {}).items()})
        return {"content": {"application/json": {"schema": schema}}}

    paths = {
        path: {
            "post": {
                "requestBody": {"required": True, **content(asked)},
                "responses": {"200": {"description": "An answer.", **content(answered)}},
            }
        }
        for path, (asked, answered) in PATHS.items()
    }
    about = {"title": "Messages", "version": "1"}
    made = {"openapi": "3.1.0", "info": about, "paths": paths, "components": {"schemas": schemas}}
    _close(made)
    return made


def _close(value: Any) -> None:
    if isinstance(value, dict):
        if "properties" in value:
            value["additionalProperties"] = False
        for child in value.values():
            _close(child)
    elif isinstance(value, list):
        for child in value:
            _close(child)


if __name__ == "__main__":
    json.dump(document(), sys.stdout)
