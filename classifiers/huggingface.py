"""Models that users bring: any local Hugging Face directory for sequence classification with an ONNX file.

`transformers` reads the directory's tokenizer and configuration, from local files only, and never runs
code that lies beside a model. A file `gatehouse.yaml` in the directory may say what its outputs mean:

    name: toxicity                # how verdicts name the model
    version: "2"
    file: onnx/model_quantized.onnx
    files: {onnx/model_quantized.onnx: "sha256:…"}   # refused where a digest is another one
    max_tokens: 256
    overlap: 32
    languages: [en]               # those it was trained on; without this line it reads every language
    temperature: 1.5              # for all labels: score = softmax or sigmoid of logit / temperature
    labels:
      toxic: {name: harm, thresholds: {flag: 0.6, block: 0.95}}
      neutral: ignore

Without that file labels keep their names and have no thresholds, so a policy must state scores itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from classifiers.classification import ModelFileError
from classifiers.huggingface_files import pickled_weights, read_stated, refuse_unsafe
from classifiers.manifest import Activation, Digest, LabelName, LabelSpec, Thresholds, digest_of, problems_of
from classifiers.onnx_classifier import MAX_WINDOWS, Graph, Identity, OnnxClassifier, digest_over
from classifiers.windows import Windows

MAPPING_FILES = ("gatehouse.yaml", "gatehouse.yml", "gatehouse.json")
ONNX_FILES = (
    "model.onnx",
    "onnx/model.onnx",
    "model_quantized.onnx",
    "onnx/model_quantized.onnx",
    "model_int8.onnx",
    "onnx/model_int8.onnx",
    "onnx/model_quint8_avx2.onnx",
    "onnx/model_qint8_avx512_vnni.onnx",
)
"""Looked for in this order where the mapping names no file."""
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
"""One must be there: where none is, transformers makes up a tokenizer that knows no word."""
DEFAULT_MAX_TOKENS = 256
_FILE = r"(onnx/)?[A-Za-z0-9_][A-Za-z0-9._-]*"
_Temperature = Annotated[float, Field(gt=0.0, le=100.0, allow_inf_nan=False)]


class _LabelEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: LabelName | None = None
    group: str = "risk"
    temperature: _Temperature | None = None
    thresholds: Thresholds = Thresholds()


class _Mapping(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    version: Annotated[str, Field(min_length=1, max_length=64)] = "local"
    file: Annotated[str, Field(pattern=rf"^{_FILE}\.onnx$")] | None = None
    files: dict[Annotated[str, Field(pattern=rf"^{_FILE}$")], Digest] = {}
    activation: Activation | None = None
    max_tokens: Annotated[int, Field(ge=8, le=8192)] | None = None
    overlap: Annotated[int, Field(ge=0)] | None = None
    temperature: _Temperature = 1.0
    languages: tuple[str, ...] = ()
    labels: dict[str, _LabelEntry | Literal["ignore"]] = {}


def open_directory(
    directory: Path, *, name: str = "", threads: int = 1, max_windows: int = MAX_WINDOWS
) -> OnnxClassifier:
    """Load a Hugging Face directory.

    Raises:
        ModelFileError: no ONNX file, no fast tokenizer, custom code, links out of the directory, a file that
            is not the stated one, or a mapping that does not fit.
    """
    refuse_unsafe(directory)
    mapping, mapping_digest = _read_mapping(directory)
    for file in mapping.files:
        read_stated(directory, file, mapping.files)
    config = _read_config(directory)
    labels = _label_specs(config, mapping, directory)
    tokenizer = _read_tokenizer(directory)
    data = _read_network(directory, mapping)
    max_tokens = mapping.max_tokens or min(DEFAULT_MAX_TOKENS, longest_input(config, tokenizer))
    if max_tokens > longest_input(config, tokenizer):
        raise ModelFileError(f"{directory.name}: max_tokens {max_tokens} is more than the model reads")
    overlap = max_tokens // 8 if mapping.overlap is None else mapping.overlap
    windows = Windows(tokenizer.backend_tokenizer, max_tokens, overlap)
    digest = digest_over(
        digest_of(data),
        digest_of(tokenizer.backend_tokenizer.to_str().encode()),
        digest_of(read_stated(directory, "config.json", mapping.files)),
        mapping_digest,
        f"{max_tokens} {overlap} {max_windows}",
    )
    called = mapping.name or directory.name
    identity = Identity(name or called, f"{called}@{mapping.version}", digest, "text", mapping.languages)
    return OnnxClassifier(identity, Graph(data, threads, output=None), windows, labels, max_windows)


def _read_mapping(directory: Path) -> tuple[_Mapping, str]:
    path = next((directory / file for file in MAPPING_FILES if (directory / file).is_file()), None)
    if path is None:
        return _Mapping(), ""
    data = path.read_bytes()
    try:
        content = yaml.load(data, Loader=_StrictLoader)  # noqa: S506  (a SafeLoader)
        return _Mapping.model_validate(content or {}), digest_of(data)
    except ValidationError as error:
        raise ModelFileError(f"{directory.name}/{path.name}: " + "; ".join(problems_of(error))) from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        reason = getattr(error, "problem", None) or "not YAML"
        raise ModelFileError(f"{directory.name}/{path.name}: line {line}: {reason}") from None


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML in which a key may not occur twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} occurs twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def _read_config(directory: Path) -> Any:
    from transformers import AutoConfig  # noqa: PLC0415  (seconds to import; only for directories of users)

    try:
        return AutoConfig.from_pretrained(str(directory), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(f"{directory.name}/config.json: {_reason(error)}") from None


def _read_tokenizer(directory: Path) -> Any:
    from transformers import AutoTokenizer  # noqa: PLC0415

    if not any((directory / file).is_file() for file in TOKENIZER_FILES):
        raise ModelFileError(f"{directory.name}: no tokenizer file ({', '.join(TOKENIZER_FILES)})")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(directory), local_files_only=True, trust_remote_code=False, use_fast=True
        )
    except Exception as error:  # noqa: BLE001  (tokenizers raises bare Exception for every fault)
        raise ModelFileError(f"{directory.name}: the tokenizer does not load: {_reason(error)}") from None
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise ModelFileError(f"{directory.name}: needs a fast tokenizer (tokenizer.json)")
    return tokenizer


def _read_network(directory: Path, mapping: _Mapping) -> bytes:
    candidates = (mapping.file,) if mapping.file else ONNX_FILES
    file = next((file for file in candidates if (directory / file).is_file()), None)
    if file is not None:
        return read_stated(directory, file, mapping.files)
    if pickled := pickled_weights(directory):
        raise ModelFileError(
            f"{directory.name}: no ONNX file, only {', '.join(pickled)}, which may be pickled and is never "
            "opened; `gatehouse convert` makes an ONNX file of such a model"
        )
    raise ModelFileError(f"{directory.name}: no ONNX file ({', '.join(candidates[:4])}, …)")


def _label_specs(config: Any, mapping: _Mapping, directory: Path) -> tuple[LabelSpec, ...]:
    names: Mapping[int, str] = config.id2label or {}
    unknown = [label for label in mapping.labels if label not in names.values()]
    if unknown:
        known = ", ".join(names.values())
        raise ModelFileError(f"{directory.name}: the model has no label {', '.join(unknown)}; it has {known}")
    activation = mapping.activation or _activation(config, len(names))
    specs = tuple(_label_spec(names[place], mapping, activation) for place in sorted(names))
    reported = [spec.name for spec in specs if spec.name]
    if not reported or len(set(reported)) < len(reported):
        raise ModelFileError(f"{directory.name}: each label needs a name of its own, and one must be left")
    return specs


def _label_spec(label: str, mapping: _Mapping, activation: Activation) -> LabelSpec:
    entry = mapping.labels.get(label, _LabelEntry())
    group = "outputs"  # a softmax runs over all outputs of such a model, whatever they are called
    if isinstance(entry, str):
        return LabelSpec("", group, activation, 1.0 / mapping.temperature)
    temperature = entry.temperature or mapping.temperature
    return LabelSpec(
        entry.name or label, group, activation, 1.0 / temperature, 0.0, entry.thresholds.points()
    )


def _activation(config: Any, width: int) -> Activation:
    problem: str | None = getattr(config, "problem_type", None)
    if problem == "multi_label_classification":
        return "sigmoid"
    if problem == "regression":
        raise ModelFileError("a regression model gives no scores between 0 and 1")
    return "softmax" if width > 1 else "sigmoid"


def longest_input(config: Any, tokenizer: Any) -> int:
    """Most tokens the model reads at once. RoBERTa-like models use two positions up for padding."""
    positions = int(getattr(config, "max_position_embeddings", 512) or 512)
    offset = 2 if getattr(config, "model_type", "") in _OFFSET_TYPES else 0
    return min(positions - offset, int(min(tokenizer.model_max_length, 8192)))


_OFFSET_TYPES = frozenset({"roberta", "xlm-roberta", "camembert", "longformer", "mpnet"})


def _reason(error: BaseException) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0][:200] or type(error).__name__
