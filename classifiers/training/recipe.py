"""The recipe of a run: the settings of ``training.yaml``, checked before anything is read or trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

MODELS = ("input", "exchange")
SHIPPED = Path(__file__).parent / "training.yaml"
Recipe = dict[str, Any]


class RecipeError(ValueError):
    """Settings that cannot be used; ``problems`` names every key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_recipe(path: Path = SHIPPED) -> Recipe:
    """Read the settings; what the shipped file states, another must state as well, and nothing else.

    Raises:
        RecipeError: no such file, not YAML, or keys that are missing, unknown or of another kind.
    """
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError([f"{path}: {error.strerror or type(error).__name__}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise RecipeError([f"{path}: line {line}: not YAML"]) from None
    problems = list(_differences(recipe, yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))))
    if problems:
        raise RecipeError([f"{path}: {problem}" for problem in problems])
    return dict(recipe)


def _differences(given: object, wanted: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(given, dict):
        yield "not a mapping of settings"
        return
    yield from _key_differences(given, wanted, "")
    for model in MODELS:
        section = given.get(model)
        if isinstance(section, dict):
            yield from _key_differences(section, wanted[model], f"{model}.")


def _key_differences(given: Mapping[str, Any], wanted: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, value in wanted.items():
        if key not in given:
            yield f"{above}{key} is missing"
        elif isinstance(value, dict | list) and not isinstance(given[key], type(value)):
            yield f"{above}{key} must be a {'mapping' if isinstance(value, dict) else 'list'}"
    yield from (f"{above}{key} is unknown" for key in given if key not in wanted)


def adapted(recipe: Recipe, models: tuple[str, ...], *, device: str, minutes: float = 0.0) -> Recipe:
    """The recipe for one device, all training within ``minutes`` (0: as the recipe says).

    The time is dealt to the rounds of training by their epochs.
    """
    recipe = deepcopy(recipe)
    rounds = [found for model in models for found in _rounds(recipe[model])]
    total = sum(schedule["epochs"] * times for schedule, times in rounds)
    for schedule, _ in rounds:
        schedule["device"] = device
        if minutes:
            share = minutes * schedule["epochs"] / total
            schedule["minutes"] = min(share, schedule["minutes"] or share)
    return recipe


def schedule_keys(recipe: Recipe) -> set[str]:
    """All names that schedules set."""
    return {key for model in MODELS for schedule, _ in _rounds(recipe[model]) for key in schedule}


def _rounds(section: Recipe) -> Iterator[tuple[Recipe, int]]:
    """The schedules of a model, and how often each is run."""
    for name, value in section.items():
        if isinstance(value, dict) and "minutes" in value:
            yield value, len(section["folds"]) if name == "fold_schedule" else 1
