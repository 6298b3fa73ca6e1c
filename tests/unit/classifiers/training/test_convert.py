"""Conversion of a tiny trained classifier; needs the training extra."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from classifiers.classification import ModelFileError
from classifiers.registry import load
from classifiers.testing import stub_tokenizer

torch = pytest.importorskip("torch", reason="needs the training extra (torch)")
converting = pytest.importorskip(
    "classifiers.training.convert", exc_type=ImportError, reason="needs the training extra (torch)"
)
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.slow,
]
BAD, GOOD = "hello you", "how is the"
LABELS = ("calm", "toxic & bad")


def train_tiny(folder: Path, kind: str = "Bert") -> Path:
    """A classifier of two labels that learned in a few steps to tell two texts apart."""
    import transformers

    torch.manual_seed(1)
    sizes = {"vocab_size": 16, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    if kind == "DistilBert":
        sizes = {"vocab_size": 16, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
    names = {"id2label": dict(enumerate(LABELS)), "label2id": {name: i for i, name in enumerate(LABELS)}}
    config = getattr(transformers, f"{kind}Config")(**sizes, max_position_embeddings=64, **names)
    model = getattr(transformers, f"{kind}ForSequenceClassification")(config)
    inputs = ["input_ids", "token_type_ids", "attention_mask"][:: 1 if kind == "Bert" else 2]
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=stub_tokenizer(), unk_token="[UNK]", pad_token="[PAD]", model_input_names=inputs
    )
    tokenizer.model_max_length = 64
    feeds = tokenizer([GOOD, BAD], padding=True, return_tensors="pt")
    optimizer = torch.optim.AdamW(model.eval().parameters(), lr=1e-2)
    for _ in range(40):
        loss = model(**feeds, labels=torch.tensor([0, 1])).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tmp_path_factory.mktemp("hub") / "tiny")


@pytest.fixture(scope="module")
def converted(trained: Path) -> Any:
    return converting.convert(trained, trained.parent / "out")


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "copy")


def pickled(folder: Path, content: Any) -> Path:
    """The same folder with its weights in a PyTorch file."""
    (folder / "model.safetensors").unlink()
    torch.save(content, folder / "pytorch_model.bin")
    return folder


def test_the_converted_folder_is_served_and_measures_what_was_learned(converted: Any) -> None:
    assert converted.difference <= converting.LARGEST_DIFFERENCE
    assert (converted.labels, converted.int8_difference) == (LABELS, None)
    folder = Path(converted.folder)
    classifier = load(folder)
    assert classifier.labels == ("calm", "toxic - bad")
    assert classifier.classify(BAD).scores["toxic - bad"] > 0.9
    assert classifier.classify(GOOD).scores["calm"] > 0.9
    assert classifier.digest == converted.digest
    assert not list(folder.parent.glob(".out.*"))


def test_a_model_without_segments_converts_too(tmp_path: Path) -> None:
    found = converting.convert(train_tiny(tmp_path / "tiny", "DistilBert"), tmp_path / "out")
    assert found.difference <= converting.LARGEST_DIFFERENCE
    assert load(tmp_path / "out").classify(BAD).scores["toxic - bad"] > 0.9


def test_eight_bits_are_smaller_and_say_how_far_off_they_are(trained: Path, tmp_path: Path) -> None:
    found = converting.convert(trained, tmp_path / "out", int8=True)
    assert 0 < found.int8_difference < 1
    assert sorted(path.name for path in (tmp_path / "out").glob("*.onnx")) == ["model.onnx"]
    assert load(tmp_path / "out").classify(BAD).scores["toxic - bad"] > 0.9


def test_a_later_change_of_a_file_is_noticed(converted: Any, tmp_path: Path) -> None:
    """The mapping that conversion writes states the digests."""
    altered = shutil.copytree(converted.folder, tmp_path / "out")
    config = altered / "config.json"
    config.write_text(config.read_text().replace("calm", "kind"))
    with pytest.raises(ModelFileError, match=r"config\.json: digest is"):
        load(altered)


def test_tensors_in_a_pytorch_file_are_read(copy: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    pickled(copy, load_file(copy / "model.safetensors"))
    assert converting.convert(copy, tmp_path / "out").labels == LABELS


class Evil:
    """What a pickle could do."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("touched-by-a-pickle"),)


def test_a_pickle_that_holds_more_than_tensors_is_refused_unread(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pickled(copy, {"weight": Evil()})
    with pytest.raises(converting.ConversionError, match="does not load"):
        converting.convert(copy, tmp_path / "out")
    (copy / "pytorch_model.bin").rename(copy / "model.pkl")
    (copy / "model.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(converting.ConversionError, match="no weights in one file"):
        converting.convert(copy, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]


def test_code_beside_a_model_is_refused_unread(copy: Path, tmp_path: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoConfig": "evil.Evil"}}))
    (copy / "evil.py").write_text("raise SystemExit('run')")
    with pytest.raises(converting.ConversionError, match="auto_map asks for code"):
        converting.convert(copy, tmp_path / "out")


def test_an_encoder_without_a_trained_head_is_no_classifier(copy: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(copy / "model.safetensors")
    headless = {name: value for name, value in state.items() if not name.startswith("classifier")}
    save_file(headless, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(converting.ConversionError, match=r"lack classifier\.bias"):
        converting.convert(copy, tmp_path / "out")


def test_a_folder_that_is_there_is_left_alone(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(converting.ConversionError, match="there already"):
        converting.convert(trained, tmp_path)
    with pytest.raises(converting.ConversionError, match=r"no config\.json"):
        converting.convert(tmp_path, tmp_path / "out")


def test_an_export_that_gives_other_logits_is_not_kept(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converting, "LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(converting.ConversionError, match="logits differ"):
        converting.convert(trained, tmp_path / "out")
    assert not list(tmp_path.iterdir())
