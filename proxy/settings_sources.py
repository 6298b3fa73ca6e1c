"""Where settings come from: a YAML file, the environment, the command line.

Each source becomes a `Layer` of plain values with the problems found while reading it. Nothing here
knows a single setting by name; what exists is asked of the settings class.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, SecretStr

from policies.yaml_text import YamlError, YamlText, parse

PREFIX = "GATEHOUSE_"
RESERVED = frozenset({"GATEHOUSE_CONFIG"})
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

Model = type[BaseModel]


@dataclass(frozen=True, slots=True)
class Layer:
    """One source: nested values, the problems met, and how it calls its keys."""

    values: dict[str, object] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    label: str = ""
    environment: bool = False
    text: YamlText | None = None

    def gives(self, path: tuple[str, ...]) -> bool:
        """Whether this source has a value at that path (or at the nearest group above it)."""
        at: object = self.values
        for step in path:
            if not isinstance(at, dict):
                return True
            if step not in at:
                return False
            at = at[step]
        return True

    def name_of(self, path: tuple[str, ...]) -> str:
        """The setting in this source's words."""
        if self.environment:
            return PREFIX + "__".join(path).upper()
        line = f":{self.text.line(path)}" if self.text is not None else ""
        return f"{self.label}{line}: {'.'.join(path)}"


def file_layer(path: Path | None, model: Model) -> Layer:
    """Values of a YAML file."""
    if path is None:
        return Layer()
    try:
        text = parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return Layer(problems=[f"{path}: cannot be read ({type(error).__name__})"])
    except YamlError as error:
        return Layer(problems=[f"{path}: {problem}" for problem in error.problems])
    if text.value is None:
        return Layer()
    if not isinstance(text.value, dict):
        return Layer(problems=[f"{path}: must be a mapping of settings"])
    layer = Layer(text.value, label=str(path), text=text)
    layer.problems.extend(_prune_unknown(layer, text.value, model))
    return layer


def environment_layer(environ: Mapping[str, str], model: Model) -> Layer:
    """Values of `GATEHOUSE_*` variables; `__` separates groups, an empty value counts as unset."""
    values: dict[str, object] = {}
    problems: list[str] = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in RESERVED or _is_service_link(name, environ):
            continue
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        if not environ[name] and field_at(model, path) is not None:
            continue
        _place(values, problems, path, environ[name], model, name)
    return Layer(values, problems, environment=True)


def override_layer(overrides: Mapping[str, object], model: Model) -> Layer:
    """Values of the command line, dotted key to value; None counts as not given."""
    values: dict[str, object] = {}
    problems: list[str] = []
    for key, value in overrides.items():
        if value is not None:
            _place(values, problems, tuple(key.split(".")), value, model, f"--set {key}")
    return Layer(values, problems, label="command line")


def overlay(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """`under` with everything `over` says; groups are merged, everything else is replaced."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def resolve_secrets(values: dict[str, object], model: Model, environ: Mapping[str, str]) -> list[str]:
    """Replace `${VARIABLE}` and `file:PATH` in secret settings, in place; problems name no value."""
    problems: list[str] = []
    for group, key, path in _secrets(values, model, ()):
        try:
            group[key] = resolved_secret(str(group[key]), environ)
        except LookupError as error:
            problems.append(f"{'.'.join(path)}: environment variable {error.args[0]} is not set")
            del group[key]
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{'.'.join(path)}: its file cannot be read ({type(error).__name__})")
            del group[key]
    return problems


def resolved_secret(value: str, environ: Mapping[str, str]) -> str:
    """What `${VARIABLE}` or `file:PATH` stands for; anything else stands for itself.

    Raises:
        LookupError, OSError, UnicodeDecodeError: the variable is not set, the file cannot be read.
    """
    if value.startswith("file:"):
        return Path(value.removeprefix("file:")).read_text(encoding="utf-8").strip()
    whole = _VARIABLE.fullmatch(value)
    return environ[whole[1]] if whole else value


def keys(model: Model, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all settings, groups left out."""
    for name, info in model.model_fields.items():
        section = section_of(info.annotation)
        if section is not None:
            yield from keys(section, (*above, name))
        else:
            yield (*above, name)


def field_at(model: Model, path: tuple[str, ...]) -> Any:
    """Annotation of the setting at a path; None where there is none."""
    at: Any = model
    for step in path:
        section = section_of(at)
        if section is not None:
            info = section.model_fields.get(step)
            at = info.annotation if info is not None else None
        else:
            at = _entry_type(at)
        if at is None:
            return None
    return at


def section_of(annotation: Any) -> Model | None:
    """The settings class an annotation names, seen through `Annotated`."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _entry_type(annotation: Any) -> Any:
    return get_args(annotation)[1] if get_origin(annotation) is dict else None


def _place(
    values: dict[str, object],
    problems: list[str],
    path: tuple[str, ...],
    value: object,
    model: Model,
    name: str,
) -> None:
    annotation = field_at(model, path)
    if annotation is None:
        problems.append(f"{name}: no such setting{_suggestion(path, model)}")
        return
    try:
        decoded = _decoded(value, annotation)
    except ValueError as error:
        problems.append(f"{name}: {error}")
        return
    at = values
    for step in path[:-1]:
        below = at.setdefault(step, {})
        if not isinstance(below, dict):
            return
        at = below
    before = at.get(path[-1])
    if isinstance(before, dict) and isinstance(decoded, dict):
        decoded = overlay(decoded, before)
    at[path[-1]] = decoded


def _decoded(value: object, annotation: Any) -> object:
    """A string as the setting's shape wants it: lists by comma or JSON, groups as JSON."""
    if not isinstance(value, str):
        return value
    if get_origin(annotation) is tuple and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    group = section_of(annotation) is not None or get_origin(annotation) is dict
    if get_origin(annotation) is tuple or (group and value.lstrip().startswith("{")):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("is not valid JSON") from None
    return value


def _suggestion(path: tuple[str, ...], model: Model) -> str:
    known = [".".join(each) for each in keys(model)]
    near = difflib.get_close_matches(".".join(path), known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _prune_unknown(
    layer: Layer, values: dict[str, Any], model: Model, above: tuple[str, ...] = ()
) -> list[str]:
    """Take unknown keys out, so that each is reported once, with its line and a suggestion."""
    problems: list[str] = []
    for key in list(values):
        path = (*above, key)
        info = model.model_fields.get(key)
        if info is None:
            del values[key]
            problems.append(f"{layer.name_of(path)}: no such setting{_near(key, model, above)}")
            continue
        section = section_of(info.annotation)
        if section is not None and isinstance(values[key], dict):
            problems += _prune_unknown(layer, values[key], section, path)
    return problems


def _near(key: str, model: Model, above: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, list(model.model_fields), n=1)
    return f" (did you mean {'.'.join((*above, near[0]))}?)" if near else ""


def _is_service_link(name: str, environ: Mapping[str, str]) -> bool:
    """Kubernetes puts `<SERVICE>_PORT=tcp://…` and the like into every pod beside a Service of that name."""
    if "GATEHOUSE_SERVICE_HOST" not in environ:
        return False
    if name == "GATEHOUSE_PORT":
        return environ[name].startswith(("tcp://", "udp://"))
    return bool(re.match(r"GATEHOUSE_(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP|SCTP))", name))


def _secrets(
    values: dict[str, object], model: Model, above: tuple[str, ...]
) -> Iterator[tuple[dict[str, object], str, tuple[str, ...]]]:
    for key, value in list(values.items()):
        annotation = field_at(model, (key,))
        path = (*above, key)
        if annotation is not None and SecretStr in (annotation, *get_args(annotation)):
            if isinstance(value, str):
                yield values, key, path
        elif isinstance(value, dict):
            yield from _secrets_below(value, annotation, path)


def _secrets_below(
    values: dict[str, object], annotation: Any, path: tuple[str, ...]
) -> Iterator[tuple[dict[str, object], str, tuple[str, ...]]]:
    section = section_of(annotation)
    if section is not None:
        yield from _secrets(values, section, path)
        return
    entry = section_of(_entry_type(annotation))
    for key, value in values.items():
        if entry is not None and isinstance(value, dict):
            yield from _secrets(value, entry, (*path, key))
