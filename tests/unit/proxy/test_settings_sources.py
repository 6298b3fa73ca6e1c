"""Sources of settings: what a file, a variable and an option may look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.settings import Settings
from proxy.settings_sources import environment_layer, file_layer, keys, overlay, override_layer


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "g.yaml"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("port: 1\nport: 2\n", "line 2: duplicate key 'port'"),
        ("redis: &x {}\ncache: *x\n", "alias"),
        ("port: !!python/name:os.system x\n", "line 1"),
        ("- 1\n", "must be a mapping"),
        ("port: [\n", "line 2"),
    ],
)
def test_traps_of_yaml_are_problems(config: Path, text: str, problem: str) -> None:
    """Duplicate keys, aliases, tags and other shapes are refused with their line."""
    config.write_text(text)
    layer = file_layer(config, Settings)
    assert problem in " ".join(layer.problems)


def test_off_is_a_word(config: Path) -> None:
    """`mode: off` means the mode of that name and not false."""
    config.write_text("ledger: {mode: off}\n")
    assert file_layer(config, Settings).values == {"ledger": {"mode": "off"}}


def test_an_empty_file_says_nothing(config: Path) -> None:
    """A file of comments is as good as none."""
    config.write_text("# nothing\n")
    assert not file_layer(config, Settings).values


def test_a_file_that_is_not_text_is_a_problem(config: Path) -> None:
    """Bytes that are no UTF-8 are reported, not raised."""
    config.write_bytes(b"\xff\xfe\x00")
    assert file_layer(config, Settings).problems == [f"{config}: cannot be read (UnicodeDecodeError)"]


def test_lists_in_variables_are_comma_separated_or_json() -> None:
    """Both ways of writing a list in a variable give the same."""
    for text in ("a, b", '["a", "b"]'):
        layer = environment_layer({"GATEHOUSE_SELECTABLE_POLICIES": text}, Settings)
        assert layer.values == {"selectable_policies": ["a", "b"]}


def test_groups_in_variables_are_json_and_merge_with_single_keys() -> None:
    """A group may be given as a whole, and a single key of it is stronger."""
    environ = {"GATEHOUSE_LEDGER": '{"mode": "off", "flush_ms": 5}', "GATEHOUSE_LEDGER__FLUSH_MS": "6"}
    assert environment_layer(environ, Settings).values == {"ledger": {"mode": "off", "flush_ms": "6"}}


def test_bad_json_is_a_problem_without_its_text() -> None:
    """A group that is no JSON is named, not quoted."""
    layer = environment_layer({"GATEHOUSE_LEDGER": "{secret"}, Settings)
    assert layer.problems == ["GATEHOUSE_LEDGER: is not valid JSON"]


def test_an_empty_variable_counts_as_unset() -> None:
    """Compose files pass variables on that nobody set."""
    assert environment_layer({"GATEHOUSE_PORT": ""}, Settings).values == {}


def test_variables_of_other_programs_are_left_alone() -> None:
    """Only the prefix is ours."""
    assert environment_layer({"PORT": "1", "GATEHOUSE": "x"}, Settings).problems == []


def test_service_links_of_kubernetes_are_no_settings() -> None:
    """A Service named gatehouse puts variables into every pod; none of them is a mistake."""
    environ = {
        "GATEHOUSE_SERVICE_HOST": "127.0.0.9",
        "GATEHOUSE_SERVICE_PORT": "80",
        "GATEHOUSE_SERVICE_PORT_HTTP": "80",
        "GATEHOUSE_PORT": "tcp://127.0.0.9:80",
        "GATEHOUSE_PORT_80_TCP_ADDR": "127.0.0.9",
    }
    layer = environment_layer(environ, Settings)
    assert (layer.values, layer.problems) == ({}, [])


def test_options_that_were_not_given_say_nothing() -> None:
    """None is no value."""
    assert override_layer({"port": None, "ledger.mode": "off"}, Settings).values == {
        "ledger": {"mode": "off"}
    }


def test_overlay_keeps_what_the_stronger_does_not_say() -> None:
    """Groups are merged, everything else is replaced."""
    assert overlay({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}, "d": {}}) == {
        "a": {"b": 9, "c": 2},
        "d": {},
    }


def test_every_setting_has_a_path_and_a_meaning() -> None:
    """The listing reaches inside groups, and nothing is without a description."""
    found = {".".join(path) for path in keys(Settings)}
    assert {"port", "ledger.mode", "redis.budget_ms"} <= found
    described = [info.description for info in Settings.model_fields.values()]
    assert all(described)
