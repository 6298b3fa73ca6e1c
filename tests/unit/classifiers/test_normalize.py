"""One canonical copy, few other readings, bounded work; ordinary text passes untouched."""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import re
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.normalize import MAX_READINGS, MIN_EXTRA_CHARACTERS, normalize

PLAIN = "how do you make a cake for the whole family"


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def closeness(plain: str, readings: tuple[str, ...]) -> float:
    """Largest share of the plain text's words that one reading holds."""
    wanted = Counter(words(plain))
    held = (sum((wanted & Counter(words(reading))).values()) for reading in readings)
    return max(held) / max(1, wanted.total())


@pytest.mark.parametrize(
    "text",
    [
        "Could you explain how tides work, and why there are two a day? I'd like an example.",
        "Write a Python function:\n\ndef add(a, b):\n    return a + b\n",
        "x = 5; y = x * 2; print(x, y)  # both",
        "Dear Sir or Madam, I'm writing (again) about order #1234; it's 50% off, isn't it?",
        "",
        "   \n\n ",
    ],
)
def test_ordinary_text_has_itself_as_its_only_reading(text: str) -> None:
    normal = normalize(text)
    assert normal.text == text
    assert normal.readings == (text,)
    assert normal.hidden == ()
    assert normal.coverage == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0628\u062f\u0627\u0646\u0645",
        "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd, \u05de\u05d4 \u05e9\u05dc\u05d5\u05de\u05da?",
        "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902 \u0932\u093f\u0916\u094b",
        "Просто русский текст: как испечь хлеб?",
        "Ελληνικά: πώς φτιάχνω ψωμί;",
        "日本語で書いてください。",
        "한국어로 써 주세요.",
        "ภาษาไทย เขียนอย่างไร",
        "∀x ∈ N: x≥0 ⇒ √x·√x = x",
        "Ist das Straßenfest größer? Ça va, señor?",
    ],
    ids=[
        "persian",
        "hebrew",
        "hindi",
        "russian",
        "greek",
        "japanese",
        "korean",
        "thai",
        "formula",
        "accents",
    ],
)
def test_other_languages_stay_readable(text: str) -> None:
    """Nearly every letter and mark of the text is still there."""
    normal = normalize(text)
    kept = sum((Counter(normal.text) & Counter(text)).values())
    assert kept >= 0.85 * len(text)
    assert normal.hidden == ()
    assert len(normal.readings) <= 2


@pytest.mark.parametrize(
    "text",
    [
        "i = 0; a.b.c = d.e.f; x.y.z()",
        "CC(=O)OC1=CC=CC=C1C(=O)O is the SMILES string of aspirin",
        "E = mc, \u0394x\u0394p \u2265 h and \u2202u = \u03b1 u",
    ],
    ids=["code", "chemistry", "formula"],
)
def test_signs_with_a_meaning_of_their_own_stay_in_the_canonical_copy(text: str) -> None:
    assert normalize(text).text == text


def test_emoji_and_pictures_as_text_add_no_reading() -> None:
    picture = base64.b64encode(bytes(range(256)) * 10).decode()
    assert len(normalize("\U0001f469\u200d\U0001f4bb \u2764\ufe0f nice").readings) == 1
    assert len(normalize(f"What is in data:image/png;base64,{picture}?").readings) == 1


@pytest.mark.parametrize(
    "disguised",
    [
        codecs.encode(PLAIN, "rot13"),
        PLAIN[::-1],
        " ".join(PLAIN),
        base64.b64encode(PLAIN.encode()).decode(),
        base64.b64encode(base64.b64encode(PLAIN.encode())).decode(),
        base64.b64encode(codecs.encode(PLAIN, "rot13").encode()).decode(),
        "".join(f"&#{ord(char)};" for char in base64.b64encode(PLAIN.encode()).decode()),
        "nice" + "".join(chr(0xE0000 + ord(char)) for char in base64.b64encode(PLAIN.encode()).decode()),
        "".join(chr(ord(char) + 0xFEE0) if char != " " else "\u3000" for char in PLAIN),
        "  ".join("\u200b".join(word) for word in PLAIN.split()),
        PLAIN.translate(str.maketrans("aeo", "\u0430\u0435\u043e")).replace("cake", "c\u00b7a\u00b7k\u00b7e"),
    ],
    ids=range(11),
)
def test_disguises_and_disguises_of_disguises_are_read(disguised: str) -> None:
    assert any(
        PLAIN.replace(" ", "") in reading.replace(" ", "") for reading in normalize(disguised).readings
    )


def test_a_small_payload_in_a_long_text_makes_a_small_reading() -> None:
    filler = "The river runs past the old mill and under the bridge. " * 800
    text = filler + base64.b64encode(PLAIN.encode()).decode() + " " + filler
    normal = normalize(text)
    assert any(PLAIN in reading for reading in normal.readings[1:])
    assert sum(map(len, normal.readings[1:])) < 2000


PROSE = st.lists(
    st.sampled_from(
        ["bread", "river", "garden", "makes", "how", "people", "with", "seven", "music", "green"]
    ),
    min_size=3,
    max_size=40,
).map(" ".join)
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=400)
"""Text of every code point, halves of surrogate pairs included."""
INVISIBLE = "\u00ad\u034f\u200b\u200c\u200d\u200e\u2060\u2063\ufeff\ufe00\ufe0f\U000e0061\u0332\u0489"


@given(ANYTHING)
def test_any_text_is_normalised_and_once_is_enough(text: str) -> None:
    """Total, bounded, and the canonical copy of a canonical copy is itself."""
    normal = normalize(text)
    assert normal.readings[0] == normal.text
    assert len(set(normal.readings)) == len(normal.readings) <= MAX_READINGS
    assert normalize(normal.text).text == normal.text
    assert 0.0 < normal.coverage <= 1.0
    normal.text.encode("utf-8")


@given(ANYTHING, st.integers(1, 200))
def test_readings_take_room_in_proportion_to_the_text(text: str, times: int) -> None:
    """NFKC makes at most 18 characters of one; all other readings share twice the text's length."""
    long = text * times
    normal = normalize(long)
    assert len(normal.text) <= 18 * len(long)
    assert sum(map(len, normal.readings[1:])) <= max(MIN_EXTRA_CHARACTERS, 2 * len(long))


@given(PROSE, st.sampled_from(".!?"), st.booleans())
def test_ascii_prose_stays_as_it_is(prose: str, end: str, capital: bool) -> None:
    text = (prose.capitalize() if capital else prose) + end
    normal = normalize(text)
    assert normal.readings == (text,)
    assert (normal.hidden, normal.coverage) == ((), 1.0)


@given(PROSE, st.data())
def test_what_is_invisible_changes_no_prose(prose: str, data: st.DataObject) -> None:
    """Wherever invisible characters, loose marks and selectors stand, the canonical copy is the prose."""
    marks = data.draw(st.lists(st.sampled_from(["", *INVISIBLE]), min_size=len(prose), max_size=len(prose)))
    disguised = "".join(char + mark for char, mark in zip(prose, marks, strict=True))
    assert normalize(disguised).text == prose


@given(PROSE, PROSE, PROSE)
def test_a_payload_is_read_wherever_it_stands(before: str, said: str, after: str) -> None:
    payload = base64.b64encode(said.encode()).decode()
    assert any(said in reading for reading in normalize(f"{before} {payload} {after}").readings)


@given(
    st.text(
        alphabet=st.sampled_from("a0 .-=%&#;\\ux|*_(){}<>\"'\n\u0430\u0301\u200b\u202e\ufe0f"), max_size=300
    )
)
def test_texts_made_of_the_signs_of_disguises_are_survived(text: str) -> None:
    for reading in normalize(text).readings:
        reading.encode("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "\ufdfa" * 87_000,
        "a" + "\u0301\u0316" * 65_000,
        "\u202e\u2066" * 43_000,
        "a\ufe0f" * 100_000,
        "<" * 250_000,
        "(a)" * 90_000,
        'a="b"+' * 40_000,
        " ".join(base64.b64encode(b"%012d" % number).decode() for number in range(10_000)),
    ],
    ids=["ligature", "marks", "bidi", "selectors", "angles", "brackets", "pieces", "words"],
)
def test_a_hostile_quarter_megabyte_takes_bounded_time_and_room(text: str) -> None:
    start = time.thread_time()
    normal = normalize(text)
    assert time.thread_time() - start < 10
    assert sum(map(len, normal.readings)) <= 20 * len(text) + 100_000


EVASIONS = Path(__file__).resolve().parents[4] / "shared" / "evasions" / "harmful.jsonl.gz"
OUT_OF_REACH = {"upside_down": 0.9, "morse": 0.85}
"""Families in which punctuation or case is lost, so that fewer words are equal."""


def last_text(request: dict[str, list[dict[str, object]]]) -> str:
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else ""


@pytest.fixture(scope="module")
def families() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(layer, family) to pairs of plain and disguised text."""
    if not EVASIONS.is_file():
        pytest.skip("the sample of disguised requests is not on this machine")
    with gzip.open(EVASIONS, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    plain = {row["source"]: last_text(row["request"]) for row in rows if row["family"] == "tool_result"}
    found = defaultdict(list)
    for row in rows:
        found[row["layer"], row["family"]].append((plain[row["source"]], last_text(row["request"])))
    return found


@pytest.mark.parametrize("layer", ["normalise", "decode"])
def test_each_sampled_disguise_yields_its_plain_text(
    families: dict[tuple[str, str], list[tuple[str, str]]], layer: str
) -> None:
    """Nine words in ten, for 97 of 100 texts of every family (fewer where words are spelt otherwise)."""
    low = {}
    for (its_layer, family), pairs in families.items():
        if its_layer == layer:
            shares = [closeness(plain, normalize(disguised).readings) >= 0.9 for plain, disguised in pairs]
            if sum(shares) / len(shares) < OUT_OF_REACH.get(family, 0.97):
                low[family] = sum(shares) / len(shares)
    assert low == {}


@pytest.mark.parametrize(
    "text",
    ["a." * 60_000 + "aa", ".- " * 40_000 + ".-x", "1010101 " * 15_000 + "x", " " * 120_000 + "x y"],
    ids=["dotted", "morse", "bits", "blank line"],
)
def test_what_nearly_fits_a_pattern_takes_no_longer_than_what_fits(text: str) -> None:
    """A pattern that starts anew at every letter of such a text would take minutes of the processor."""
    start = time.thread_time()
    normalize(text)
    assert time.thread_time() - start < 10
