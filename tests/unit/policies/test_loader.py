"""Loading files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies import loader
from policies.loader import (
    PolicyError,
    json_schema,
    library_names,
    load_bundle,
    load_compiled_constitution,
    load_constitution,
    load_refusal_calibrations,
)
from policies.verdict import Action

RULE = "\n  - {id: a, stage: during_call, action: block, labels: [harm]}\n"


def write(folder: Path, text: str, name: str = "p.yaml") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_bundle(write(folder, text))
    return [told.replace(str(folder.resolve()) + "/", "") for told in caught.value.problems]


def test_a_path_and_a_name_both_load(tmp_path: Path) -> None:
    """A small policy needs a name, a version and rules."""
    bundle = load_bundle(write(tmp_path, f"name: mine\nversion: '1'\nrules:{RULE}"))
    assert (bundle.policy.name, bundle.policy.rules[0].action) == ("mine", Action.BLOCK)
    assert bundle.constitution.name == "default"
    assert load_bundle("default").policy.name == "default"


def test_json_is_read_too(tmp_path: Path) -> None:
    """Every JSON file is YAML."""
    document = {"name": "p", "version": "1", "rules": [{"id": "a", "stage": "pre_call", "action": "flag"}]}
    document["rules"][0] |= {"labels": ["harm"], "mode": False}  # type: ignore[index]
    assert load_bundle(write(tmp_path, json.dumps(document), "p.json")).policy.rules[0].mode == "off"


def test_the_callers_library_goes_before_the_shipped_one(tmp_path: Path) -> None:
    """And its names are listed with the shipped ones."""
    write(tmp_path, f"name: default\nversion: '9'\nrules:{RULE}", "policies/default.yaml")
    write(tmp_path, f"name: ours\nversion: '1'\nextends: strict\nrules:{RULE}", "policies/ours.yaml")
    assert load_bundle("default", library=tmp_path).policy.version == "9"
    assert library_names(library=tmp_path) == ("default", "embedded", "monitor", "ours", "strict")


def test_an_unknown_name_is_told_with_the_choices(tmp_path: Path) -> None:
    """For policies and for what they name, where it stands."""
    with pytest.raises(
        PolicyError,
        match=r"no policy 'defualt' \(did you mean default\?\); there are: default, embedded, ",
    ):
        load_bundle("defualt")
    told = problems(tmp_path, "name: p\nversion: '1'\nconstitution: x\nreplies: y\n")
    choices = ", ".join(library_names("constitutions"))
    assert told == [
        f"p.yaml:3: constitution: no constitution 'x'; there are: {choices}",
        "p.yaml:4: replies: no canned replies 'y'; there are: default",
    ]


def test_a_rule_that_changes_nothing_known_is_told_with_what_was_meant(tmp_path: Path) -> None:
    rules = "  - id: input-jailbrake\n    mode: monitor\n"
    told = problems(tmp_path, f"name: p\nversion: '1'\nextends: default\nrules:\n{rules}")
    assert len(told) == 1
    assert told[0].startswith("p.yaml:5: rules[0].id: what this policy extends has no rule 'input-jailbrake'")
    assert told[0].endswith("(did you mean input-jailbreak?); a new rule needs stage and action")


def test_a_folder_or_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load_bundle("default", library=tmp_path / "nowhere")
    assert caught.value.problems == [f"{tmp_path / 'nowhere'}: no such folder"]
    with pytest.raises(PolicyError, match=r"^\./nope\.yaml: no such file$"):
        load_bundle("./nope.yaml")
    with pytest.raises(PolicyError, match=f"looked in {tmp_path}/policies and the shipped ones"):
        load_bundle("mine", library=tmp_path)


@pytest.mark.parametrize("name", ["../default", "/etc/passwd", "", "a b", "DEFAULT"])
def test_names_cannot_wander(name: str) -> None:
    """A name is no path, and a path that is not there is told."""
    with pytest.raises(PolicyError):
        load_bundle(name)


def test_all_problems_come_at_once_with_file_line_and_key(tmp_path: Path) -> None:
    """Types, unknown keys and missing keys."""
    rules = "  - id: a\n    threshold: 1.5\n    action: allow\n  - stage: x\n"
    told = problems(tmp_path, f"name: p\nversion: '1'\nstraem: auto\nrules:\n{rules}")
    assert [line.split(": ")[0] + ": " + line.split(": ")[1] for line in told] == [
        "p.yaml:7: rules[0].action",
        "p.yaml:6: rules[0].threshold",
        "p.yaml:8: rules[1].id",
        "p.yaml:8: rules[1].stage",
        "p.yaml:3: straem",
    ]
    assert told[-1].endswith("unknown key (did you mean stream?)")


def test_what_only_a_whole_rule_shows_is_told_too(tmp_path: Path) -> None:
    """Stages, kinds, patterns, categories."""
    text = """\
name: p
version: '1'
rules:
  - {id: a, action: block, labels: [harm]}
  - {id: b, stage: during_call, action: review, labels: [harm]}
  - {id: c, stage: during_call, action: flag, labels: [harm], when_flagged: true}
  - {id: d, stage: post_call, action: flag, labels: [harm], origins: [user]}
  - {id: e, stage: pre_call, action: flag, kind: phrase, patterns: [ok, 'a+'], threshold: 0.5}
  - {id: f, stage: pre_call, action: flag, kind: mystery}
  - {id: g, stage: pre_call, action: block, labels: [harm], category: nothing}
  - {id: h, stage: pre_call, action: flag}
  - {id: h, stage: pre_call, action: flag, labels: [x]}
"""
    told = problems(tmp_path, text)
    expected = [
        "p.yaml:4: rules[0].stage: must be there",
        "p.yaml:5: rules[1].action: review needs an answer",
        "p.yaml:6: rules[2].when_flagged: only rules at post_call",
        "p.yaml:7: rules[3].origins: says nothing at post_call",
        "p.yaml:8: rules[4].patterns[1]: repeats need an upper bound",
        "p.yaml:8: rules[4].threshold: says nothing in a phrase rule",
        "p.yaml:9: rules[5].kind: 'mystery' is no kind of rule",
        "p.yaml:10: rules[6].category: no canned reply for 'nothing'",
        "p.yaml:12: rules[8].id: 'h' is there twice",
    ]
    for start in expected:
        assert any(line.startswith(start) for line in told), (start, told)


def test_a_problem_in_an_ancestor_is_told_in_its_own_file(tmp_path: Path) -> None:
    """Where it can be mended."""
    rules = "  - {id: a, stage: pre_call, action: flag}\n"
    write(tmp_path, f"name: base\nversion: '1'\nrules:\n{rules}", "base.yaml")
    told = problems(tmp_path, "name: p\nversion: '1'\nextends: ./base.yaml\n")
    assert told == ["base.yaml:4: rules[0].labels: a score rule needs at least one label"]


def test_chains_end(tmp_path: Path) -> None:
    """A circle is told, not walked."""
    write(tmp_path, "name: a\nversion: '1'\nextends: ./p.yaml\n", "a.yaml")
    assert "a circle" in problems(tmp_path, "name: p\nversion: '1'\nextends: ./a.yaml\n")[0]


def test_extending_the_shipped_policy_lists_what_was_changed(tmp_path: Path) -> None:
    """Loosened hard rules stand out."""
    text = "name: p\nversion: '1'\nextends: default\nrules:\n  - {id: input-harm, threshold: 0.99}\n"
    policy = load_bundle(write(tmp_path, text)).policy
    assert len(policy.changes) == 1
    assert policy.changes[0].startswith("rule input-harm: threshold block -> 0.99 (may be loosened")
    assert len(policy.rules) == len(load_bundle("default").policy.rules)


def test_broken_yaml_and_unreadable_files_are_problems_not_crashes(tmp_path: Path) -> None:
    """Of every kind."""
    assert problems(tmp_path, "a: [")[0].startswith("p.yaml: line 2")
    assert problems(tmp_path, "- a list")[0].startswith("p.yaml:1: file:")
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match="is not UTF-8 text"):
        load_bundle(str(tmp_path / "bad.yaml"))


def test_replies_need_english_and_a_default_in_every_language(tmp_path: Path) -> None:
    """Somebody always has to be answered."""
    write(tmp_path, "name: r\nversion: '1'\nlanguages: {de: {texts: {harm: nein}}}\n", "r.yaml")
    told = problems(tmp_path, "name: p\nversion: '1'\nreplies: ./r.yaml\n")
    assert told == [
        "r.yaml:3: languages: 'en' must be there",
        "r.yaml:3: languages.de.texts: 'default' must be there",
    ]


def test_clauses_have_names_of_their_own(tmp_path: Path) -> None:
    """A finding must point to one clause."""
    clause = "{id: x, title: T, behaviour: B}"
    write(tmp_path, f"name: c\nversion: '1'\nprinciples: [{clause}, {clause}]\n", "c.yaml")
    assert problems(tmp_path, "name: p\nversion: '1'\nconstitution: ./c.yaml\n") == [
        "c.yaml:3: principles[1].id: 'x' is there twice"
    ]


CLAUSE = "{id: x, title: T, behaviour: B, authority: hard}"


def constitution(folder: Path, text: str, name: str = "c.yaml") -> str:
    return write(folder, f"name: c\nversion: '1'\n{text}", name)


def test_a_constitution_extends_others_by_name_or_path(tmp_path: Path) -> None:
    """Also several, and each file once."""
    constitution(tmp_path, f"level: platform\nprinciples: [{CLAUSE}]\n", "top.yaml")
    for name in ("left", "right"):
        clause = f"{{id: {name}, title: T, behaviour: B}}"
        constitution(tmp_path, f"extends: ./top.yaml\nprinciples: [{clause}]\n", f"{name}.yaml")
    path = constitution(tmp_path, "level: route\nextends: [./left.yaml, ./right.yaml]\n")
    found = load_constitution(path)
    assert [each.id for each in found.principles] == ["x", "left", "right"]
    assert len(found.lineage) == 3


def test_a_loosened_hard_clause_is_told_with_both_files(tmp_path: Path) -> None:
    """Where it can be mended."""
    constitution(tmp_path, f"level: platform\nprinciples: [{CLAUSE}]\n", "top.yaml")
    path = constitution(tmp_path, "extends: ./top.yaml\nprinciples: [{id: x, limit: L}]\n")
    with pytest.raises(PolicyError) as caught:
        load_constitution(path)
    (told,) = caught.value.problems
    assert f"{tmp_path}/c.yaml:4: principles[0]: limit of 'x'" in told
    assert f"{tmp_path}/top.yaml:4: principles[0]" in told


def test_constitutions_do_not_extend_themselves(tmp_path: Path) -> None:
    """A circle is told, and so is a parent that is not there."""
    constitution(tmp_path, "extends: ./c.yaml\n")
    with pytest.raises(PolicyError, match="a circle"):
        load_constitution(str(tmp_path / "c.yaml"))
    with pytest.raises(PolicyError, match="no constitution 'nobody'"):
        load_constitution(constitution(tmp_path, "extends: nobody\n"))


def test_a_text_over_its_budget_does_not_load(tmp_path: Path) -> None:
    """The size and the budget are told."""
    path = constitution(tmp_path, f"principles: [{CLAUSE}]\nbudgets: {{prompt: 3}}\n")
    with pytest.raises(PolicyError, match=r"c.yaml: budgets.prompt: c takes about \d+ tokens"):
        load_constitution(path)


def test_a_policy_names_a_mode_after_a_plus(tmp_path: Path) -> None:
    """An unknown one is told with those there are."""
    style = "{id: tone, title: T, behaviour: B, authority: style}"
    constitution(tmp_path, f"principles: [{CLAUSE}]\nmodes: {{fun: {{principles: [{style}]}}}}\n")
    path = write(tmp_path, "name: p\nversion: '1'\nconstitution: ./c.yaml+fun\n")
    assert load_bundle(path).constitution.name == "c+fun"
    assert load_compiled_constitution(str(tmp_path / "c.yaml") + "+fun").mode == "fun"
    told = problems(tmp_path, "name: p\nversion: '1'\nconstitution: ./c.yaml+sad\n")
    assert told == ["p.yaml:3: constitution: ./c.yaml has no mode 'sad'; there are: regular, fun"]


@pytest.mark.parametrize("version", ["1.0.0.0", "01", "v1", "1.x"])
def test_constitutions_have_semantic_versions(tmp_path: Path, version: str) -> None:
    """`1` and `1.0` are short for `1.0.0`."""
    path = write(tmp_path, f"name: c\nversion: '{version}'\n", "c.yaml")
    with pytest.raises(PolicyError, match="version"):
        load_constitution(path)


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    """Layout and comments change nothing; a threshold does; defaults written out do not."""
    rules = "[{id: a, stage: pre_call, action: block, labels: [harm], threshold: 0.5}]"
    first = load_bundle(write(tmp_path, f"name: p\nversion: '1'\nrules: {rules}\n")).policy.digest
    again = load_bundle(write(tmp_path, f"# hello\nversion: '1'\nname: p\nstream: auto\nrules: {rules}\n"))
    other = load_bundle(write(tmp_path, f"name: p\nversion: '1'\nrules: {rules.replace('0.5', '0.6')}\n"))
    assert first.startswith("sha256:")
    assert again.policy.digest == first
    assert other.policy.digest != first


def test_only_two_modules_read_files() -> None:
    """The rest of the room is pure."""
    folder = Path(loader.__file__).parent
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        imports = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
        for line in imports:
            assert line.split()[1] not in {"asyncio", "time", "random", "os", "socket", "datetime"}, path.name
            assert path.name in ("loader.py", "yaml_files.py") or line.split()[1] != "pathlib", path.name


def test_schemas_are_offered_by_name() -> None:
    """For the command line."""
    assert json_schema("policies")["title"] == "PolicyDocument"


ENTRY = "{refuse: -0.8, comply: 1, n: 120, date: 2026-11-26, fitted_on: labelled}"


def test_refusal_calibrations_load_by_pattern_from_yaml_and_json(tmp_path: Path) -> None:
    """With the biases that are not stated at 0, and a digest that follows content and order."""
    table = load_refusal_calibrations(Path(write(tmp_path, f"curt*: {ENTRY}\n'*': {ENTRY}\n")))
    found = table.find("curt-1")
    assert found is not None
    assert found.biases == {"comply": 1.0, "partial": 0.0, "refuse": -0.8, "unable": 0.0}
    assert (found.n, found.date, found.fitted_on) == (120, "2026-11-26", "labelled")
    entry = {"refuse": -0.8, "comply": 1.0, "n": 120, "date": "2026-11-26", "fitted_on": "labelled"}
    again = load_refusal_calibrations(Path(write(tmp_path, json.dumps({"curt*": entry, "*": entry}))))
    other = load_refusal_calibrations(Path(write(tmp_path, json.dumps({"*": entry, "curt*": entry}))))
    assert again.digest == table.digest
    assert other.digest != table.digest
    assert not load_refusal_calibrations(Path(write(tmp_path, "{}"))).patterns


def test_everything_wrong_in_a_refusal_calibration_is_told_at_once(tmp_path: Path) -> None:
    """Bounds, missing keys, unknown keys, patterns, kinds, each with its line."""
    text = f"a: {{refuse: 3.1, comply: .nan, n: 0, fitted_on: faith}}\nb*c: {ENTRY}\nd: {{refused: 1}}\n"
    path = Path(write(tmp_path, text))
    with pytest.raises(PolicyError) as caught:
        load_refusal_calibrations(path)
    told = "\n".join(caught.value.problems)
    wanted = ["1: a.refuse", "1: a.comply", "1: a.n", "1: a.date", "1: a.fitted_on", "2: b*c", "3: d.refused"]
    wanted += ["3: d.n", "3: d.date", "3: d.fitted_on"]
    assert [place for place in wanted if f"{path}:{place}: " not in told] == []
    assert len(caught.value.problems) == len(wanted)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "a: 1"])
def test_what_is_no_refusal_calibration_is_a_problem(tmp_path: Path, text: str) -> None:
    """Not a crash, and not an empty table."""
    with pytest.raises(PolicyError):
        load_refusal_calibrations(Path(write(tmp_path, text)))
    with pytest.raises(PolicyError, match="no such file"):
        load_refusal_calibrations(tmp_path / "nowhere.yaml")


def test_safe_partial_replies_are_closed_like_canned_ones(tmp_path: Path) -> None:
    """They name the decision too, and the digest covers them."""
    for number, words in enumerate(("The safe part.", "Another part.")):
        text = "name: r\nversion: '1'\nlanguages:\n  en:\n    closing: ({decision})\n    left_out: '[..]'\n"
        text += f"    texts: {{default: No.}}\n    partials: {{injury: {words}}}\n"
        write(tmp_path, text, f"replies/r{number}.yaml")
        write(tmp_path, f"name: p\nversion: '1'\nreplies: r{number}\n", f"policies/p{number}.yaml")
    first, second = (load_bundle(f"p{number}", library=tmp_path).replies for number in (0, 1))
    assert first.appealable(first.partials["en"]["injury"], "en", "gh-1") == "The safe part. (gh-1)"
    assert first.text("default", "en", "gh-1") == "No. (gh-1)"
    assert first.gap("en") == "[..]"
    assert first.digest != second.digest
