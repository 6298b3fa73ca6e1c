"""Training rows as trainers read them: TRL's conversational data sets and OpenAI's fine-tuning files.

| format | TRL | OpenAI |
|---|---|---|
| `sft` | `prompt`, `completion` | `messages` |
| `dpo` | `prompt`, `chosen`, `rejected` | `input.messages`, `preferred_output`, `non_preferred_output` |
| `kto` | `prompt`, `completion`, `label` | - |
| `reward` | `prompt`, `chosen`, `rejected` | - |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evaluation.preferences import Example, Message

Format = Literal["sft", "dpo", "kto", "reward"]
Dialect = Literal["trl", "openai"]
FORMATS: tuple[str, ...] = get_args(Format)
DIALECTS: tuple[str, ...] = get_args(Dialect)


class FormatError(ValueError):
    """A format that a dialect does not have, or a row that is none of it. The message has no content."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A row before it has a dialect. `target`: the text that is learnt; `against`: what it is preferred to;
    `label`: None but in `kto`."""

    example: Example
    target: str
    against: str = ""
    label: bool | None = None


def rows_of(example: Example, form: Format) -> Iterator[TrainingRow]:
    """The rows of one format that an example gives."""
    if form == "sft" and example.imitate:
        yield TrainingRow(example, example.imitate)
    elif form in ("dpo", "reward") and example.better and example.worse:
        if example.better != example.worse:
            yield TrainingRow(example, example.better, example.worse)
    elif form == "kto":
        both = set(example.good) & set(example.bad)
        for texts, label in ((example.good, True), (example.bad, False)):
            yield from (TrainingRow(example, text, label=label) for text in texts if text not in both)


class Said(BaseModel):
    """A message as trainers take it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(min_length=1)]


class Answer(Said):
    """An answer."""

    role: Literal["assistant"]


One = Annotated[list[Answer], Field(min_length=1, max_length=1)]
Asked = Annotated[list[Said], Field(min_length=1)]


class Row(BaseModel):
    """A row; nothing may stand in it that its format does not have."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Prompted(Row):
    prompt: Asked

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> _Prompted:
        if self.prompt[-1].role != "user":
            raise ValueError("the prompt must end with the user")
        return self


class TrlSft(_Prompted):
    """TRL, prompt and completion."""

    completion: One


class TrlPreference(_Prompted):
    """TRL, preference with an explicit prompt: DPO and reward models."""

    chosen: One
    rejected: One


class TrlKto(_Prompted):
    """TRL, unpaired preference."""

    completion: One
    label: bool


class OpenAiSft(Row):
    """OpenAI, supervised."""

    messages: Annotated[list[Said], Field(min_length=2)]

    @model_validator(mode="after")
    def _ends_with_the_answer(self) -> OpenAiSft:
        if self.messages[-1].role != "assistant":
            raise ValueError("the last message must be the assistant's")
        return self


class OpenAiInput(Row):
    """OpenAI, what is answered."""

    messages: Asked
    tools: list[Any]
    parallel_tool_calls: bool


class OpenAiPreference(Row):
    """OpenAI, direct preference."""

    input: OpenAiInput
    preferred_output: One
    non_preferred_output: One


SCHEMAS: dict[tuple[Dialect, Format], type[Row]] = {
    ("trl", "sft"): TrlSft,
    ("trl", "dpo"): TrlPreference,
    ("trl", "reward"): TrlPreference,
    ("trl", "kto"): TrlKto,
    ("openai", "sft"): OpenAiSft,
    ("openai", "dpo"): OpenAiPreference,
}


def check_known(dialect: Dialect, form: Format) -> None:
    """Nothing where the dialect has the format.

    Raises:
        FormatError: it has not.
    """
    if (dialect, form) not in SCHEMAS:
        raise FormatError(
            f"{dialect} has no format {form}; it has {', '.join(f for d, f in SCHEMAS if d == dialect)}"
        )


def written(row: TrainingRow, dialect: Dialect, form: Format) -> dict[str, Any]:
    """The row in a dialect, checked against its schema.

    Raises:
        FormatError: the dialect lacks the format, or the row does not fit it.
    """
    check_known(dialect, form)
    prompt = [each.model_dump() for each in row.example.prompt]
    value = (_openai if dialect == "openai" else _trl)(row, prompt, form)
    try:
        SCHEMAS[dialect, form].model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise FormatError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    return value


def _trl(row: TrainingRow, prompt: list[dict[str, Any]], form: Format) -> dict[str, Any]:
    if form in ("dpo", "reward"):
        return {"prompt": prompt, "chosen": _answer(row.target), "rejected": _answer(row.against)}
    if form == "kto":
        return {"prompt": prompt, "completion": _answer(row.target), "label": row.label}
    return {"prompt": prompt, "completion": _answer(row.target)}


def _openai(row: TrainingRow, prompt: list[dict[str, Any]], form: Format) -> dict[str, Any]:
    if form == "sft":
        return {"messages": [*prompt, *_answer(row.target)]}
    return {
        "input": {"messages": prompt, "tools": [], "parallel_tool_calls": True},
        "preferred_output": _answer(row.target),
        "non_preferred_output": _answer(row.against),
    }


def _answer(text: str) -> list[dict[str, str]]:
    return [Message(role="assistant", content=text).model_dump()]
