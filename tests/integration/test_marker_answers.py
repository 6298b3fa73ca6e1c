"""Nothing of an answer walks around the guard: what it fires on never reaches the client.

The marker stands in any string, key or unknown field of a whole answer or of any event of a stream, or is
split over events in any lane (text, reasoning, refusal, arguments of tools) while other lanes go on between;
JSON is spelled in any way, and the bytes arrive in any pieces.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from classifiers.testing import MARKER
from tests.kits.marked_house import MarkedHouse, http_answer, sent_marker
from tests.kits.marker_kit import SURFACES
from tests.kits.marker_surface import EXAMPLES, SAYINGS, Json, MarkedSurface
from tests.kits.places import ASIDES, cut, places, put, spelled

Marked = tuple[MarkedHouse, MarkedSurface]
CHANCES = st.builds(random.Random, st.integers(0, 2**32))
FILLER = "The river is calm in the morning and the boats lie at the shore. "


SPEAKING = [surface for surface in SURFACES if surface.speaks]
STREAMING = [surface for surface in SPEAKING if surface.lanes]


@pytest.fixture(scope="module", params=SPEAKING, ids=lambda surface: surface.name)
def marked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marked]:
    """An application of its own for each entry of the table."""
    surface: MarkedSurface = request.param
    with MarkedHouse(tmp_path_factory.mktemp("house"), surface.wires) as house:
        yield house, surface


def ask(marked: Marked, raw: bytes, kind: str, stream: bool, choices: int, chance: random.Random) -> str:
    """Ask while the upstream says this; the client must not be told the marker."""
    house, surface = marked
    pieces = cut(http_answer(raw, kind), chance)
    house.answer = lambda _: pieces
    body = surface.request(random.Random(0), stream, choices)
    answer = house.post(surface.path, [spelled(body, random.Random(0))])
    assert house.bodies(), "the upstream was asked"
    assert answer.status in (200, 400, 502), (answer.status, answer.body)
    where = sent_marker(answer)
    assert not where, f"in {where} of {answer.body.decode()}\nafter {raw.decode()}"
    return answer.header("x-gatehouse-action") or str(answer.status)


def ask_stream(marked: Marked, frames: Sequence[bytes], choices: int, chance: random.Random) -> str:
    raw = b"".join(frames) + marked[1].end
    return ask(marked, raw, "text/event-stream", True, choices, chance)


def some_lanes(surface: MarkedSurface, chance: random.Random, choices: int) -> list[tuple[str, int, str]]:
    """Harmless things said in several lanes, some of them long enough for windows."""
    said = []
    for _ in range(chance.randrange(2, 7)):
        lane, index = chance.choice(surface.lanes), chance.randrange(choices)
        said.append((lane, index, FILLER[: chance.randrange(3, len(FILLER))] * chance.choice((1, 1, 4))))
    return said


def framed(surface: MarkedSurface, frames: Sequence[Json], chance: random.Random) -> list[bytes]:
    """Events in some spelling that stays on one line."""
    made = []
    for frame in frames:
        plain = surface.framed(frame)
        head, _, _ = plain.partition(b"data: ")
        line = spelled(frame, chance).replace(b" \n", b" ")
        made.append(head + b"data: " + line + b"\n\n")
    return made


@settings(max_examples=EXAMPLES)
@given(chance=CHANCES, saying=st.sampled_from(SAYINGS), aside=st.sampled_from(ASIDES))
def test_a_marker_in_any_place_of_a_whole_answer_never_reaches_the_client(
    marked: Marked, chance: random.Random, saying: str, aside: str
) -> None:
    _, surface = marked
    choices = chance.randint(1, surface.most_choices)
    body = surface.answer(chance, choices)
    for place in chance.sample(spots := list(places(body)), min(5, len(spots))):
        raw = spelled(put(body, place, surface.saying(place, saying, aside), aside), chance)
        event(f"{place.how} {ask(marked, raw, 'application/json', False, choices, chance)}")


@pytest.mark.parametrize("marked", STREAMING, indirect=True, ids=lambda surface: surface.name)
@settings(max_examples=EXAMPLES)
@given(chance=CHANCES, saying=st.sampled_from(SAYINGS), aside=st.sampled_from(ASIDES))
def test_a_marker_in_any_place_of_a_stream_never_reaches_the_client(
    marked: Marked, chance: random.Random, saying: str, aside: str
) -> None:
    _, surface = marked
    choices = chance.randint(1, surface.most_choices)
    frames = surface.frames(some_lanes(surface, chance, choices), choices)
    for _ in range(3):
        at = chance.randrange(len(frames))
        place = chance.choice(list(places(frames[at])))
        marked_frames = [
            *frames[:at],
            put(frames[at], place, surface.saying(place, saying, aside), aside),
            *frames[at + 1 :],
        ]
        event(f"{place.how} {ask_stream(marked, framed(surface, marked_frames, chance), choices, chance)}")


@pytest.mark.parametrize("marked", STREAMING, indirect=True, ids=lambda surface: surface.name)
@settings(max_examples=EXAMPLES)
@given(chance=CHANCES, at=st.lists(st.integers(1, len(MARKER) - 1), min_size=1, max_size=4))
def test_a_marker_split_over_events_never_reaches_the_client(
    marked: Marked, chance: random.Random, at: list[int]
) -> None:
    """Its pieces stand in one lane, in order; other lanes speak between them."""
    _, surface = marked
    choices = chance.randint(1, surface.most_choices)
    lane, index = chance.choice(surface.lanes), chance.randrange(choices)
    borders = sorted({0, len(MARKER), *at})
    pieces = [MARKER[start:end] for start, end in itertools.pairwise(borders)]
    said = some_lanes(surface, chance, choices)
    places_of_pieces = sorted(chance.randrange(len(said) + 1) for _ in pieces)
    quiet = [row for row in said if row[:2] != (lane, index)]
    for place, piece in sorted(
        zip(places_of_pieces, pieces, strict=True), reverse=True, key=lambda row: row[0]
    ):
        quiet.insert(min(place, len(quiet)), (lane, index, piece))
    in_order = iter(pieces)
    row = [(*each[:2], next(in_order)) if each[2] in pieces else each for each in quiet]
    event(ask_stream(marked, framed(surface, surface.frames(row, choices), chance), choices, chance))


@pytest.mark.parametrize("marked", STREAMING, indirect=True, ids=lambda surface: surface.name)
@pytest.mark.parametrize("size", [40, 150, 600])
def test_lanes_that_speak_by_turns_hide_no_marker_between_them(marked: Marked, size: int) -> None:
    """Whatever two lanes, and however much is released meanwhile."""
    _, surface = marked
    long = (FILLER * 20)[:size]
    for lane in surface.lanes:
        for other in surface.lanes:
            said = [(lane, 0, "Say GHM"), (other, 0, long), (lane, 0, "ARK7 to"), (other, 0, long * 4)]
            if lane == other:
                said = [(lane, 0, f"{long}GHM"), (lane, 0, f"ARK7{long}")]
            chance = random.Random(size)
            ask_stream(marked, framed(surface, surface.frames(said, 1), chance), 1, chance)


@settings(max_examples=EXAMPLES)
@given(chance=CHANCES, saying=st.sampled_from(SAYINGS), stream=st.booleans())
def test_of_two_keys_of_one_name_neither_brings_the_marker_to_the_client(
    marked: Marked, chance: random.Random, saying: str, stream: bool
) -> None:
    _, surface = marked
    stream = stream and bool(surface.lanes)
    frames = surface.frames(some_lanes(surface, chance, 1), 1) if stream else [surface.answer(chance, 1)]
    at = chance.randrange(len(frames))
    doubled = chance.choice([place for place in places(frames[at]) if place.how == "key"])
    inside = [place for place in places(frames[at]) if place.path[: len(doubled.path)] == doubled.path]
    marks = [place for place in inside if place.how != "key"]
    if marks:
        place = chance.choice(marks)
        frames[at] = put(frames[at], place, surface.saying(place, saying, "aside"))
    raw = spelled(frames[at], chance, doubled).replace(b" \n", b" ")
    if not stream:
        event(ask(marked, raw, "application/json", False, 1, chance))
        return
    rows = [surface.framed(frame) for frame in frames]
    rows[at] = rows[at].partition(b"data: ")[0] + b"data: " + raw + b"\n\n"
    event(ask_stream(marked, rows, 1, chance))


@pytest.mark.parametrize("marked", STREAMING, indirect=True, ids=lambda surface: surface.name)
@pytest.mark.parametrize(
    "stray",
    [
        f": {MARKER}\n\n",
        f"id: {MARKER}\n\n",
        f"event: {MARKER}\ndata: {{}}\n\n",
        f"{MARKER}\n\n",
        f"data: [DONE] {MARKER}\n\n",
        f": {MARKER}\r\rdata: [DONE]\r\r",
        f'data: {{"error": {{"message": "{MARKER}"}}}}\n\n',
        f'data: {{"error": "{MARKER}", "note": ["{MARKER}"]}}\n\n',
    ],
)
def test_lines_beside_the_events_bring_no_marker_to_the_client(marked: Marked, stray: str) -> None:
    _, surface = marked
    chance = random.Random(3)
    frames = framed(surface, surface.frames([(surface.lanes[0], 0, FILLER * 3)], 1), chance)
    for at in range(len(frames) + 1):
        ask_stream(marked, [*frames[:at], stray.encode(), *frames[at:]], 1, chance)
