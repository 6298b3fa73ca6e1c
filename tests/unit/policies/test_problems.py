"""Problems in files."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from policies.documents import ConstitutionDocument
from policies.problems import dotted, validation_problems
from policies.yaml_text import parse


def test_paths_read_like_code() -> None:
    """Keys with dots, numbers in brackets."""
    assert dotted(("rules", 3, "threshold")) == "rules[3].threshold"


def test_a_problem_in_a_tagged_list_is_told_at_its_line() -> None:
    """The names of union branches are left out of the path."""
    text = parse(
        "name: c\nversion: '1'\nprinciples:\n- id: a\n  checks:\n  - kind: pattern\n    patterns: [a+]\n"
    )
    with pytest.raises(ValidationError) as caught:
        ConstitutionDocument.model_validate(text.value)
    told = validation_problems("c.yaml", text, caught.value)
    place = "c.yaml:7: principles[0].checks[0].patterns[0]: "
    assert [line.removeprefix(place)[:45] for line in told] == [
        "value error, repeats need an upper bound: wri"
    ]
