"""End users are counted by keyed digests and never named."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.surfaces.end_user import EndUsers

KEY = b"k" * 32


@pytest.mark.parametrize(
    "body",
    [
        {"safety_identifier": "anna@example.com"},
        {"user": "anna@example.com"},
        {"safety_identifier": "anna@example.com", "user": "somebody else"},
        {"safety_identifier": "", "user": "anna@example.com"},
        {"metadata": {"user_id": "anna@example.com"}},
    ],
)
def test_every_place_of_the_name_gives_the_same_digest(body: dict[str, Any]) -> None:
    digest = EndUsers(KEY).digest(body)
    assert digest == EndUsers(KEY).digest({"user": "anna@example.com"})
    assert len(digest) == 32
    assert "anna" not in digest


@pytest.mark.parametrize("body", [{}, {"user": None}, {"user": 7}, {"user": ""}, {"metadata": {"a": "b"}}])
def test_who_names_nobody_has_no_digest(body: dict[str, Any]) -> None:
    assert EndUsers(KEY).digest(body) == ""


def test_the_digest_cannot_be_guessed_without_the_key() -> None:
    assert EndUsers(KEY).digest({"user": "a"}) != EndUsers(b"another").digest({"user": "a"})


def test_identifiers_go_on_as_they_came_unless_asked_otherwise() -> None:
    assert EndUsers(KEY).onward({"user": "anna"}) is None


def test_hashed_identifiers_take_the_place_of_the_names_and_of_nothing_else() -> None:
    users = EndUsers(KEY, "hash")
    body = {
        "model": "m",
        "user": "anna",
        "safety_identifier": "anna",
        "metadata": {"user_id": "anna", "topic": "anna"},
    }
    digest = users.digest(body)
    assert users.onward(body) == {
        "model": "m",
        "user": digest,
        "safety_identifier": digest,
        "metadata": {"user_id": digest, "topic": "anna"},
    }
    assert body["user"] == "anna"
    assert users.onward({"model": "m", "user": 7}) is None
