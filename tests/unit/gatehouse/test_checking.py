"""Checking: says what would happen, and everything that is in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from classifiers import registry
from classifiers.testing import write_stub_model
from gatehouse.checking import Report, check, describe_policy, describe_rule, model_folders
from policies.loader import load_bundle
from policies.policy import Rule
from policies.verdict import Action, Stage
from proxy.settings import LedgerSettings, Settings


def fast(**changes: object) -> Report:
    return check(Settings(**changes), load_models=False)  # type: ignore[arg-type]


def test_it_says_in_words_what_would_happen() -> None:
    """Address, source of answers, policy with every rule, store and ledger."""
    said = "\n".join(fast().says)
    for part in (
        "Listens on 127.0.0.1 port 8080",
        "scripted stand-in",
        "Policy default",
        "Text in a language that a classifier was not trained on: flag.",
        "Store:",
        "Ledger:",
    ):
        assert part in said
    bundle = load_bundle("default")
    assert all(f"  {rule.id}: " in said for rule in bundle.policy.rules)


def test_a_rule_is_one_sentence() -> None:
    """Stage, action, condition, and what a failing guard means."""
    rule = Rule("r", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.8, when_flagged=True, deadline_ms=100)
    assert describe_rule(rule) == (
        "r: on the answer once the request was flagged, block if input scores harm at or over 0.8; "
        "no measurement within 100 ms means block."
    )
    assert "note that it would block" in describe_rule(
        Rule("r", Stage.PRE_CALL, Action.BLOCK, mode="monitor")
    )


@pytest.mark.parametrize(
    ("rule", "condition"),
    [
        (Rule("p", Stage.PRE_CALL, Action.BLOCK, kind="phrase", patterns=("x",)), "a pattern matches a text"),
        (
            Rule("u", Stage.PRE_CALL, Action.BLOCK, kind="uncovered", labels=("image",)),
            "a part is there that no guard reads (image)",
        ),
    ],
)
def test_rules_that_read_no_score_say_what_they_look_for(rule: Rule, condition: str) -> None:
    """Not a threshold, which they have none of."""
    assert f"block if {condition}" in describe_rule(rule)


def test_a_monitor_policy_is_called_one() -> None:
    """Whoever thinks that he is guarded is told that he is not."""
    report = fast(policy="monitor")
    assert any("enforces nothing" in warning for warning in report.warnings)
    assert "recording only" in describe_policy(load_bundle("monitor"), chosen=False)[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "No upstream is configured"),
        ({"host": "0.0.0.0"}, "reached from other machines"),
        ({"upstream": "http://models.example/v1"}, "without TLS"),
        ({"ledger": LedgerSettings(mode="off")}, "ledger is off"),
        ({"store": "redis://127.0.0.1/0"}, "redis.seal_key is not set"),
    ],
)
def test_what_may_not_be_meant_is_a_warning(changes: dict[str, object], words: str) -> None:
    """It would start all the same."""
    report = fast(**changes)
    assert any(words in warning for warning in report.warnings)
    assert report.ok


def test_a_missing_policy_is_a_problem(tmp_path: Path) -> None:
    """All policies that may rule are looked at, the selectable ones too."""
    report = fast(policy="nope", selectable_policies=("also-nope",))
    assert not report.ok
    assert "nope" in report.problems[0]
    assert any("also-nope" in problem for problem in report.problems)


def test_a_bad_model_folder_is_a_problem(tmp_path: Path) -> None:
    """A classifier that cannot be opened would stop the start."""
    report = check(Settings(models={"input": tmp_path / "nothing"}))
    assert any(problem.startswith("models.input: ") for problem in report.problems)


def test_the_ledger_needs_a_folder(tmp_path: Path) -> None:
    """A path below a file cannot be made."""
    (tmp_path / "file").write_text("")
    report = fast(ledger=LedgerSettings(path=tmp_path / "file" / "l.jsonl"))
    assert any(problem.startswith("ledger.path") for problem in report.problems)
    assert fast(ledger=LedgerSettings(path=tmp_path / "new" / "deep" / "l.jsonl")).ok


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check leaves no traces."""
    monkeypatch.chdir(tmp_path)
    fast()
    assert list(tmp_path.iterdir()) == []


def test_own_models_stand_beside_or_before_the_shipped_ones(tmp_path: Path) -> None:
    """A name of the settings wins."""
    folders = model_folders(Settings(models={"mine": tmp_path, "input": tmp_path}))
    assert folders["mine"] == folders["input"] == tmp_path
    assert set(registry.shipped()) <= set(folders)


def test_no_secret_is_said() -> None:
    """Keys are not part of a report."""
    report = fast(upstream="http://127.0.0.1:9/v1", upstream_api_key=SecretStr("sk-canary-0123456789"))
    assert "canary" not in repr(report)


ENTRY = "{refuse: -0.8, n: 120, date: 2026-11-26, fitted_on: labelled, classifier: gatehouse-exchange@9}"


def test_a_refusal_calibration_is_explained(tmp_path: Path) -> None:
    """What moves for which model, and what that rests on."""
    path = tmp_path / "c.yaml"
    path.write_text(f"curt*: {ENTRY}\nother: {ENTRY.replace('labelled', 'unlabelled')}\n")
    report = fast(refusal_calibration=path)
    assert report.ok
    said = "\n".join(report.says)
    assert "model curt*: log scores move by refuse -0.80, fitted on 120 labelled rows of 2026-11-26." in said
    assert [line for line in report.warnings if "without labels" in line] == [
        "Refusals of model other are calibrated without labels."
    ]


def test_a_refusal_calibration_for_another_classifier_is_a_warning(tmp_path: Path) -> None:
    """Its biases mean nothing for the scores of this one."""
    path = tmp_path / "c.yaml"
    path.write_text(f"curt: {ENTRY}\n")
    models = {name: write_stub_model(tmp_path / name) for name in registry.shipped()}
    report = check(Settings(refusal_calibration=path, models=models))
    assert any("gatehouse-exchange@9, which is not loaded" in warning for warning in report.warnings)


def test_a_wrong_refusal_calibration_is_a_problem(tmp_path: Path) -> None:
    """All of it at once."""
    path = tmp_path / "c.yaml"
    path.write_text("curt: {refuse: -8, n: 0}\n")
    problems = fast(refusal_calibration=path).problems
    assert len(problems) == 4
    assert all(problem.startswith(f"refusal_calibration: {path}:1: ") for problem in problems)


def test_what_an_own_policy_loosens_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nversion: '1'\nextends: default\nrules:\n  - {id: input-jailbreak, mode: monitor}\n"
    )
    report = fast(policy=str(path))
    told = "rule input-jailbreak: mode enforce -> monitor (loosened)"
    assert f"Policy mine: {told}." in report.warnings
    assert f"  Changed: {told}." in report.says


def test_a_candidate_is_not_warned_about_as_if_it_served() -> None:
    assert not [told for told in fast(candidate_policy="monitor").warnings if "enforces nothing" in told]


def test_an_upstream_without_a_path_is_a_warning() -> None:
    assert any("/v1" in warning for warning in fast(upstream="http://127.0.0.1:8000").warnings)
    assert not any("/v1" in warning for warning in fast(upstream="http://127.0.0.1:8000/v1").warnings)
