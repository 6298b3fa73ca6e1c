"""The recipe is checked before anything is trained, and adapted to a device and a bound."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from classifiers.training.recipe import MODELS, SHIPPED, RecipeError, adapted, read_recipe, schedule_keys


def problems_of(path: Path) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        read_recipe(path)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


def test_the_shipped_recipe_passes() -> None:
    assert read_recipe() == yaml.safe_load(SHIPPED.read_text())


def test_missing_unknown_and_odd_keys_are_told_at_once(tmp_path: Path) -> None:
    recipe = read_recipe()
    del recipe["seed"], recipe["input"]["overlap"]
    recipe["exchange"] |= {"folds": {}, "fold": []}
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    assert problems_of(path) == [
        "seed is missing",
        "input.overlap is missing",
        "exchange.folds must be a list",
        "exchange.fold is unknown",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [("a: [", "line 1: not YAML"), ("- a", "not a mapping of settings"), ("", "not a mapping")],
)
def test_what_is_no_recipe_is_told(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(content)
    assert problems_of(path)[0].startswith(words)


def test_a_recipe_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "recipe.yaml") == ["No such file or directory"]


def total_minutes(recipe: dict, models: tuple[str, ...]) -> float:
    """All rounds of training together, the folds each."""
    return sum(
        value["minutes"] * (len(recipe[model]["folds"]) if name == "fold_schedule" else 1)
        for model in models
        for name, value in recipe[model].items()
        if isinstance(value, dict) and "minutes" in value
    )


@pytest.mark.parametrize("models", [("input",), ("exchange",), MODELS])
def test_minutes_bound_all_rounds_together(models: tuple[str, ...]) -> None:
    recipe = adapted(read_recipe(), models, device="cpu", minutes=30)
    assert total_minutes(recipe, models) == pytest.approx(30)


def test_a_bound_of_the_recipe_is_never_raised() -> None:
    recipe = read_recipe()
    recipe["input"]["schedule"]["minutes"] = 5
    assert adapted(recipe, ("input",), device="cpu", minutes=30)["input"]["schedule"]["minutes"] == 5
    assert adapted(recipe, ("input",), device="cpu")["input"]["schedule"]["minutes"] == 5


def test_the_device_reaches_every_round_and_the_given_recipe_stays_as_it_is() -> None:
    recipe = read_recipe()
    found = adapted(recipe, MODELS, device="cuda")
    assert found["input"]["schedule"]["device"] == found["exchange"]["fold_schedule"]["device"] == "cuda"
    assert recipe == read_recipe()
    assert "device" in schedule_keys(found)
    assert "device" not in schedule_keys(recipe)


def test_the_input_model_serves_no_longer_windows_than_it_was_trained_on() -> None:
    """Positions that no row had give scores at random, and full windows are the most common ones."""
    section = read_recipe()["input"]
    assert section["max_tokens"] <= section["schedule"]["train_tokens"]
