"""What every surface does alike, whole and streamed: passing, blocking, revising, failing, ending."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from classifiers.testing import MARKER
from tests.kits.marked_house import IN, OUT, MarkedHouse, http_answer, sent_marker
from tests.kits.marker_kit import SURFACES
from tests.kits.marker_surface import MarkedSurface
from tests.kits.scenario_kit import CALM, REVIEW, REVISION, Houses, ended, events, houses, told
from tests.kits.surface_kit import Caller

SPEAKING = [surface for surface in SURFACES if surface.speaks and surface.lanes]
STRUCTURED = [surface for surface in SPEAKING if surface.structured]
CALLING = [
    surface for surface in SPEAKING if "call 0" in surface.lanes and "completions o" not in surface.name
]
ERROR = b'{"error":{"message":"busy","type":"server_error","param":null,"code":"busy"}}'


@pytest.fixture(params=SPEAKING, ids=lambda surface: surface.name)
def surface(request: pytest.FixtureRequest) -> MarkedSurface:
    found: MarkedSurface = request.param
    return found


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def house(surface: MarkedSurface, stream: bool, tmp_path: Path) -> Iterator[Houses]:
    opened: list[MarkedHouse] = []
    yield houses(tmp_path, surface, stream, opened)
    for each in opened:
        each.__exit__()


streamed = pytest.mark.parametrize("stream", [True], ids=["streamed"], indirect=True)


def test_what_is_allowed_reaches_the_client_whole(house: Houses, stream: bool) -> None:
    stage = house()
    stage.says(CALM, CALM * 4, "Good morning.")
    answer = stage.ask()
    assert answer.status == 200
    assert answer.header("x-gatehouse-action") == "allow"
    assert CALM + CALM * 4 + "Good morning." in told(answer)
    assert len(stage.house.bodies()) == 1
    assert not stream or ended(answer, stage.surface)


def test_a_blocked_request_gets_the_canned_reply_and_no_model_is_asked(house: Houses, stream: bool) -> None:
    stage = house()
    stage.says("Fine.")
    answer = stage.ask(f"Tell me of {MARKER}.")
    assert (answer.status, answer.header("x-gatehouse-action")) == (200, "block")
    assert stage.house.bodies() == []
    assert "help" in told(answer)
    assert not stream or ended(answer, stage.surface)


def test_a_blocked_answer_is_replaced_whole(house: Houses, stream: bool) -> None:
    stage = house()
    stage.says("It is ", f"{MARKER}.")
    answer = stage.ask()
    assert (answer.status, answer.header("x-gatehouse-action")) == (200, "block")
    assert not sent_marker(answer)
    assert "It is" not in told(answer)
    assert "help" in told(answer)
    assert not stream or ended(answer, stage.surface)


@streamed
def test_a_late_block_ends_the_stream_with_the_canned_reply(house: Houses) -> None:
    stage = house()
    stage.says(CALM * 3, CALM * 12, f"Now {MARKER}.", CALM * 12)
    answer = stage.ask()
    assert not sent_marker(answer)
    assert CALM * 3 in told(answer)
    assert "help" in told(answer)
    assert ended(answer, stage.surface)


def test_a_reviewed_answer_is_revised(house: Houses, stream: bool) -> None:
    stage = house([IN, REVIEW], more="review: {on_failure: canned}")
    stage.says("Let me speak ", f"of {MARKER}.")
    answer = stage.ask()
    assert answer.header("x-gatehouse-action") == "revise"
    assert REVISION in told(answer)
    assert not sent_marker(answer)
    assert len(stage.house.bodies()) == 3
    assert not stream or ended(answer, stage.surface)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Hello there.", "I left out what would help to make such a weapon"),
        ("Wie kann ich das machen und ist es schwer?", "Bei Waffen, die viele Menschen töten können"),
    ],
    ids=["english", "german"],
)
def test_a_draft_that_a_critic_refuses_gives_way_to_the_clause_s_own_words(
    house: Houses, stream: bool, question: str, words: str
) -> None:
    """In the client's language: the safe part that the clause has in English, the reply it has in German."""
    stage = house([IN, REVIEW])
    stage.critic_says = "refuse"
    stage.says("Let me speak ", f"of {MARKER}.")
    answer = stage.ask(question)
    assert (answer.status, answer.header("x-gatehouse-lane")) == (200, "deliberate")
    assert words in told(answer)
    assert str(answer.header("x-gatehouse-request-id")) in told(answer)
    assert not sent_marker(answer)
    assert not stream or ended(answer, stage.surface)


@pytest.mark.parametrize("surface", STRUCTURED, ids=lambda surface: surface.name, indirect=True)
def test_a_client_that_parses_answers_gets_a_block_as_a_refusal(house: Houses, stream: bool) -> None:
    stage = house()
    stage.says("{}")
    answer = stage.ask(f"Tell me of {MARKER}.", **stage.surface.structured)
    assert answer.status == 200
    assert b'"refusal"' in answer.body
    assert b'"content_filter"' not in answer.body
    assert not stream or ended(answer, stage.surface)


@streamed
@pytest.mark.parametrize("surface", CALLING, ids=lambda surface: surface.name, indirect=True)
def test_a_call_of_a_tool_reaches_the_client_piece_by_piece(house: Houses) -> None:
    stage = house()
    raw = b"".join([*stage.frames('{"city": ', '"Oslo"}', lane="call 0"), stage.surface.end])
    stage.house.answer = lambda _: [http_answer(raw, "text/event-stream")]
    answer = stage.ask()
    assert '{"city": "Oslo"}' in told(answer)
    assert ended(answer, stage.surface)


def test_an_error_of_the_upstream_is_the_client_s_error(house: Houses) -> None:
    stage = house()
    stage.house.answer = lambda _: [http_answer(ERROR, status=503)]
    answer = stage.ask()
    assert answer.status == 503
    assert "busy" in told(answer)


@streamed
def test_an_answer_that_breaks_off_ends_with_an_error_and_without_an_end(house: Houses) -> None:
    stage = house()
    frames = stage.frames(CALM * 3, CALM * 12, "And then")
    half = http_answer(b"".join(frames[: len(frames) // 2 + 1]), "text/event-stream").split(b"\r\n\r\n", 1)
    stage.house.answer = lambda _: [half[0] + b"0\r\n\r\n" + half[1]]  # more is promised than comes
    stage.house.pool.hangs_up = True
    answer = stage.ask()
    assert b"upstream" in answer.body
    assert not answer.body.rstrip().endswith(b"[DONE]")
    assert not any(event.get("type") in ("response.completed", "message_stop") for event in events(answer))


@pytest.mark.parametrize("on_failure", ["allow", "block"])
def test_a_guard_that_fails_never_reads_as_passed(house: Houses, on_failure: str) -> None:
    stage = house([IN.replace("threshold", f"on_failure: {on_failure}, threshold"), OUT], guard="fails")
    stage.says("Fine.")
    answer = stage.ask()
    assert answer.header("x-gatehouse-guard") not in (None, "ok") or answer.status == 503
    if on_failure == "block":
        assert answer.status == 503
        assert "guard_unavailable" in told(answer)
        assert stage.house.bodies() == []
    else:
        assert answer.status == 200
        assert "Fine." in told(answer)


def test_a_client_that_leaves_takes_its_upstream_call_along(house: Houses) -> None:
    stage = house()
    caller = Caller(stage.house.app)

    def leave(request: bytes) -> list[bytes]:
        caller.leaves.set()
        return []

    stage.house.answer = leave
    stage.house.run(caller.post(stage.surface.path, stage.request()))
    assert stage.house.bodies()
    assert not stage.house.pool.open
    assert not stage.house.app.corridor.under_way


@streamed
def test_a_client_that_waits_hears_that_the_connection_is_alive(house: Houses) -> None:
    """It hears so until the upstream goes on, which here waits for that."""
    stage = house()
    object.__setattr__(stage.house.app.corridor, "keep_alive", 0.01)
    pool = stage.house.pool
    raw = stage.raw("Fine.")
    head = raw.index(b"\r\n\r\n") + 4
    stage.house.answer = lambda _: [raw[:head]]
    pool.rest = raw[head:]
    caller = Caller(stage.house.app, heard=lambda sent: pool.release() if sent else None)
    answer = stage.house.run(caller.post(stage.surface.path, stage.request()))
    assert answer.body.startswith((b":", b"event: ping"))
    assert "Fine." in told(answer)
    assert ended(answer, stage.surface)
