"""Exported files are read by `datasets`, and by TRL as what they are (make trainers)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

datasets = pytest.importorskip("datasets", reason="datasets and TRL are not installed: make trainers")
trl = pytest.importorskip("trl", reason="datasets and TRL are not installed: make trainers")

from evaluation.preference_export import Plan, export  # noqa: E402
from gatehouse.export_command import _lines  # noqa: E402
from tests.kits import preference_rows as rows  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}"


def loaded(tmp_path: Path, form: Any) -> tuple[Any, list[dict[str, Any]]]:
    """The file as a data set, and the rows that were written."""
    given = [rows.pair(n) for n in range(40)]
    given += [rows.pair(n, outcome="kept", delivered="draft") for n in range(100, 120)]
    found = export(
        rows.journal(tmp_path, given), Plan(form, "trl", validation=0.0, per_key=1.0, per_end_user=1.0)
    )
    path = tmp_path / f"{form}.jsonl"
    path.write_text(_lines(found.train))
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path)), list(
        found.train
    )


@pytest.mark.parametrize("form", ["sft", "dpo", "kto", "reward"])
def test_nothing_is_lost_or_added_between_the_file_and_the_data_set(tmp_path: Path, form: str) -> None:
    read, written = loaded(tmp_path, form)
    assert read.to_list() == written


@pytest.mark.parametrize("form", ["sft", "dpo", "kto", "reward"])
def test_trl_takes_every_row_for_a_conversation_and_applies_a_chat_template(
    tmp_path: Path, form: str
) -> None:
    from trl import apply_chat_template, is_conversational

    read, _ = loaded(tmp_path, form)
    tokenizer = word_tokenizer([str(row) for row in read])
    for row in read:
        assert is_conversational(row)
        said = apply_chat_template(row, tokenizer)
        assert set(said) >= set(row)
        assert all(isinstance(said[name], str) and said[name] for name in said if name != "label")


def test_unpaired_rows_are_what_trl_makes_of_the_pairs(tmp_path: Path) -> None:
    """KTO rows of accepted revisions are TRL's own unpairing of the DPO rows."""
    from trl import unpair_preference_dataset

    pairs, _ = loaded(tmp_path, "dpo")
    kto, _ = loaded(tmp_path, "kto")
    own = {(str(r["prompt"]), str(r["completion"]), r["label"]) for r in kto}
    theirs = {(str(r["prompt"]), str(r["completion"]), r["label"]) for r in unpair_preference_dataset(pairs)}
    assert theirs
    assert theirs <= own


@pytest.mark.parametrize("form", ["sft", "dpo", "kto", "reward"])
def test_the_trainer_itself_prepares_the_file(tmp_path: Path, form: str) -> None:
    """TRL's trainer checks and tokenises the data set when it is made; a step on a tiny model follows."""
    read, _ = loaded(tmp_path, form)
    trainer = trainer_of(form, read, tmp_path)
    result = trainer.train()
    assert result.global_step == 1


def word_tokenizer(texts: list[str]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = sorted({word for text in texts for word in text.split()})[:500]
    vocabulary = {word: n for n, word in enumerate(["<unk>", "<pad>", "</s>", *words])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="<unk>", pad_token="<pad>", eos_token="</s>", bos_token="</s>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def trainer_of(form: str, read: Any, folder: Path) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

    tokenizer = word_tokenizer([str(row) for row in read])
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        num_labels=1,
    )
    kinds = {"sft": "SFT", "dpo": "DPO", "kto": "KTO", "reward": "Reward"}
    trainer, arguments = getattr(trl, f"{kinds[form]}Trainer"), getattr(trl, f"{kinds[form]}Config")
    kind = LlamaForSequenceClassification if form == "reward" else LlamaForCausalLM
    kind(config).save_pretrained(folder / "model")
    model = kind.from_pretrained(folder / "model")  # DPO and KTO load the reference from where the model is
    said = {
        "max_steps": 1,
        "per_device_train_batch_size": 4,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
    }
    return trainer(
        model=model,
        args=arguments(output_dir=str(folder / "out"), save_strategy="no", max_length=64, **said),
        train_dataset=read,
        processing_class=tokenizer,
    )
