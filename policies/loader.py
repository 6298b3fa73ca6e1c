"""The door to files: YAML into frozen policies, constitutions and canned replies, all problems at once.

A name is looked up in the caller's library and then in the shipped one (`policies/library`); what
looks like a path is read from there, relative to the file that names it. This is the only module of
the room that touches the file system.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from policies.bundle import PolicyBundle
from policies.composition import CompositionError, Layer, compose
from policies.constitution import (
    REGULAR,
    CompiledConstitution,
    Constitution,
    compile_constitution,
    over_budget,
    split_mode,
)
from policies.digest import addressed, digest_of
from policies.documents import (
    DOCUMENTS,
    REFUSAL_CALIBRATIONS,
    ConstitutionDocument,
    Document,
    PolicyDocument,
    RefusalCalibrationDocument,
    RepliesDocument,
    json_schema,
)
from policies.inheritance import MergedPolicy, MergedRule, Place, merge
from policies.layers import layer_of, parents_of, repeated
from policies.policy import Policy, PolicyError, ReviewBudget, Rule
from policies.problems import dotted, near, rule_problems, validation_problems
from policies.refusal_calibration import CLASSES, Calibration, Calibrations
from policies.replies import FALLBACK_CATEGORY, FALLBACK_LANGUAGE, CannedReplies
from policies.yaml_files import parsed, validated
from policies.yaml_text import YamlText

__all__ = [
    "PolicyError",
    "json_schema",
    "library_names",
    "load_bundle",
    "load_compiled_constitution",
    "load_constitution",
    "load_refusal_calibrations",
    "schema_files",
]

SHIPPED = Path(__file__).parent / "library"
MAX_CHAIN = 8

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SUFFIXES = (".yaml", ".yml", ".json")
_RULE_FIELDS = frozenset(item.name for item in fields(Rule))
_Model = TypeVar("_Model", bound=Document)
_Found = TypeVar("_Found")


def load_bundle(name_or_path: str, *, library: Path | None = None) -> PolicyBundle:
    """A policy by name or path with its constitution and replies; thresholds may still be names.

    `library`: a folder with `policies`, `constitutions` and `replies` in it, looked at before the
    shipped one.

    Raises:
        PolicyError: `problems` lists everything wrong in every file, as `file:line: key.path: what`.
    """
    desk = _Desk.of(library)
    return desk.finished(desk.bundle(name_or_path))


def load_constitution(reference: str, *, library: Path | None = None) -> Constitution:
    """A constitution by name or path, composed of all that it extends; its modes are in it.

    Raises:
        PolicyError: as above; also where files or clauses conflict, or a text is over its budget.
    """
    desk = _Desk.of(library)
    return desk.finished(desk.constitution(reference))


def load_compiled_constitution(reference: str, *, library: Path | None = None) -> CompiledConstitution:
    """The same, compiled; `name+mode` for one of its modes.

    Raises:
        PolicyError: as above; also where there is no such mode.
    """
    desk = _Desk.of(library)
    return desk.finished(desk.compiled(reference))


def load_refusal_calibrations(path: Path) -> Calibrations:
    """Refusal calibrations by model pattern.

    Raises:
        PolicyError: `problems` lists everything wrong in the file, as `file:line: key.path: what`.
    """
    entries = validated(path, REFUSAL_CALIBRATIONS.validate_python)
    patterns = {name: _calibration(entry) for name, entry in entries.items()}
    return Calibrations(patterns, digest_of([(name, asdict(each)) for name, each in patterns.items()]))


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
        return f"{self.path}:{self.text.line(path)}: {dotted(path)}"


@dataclass(slots=True)
class _Desk:
    """One load: where to look, and everything found wrong."""

    roots: Sequence[Path]
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, library: Path | None) -> _Desk:
        if library is None:
            return cls((SHIPPED,))
        return cls((library, SHIPPED), [] if library.is_dir() else [f"{library}: no such folder"])

    def finished(self, found: _Found | None) -> _Found:
        """What was loaded.

        Raises:
            PolicyError: anything was wrong on the way.
        """
        if found is None or self.problems:
            raise PolicyError(list(dict.fromkeys(self.problems)))
        return found

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
            sheet = self.read("policies", PolicyDocument, asked, beside, said_at)
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
        if (place := merged.places.get("constitution")) is None:
            return self.compiled("default")
        sheet = chain[place.file]
        return self.compiled(merged.values["constitution"], sheet.path.parent, sheet.at(place.path))

    def compiled(
        self, reference: str, beside: Path | None = None, said_at: str = ""
    ) -> CompiledConstitution | None:
        """A constitution as `name` or `name+mode` (or a path), ready to be sent."""
        name, mode = split_mode(reference)
        constitution = self.constitution(name, beside, said_at)
        if constitution is None:
            return None
        if mode != REGULAR and mode not in constitution.modes:
            said = f"{said_at}: " if said_at else ""
            choices = ", ".join((REGULAR, *constitution.modes))
            self.problems.append(f"{said}{name} has no mode {mode!r}; there are: {choices}")
            return None
        return compile_constitution(constitution, mode)

    def constitution(
        self, reference: str, beside: Path | None = None, said_at: str = ""
    ) -> Constitution | None:
        """A constitution with all it extends, checked in every mode against its budgets."""
        layers = self._layers(reference, beside, said_at, ())
        if not layers:
            return None
        try:
            constitution = compose(layers)
        except CompositionError as error:
            self.problems.extend(error.problems)
            return None
        self.problems.extend(f"{layers[-1].file}: budgets.{over}" for over in over_budget(constitution))
        return constitution

    def _layers(
        self, reference: str, beside: Path | None, said_at: str, below: tuple[Path, ...]
    ) -> list[Layer]:
        """A file after everything it extends; empty where one cannot be read."""
        sheet = self.read("constitutions", ConstitutionDocument, reference, beside, said_at)
        if sheet is None or not isinstance(sheet.document, ConstitutionDocument):
            return []
        if sheet.path in below or len(below) >= MAX_CHAIN:
            self.problems.append(f"{said_at}: a circle, or a chain of more than {MAX_CHAIN} files")
            return []
        document, above = sheet.document, list[Layer]()
        self.problems.extend(
            f"{sheet.at(path)}: {name!r} is there twice" for path, name in repeated(document)
        )
        for parent in parents_of(document):
            found = self._layers(parent, sheet.path.parent, sheet.at(("extends",)), (*below, sheet.path))
            if not found:
                return []
            above += (layer for layer in found if layer not in above)
        return [*above, layer_of(document, str(sheet.path), sheet.at, (each.file for each in above))]

    def _replies(self, merged: MergedPolicy, chain: Sequence[_Sheet]) -> CannedReplies | None:
        sheet = self._referred("replies", RepliesDocument, "replies", merged, chain)
        if sheet is None or not isinstance(sheet.document, RepliesDocument):
            return None
        languages = sheet.document.languages
        texts = {name: _folded(item.texts) for name, item in languages.items()}
        if FALLBACK_LANGUAGE not in texts:
            self.problems.append(f"{sheet.at(('languages',))}: {FALLBACK_LANGUAGE!r} must be there")
        bare = (name for name, language in texts.items() if FALLBACK_CATEGORY not in language)
        places = (sheet.at(("languages", name, "texts")) for name in bare)
        self.problems.extend(f"{place}: {FALLBACK_CATEGORY!r} must be there" for place in places)
        document = sheet.document
        partials = {name: _folded(item.partials) for name, item in languages.items()}
        gaps = {name: " ".join(item.left_out.split()) for name, item in languages.items()}
        closings = {name: " ".join(item.closing.split()) for name, item in languages.items()}
        digest = digest_of([texts, partials, gaps, closings])
        return CannedReplies(document.name, document.version, texts, digest, partials, gaps, closings)

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
        return addressed(policy)

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
        if missing:
            self._tell_missing(merged, missing, chain)
            return None
        rule = Rule(**{key: _frozen(value) for key, value in merged.values.items() if key in _RULE_FIELDS})
        for problem in rule_problems(rule, merged, replies):
            key, _, message = problem.partition(": ")
            self._point(merged.where(key), chain, key, message)
        return rule

    def _tell_missing(self, merged: MergedRule, missing: Sequence[str], chain: Sequence[_Sheet]) -> None:
        if merged.place.file == 0 or merged.values.keys() & {"stage", "action"}:
            for key in missing:
                self._point(merged.place, chain, key, "must be there")
            return
        above = (
            rule.id for sheet in chain[: merged.place.file] for rule in getattr(sheet.document, "rules", ())
        )
        self._point(
            merged.place,
            chain,
            "id",
            f"what this policy extends has no rule {merged.id!r}{near(merged.id, above)}; "
            "a new rule needs stage and action",
        )

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
            return self.read(kind, model, "default", None, "")
        sheet = chain[place.file]
        return self.read(kind, model, merged.values[key], sheet.path.parent, sheet.at(place.path))

    def read(
        self, kind: str, model: type[_Model], reference: str, beside: Path | None, said_at: str
    ) -> _Sheet | None:
        """A file by name or path, None where it cannot be used. `said_at`: where it is referred to."""
        path = self._find(kind, reference, beside)
        if path is None:
            said = f"{said_at}: " if said_at else ""
            self.problems.append(f"{said}{self._unfound(kind, reference)}")
            return None
        text = parsed(path, self.problems)
        if text is None:
            return None
        try:
            return _Sheet(path, model.model_validate(text.value), text)
        except ValidationError as error:
            self.problems.extend(validation_problems(path, text, error))
            return None

    def _unfound(self, kind: str, reference: str) -> str:
        if _is_path(reference):
            return f"{reference}: no such file"
        choices = sorted({file.stem for root in self.roots for file in (root / kind).glob("*.yaml")})
        folders = f" (looked in {self.roots[0] / kind} and the shipped ones)" if len(self.roots) > 1 else ""
        said = f"no {_ONE[kind]} {reference!r}{near(reference, choices)}"
        return f"{said}; there are: {', '.join(choices)}{folders}"

    def _find(self, kind: str, reference: str, beside: Path | None) -> Path | None:
        if _is_path(reference):
            path = Path(reference).expanduser() if beside is None else beside / Path(reference).expanduser()
            return path.resolve() if path.is_file() else None
        if _NAME.fullmatch(reference) is None:
            return None
        files = (root / kind / f"{reference}.yaml" for root in self.roots)
        return next((file for file in files if file.is_file()), None)


_ONE: Mapping[str, str] = {"policies": "policy", "constitutions": "constitution", "replies": "canned replies"}


def _calibration(entry: RefusalCalibrationDocument) -> Calibration:
    values = entry.model_dump()
    return Calibration({label: values.pop(label) for label in CLASSES}, **values)


def _is_path(reference: str) -> bool:
    return "/" in reference or "\\" in reference or reference.endswith(_SUFFIXES)


def _folded(texts: Mapping[str, str]) -> Mapping[str, str]:
    return {key: " ".join(text.split()) for key, text in texts.items()}


def _monitored(rule: Rule) -> Rule:
    return replace(rule, mode="monitor") if rule.mode == "enforce" else rule


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
