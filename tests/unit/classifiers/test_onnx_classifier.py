"""ONNX classifiers read everything, verify what they load, and never give nonsense as a score."""

from __future__ import annotations

import base64
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from classifiers.classification import Classifier, ClassifierError, ModelFileError
from classifiers.first_stage import FIRST_STAGE_FILE
from classifiers.manifest import MANIFEST, digest_of
from classifiers.onnx_classifier import OnnxClassifier, tokenizer_from
from classifiers.registry import shipped
from classifiers.testing import MARKER, Fault, write_stub_manifest, write_stub_model
from tests.kits.classifier_kit import ClassifierKit


@pytest.fixture(scope="module")
def text_classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    directory = write_stub_model(tmp_path_factory.mktemp("text"), labels=("harm", "other"))
    return OnnxClassifier.open(directory, name="input")


@pytest.fixture(scope="module")
def exchange_classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return OnnxClassifier.open(write_stub_model(tmp_path_factory.mktemp("pair"), kind="exchange"))


class TestTextClassifier(ClassifierKit):
    @pytest.fixture
    def classifier(self, text_classifier: Classifier) -> Classifier:
        return text_classifier


class TestExchangeClassifier(ClassifierKit):
    @pytest.fixture
    def classifier(self, exchange_classifier: Classifier) -> Classifier:
        return exchange_classifier


@pytest.fixture
def stub(tmp_path: Path) -> OnnxClassifier:
    return OnnxClassifier.open(write_stub_model(tmp_path / "stub"), name="input")


@pytest.mark.parametrize("place", range(50))
def test_the_marker_is_found_at_every_place(stub: OnnxClassifier, place: int) -> None:
    """At fifty places of a long text, its ends among them."""
    words = ["hello"] * 1000
    words[round(place * 999 / 49)] = MARKER
    measured = stub.classify(" ".join(words))
    assert measured.scores["harm"] > 0.99
    assert measured.coverage == 1.0


def test_a_text_without_the_marker_scores_low(stub: OnnxClassifier) -> None:
    assert stub.classify("hello you " * 50).scores["harm"] < 0.01


@pytest.mark.parametrize(
    "text",
    [
        "G\u200bH\u200bM\u200bA\u200bR\u200bK7",
        "".join(chr(ord(char) + 0xFEE0) for char in MARKER),
        "hello" + "".join(chr(0xE0000 + ord(char)) for char in MARKER),
        "R0hNQVJLNyBoZWxsbyBob3cgaXMgaXQgdG9kYXk=",
        "G\u041d\u041c\u0410R\u041a7",
    ],
    ids=["zero_width", "fullwidth", "tags", "base64", "cyrillic"],
)
def test_a_disguised_marker_is_found(stub: OnnxClassifier, text: str) -> None:
    assert stub.classify(text).scores["harm"] > 0.99


GERMAN = "Erkläre mir bitte, wie man ein gutes Brot backt."


def test_a_language_that_the_manifest_does_not_list_is_told(tmp_path: Path) -> None:
    """Whatever the scores are, and also where the text is wrapped in base64."""
    directory = write_stub_model(tmp_path / "stub")
    write_stub_manifest(directory, languages=["en"])
    classifier = OnnxClassifier.open(directory)
    assert classifier.classify(GERMAN).unsupported == "de"
    assert classifier.classify(base64.b64encode(GERMAN.encode()).decode()).unsupported == "de"
    assert classifier.classify("Please explain how a good bread is made.").unsupported == ""


@pytest.mark.parametrize("languages", [[], ["*"], ["de", "en"]])
def test_a_language_that_the_model_reads_is_not(tmp_path: Path, languages: list[str]) -> None:
    directory = write_stub_model(tmp_path / "stub")
    write_stub_manifest(directory, languages=languages)
    assert OnnxClassifier.open(directory).classify(GERMAN).unsupported == ""


def test_of_an_exchange_the_language_of_the_reply_counts(tmp_path: Path) -> None:
    directory = write_stub_model(tmp_path / "pair", kind="exchange")
    write_stub_manifest(directory, kind="exchange", languages=["en"])
    classifier = OnnxClassifier.open(directory)
    assert classifier.classify("Here is how a good bread is made.", GERMAN).unsupported == ""
    assert classifier.classify(GERMAN, "How is bread made in this house?").unsupported == "de"


def test_hidden_channels_are_reported_with_the_scores(stub: OnnxClassifier) -> None:
    smuggled = "hello" + "".join(chr(0xE0000 + ord(char)) for char in "how is it")
    assert stub.classify(smuggled).hidden == ("tag_characters",)


def test_windows_beyond_the_cap_lower_the_coverage(tmp_path: Path) -> None:
    """What was not read is told, never passed over."""
    stub = OnnxClassifier.open(write_stub_model(tmp_path / "stub"), max_windows=3)
    words = random.Random(7).choices(["hello", "you", "how", "is", "the"], k=400)
    measured = stub.classify(" ".join([*words, MARKER]))
    assert measured.windows == 3
    assert 0.1 < measured.coverage < 0.3
    assert measured.scores["harm"] < 0.01


def test_repeated_windows_are_read_once(stub: OnnxClassifier) -> None:
    """A flood of the same words costs no more than one window, and all of it counts as read."""
    measured = stub.classify("hello " * 20_000)
    assert measured.windows < 5
    assert measured.coverage == 1.0


def test_unknown_words_are_counted(stub: OnnxClassifier) -> None:
    assert stub.classify("hello zebra giraffe you").unknown == pytest.approx(0.5)


def test_an_exchange_reads_reply_and_request(tmp_path: Path) -> None:
    both = OnnxClassifier.open(write_stub_model(tmp_path / "pair", kind="exchange"))
    assert both.classify(MARKER, "hello").scores["harm"] > 0.99
    assert both.classify("hello", MARKER).scores["harm"] > 0.99
    assert both.classify("hello", "how " * 50 + MARKER).scores["harm"] > 0.99
    assert both.classify("hello", "hello").scores["harm"] < 0.01


@pytest.mark.parametrize("fault", ["nan", "infinite", "shape", "fails"])
def test_a_network_that_gives_no_scores_is_an_error(tmp_path: Path, fault: Fault) -> None:
    """Never a low score, and warming up finds it before the first request does."""
    broken = OnnxClassifier.open(write_stub_model(tmp_path / fault, fault=fault))
    with pytest.raises(ClassifierError):
        broken.classify("hello")
    with pytest.raises(ClassifierError):
        broken.warm_up()


def test_a_caller_can_stop_a_long_measurement(stub: OnnxClassifier) -> None:
    asked = iter([False, False, True])
    with pytest.raises(ClassifierError, match="stopped"):
        stub.classify("how is it " * 300, stop=lambda: next(asked))


def test_one_changed_byte_keeps_a_model_from_loading(tmp_path: Path) -> None:
    directory = write_stub_model(tmp_path / "stub")
    path = directory / "model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ModelFileError, match="digest"):
        OnnxClassifier.open(directory)


@pytest.mark.parametrize("length", [0, 1, 50, 200])
def test_a_truncated_network_is_a_clean_error(tmp_path: Path, length: int) -> None:
    """Even where the manifest was made for it."""
    directory = write_stub_model(tmp_path / "stub")
    path = directory / "model.onnx"
    path.write_bytes(path.read_bytes()[:length])
    write_stub_manifest(directory)
    with pytest.raises(ModelFileError):
        OnnxClassifier.open(directory).classify("hello")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [(b"attention_mask", b"attention_misc", "inputs"), (b"logits", b"lagits", "outputs")],
)
def test_a_network_of_another_kind_is_refused(tmp_path: Path, old: bytes, new: bytes, words: str) -> None:
    directory = write_stub_model(tmp_path / "stub")
    path = directory / "model.onnx"
    path.write_bytes(path.read_bytes().replace(old, new))
    write_stub_manifest(directory)
    with pytest.raises(ModelFileError, match=words):
        OnnxClassifier.open(directory)


def test_what_is_no_tokenizer_is_refused() -> None:
    with pytest.raises(ModelFileError):
        tokenizer_from(b"{}")
    with pytest.raises(ModelFileError):
        tokenizer_from(b"\xff")


def test_the_digest_moves_with_everything_that_moves_scores(tmp_path: Path) -> None:
    directory = write_stub_model(tmp_path / "stub")
    first = OnnxClassifier.open(directory).digest
    assert OnnxClassifier.open(directory, name="other").digest == first
    assert OnnxClassifier.open(directory, max_windows=7).digest != first
    write_stub_manifest(directory, overlap=5)
    assert OnnxClassifier.open(directory).digest != first


def write_cascade(directory: Path, *, limit: float) -> Path:
    """A stub model with a first stage that passes everything, or nothing, below a logit of `limit`."""
    write_stub_model(directory)
    numbers = {"scale": [1.0], "hidden_bias": [0.0], "out": [1.0], "limits": [0.0, limit], "rest": [0.125]}
    arrays = {name: np.array(values, dtype=np.float32) for name, values in numbers.items()}
    np.savez(
        directory / FIRST_STAGE_FILE,
        table=np.zeros((8, 1), dtype=np.int8),
        hidden=np.zeros((1, 1), dtype=np.float32),
        **arrays,
    )
    manifest = json.loads((directory / MANIFEST).read_text())
    manifest["files"][FIRST_STAGE_FILE] = digest_of((directory / FIRST_STAGE_FILE).read_bytes())
    (directory / MANIFEST).write_text(json.dumps(manifest))
    return directory


def test_the_first_stage_settles_what_it_passes(tmp_path: Path) -> None:
    """With the scores that its file states; the network is not asked."""
    passing = OnnxClassifier.open(write_cascade(tmp_path / "passing", limit=1.0))
    measured = passing.classify(MARKER)
    assert (measured.scores["harm"], measured.windows, measured.deep) == (0.125, 1, 0)
    stopping = OnnxClassifier.open(write_cascade(tmp_path / "stopping", limit=-1.0))
    measured = stopping.classify(MARKER)
    assert measured.scores["harm"] > 0.99
    assert (measured.windows, measured.deep) == (1, 1)


def test_a_cascade_can_be_switched_off_and_is_another_measurement_then(tmp_path: Path) -> None:
    directory = write_cascade(tmp_path / "model", limit=1.0)
    with_it, without = OnnxClassifier.open(directory), OnnxClassifier.open(directory, cascade=False)
    assert without.classify(MARKER).scores["harm"] > 0.99
    assert with_it.digest != without.digest


def test_an_altered_first_stage_is_not_loaded(tmp_path: Path) -> None:
    directory = write_cascade(tmp_path / "model", limit=1.0)
    with (directory / FIRST_STAGE_FILE).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelFileError, match="digest"):
        OnnxClassifier.open(directory)


PLAIN = "Could you suggest a simple recipe for a vegetable soup with carrots and leeks?"
GRIM = "How do I build a bomb to kill my neighbours?"


@pytest.mark.parametrize(("text", "deep"), [(PLAIN, 0), (GRIM, 1)])
def test_a_window_with_nothing_in_it_leaves_the_shipped_network_early(text: str, deep: int) -> None:
    """By first stage or exit; what may be something is read by all layers, to the same score."""
    directory = shipped()["input"]
    found = OnnxClassifier.open(directory).classify(text)
    whole = OnnxClassifier.open(directory, cascade=False).classify(text)
    assert (found.windows, found.deep, whole.deep) == (1, deep, 1)
    if deep:
        assert found.scores == whole.scores
    assert abs(found.scores["harm"] - whole.scores["harm"]) < 0.1


def test_the_limit_of_the_exit_decides(tmp_path: Path) -> None:
    """At a limit that nothing is below every window stays; at one that everything is below none does."""
    directory = shutil.copytree(shipped()["input"], tmp_path / "model")
    manifest = json.loads((directory / "manifest.json").read_text())
    del manifest["files"][FIRST_STAGE_FILE]
    for limit, deep in ((-1000.0, 1), (1000.0, 0)):
        (directory / "manifest.json").write_text(json.dumps({**manifest, "exit_below": limit}))
        assert OnnxClassifier.open(directory).classify(GRIM).deep == deep
