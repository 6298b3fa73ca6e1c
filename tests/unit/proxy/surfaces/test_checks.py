"""Fields that several surfaces have are checked alike."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import BadRequest
from proxy.surfaces.checks import MODEL_CHARS, check_flag, check_messages, check_model
from proxy.surfaces.reading import Limits


def test_a_name_of_a_model_is_handed_on() -> None:
    assert check_model("m" * MODEL_CHARS) == "m" * MODEL_CHARS
    assert [check_model(name, needed=False) for name in ("m", "", None)] == ["m", "", ""]


@pytest.mark.parametrize("needed", [True, False])
@pytest.mark.parametrize("odd", [4, ["m"], "m" * (MODEL_CHARS + 1)])
def test_what_is_no_name_of_a_model_is_refused(odd: Any, needed: bool) -> None:
    with pytest.raises(BadRequest) as caught:
        check_model(odd, needed=needed)
    assert caught.value.param == "model"


@pytest.mark.parametrize("missing", ["", None])
def test_a_model_that_is_needed_must_be_named(missing: Any) -> None:
    with pytest.raises(BadRequest):
        check_model(missing)


def test_a_flag_is_true_or_false_or_not_there() -> None:
    for body in ({}, {"stream": None}, {"stream": True}, {"stream": False}):
        check_flag(body, "stream")
    for odd in (1, "true", []):
        with pytest.raises(BadRequest) as caught:
            check_flag({"stream": odd}, "stream")
        assert caught.value.param == "stream"


@pytest.mark.parametrize("odd", [None, "hello", [], {}, ["hello"], [{}, {}, {}]])
def test_a_conversation_is_a_list_of_objects_and_not_too_long(odd: Any) -> None:
    check_messages([{}, {}], Limits(messages=2))
    with pytest.raises(BadRequest) as caught:
        check_messages(odd, Limits(messages=2), "structured_messages")
    assert caught.value.param == "structured_messages"
