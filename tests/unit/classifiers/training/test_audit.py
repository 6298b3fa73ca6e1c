"""The audit finds a word that carries a label by itself, and passes a scorer that has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from classifiers.testing import MARKER, MarkerClassifier, write_stub_model
from classifiers.training.audit import Audit, Check, Points, audit, document, main, render, scorer_of
from classifiers.training.calibrate import Floats, wilson
from classifiers.training.carriers import Carriers, WordLists

POINTS = Points.of(("harm", "spam", "free"), {"harm": {"flag": 0.3, "block": 0.7}, "spam": {"block": 0.9}})
WORDS = WordLists(
    {"noun": ["garden", "story", "window", "table"], "request": ["please", "write"]},
    {"faith": ["local", "Muslim", "Hindu"]},
    {"faith": [f"The {{x}} baker sells bread number {number}." for number in range(30)]},
)
CARRIERS = Carriers(
    tuple(f"How do I paint the garden wall {number} green?" for number in range(120)),
    tuple(f"how do I kill person {number}" for number in range(110)),
)

Rule = Callable[[str], float]


def scorer(rule: Rule) -> Callable[[Sequence[str]], Floats]:
    """Harm as the rule says, nothing else; the last label has no operating points and is always high."""
    return lambda texts: np.array([[rule(text.lower()), 0.0, 1.0] for text in texts])


def clean(text: str) -> float:
    return 0.95 if "kill" in text else 0.05


def found(rule: Rule, carriers: Carriers = CARRIERS) -> dict[str, Check]:
    return {check.name: check for check in audit(scorer(rule), POINTS, WORDS, carriers).checks}


def test_a_clean_scorer_passes() -> None:
    result = audit(scorer(clean), POINTS, WORDS, CARRIERS)
    assert result.passed
    assert [check.name for check in result.checks] == [
        *("insertion", "substitution", "identity_flag", "identity_block", "misses"),
    ]
    assert [check.total.n for check in result.checks] == [6 * 120, 120, 60, 60, 6 * 110]
    assert all(check.words == () for check in result.checks)
    assert (result.harmless.rate, result.harmful.rate) == (0.0, 1.0)


def test_a_planted_word_is_found() -> None:
    """With its rate, interval and the label it carries; the words around it are innocent."""
    checks = found(lambda text: 0.8 if "story" in text else clean(text))
    worst = checks["insertion"].words[0]
    assert (worst.word, worst.label, worst.rate) == ("story", "harm", wilson(120, 120))
    assert checks["insertion"].over == ("story",)
    assert not checks["insertion"].passed
    assert checks["substitution"].over == ("story",)
    assert checks["identity_block"].passed
    assert checks["misses"].passed


def test_a_rare_flip_is_within_the_limit() -> None:
    """One carrier in 120 is under one in a hundred."""
    checks = found(lambda text: 0.8 if "story" in text and "wall 7 " in text else clean(text))
    assert checks["insertion"].words[0].rate.rate == pytest.approx(1 / 120)
    assert checks["insertion"].passed


def test_one_flip_in_a_few_texts_proves_nothing() -> None:
    """1 in 60 is over one in a hundred, but its interval reaches from 0.3 % to 9 %."""
    few = Carriers(CARRIERS.harmless[:60], CARRIERS.harmful)
    checks = found(lambda text: 0.8 if "story" in text and "wall 7 " in text else clean(text), few)
    assert checks["insertion"].words[0].rate == wilson(1, 60)
    assert checks["insertion"].passed


def test_a_flag_is_no_block() -> None:
    checks = found(lambda text: 0.4 if "story" in text else clean(text))
    assert checks["insertion"].passed


def test_an_identity_term_is_found_at_the_point_it_reaches() -> None:
    checks = found(lambda text: 0.4 if "muslim" in text else clean(text))
    assert checks["identity_flag"].over == ("Muslim",)
    assert checks["identity_flag"].words[0].rate.n == 30
    assert checks["identity_block"].passed


def test_a_word_that_hides_harm_is_found() -> None:
    checks = found(lambda text: 0.1 if "please" in text else clean(text))
    assert checks["misses"].over == ("please",)
    assert checks["misses"].words[0].label == "harm"
    assert checks["insertion"].passed


def test_what_is_already_blocked_does_not_flip() -> None:
    result = audit(scorer(lambda _: 0.9), POINTS, WORDS, CARRIERS)
    assert result.harmless.rate == 1.0
    assert result.checks[0].words == ()


def test_nothing_measured_is_nothing_passed() -> None:
    """A model that blocks none of the harmful carriers has not shown that no word hides them."""
    result = audit(scorer(lambda _: 0.05), POINTS, WORDS, CARRIERS)
    assert result.checks[-1].total.n == 0
    assert not result.passed


def test_a_text_is_scored_once() -> None:
    """Carriers come again with every word, and cost nothing then."""
    asked: list[str] = []

    def score(texts: Sequence[str]) -> Floats:
        asked.extend(texts)
        return scorer(clean)(texts)

    audit(score, POINTS, WORDS, CARRIERS)
    assert len(asked) == len(set(asked))


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    audit(scorer(clean), POINTS, WORDS, CARRIERS, lambda *step: told.append(step))
    assert ("insertion", 720, 720) in told
    assert ("misses", 660, 660) in told


def test_the_serving_classifier_is_what_is_scored() -> None:
    """Its normalising included: the marker is found in full-width letters."""
    wide = "".join(chr(ord(char) + 0xFEE0) for char in MARKER)
    assert scorer_of(MarkerClassifier())(["x", wide]).tolist() == [[0.0], [1.0]]


def test_the_page_and_the_document_say_the_same() -> None:
    """No share without its n and interval."""
    result: Audit = audit(scorer(lambda text: 0.8 if "story" in text else 0.05), POINTS, WORDS, CARRIERS)
    page = render("m@1", result)
    assert "FAIL insertion: 16.7 % (14.1 to 19.6, n 720), limit 1 %" in page
    assert "over 'story' (harm): 100.0 % (96.9 to 100.0, n 120)" in page
    assert page.endswith("The audit fails.")
    data = json.loads(json.dumps(document("m@1", result)))
    assert (data["model"], data["passed"]) == ("m@1", False)
    assert data["checks"][0]["over"] == ["story"]
    assert data["checks"][2]["passed"] is True


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(write_stub_model(tmp_path / "stub"))


def test_the_command_passes_a_model_that_reacts_to_nothing_else(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 0, JSON on standard output alone, progress on the other."""
    carriers = tmp_path / "carriers.txt"
    carriers.write_text("0\tHow is the weather?\n" + "".join(f"harm\t{n} {MARKER}\n" for n in range(5)))
    assert main(["--model", model, "--carriers", str(carriers), "--quick", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["passed"] is True
    assert "misses: " in printed.err


def test_the_command_fails_with_a_failed_check(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The stub model knows no harm, so none of the shipped carriers is blocked: exit status 1."""
    assert main(["--model", model, "--quick"]) == 1
    assert capsys.readouterr().out.endswith("The audit fails.\n")


def test_wrong_use_is_told(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No model, no file, no carrier: exit status 2 and a line each."""
    (tmp_path / "empty.txt").write_text("# nothing\n")
    for arguments in (
        ["--model", str(tmp_path / "none")],
        ["--model", model, "--carriers", str(tmp_path / "none.txt")],
        ["--model", model, "--carriers", str(tmp_path / "empty.txt")],
    ):
        assert main(arguments) == 2
        assert capsys.readouterr().err.startswith("audit: ")
