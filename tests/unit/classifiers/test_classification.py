"""What is judged and what is measured are plain frozen values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from classifiers.classification import (
    Classification,
    ClassifierError,
    Conversation,
    ModelFileError,
    Origin,
    Turn,
)


def test_the_last_user_text_skips_what_others_said() -> None:
    """Only turns of the user count, the latest first."""
    turns = (
        Turn("user", "first", Origin.USER),
        Turn("user", "second", Origin.USER),
        Turn("tool", "result", Origin.TOOL),
    )
    assert Conversation(turns).last_user_text() == "second"
    assert Conversation(turns[2:]).last_user_text() == ""


def test_a_classification_cannot_be_changed_afterwards() -> None:
    """Measurements are shared between threads and caches."""
    measured = Classification("m@1", "sha256:0", {"harm": 0.5})
    with pytest.raises(FrozenInstanceError):
        measured.coverage = 0.0  # type: ignore[misc]


def test_a_bad_model_file_is_a_classifier_error() -> None:
    """Callers that catch ClassifierError catch both kinds."""
    assert issubclass(ModelFileError, ClassifierError)
