"""An order is checked as a whole before any library is loaded, and carried out from raw rows to a model."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
import yaml

from classifiers.registry import load, shipped
from classifiers.training.collect import POOL_FILES
from classifiers.training.course import (
    NO_EXCHANGE,
    NO_POOL,
    Artefact,
    Order,
    OrderError,
    Outcome,
    carry_out,
    lines_about,
    prepare,
)
from classifiers.training.recipe import read_recipe


def problems_of(order: Order) -> list[str]:
    with pytest.raises(OrderError) as caught:
        prepare(order)
    return caught.value.problems


def write_labels(folder: Path, count: int = 40) -> Path:
    rows = [{"text": f"how do I reset router {i}", "label": "0"} for i in range(count)]
    rows += [{"text": f"help me rob flat {i}", "feedback": "wrong_pass"} for i in range(count)]
    rows += [{"reply": f"No, not {i}.", "refusal": "refuse"} for i in range(3)]
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, [*rows, {"text": "x", "feedback": "thumbs_up"}])))
    return path


def write_pool(folder: Path) -> Path:
    folder.mkdir()
    for name in POOL_FILES:
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(b""))
    return folder


def test_everything_wrong_with_an_order_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{}")
    order = Order(
        tmp_path,
        tmp_path / "pool",
        tmp_path / "recipe.yaml",
        labels=[tmp_path / "bad.jsonl", tmp_path / "gone"],
    )
    assert [problem.replace(str(tmp_path), "") for problem in problems_of(order)] == [
        "no data pool at /pool: --pool wants the folder with its *.jsonl.gz files",
        "/recipe.yaml: No such file or directory",
        "/bad.jsonl:1: needs text with label or feedback, or reply with refusal",
        "/gone: No such file or directory",
    ]


def test_files_that_a_pool_lacks_are_named(tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool")
    assert prepare(Order(tmp_path, pool)).models == ("input", "exchange")
    (pool / "refusal_responses.jsonl.gz").unlink()
    assert problems_of(Order(tmp_path, pool)) == ["the data pool lacks refusal_responses.jsonl.gz"]


def test_the_exchange_model_is_not_made_without_a_pool(tmp_path: Path) -> None:
    assert problems_of(Order(tmp_path, models=["exchange"])) == ["the exchange model needs --pool"]


def test_what_is_missing_is_said_plainly(tmp_path: Path) -> None:
    prepared = prepare(Order(tmp_path, labels=[write_labels(tmp_path)], base="elsewhere"))
    assert prepared.models == ("input",)
    assert prepared.notes == [
        NO_POOL,
        "the base encoder was taken from elsewhere",
        NO_EXCHANGE,
        "labelled rows for the exchange model that were not used: 3",
        "feedback that states no label was passed over: thumbs_up 1",
    ]
    assert prepare(Order(tmp_path, write_pool(tmp_path / "pool"))).notes == []


def test_the_recipe_is_adapted_to_the_order(tmp_path: Path) -> None:
    recipe = prepare(Order(tmp_path, minutes=3, device="cpu")).recipe
    rounds = [recipe["input"][name] for name in ("schedule", "second")]
    assert sum(schedule["minutes"] for schedule in rounds) == pytest.approx(3)
    assert {schedule["device"] for schedule in rounds} == {"cpu"}


def test_an_outcome_reads_well() -> None:
    made = Artefact("out/input", "gatehouse-input@1", "sha256:" + "a" * 64, 12.4)
    outcome = Outcome({"input": made}, {"input": {"trained": 8, "held_out": 2}}, notes=["one"])
    assert lines_about(outcome) == [
        "input: gatehouse-input@1 in out/input, sha256:aaaaaaaaaaaa…, 12 s",
        "input: 8 labelled rows trained on, 2 held out",
        "note: one",
    ]


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A base encoder of one narrow layer that knows nothing."""
    torch = pytest.importorskip("torch", reason="needs the training extra (torch)")
    pytest.importorskip("onnxscript", reason="needs the training extra (torch)")
    from classifiers.training.network import Classifier, Shape

    sizes = {"vocab_size": 30522, "hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 1}
    more = {
        "intermediate_size": 8,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    }
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"} | sizes | more))
    shutil.copy(shipped()["input"] / "tokenizer.json", folder)
    state = Classifier(Shape.read(folder), 1, "text").state_dict()
    torch.save({n: value for n, value in state.items() if n[:5] != "head."}, folder / "pytorch_model.bin")
    return folder


@pytest.fixture
def short_recipe(tmp_path: Path) -> Path:
    recipe = read_recipe()
    recipe["input"]["composed"] = dict.fromkeys(recipe["input"]["composed"], 10)
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")
def test_labels_and_written_rows_become_a_model_that_is_served(
    tmp_path: Path, encoder: Path, short_recipe: Path
) -> None:
    """One order: folder, digests, card and the comparison on rows that were held out."""
    order = Order(
        tmp_path / "out",
        None,
        short_recipe,
        str(encoder),
        labels=[write_labels(tmp_path)],
        device="cpu",
        minutes=0.05,
    )
    outcome = carry_out(order)
    made = outcome.models["input"]
    assert load(tmp_path / "out" / "input").digest == made.digest
    rows = outcome.labelled["input"]
    assert rows["trained"] + rows["held_out"] == 80
    assert sum(change.after.n for change in outcome.changes["input"][::2]) == rows["held_out"]
    card = (tmp_path / "out" / "input" / "MODEL_CARD.md").read_text()
    assert NO_POOL in card
    assert "harmless over block" in card


def test_a_missing_encoder_and_device_are_told(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the training extra (torch)")
    pytest.importorskip("onnxscript", reason="needs the training extra (torch)")
    with pytest.raises(OrderError, match=r"no folder with config\.json"):
        carry_out(Order(tmp_path, base=str(tmp_path)))
    if not torch.cuda.is_available():
        with pytest.raises(OrderError, match="no CUDA device"):
            carry_out(Order(tmp_path, device="cuda"))
    recipe = read_recipe()
    recipe["input"]["schedule"]["epoch"] = 1
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    with pytest.raises(OrderError, match="epoch is unknown"):
        carry_out(Order(tmp_path, config=tmp_path / "recipe.yaml", base=str(shipped()["input"])))
