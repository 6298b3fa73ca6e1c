"""What must hold of fields that several surfaces have; all else is the upstream's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.errors import bad_field
from proxy.surfaces.reading import Limits

MODEL_CHARS = 256
"""Longest name of a model."""


def check_model(model: Any, *, needed: bool = True) -> str:
    """The name of a model; empty where none is given, which `needed` forbids.

    Raises:
        BadRequest: it is no name.
    """
    if model is None and not needed:
        return ""
    if type(model) is not str or len(model) > MODEL_CHARS or (needed and not model):
        raise bad_field("model", "must be the name of a model")
    return model


def check_flag(body: Mapping[str, Any], name: str) -> None:
    """A field that is true, false or not there.

    Raises:
        BadRequest: it is anything else.
    """
    if type(body.get(name)) not in (bool, type(None)):
        raise bad_field(name, "must be true or false")


def check_messages(messages: Any, limits: Limits, name: str = "messages") -> None:
    """A conversation that can be walked. `name`: of its field.

    Raises:
        BadRequest: no list of objects, an empty one, or too long a one.
    """
    if type(messages) is not list or not messages:
        raise bad_field(name, "must be a list with at least one message")
    if len(messages) > limits.messages:
        raise bad_field(name, f"must not hold more than {limits.messages} messages")
    for message in messages:
        if type(message) is not dict:
            raise bad_field(name, "must hold objects only")
