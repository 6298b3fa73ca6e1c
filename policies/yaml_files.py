"""YAML files read as validating models, with everything that is wrong in them told by place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from policies.documents import Document
from policies.policy import PolicyError
from policies.problems import validation_problems
from policies.yaml_text import YamlError, YamlText, parse

_Model = TypeVar("_Model", bound=Document)
_Found = TypeVar("_Found")


def read_document(path: Path, model: type[_Model]) -> _Model:
    """Any other YAML file, as a validating model.

    Raises:
        PolicyError: `problems` lists everything wrong in the file, as `file:line: key.path: what`.
    """
    return validated(path, model.model_validate)


def validated(path: Path, validate: Callable[[Any], _Found]) -> _Found:
    """What `validate` makes of a file.

    Raises:
        PolicyError: `problems` lists everything wrong in the file.
    """
    problems: list[str] = []
    text = parsed(path, problems)
    if text is None:
        raise PolicyError(problems)
    try:
        return validate(text.value)
    except ValidationError as error:
        raise PolicyError(validation_problems(path, text, error)) from None


def parsed(path: Path, problems: list[str]) -> YamlText | None:
    """A file's YAML, or None and what is wrong with it."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        problems.append(f"{path}: {(error.strerror or 'cannot be read').lower()}")
    except UnicodeError:
        problems.append(f"{path}: is not UTF-8 text")
    except YamlError as error:
        problems.extend(f"{path}: {problem}" for problem in error.problems)
    return None
