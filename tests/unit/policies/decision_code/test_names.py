"""Words of somebody and of things."""

from __future__ import annotations

from policies.decision_code.names import is_person, is_thing


def test_the_last_word_tells_whether_it_is_a_thing() -> None:
    assert is_thing(["old", "churches"])
    assert not is_thing(["car", "owner"])
    assert is_person(["bewerber"])
    assert not is_person(["horse"])
