"""What every classifier promises, whatever it is made of. Subclass and give a `classifier`."""

from __future__ import annotations

import math
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from classifiers.classification import Classification, Classifier

TEXTS = (
    "",
    " \n\t",
    "How do I boil an egg?",
    "word " * 700,
    "Привет! Как дела?",
    "می‌خواهم بدانم",
    "مرحبا " * 30,
    "हिन्दी में लिखो",
    "👩‍💻🏴󠁧󠁢󠁥󠁮󠁧󠁿 ok",
    "x\u0000\ud800\ufffe\u202e\u2066y",
    "a" * 5000,
    "\ufdfa" * 300,
    "e\u0301\u0316" * 2000,
    "&amp;" * 400 + "%25" * 400,
    "\U000e0041" * 500,
    "{'a': [" * 200,
)
"""Ordinary, foreign and hostile texts; none of them may do harm."""


class ClassifierKit:
    """Promises of `classifiers.classification.Classifier`."""

    @pytest.fixture
    def classifier(self) -> Classifier:
        raise NotImplementedError

    def test_it_says_what_it_is(self, classifier: Classifier) -> None:
        """Name, model and digest are fit for records and cache keys."""
        assert classifier.name
        assert re.fullmatch(r"[^@\s]+@\S+", classifier.model)
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", classifier.digest)
        assert classifier.kind in {"text", "exchange"}
        assert len(set(classifier.labels)) == len(classifier.labels) > 0

    def test_thresholds_are_scores_of_labels_it_has(self, classifier: Classifier) -> None:
        """Every operating point is a score of a reported label, and flag is not above block."""
        for label, points in classifier.thresholds.items():
            assert label in classifier.labels
            assert set(points) <= {"flag", "block"}
            assert all(0.0 <= score <= 1.0 for score in points.values())
            assert points.get("flag", 0.0) <= points.get("block", 1.0)

    @pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
    def test_any_text_gives_a_score_for_every_label(self, classifier: Classifier, text: str) -> None:
        """Whatever the text, scores are finite, in [0, 1], and complete."""
        self.check(classifier, classifier.classify(text, "a question"))

    def test_the_same_text_gives_the_same_scores(self, classifier: Classifier) -> None:
        """A measurement depends on the text alone, not on what was measured in between."""
        first = classifier.classify("Tell me about rivers.", "hello")
        for text in TEXTS[:5]:
            classifier.classify(text)
        assert classifier.classify("Tell me about rivers.", "hello") == first

    def test_threads_do_not_mix_texts_up(self, classifier: Classifier) -> None:
        """Each of many texts classified at once has the scores that it has alone."""
        texts = [f"Question {number}: what is {number} times {number}?" for number in range(24)]
        texts += list(TEXTS[2:6])
        alone = [classifier.classify(text, "hello").scores for text in texts]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda text: classifier.classify(text, "hello").scores, texts))
        for one, other in zip(alone, together, strict=True):
            assert all(abs(one[label] - other[label]) < 1e-4 for label in one)

    def check(self, classifier: Classifier, measured: Classification) -> None:
        """Assert that a measurement is a complete one."""
        assert tuple(measured.scores) == classifier.labels
        assert all(math.isfinite(score) and 0.0 <= score <= 1.0 for score in measured.scores.values())
        assert (measured.model, measured.digest) == (classifier.model, classifier.digest)
        assert measured.windows >= 1
        assert 0.0 <= measured.coverage <= 1.0
        assert 0.0 <= measured.unknown <= 1.0
