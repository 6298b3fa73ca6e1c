"""A conversation is read as rounds of questions and answers."""

from __future__ import annotations

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from proxy.exchange.rounds import newest, rounds, without

U, M, T, SYS = Origin.USER, Origin.MODEL, Origin.TOOL, Origin.OPERATOR


def talk(*origins: Origin) -> Conversation:
    return Conversation(tuple(Turn(str(o), f"{n}", o, n) for n, o in enumerate(origins)))


def places(*origins: Origin) -> list[tuple[list[int], int | None]]:
    found = rounds(talk(*origins))
    return [(sorted(each.places), None if each.answer is None else each.answer.place) for each in found]


def test_a_round_is_what_users_and_tools_said_up_to_an_answer() -> None:
    assert places(SYS, U, M, T, M, U, U) == [([1], 2), ([3], 4), ([5, 6], None)]
    assert places(U, M) == [([0], 1)]
    assert places(SYS) == []


def test_turns_that_are_no_messages_are_in_no_round() -> None:
    turns = (Turn("joined", "a", U), Turn("user", "b", U, 0), Turn("request.tools", "c", SYS))
    assert [each.asked for each in rounds(Conversation(turns))] == [(turns[1],)]


def test_the_newest_is_the_last_message_of_a_user() -> None:
    assert newest(talk(U, M, U, T, M)) == 2
    assert newest(talk(SYS, M)) == -1
    assert newest(Conversation((Turn("joined", "a", U),))) == -1


def test_what_is_left_out_leaves_its_place_empty() -> None:
    parts = (Uncovered("image", "messages[0]", 0), Uncovered("file", "messages[2]", 2))
    made = without(Conversation(talk(U, M, U).turns, parts), frozenset((0,)))
    assert [turn.text for turn in made.turns] == ["", "1", "2"]
    assert made.uncovered == (parts[1],)
