"""What was withheld is remembered, within bounds."""

from __future__ import annotations

from proxy.surfaces.responses.withheld import KEPT, Withheld


def test_ids_that_were_withheld_are_known() -> None:
    withheld = Withheld()
    withheld.add("resp_1")
    assert "resp_1" in withheld
    assert "resp_2" not in withheld
    assert [] not in withheld


def test_what_is_no_id_is_not_kept() -> None:
    withheld = Withheld()
    for value in ("", None, 4, "x" * 1000):
        withheld.add(value)
    assert "" not in withheld


def test_the_oldest_is_forgotten_first() -> None:
    withheld = Withheld()
    for number in range(KEPT + 1):
        withheld.add(f"resp_{number}")
        withheld.add("resp_0")
    assert "resp_0" in withheld
    assert "resp_1" not in withheld


def test_conversations_go_on_from_revised_answers_and_from_no_blocked_ones() -> None:
    withheld = Withheld()
    withheld.add("resp_1")
    withheld.add("resp_2", revised=True)
    assert [withheld.ends(each) for each in ("resp_1", "resp_2", "resp_3", None)] == [
        True,
        False,
        False,
        False,
    ]
    assert "resp_2" in withheld
