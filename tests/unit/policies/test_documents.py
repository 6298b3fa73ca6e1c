"""Models of the files and their schemas."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from pydantic import ValidationError

from policies import documents
from policies.categories import CATEGORIES
from policies.critique import ReviewOutcome
from policies.documents import DOCUMENTS, Document, PolicyDocument, json_schema
from policies.loader import SHIPPED
from policies.yaml_text import parse

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "policies.md"


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_shipped_files_fit_their_schema(kind: str) -> None:
    """What an editor is told is what the loader takes."""
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    for path in (SHIPPED / kind).glob("*.yaml"):
        jsonschema.validate(parse(path.read_text(encoding="utf-8")).value, schema)


@pytest.mark.parametrize("mode", ["off", False])
def test_off_may_be_written_either_way(mode: object) -> None:
    """For the model and for the schema."""
    document: dict[str, Any] = {"name": "p", "version": "1", "rules": [{"id": "a", "mode": mode}]}
    assert PolicyDocument.model_validate(document).rules[0].mode == "off"
    jsonschema.validate(document, json_schema("policies"))


@pytest.mark.parametrize(
    "rule",
    [
        {"id": "a", "treshold": 0.5},
        {"id": "a", "threshold": 1.5},
        {"id": "a", "threshold": True},
        {"id": "a", "action": "allow"},
        {"id": "a", "mode": True},
        {"id": "A b"},
        {"id": "a", "origins": []},
        {"id": "a", "deadline_ms": 0},
        {},
    ],
)
def test_what_does_not_fit_is_refused_by_model_and_schema_alike(rule: dict[str, Any]) -> None:
    """Unknown keys, impossible values, missing names."""
    document = {"name": "p", "version": "1", "rules": [rule]}
    with pytest.raises(ValidationError):
        PolicyDocument.model_validate(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json_schema("policies"))


def test_more_than_three_rounds_of_revision_cannot_be_asked_for() -> None:
    """Later rounds cost helpfulness."""
    with pytest.raises(ValidationError):
        PolicyDocument.model_validate({"name": "p", "version": "1", "review": {"rounds": 4}})


def test_every_key_of_every_file_is_in_the_reference() -> None:
    """Whoever meets a key can look it up."""
    page = REFERENCE.read_text(encoding="utf-8")
    classes = [value for value in vars(documents).values() if inspect.isclass(value)]
    keys = {key for model in classes if issubclass(model, Document) for key in model.model_fields}
    assert len(keys) > 40
    assert not sorted(key for key in keys if f"`{key}`" not in page)


def test_every_category_and_outcome_is_in_the_reference() -> None:
    """The words that appear in records and metrics."""
    page = REFERENCE.read_text(encoding="utf-8")
    assert not [word for word in (*CATEGORIES, *get_args(ReviewOutcome)) if f"| `{word}` |" not in page]
