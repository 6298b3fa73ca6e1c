"""A user's own sequence-classification directory is opened from local files, as its mapping says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifiers.classification import Classifier, ModelFileError
from classifiers.huggingface import open_directory
from classifiers.manifest import digest_of
from classifiers.registry import describe, load
from classifiers.testing import MARKER, write_stub_huggingface
from tests.kits.classifier_kit import ClassifierKit


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return open_directory(write_stub_huggingface(tmp_path_factory.mktemp("hub")), name="mine")


class TestHuggingFaceClassifier(ClassifierKit):
    @pytest.fixture
    def classifier(self, opened: Classifier) -> Classifier:
        return opened


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_stub_huggingface(tmp_path / "hub")


def test_without_a_mapping_labels_and_softmax_come_from_the_configuration(directory: Path) -> None:
    classifier = load(directory)
    measured = classifier.classify(MARKER)
    assert classifier.model == "hub@local"
    assert classifier.labels == ("LABEL_0", "LABEL_1")
    assert measured.scores["LABEL_1"] > 0.99
    assert sum(measured.scores.values()) == pytest.approx(1.0)


def test_several_labels_at_once_are_sigmoids(tmp_path: Path) -> None:
    several = {"problem_type": "multi_label_classification"}
    classifier = load(write_stub_huggingface(tmp_path / "hub", config=several))
    assert sum(classifier.classify(MARKER).scores.values()) == pytest.approx(1.0, abs=1e-3)
    assert classifier.classify(MARKER).scores["LABEL_1"] == pytest.approx(0.99966, abs=1e-4)


def test_the_mapping_renames_ignores_and_calibrates(directory: Path) -> None:
    (directory / "gatehouse.yaml").write_text(
        "name: mine\nversion: '2'\ntemperature: 16\nmax_tokens: 16\noverlap: 2\n"
        "labels:\n  LABEL_0: ignore\n  LABEL_1: {name: harm, thresholds: {flag: 0.6, block: 0.95}}\n"
    )
    classifier = load(directory)
    assert classifier.model == "mine@2"
    assert classifier.labels == ("harm",)
    assert classifier.thresholds == {"harm": {"flag": 0.6, "block": 0.95}}
    assert classifier.classify(MARKER).scores["harm"] == pytest.approx(0.7311, abs=1e-3)
    assert classifier.classify("hello you " * 30 + MARKER).windows > 1


def test_the_mapping_says_which_languages_the_model_reads(directory: Path) -> None:
    german = "Erkläre mir bitte, wie man ein gutes Brot backt."
    assert load(directory).classify(german).unsupported == ""
    (directory / "gatehouse.yaml").write_text("languages: [en]\n")
    assert load(directory).classify(german).unsupported == "de"


def test_the_mapping_is_part_of_the_digest(directory: Path) -> None:
    before = load(directory).digest
    (directory / "gatehouse.yaml").write_text("temperature: 2\n")
    assert load(directory).digest != before


def test_another_onnx_file_can_be_named(directory: Path) -> None:
    (directory / "onnx").mkdir()
    (directory / "model.onnx").rename(directory / "onnx" / "model_quantized.onnx")
    assert load(directory).classify(MARKER).scores["LABEL_1"] > 0.99
    (directory / "onnx" / "model_quantized.onnx").rename(directory / "onnx" / "odd.onnx")
    with pytest.raises(ModelFileError, match="no ONNX file"):
        load(directory)
    (directory / "gatehouse.json").write_text('{"file": "onnx/odd.onnx"}')
    assert load(directory).classify(MARKER).scores["LABEL_1"] > 0.99


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("labels: {LABEL_9: ignore}", "no label LABEL_9"),
        ("labels: {LABEL_0: ignore, LABEL_1: ignore}", "one must be left"),
        ("labels: {LABEL_0: {name: LABEL_1}}", "a name of its own"),
        ("labels: {LABEL_1: {thresholds: {block: 2}}}", "less than or equal"),
        ("temperature: 0", "temperature"),
        ("temprature: 2", "temprature"),
        ("max_tokens: 4000", "more than the model reads"),
        ("file: ../../model.onnx", "file"),
        ("file: /tmp/model.onnx", "file"),
        ("file: onnx/../../model.onnx", "file"),
        ("files: {../model.onnx: 'sha256:00'}", "files"),
        ("files: {model.onnx: md5}", "files"),
        ("name: a\nname: b", "occurs twice"),
        ("!!python/object/apply:os.getcwd []", "line 1"),
        ("[", "line"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_and_says_why(
    directory: Path, mapping: str, words: str
) -> None:
    (directory / "gatehouse.yaml").write_text(mapping)
    with pytest.raises(ModelFileError, match=words):
        load(directory)


def test_code_beside_a_model_is_never_run(tmp_path: Path) -> None:
    """A configuration that names code of its own does not load, and the code stays unread."""
    own = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.EvilConfig"}}
    directory = write_stub_huggingface(tmp_path / "hub", config=own)
    (directory / "evil.py").write_text("raise SystemExit('run')")
    with pytest.raises(ModelFileError, match=r"config\.json"):
        load(directory)


def test_code_named_beside_a_known_kind_is_refused_too(directory: Path) -> None:
    """Loading the library's own class in its place would serve something else than was published."""
    config = json.loads((directory / "config.json").read_text())
    config["auto_map"] = {"AutoModelForSequenceClassification": "evil.Evil"}
    (directory / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFileError, match=r"config\.json: auto_map asks for code"):
        load(directory)
    assert "auto_map" in describe(directory).problems[0]


def test_pickled_weights_are_never_opened(directory: Path) -> None:
    """The message says what would help."""
    (directory / "model.onnx").unlink()
    (directory / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(ModelFileError, match=r"no ONNX file, only pytorch_model\.bin.*gatehouse convert"):
        load(directory)


@pytest.mark.parametrize("place", ["weights.bin", "../weights.bin", "/etc/hostname"])
def test_a_network_with_weights_in_other_files_is_refused(directory: Path, place: str) -> None:
    """Inside the directory as well as outside: one digest has to cover a network."""
    entry = field(1, b"location") + field(2, place.encode())
    tensor = field(8, b"w") + field(13, entry) + bytes([14 << 3, 1])
    network = directory / "model.onnx"
    network.write_bytes(network.read_bytes() + field(7, field(5, tensor)))
    (directory / "weights.bin").write_bytes(b"0" * 64)
    with pytest.raises(ModelFileError, match="external data"):
        load(directory)


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field of a protocol buffer."""
    return bytes([number << 3 | 2, len(data)]) + data


def test_a_network_that_is_a_link_out_is_refused(directory: Path) -> None:
    elsewhere = (directory / "model.onnx").rename(directory.parent / "model.onnx")
    (directory / "model.onnx").symlink_to(elsewhere)
    with pytest.raises(ModelFileError, match="symbolic link out of the directory"):
        load(directory)


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_file_that_is_not_the_stated_one_is_refused(directory: Path, file: str) -> None:
    stated = digest_of((directory / file).read_bytes())
    (directory / "gatehouse.yaml").write_text(f'files: {{{file}: "{stated}"}}\n')
    assert load(directory).labels == ("LABEL_0", "LABEL_1")
    (directory / file).write_bytes((directory / file).read_bytes() + b" ")
    with pytest.raises(ModelFileError, match=rf"{file}: digest is sha256:.*stated is"):
        load(directory)


def test_the_digest_does_not_depend_on_where_the_directory_lies(directory: Path) -> None:
    before = load(directory).digest
    moved = directory.rename(directory.parent / "moved")
    assert load(moved).digest == before


def test_a_regression_is_no_classifier(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="regression"):
        load(write_stub_huggingface(tmp_path / "hub", config={"problem_type": "regression"}))


def test_a_directory_without_its_tokenizer_is_a_clear_error(directory: Path) -> None:
    (directory / "tokenizer.json").unlink()
    (directory / "tokenizer_config.json").unlink()
    with pytest.raises(ModelFileError, match="tokenizer"):
        load(directory)


def test_a_network_with_another_number_of_outputs_is_noticed(directory: Path) -> None:
    config = json.loads((directory / "config.json").read_text())
    config["id2label"]["2"] = "LABEL_2"
    (directory / "config.json").write_text(json.dumps(config))
    assert "expected (1, 3)" in describe(directory).problems[0]


def test_a_directory_is_described(directory: Path) -> None:
    described = describe(directory)
    assert described.ok
    assert (described.name, described.labels) == ("hub", ("LABEL_0", "LABEL_1"))
