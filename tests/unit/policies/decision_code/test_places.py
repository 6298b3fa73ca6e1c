"""Places where an attribute is used lawfully."""

from __future__ import annotations

from policies.decision_code.places import touches


def test_a_word_with_a_star_is_found_inside_others() -> None:
    about = frozenset(("steuer*", "tax"))
    assert touches(["kirchensteuer"], about)
    assert touches(["tax"], about)
    assert not touches(["taxi"], about)
