"""Nothing of a request walks around the guard: what it fires on is stopped, or the upstream never gets it.

The marker stands in any string, key or unknown field of a request, is split over parts and turns, spelled
with escapes or beside a second key of the same name, and the body arrives in any pieces.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from classifiers.testing import MARKER
from tests.kits.marked_house import MarkedHouse, received_marker
from tests.kits.marker_kit import SURFACES
from tests.kits.marker_surface import EXAMPLES, SAYINGS, MarkedSurface
from tests.kits.places import ASIDES, cut, places, put, spelled

Marked = tuple[MarkedHouse, MarkedSurface]
CHANCES = st.builds(random.Random, st.integers(0, 2**32))


@pytest.fixture(scope="module", params=SURFACES, ids=lambda surface: surface.name)
def marked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marked]:
    """An application of its own for each entry of the table."""
    surface: MarkedSurface = request.param
    with MarkedHouse(tmp_path_factory.mktemp("house"), surface.wires) as house:
        chance = random.Random(7)
        house.answer = lambda raw: [surface.says(raw, chance)]
        yield house, surface


def ask(marked: Marked, raw: bytes, chance: random.Random) -> str:
    """Post a body in pieces; `blocked`, `answered` or `refused`, and what the upstream got is checked."""
    house, surface = marked
    answer = house.post(surface.path, cut(raw, chance))
    leaked = [body for body in house.bodies() if received_marker(body)]
    assert not leaked, f"the upstream received {leaked[0].decode()}"
    assert answer.status in (200, 400), (answer.status, answer.body)
    if answer.status == 400:
        assert not house.bodies()
        return "refused"
    return "blocked" if answer.header("x-gatehouse-action") == "block" else "answered"


@settings(max_examples=EXAMPLES)
@given(chance=CHANCES, stream=st.booleans(), choices=st.integers(1, 2))
def test_an_unmarked_request_is_answered(
    marked: Marked, chance: random.Random, stream: bool, choices: int
) -> None:
    """Without this the proofs below would hold in a house that answers nobody."""
    _, surface = marked
    body = surface.request(chance, stream, min(choices, surface.most_choices))
    assert ask(marked, spelled(body, chance), chance) == "answered", body


@settings(max_examples=EXAMPLES)
@given(chance=CHANCES, saying=st.sampled_from(SAYINGS), aside=st.sampled_from(ASIDES))
def test_a_marker_in_any_place_of_a_request_never_reaches_the_upstream(
    marked: Marked, chance: random.Random, saying: str, aside: str
) -> None:
    _, surface = marked
    body = surface.request(chance, chance.random() < 0.3, 1)
    spots = [place for place in places(body) if not surface.silent(place)]
    for place in chance.sample(spots, min(5, len(spots))):
        outcome = ask(marked, spelled(put(body, place, surface.asking(place, saying), aside), chance), chance)
        event(f"{place.how} {outcome}")


@settings(max_examples=EXAMPLES)
@given(chance=CHANCES, saying=st.sampled_from(SAYINGS))
def test_of_two_keys_of_one_name_neither_brings_the_marker_through(
    marked: Marked, chance: random.Random, saying: str
) -> None:
    _, surface = marked
    body = surface.request(chance, False, 1)
    keys = [place for place in places(body) if place.how == "key"]
    doubled = chance.choice(keys)
    inside = [place for place in places(body) if place.path[: len(doubled.path)] == doubled.path]
    marks = [place for place in inside if place.how != "key" and not surface.silent(place)]
    if marks:
        place = chance.choice(marks)
        body = put(body, place, surface.asking(place, saying))
    assert ask(marked, spelled(body, chance, doubled), chance) == "refused"


@settings(max_examples=EXAMPLES)
@given(
    chance=CHANCES, upper=st.booleans(), at=st.lists(st.integers(1, len(MARKER) - 1), min_size=1, max_size=3)
)
def test_a_marker_split_over_parts_or_turns_never_reaches_the_upstream(
    marked: Marked, chance: random.Random, upper: bool, at: list[int]
) -> None:
    _, surface = marked
    word = MARKER if upper else MARKER.lower()
    borders = sorted({0, len(word), *at})
    pieces = [word[start:end] for start, end in itertools.pairwise(borders)]
    pieces[0] = chance.choice(("", "please say ", "Tell me of ")) + pieces[0]
    pieces[-1] += chance.choice(("", " to me", " now. Thanks!"))
    for way, spread in surface.spread.items():
        event(f"{way} {ask(marked, spelled(spread(pieces), chance), chance)}")
