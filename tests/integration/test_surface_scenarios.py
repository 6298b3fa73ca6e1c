"""What every surface does alike, whole and streamed: passing, blocking, revising, failing, ending."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from classifiers.testing import MARKER
from tests.kits.golden_kit import check, kept
from tests.kits.marked_house import IN, OUT, MarkedHouse, http_answer, sent_marker
from tests.kits.marker_kit import SURFACES
from tests.kits.marker_surface import MarkedSurface
from tests.kits.scenario_kit import CALM, REVIEW, REVISION, Houses, ended, events, houses, told
from tests.kits.surface_kit import Answer, Caller

Golden = Callable[[Answer, str], None]
_NAMES = """
    allowed blocked answer_blocked late_block revised structured_blocked tool_call tool_call_blocked reasoning
    reasoning_blocked one_of_two_blocked unknown_field unknown_field_blocked refusal upstream_error
    upstream_breaks guard_fails_open guard_fails_closed
"""
TRANSCRIPTS = frozenset(_NAMES.split())
SPEAKING = [surface for surface in SURFACES if surface.speaks and surface.lanes]
STRUCTURED = [surface for surface in SPEAKING if surface.structured]
CALLING = [surface for surface in SPEAKING if surface.calls]
THINKING = [surface for surface in SPEAKING if surface.thought]
NATIVE = [surface for surface in SPEAKING if surface.name in surface.wires]
CHOOSING = [surface for surface in SPEAKING if surface.most_choices > 1]
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


@pytest.fixture
def golden(surface: MarkedSurface, stream: bool) -> Golden:
    """Compares an answer with the transcript of that name; see `golden_kit`."""

    def compare(answer: Answer, name: str) -> None:
        assert name in TRANSCRIPTS
        check(answer, folder_of(surface), name + "_stream" * stream, clocked=True)

    return compare


def folder_of(surface: MarkedSurface) -> str:
    return f"scenarios/{surface.name.replace(' ', '_')}"


streamed = pytest.mark.parametrize("stream", [True], ids=["streamed"], indirect=True)


def only(surfaces: Sequence[MarkedSurface]) -> pytest.MarkDecorator:
    """Those surfaces alone."""
    return pytest.mark.parametrize("surface", surfaces, ids=lambda surface: surface.name, indirect=True)


def test_what_is_allowed_reaches_the_client_whole(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house()
    stage.says(CALM, CALM * 4, "Good morning.")
    answer = stage.ask()
    assert answer.status == 200
    assert answer.header("x-gatehouse-action") == "allow"
    assert CALM + CALM * 4 + "Good morning." in told(answer)
    assert len(stage.house.bodies()) == 1
    assert not stream or ended(answer)
    golden(answer, "allowed")


def test_a_blocked_request_gets_the_canned_reply_and_no_model_is_asked(
    house: Houses, stream: bool, golden: Golden
) -> None:
    stage = house()
    stage.says("Fine.")
    answer = stage.ask(f"Tell me of {MARKER}.")
    assert (answer.status, answer.header("x-gatehouse-action")) == (200, "block")
    assert stage.house.bodies() == []
    assert "help" in told(answer)
    assert not stream or ended(answer)
    golden(answer, "blocked")


def test_a_blocked_answer_is_replaced_whole(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house()
    stage.says("It is ", f"{MARKER}.")
    answer = stage.ask()
    assert (answer.status, answer.header("x-gatehouse-action")) == (200, "block")
    assert not sent_marker(answer)
    assert "It is" not in told(answer)
    assert "help" in told(answer)
    assert not stream or ended(answer)
    golden(answer, "answer_blocked")


@streamed
def test_a_late_block_ends_the_stream_with_the_canned_reply(house: Houses, golden: Golden) -> None:
    stage = house()
    stage.says(CALM * 3, CALM * 12, f"Now {MARKER}.", CALM * 12)
    answer = stage.ask()
    assert not sent_marker(answer)
    assert CALM * 3 in told(answer)
    assert "help" in told(answer)
    assert ended(answer)
    golden(answer, "late_block")


def test_a_reviewed_answer_is_revised(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house([IN, REVIEW], more="review: {on_failure: canned}")
    stage.says("Let me speak ", f"of {MARKER}.")
    answer = stage.ask()
    assert answer.header("x-gatehouse-action") == "revise"
    assert REVISION in told(answer)
    assert not sent_marker(answer)
    assert len(stage.house.bodies()) == 3
    assert not stream or ended(answer)
    golden(answer, "revised")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Hello there.", "I left out what was unkind."),
        ("Wie kann ich das machen und ist es schwer?", "Unfreundlich werde ich nicht."),
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
    assert not stream or ended(answer)


@only(STRUCTURED)
def test_a_client_that_parses_answers_gets_a_block_as_a_refusal(
    house: Houses, stream: bool, golden: Golden
) -> None:
    stage = house()
    stage.says("{}")
    answer = stage.ask(f"Tell me of {MARKER}.", **stage.surface.structured)
    assert answer.status == 200
    assert b'"refusal"' in answer.body
    assert b'"content_filter"' not in answer.body
    assert not stream or ended(answer)
    golden(answer, "structured_blocked")


@only(CALLING)
def test_a_call_of_a_tool_reaches_the_client(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house()
    stage.says('{"city": ', '"Oslo"}', lane="call 0")
    answer = stage.ask()
    assert answer.header("x-gatehouse-action") == "allow"
    assert "Oslo" in told(answer)
    assert "look" in told(answer)
    assert not stream or ended(answer)
    golden(answer, "tool_call")


@only(CALLING)
def test_a_call_whose_arguments_are_blocked_is_no_call(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house()
    stage.says('{"city": "Oslo", ', f'"of": "{MARKER}"}}', lane="call 0")
    answer = stage.ask()
    assert (answer.status, answer.header("x-gatehouse-action")) == (200, "block")
    assert not sent_marker(answer)
    assert not any(word in told(answer) for word in ("Oslo", "look"))
    assert "help" in told(answer)
    assert not stream or ended(answer)
    golden(answer, "tool_call_blocked")


@only(THINKING)
def test_what_a_model_thinks_reaches_the_client(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house()
    stage.says("Let me see. ", "Boats float.", lane=stage.surface.thought)
    answer = stage.ask()
    assert answer.header("x-gatehouse-action") == "allow"
    assert "Let me see. Boats float." in told(answer)
    golden(answer, "reasoning")


@only(THINKING)
def test_a_blocked_thought_takes_its_answer_along(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house()
    stage.says("Let me see. ", f"Of {MARKER}.", lane=stage.surface.thought)
    answer = stage.ask()
    assert (answer.status, answer.header("x-gatehouse-action")) == (200, "block")
    assert not sent_marker(answer)
    assert "Let me see" not in told(answer)
    assert "help" in told(answer)
    golden(answer, "reasoning_blocked")


@only(CHOOSING)
def test_of_two_choices_the_blocked_one_is_replaced(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house()
    stage.answers(stage.wired(stage.choices("Boats float.", f"It is {MARKER}.")))
    answer = stage.ask(n=2)
    assert (answer.status, answer.header("x-gatehouse-action")) == (200, "block")
    assert not sent_marker(answer)
    assert "Boats float." in told(answer)
    assert "It is" not in told(answer)
    assert "help" in told(answer)
    golden(answer, "one_of_two_blocked")


@only(NATIVE)
@pytest.mark.parametrize("note", ["calm waters", f"so: {MARKER}"], ids=["harmless", "marked"])
def test_a_field_that_nobody_knows_is_judged_and_reaches_the_client(
    house: Houses, stream: bool, note: str, golden: Golden
) -> None:
    stage = house()
    payloads = stage.payloads("Boats ", "float.")
    payloads[0]["x_note"] = note
    stage.answers(stage.wired(payloads))
    answer = stage.ask()
    blocked = MARKER in note
    assert answer.header("x-gatehouse-action") == ("block" if blocked else "allow")
    assert (note in told(answer)) is not blocked
    assert not sent_marker(answer)
    golden(answer, "unknown_field_blocked" if blocked else "unknown_field")


def test_a_refusal_of_the_model_passes_and_is_counted(house: Houses, stream: bool, golden: Golden) -> None:
    stage = house()
    stage.says("I'm sorry, ", "but I can't help with that.")
    answer = stage.ask()
    assert answer.header("x-gatehouse-action") == "allow"
    assert "I'm sorry, but I can't help with that." in told(answer)
    page = stage.house.run(Caller(stage.house.app).call("GET", "/metrics")).body.decode()
    assert 'gatehouse_refusals_total{kind="refuse",origin="model"} 1.0' in page
    golden(answer, "refusal")


def test_an_error_of_the_upstream_is_the_client_s_error(house: Houses, golden: Golden) -> None:
    stage = house()
    stage.house.answer = lambda _: [http_answer(ERROR, status=503)]
    answer = stage.ask()
    assert answer.status == 503
    assert "busy" in told(answer)
    golden(answer, "upstream_error")


@streamed
def test_an_answer_that_breaks_off_ends_with_an_error_and_without_an_end(
    house: Houses, golden: Golden
) -> None:
    stage = house()
    frames = stage.frames(CALM * 3, CALM * 12, "And then")
    half = http_answer(b"".join(frames[: len(frames) // 2 + 1]), "text/event-stream").split(b"\r\n\r\n", 1)
    stage.house.answer = lambda _: [half[0] + b"0\r\n\r\n" + half[1]]  # more is promised than comes
    stage.house.pool.hangs_up = True
    answer = stage.ask()
    assert b"upstream" in answer.body
    assert not answer.body.rstrip().endswith(b"[DONE]")
    assert not any(event.get("type") in ("response.completed", "message_stop") for event in events(answer))
    golden(answer, "upstream_breaks")


@pytest.mark.parametrize("on_failure", ["allow", "block"])
def test_a_guard_that_fails_never_reads_as_passed(house: Houses, on_failure: str, golden: Golden) -> None:
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
    golden(answer, f"guard_fails_{'open' if on_failure == 'allow' else 'closed'}")


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
    assert ended(answer)


@pytest.mark.parametrize("surface", SPEAKING, ids=lambda surface: surface.name)
def test_every_transcript_belongs_to_a_scenario(surface: MarkedSurface) -> None:
    assert {name.removesuffix("_stream") for name in kept(folder_of(surface))} <= TRANSCRIPTS
