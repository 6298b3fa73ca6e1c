"""The door to files: YAML into frozen policies, constitutions and canned replies, all problems at once.

A name is looked up in the caller's library and then in the shipped one (`policies/library`); what
looks like a path is read from there, relative to the file that names it. This is the only module of
the room that touches the file system.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from policies.bundle import PolicyBundle
from policies.categories import HAZARDS
from policies.constitution import CompiledConstitution, Constitution, Principle, compile_constitution
from policies.documents import (
    DOCUMENTS,
    REFUSAL_CALIBRATIONS,
    ConstitutionDocument,
    Document,
    LanguageDocument,
    PolicyDocument,
    RefusalCalibrationDocument,
    RepliesDocument,
    json_schema,
)
from policies.inheritance import MergedPolicy, MergedRule, Place, merge
from policies.policy import Policy, PolicyError, ReviewBudget, Rule
from policies.refusal_calibration import CLASSES, Calibration, Calibrations
from policies.replies import FALLBACK_CATEGORY, FALLBACK_LANGUAGE, CannedReplies
from policies.rules import KINDS
from policies.verdict import Action, Stage
from policies.yaml_text import YamlError, YamlText, parse

__all__ = [
    "PolicyError",
    "json_schema",
    "library_names",
    "load_bundle",
    "load_refusal_calibrations",
    "schema_files",
]

SHIPPED = Path(__file__).parent / "library"
MAX_CHAIN = 8

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SUFFIXES = (".yaml", ".yml", ".json")
_RULE_FIELDS = frozenset(item.name for item in fields(Rule))
_DERIVED = frozenset({"limits", "also_limits"})
_Model = TypeVar("_Model", bound=Document)


def load_bundle(name_or_path: str, *, library: Path | None = None) -> PolicyBundle:
    """A policy by name or path with its constitution and replies; thresholds may still be names.

    `library`: a folder with `policies`, `constitutions` and `replies` in it, looked at before the
    shipped one.

    Raises:
        PolicyError: `problems` lists everything wrong in every file, as `file:line: key.path: what`.
    """
    desk = _Desk((library, SHIPPED) if library is not None else (SHIPPED,))
    bundle = desk.bundle(name_or_path)
    if bundle is None or desk.problems:
        raise PolicyError(list(dict.fromkeys(desk.problems)))
    return bundle


def load_refusal_calibrations(path: Path) -> Calibrations:
    """Refusal calibrations by model pattern.

    Raises:
        PolicyError: `problems` lists everything wrong in the file, as `file:line: key.path: what`.
    """
    problems: list[str] = []
    text = _parsed(path, problems)
    if text is None:
        raise PolicyError(problems)
    try:
        entries = REFUSAL_CALIBRATIONS.validate_python(text.value)
    except ValidationError as error:
        raise PolicyError(_validation_problems(path, text, error)) from None
    patterns = {name: _calibration(entry) for name, entry in entries.items()}
    return Calibrations(patterns, _digest([(name, asdict(each)) for name, each in patterns.items()]))


def library_names(kind: str = "policies", *, library: Path | None = None) -> tuple[str, ...]:
    """Names in a library folder and the shipped one: `policies`, `constitutions` or `replies`."""
    folders = [root / kind for root in (library, SHIPPED) if root is not None]
    return tuple(sorted({file.stem for folder in folders for file in folder.glob("*.yaml")}))


def schema_files() -> dict[str, str]:
    """File name to content of the shipped JSON Schemas (`policies/library/schema`)."""
    return {f"{kind}.schema.json": _pretty(json_schema(kind)) for kind in DOCUMENTS}


def _pretty(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A file that was read: its document and where its lines are."""

    path: Path
    document: Document
    text: YamlText

    def at(self, path: tuple[str | int, ...]) -> str:
        return f"{self.path}:{self.text.line(path)}: {_dotted(path)}"


@dataclass(slots=True)
class _Desk:
    """One load: where to look, and everything found wrong."""

    roots: Sequence[Path]
    problems: list[str] = field(default_factory=list)

    def bundle(self, reference: str) -> PolicyBundle | None:
        chain = self._chain(reference)
        if not chain:
            return None
        merged = merge([sheet.document for sheet in chain if isinstance(sheet.document, PolicyDocument)])
        constitution = self._constitution(merged, chain)
        replies = self._replies(merged, chain)
        policy = self._policy(merged, chain, replies)
        if policy is None or constitution is None or replies is None:
            return None
        return PolicyBundle(policy, constitution, replies)

    def _chain(self, reference: str) -> list[_Sheet]:
        """The policy and all it extends, first ancestor first; empty where one cannot be read."""
        chain: list[_Sheet] = []
        beside: Path | None = None
        asked, said_at = reference, ""
        while True:
            sheet = self._read("policies", PolicyDocument, asked, beside, said_at)
            if sheet is None or not isinstance(sheet.document, PolicyDocument):
                return []
            if any(sheet.path == other.path for other in chain) or len(chain) >= MAX_CHAIN:
                self.problems.append(f"{said_at}: a circle, or a chain of more than {MAX_CHAIN} files")
                return []
            chain.insert(0, sheet)
            if sheet.document.extends is None:
                return chain
            asked, beside, said_at = sheet.document.extends, sheet.path.parent, sheet.at(("extends",))

    def _constitution(self, merged: MergedPolicy, chain: Sequence[_Sheet]) -> CompiledConstitution | None:
        sheet = self._referred("constitutions", ConstitutionDocument, "constitution", merged, chain)
        if sheet is None or not isinstance(sheet.document, ConstitutionDocument):
            return None
        document = sheet.document
        seen: set[str] = set()
        for index, principle in enumerate(document.principles):
            if principle.id in seen:
                where = sheet.at(("principles", index, "id"))
                self.problems.append(f"{where}: {principle.id!r} is there twice")
            seen.add(principle.id)
        principles = tuple(_principle(item.model_dump()) for item in document.principles)
        constitution = Constitution(document.name, document.version, document.preamble, principles)
        return compile_constitution(constitution)

    def _replies(self, merged: MergedPolicy, chain: Sequence[_Sheet]) -> CannedReplies | None:
        sheet = self._referred("replies", RepliesDocument, "replies", merged, chain)
        if sheet is None or not isinstance(sheet.document, RepliesDocument):
            return None
        languages = sheet.document.languages
        texts = {name: dict(_with_closing(item, item.texts)) for name, item in languages.items()}
        if FALLBACK_LANGUAGE not in texts:
            self.problems.append(f"{sheet.at(('languages',))}: {FALLBACK_LANGUAGE!r} must be there")
        for name, language in texts.items():
            if FALLBACK_CATEGORY not in language:
                where = sheet.at(("languages", name, "texts"))
                self.problems.append(f"{where}: {FALLBACK_CATEGORY!r} must be there")
        document = sheet.document
        partials = {name: dict(_with_closing(item, item.partials)) for name, item in languages.items()}
        gaps = {name: " ".join(item.left_out.split()) for name, item in languages.items()}
        digest = _digest([texts, partials, gaps])
        return CannedReplies(document.name, document.version, texts, digest, partials, gaps)

    def _policy(
        self, merged: MergedPolicy, chain: Sequence[_Sheet], replies: CannedReplies | None
    ) -> Policy | None:
        own = chain[-1].document
        if not isinstance(own, PolicyDocument):
            return None
        self._check_ids(chain)
        monitored = merged.values.get("mode") == "monitor"
        rules = [self._rule(rule, chain, replies) for rule in merged.rules.values()]
        values = {key: value for key, value in merged.values.items() if key != "review"}
        policy = Policy(
            name=own.name,
            version=own.version,
            rules=tuple(_monitored(rule) if monitored else rule for rule in rules if rule is not None),
            review=ReviewBudget(**merged.values.get("review", {})),
            changes=tuple(merged.changes),
            **values,
        )
        return replace(policy, digest=_digest(_content(policy)))

    def _check_ids(self, chain: Sequence[_Sheet]) -> None:
        for sheet in chain:
            seen: set[str] = set()
            for index, rule in enumerate(getattr(sheet.document, "rules", ())):
                if rule.id in seen:
                    self.problems.append(f"{sheet.at(('rules', index, 'id'))}: {rule.id!r} is there twice")
                seen.add(rule.id)

    def _rule(
        self, merged: MergedRule, chain: Sequence[_Sheet], replies: CannedReplies | None
    ) -> Rule | None:
        missing = [key for key in ("stage", "action") if key not in merged.values]
        for key in missing:
            self._point(merged.place, chain, key, "must be there")
        if missing:
            return None
        rule = Rule(**{key: _frozen(value) for key, value in merged.values.items() if key in _RULE_FIELDS})
        for problem in _rule_problems(rule, merged, replies):
            key, _, message = problem.partition(": ")
            self._point(merged.where(key), chain, key, message)
        return rule

    def _point(self, place: Place, chain: Sequence[_Sheet], key: str, message: str) -> None:
        whole = place.path[-1] != key.partition("[")[0]
        path = (*place.path, key) if whole else (*place.path[:-1], key)
        self.problems.append(f"{chain[place.file].at(path)}: {message}")

    def _referred(
        self, kind: str, model: type[Document], key: str, merged: MergedPolicy, chain: Sequence[_Sheet]
    ) -> _Sheet | None:
        """The file that a policy names under `key`, `default` where it names none."""
        place = merged.places.get(key)
        if place is None:
            return self._read(kind, model, "default", None, "")
        sheet = chain[place.file]
        return self._read(kind, model, merged.values[key], sheet.path.parent, sheet.at(place.path))

    def _read(
        self, kind: str, model: type[_Model], reference: str, beside: Path | None, said_at: str
    ) -> _Sheet | None:
        path = self._find(kind, reference, beside)
        if path is None:
            choices = ", ".join(sorted({name for root in self.roots for name in _names(root / kind)}))
            said = f"{said_at}: " if said_at else ""
            self.problems.append(f"{said}no {_ONE[kind]} {reference!r}; there are: {choices}")
            return None
        text = _parsed(path, self.problems)
        if text is None:
            return None
        try:
            return _Sheet(path, model.model_validate(text.value), text)
        except ValidationError as error:
            self.problems.extend(_validation_problems(path, text, error))
            return None

    def _find(self, kind: str, reference: str, beside: Path | None) -> Path | None:
        if "/" in reference or "\\" in reference or reference.endswith(_SUFFIXES):
            path = Path(reference).expanduser() if beside is None else beside / Path(reference).expanduser()
            return path.resolve() if path.is_file() else None
        if _NAME.fullmatch(reference) is None:
            return None
        files = (root / kind / f"{reference}.yaml" for root in self.roots)
        return next((file for file in files if file.is_file()), None)


_ONE: Mapping[str, str] = {"policies": "policy", "constitutions": "constitution", "replies": "canned replies"}


def _parsed(path: Path, problems: list[str]) -> YamlText | None:
    """A file's YAML, or None and what is wrong with it."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError) as error:
        problems.append(f"{path}: cannot be read: {error}")
    except YamlError as error:
        problems.extend(f"{path}: {problem}" for problem in error.problems)
    return None


def _calibration(entry: RefusalCalibrationDocument) -> Calibration:
    values = entry.model_dump()
    return Calibration({label: values.pop(label) for label in CLASSES}, **values)


def _names(folder: Path) -> Iterator[str]:
    return (file.stem for file in folder.glob("*.yaml"))


def _rule_problems(rule: Rule, merged: MergedRule, replies: CannedReplies | None) -> Iterator[str]:
    """Everything about a whole rule that its keys alone do not show, as `key: what`."""
    kind = KINDS.get(rule.kind)
    if kind is None:
        yield f"kind: {rule.kind!r} is no kind of rule; there are: {', '.join(KINDS)}"
        return
    yield from kind.check(rule)
    if kind.wakes_on != "scores":
        for key in sorted({"threshold", "classifier"} & merged.values.keys()):
            yield f"{key}: says nothing in a {rule.kind} rule"
    after = rule.stage is Stage.POST_CALL
    if rule.action is Action.REVIEW and not after:
        yield "action: review needs an answer, so it stands at post_call only"
    if rule.when_flagged and not after:
        yield "when_flagged: only rules at post_call wait for a flagged input"
    for key in sorted({"origins", "turns"} & merged.values.keys() if after else ()):
        yield f"{key}: says nothing at post_call, where the answer is judged"
    if replies is not None and rule.action is Action.BLOCK:
        yield from _category_problems(rule, replies)


def _category_problems(rule: Rule, replies: CannedReplies) -> Iterator[str]:
    known = replies.texts.get(FALLBACK_LANGUAGE, {})
    if rule.category not in ("", "auto", *known, *HAZARDS):
        choices = ", ".join(known)
        yield f"category: no canned reply for {rule.category!r} in {replies.name}; there are: {choices}"


def _validation_problems(path: Path, text: YamlText, error: ValidationError) -> list[str]:
    """Pydantic's errors by place; the branches of a union are told together."""
    told: dict[tuple[str | int, ...], list[str]] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        place = _real(text.value, item["loc"], missing=item["type"] == "missing")
        message = "unknown key" if item["type"] == "extra_forbidden" else item["msg"]
        told.setdefault(place, []).append(message[:1].lower() + message[1:])
    return [
        f"{path}:{text.line(place)}: {_dotted(place) or 'file'}: {', or '.join(dict.fromkeys(messages))}"
        for place, messages in told.items()
    ]


def _real(value: Any, location: Sequence[str | int], *, missing: bool) -> tuple[str | int, ...]:
    """The part of a pydantic location that exists in the data (union branches are named in it too)."""
    found: list[str | int] = []
    for number, step in enumerate(location):
        listed = isinstance(value, list) and isinstance(step, int)
        if listed or (isinstance(value, dict) and step in value):
            found.append(step)
            value = value[step]
        elif missing and number == len(location) - 1:
            found.append(step)
    return tuple(found)


def _dotted(path: Sequence[str | int]) -> str:
    """`rules[3].threshold`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _principle(values: Mapping[str, Any]) -> Principle:
    return Principle(**{key: _frozen(value) for key, value in values.items()})


def _with_closing(language: LanguageDocument, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Texts with the closing line added where they do not name the decision themselves."""
    closing = " ".join(language.closing.split())
    for category, written in texts.items():
        text = " ".join(written.split())
        yield category, text if "{decision}" in text or not closing else f"{text} {closing}"


def _monitored(rule: Rule) -> Rule:
    return replace(rule, mode="monitor") if rule.mode == "enforce" else rule


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _content(policy: Policy) -> dict[str, Any]:
    """What the digest covers: everything that was written, defaults included."""
    left_out = {"digest", "changes", "plans", "rules"}
    content = {item.name: getattr(policy, item.name) for item in fields(policy) if item.name not in left_out}
    content["review"] = asdict(policy.review)
    content["rules"] = [
        {key: value for key, value in asdict(rule).items() if key not in _DERIVED} for rule in policy.rules
    ]
    return content


def _digest(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + sha256(canonical.encode()).hexdigest()
