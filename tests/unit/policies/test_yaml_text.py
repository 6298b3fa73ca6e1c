"""YAML as people mean it."""

from __future__ import annotations

import pytest

from policies.yaml_text import MAX_CHARACTERS, YamlError, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mode: off", {"mode": "off"}),
        ("no: yes", {"no": "yes"}),
        ("a: true\nb: False", {"a": True, "b": False}),
        ("version: 2026-01-01", {"version": "2026-01-01"}),
        ("version: '1.0'", {"version": "1.0"}),
        ("a: 0.5\nb: 3\nc: 1e3", {"a": 0.5, "b": 3, "c": "1e3"}),
        ("a: 1:30\nb: 0x1f\nc: 1_000", {"a": "1:30", "b": "0x1f", "c": "1_000"}),
        ("a: ~\nb:", {"a": None, "b": None}),
        ("a: {b: [1, x]}", {"a": {"b": [1, "x"]}}),
        ('{"json": ["is", "yaml"]}', {"json": ["is", "yaml"]}),
        ("", None),
    ],
)
def test_scalars_mean_what_is_written(text: str, value: object) -> None:
    """No switch becomes a boolean, no date a date."""
    assert parse(text).value == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2", "line 2: duplicate key 'a'"),
        ("a: &x [1]\nb: *x", "line 1: aliases are not read"),
        ("a: !!python/object:os.system x", "line 1: tag"),
        ("a: !thing x", "line 1: tag !thing"),
        ("a: [1", "line 2"),
        ("? [a]\n: b", "line 1: keys must be plain text"),
        ("[" * 50 + "]" * 50, "nested deeper"),
        ("x" * (MAX_CHARACTERS + 1), "longer than"),
        ("a: 1\n---\nb: 2", "line 2"),
        ("a: \x00", "not YAML"),
    ],
)
def test_what_is_not_plain_data_is_refused(text: str, problem: str) -> None:
    """With the line it stands on."""
    with pytest.raises(YamlError) as caught:
        parse(text)
    assert any(problem in told for told in caught.value.problems), caught.value.problems


def test_several_problems_are_told_together() -> None:
    """Not one a run."""
    with pytest.raises(YamlError) as caught:
        parse("a: 1\na: 2\nb: !x 3\nb: 4")
    assert len(caught.value.problems) == 3


def test_a_bomb_of_aliases_does_not_go_off() -> None:
    """Nothing is expanded."""
    bomb = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(40))
    with pytest.raises(YamlError):
        parse(bomb)


def test_lines_lead_to_keys() -> None:
    """Or to the nearest thing around them."""
    text = parse("a: 1\nrules:\n  - id: x\n    stage: y\n")
    assert text.line(("rules", 0, "stage")) == 4
    assert text.line(("rules", 0, "action")) == 3
    assert text.line(("nowhere",)) == 1
