"""Problems of files are told by the place where somebody can mend them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from policies.documents import ConstitutionDocument, PolicyDocument
from policies.problems import dotted, validation_problems
from policies.yaml_text import parse


def test_each_place_is_told_once_with_its_line() -> None:
    text = parse('name: p\nversion: "1"\nrules:\n  - id: r\n    stage: nowhere\n    colour: red\n')
    try:
        PolicyDocument.model_validate(text.value)
    except ValidationError as error:
        found = validation_problems(Path("p.yaml"), text, error)
    assert [each.partition(" ")[0] for each in found] == ["p.yaml:5:", "p.yaml:6:"]
    assert "rules[0].colour: unknown key" in found[1]
    assert "nowhere" not in found[0].partition("stage")[2].partition("input should")[0]


def test_a_path_is_written_as_people_write_it() -> None:
    assert dotted(("rules", 3, "threshold")) == "rules[3].threshold"
    assert dotted(()) == ""


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
