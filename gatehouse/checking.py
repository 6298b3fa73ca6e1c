"""Checking: what a Gatehouse with these settings would do, in plain words, and what keeps it from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from classifiers import registry
from gatehouse.banner import describe_ledger, describe_store, describe_upstream
from policies.bundle import PolicyBundle
from policies.loader import load_refusal_calibrations
from policies.policy import Policy, PolicyError, Rule
from policies.refusal_calibration import Calibration
from policies.rules import KINDS, needs, resolve
from policies.verdict import Action, Stage
from proxy.settings import Settings
from proxy.tenants.loading import load_snapshot
from proxy.tenants.snapshot import Snapshot

_STAGES = {
    Stage.PRE_CALL: "before anything is sent on",
    Stage.DURING_CALL: "on the request",
    Stage.POST_CALL: "on the answer",
}
_INPUT = (Stage.PRE_CALL, Stage.DURING_CALL)


@dataclass(slots=True)
class Report:
    """`says`: what will happen; `warnings`: what may not be meant; `problems`: why it will not start."""

    says: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether it can serve."""
        return not self.problems


def check(settings: Settings, *, load_models: bool = True) -> Report:
    """Examine settings, policies, models and the places that are written to. Nothing is served.

    `load_models` False leaves out what takes long: digests are not compared, no model is opened.
    """
    report = Report()
    report.says.append(f"Listens on {settings.host} port {settings.port}.")
    report.says.append(f"Answers come from: {describe_upstream(settings)}.")
    _check_reach(settings, report)
    models = _check_models(settings, report, load_models=load_models)
    _check_policies(settings, models, report)
    _check_refusal_calibration(settings, models, report)
    _check_store(settings, report)
    report.says.append(f"Ledger: {describe_ledger(settings)}.")
    _check_ledger(settings, report)
    return report


def model_folders(settings: Settings) -> dict[str, Path]:
    """Every classifier name with its folder; the settings override what is shipped."""
    return {**registry.shipped(), **settings.models}


def _check_reach(settings: Settings, report: Report) -> None:
    if settings.scripted():
        report.warnings.append("No upstream is configured: a scripted stand-in answers, no language model.")
    if settings.host not in {"127.0.0.1", "::1", "localhost"} and not settings.tenants.required:
        report.warnings.append(
            f"{settings.host} may be reached from other machines, and no key is required (tenants.required)."
        )
    if settings.upstream and urlsplit(settings.upstream).path in {"", "/"}:
        report.warnings.append("The upstream has no path; OpenAI-compatible servers usually want /v1.")
    if settings.upstream.startswith("http://") and not _is_local(settings.upstream):
        report.warnings.append("The upstream is reached without TLS.")


def _check_store(settings: Settings, report: Report) -> None:
    report.says.append(f"Store: {describe_store(settings)}.")
    if settings.store != "memory" and settings.redis.seal_key is None:
        report.warnings.append("redis.seal_key is not set: replicas share counters, but no verdicts.")


def _check_models(
    settings: Settings, report: Report, *, load_models: bool
) -> Mapping[str, registry.Description]:
    found: dict[str, registry.Description] = {}
    for name, folder in model_folders(settings).items():
        if not load_models:
            report.says.append(f"Classifier {name}: {folder.name} (not opened).")
            continue
        described = registry.describe(folder)
        found[name] = described
        if described.ok:
            labels = ", ".join(described.labels)
            languages = f" in {', '.join(described.languages)}" if described.languages else ""
            report.says.append(f"Classifier {name}: {described.model} reads {labels}{languages}.")
        report.problems += [f"models.{name}: {problem}" for problem in described.problems]
    if not model_folders(settings):
        report.warnings.append("There is no classifier: only rules that need none can decide.")
    return found


def _check_policies(settings: Settings, models: Mapping[str, registry.Description], report: Report) -> None:
    try:
        snapshot = load_snapshot(settings, None)
    except PolicyError as error:
        report.problems += error.problems
        return
    candidates = {tenant.candidate for tenant in snapshot.tenants.values()} - {None, ""}
    for bundle in snapshot.bundles():
        _check_thresholds(bundle.policy, models, report)
        chosen = bundle.policy.digest != snapshot.default.policy.digest
        report.says += describe_policy(bundle, chosen=chosen)
        if bundle.policy.name not in candidates:
            _warn_about(bundle.policy, report)
    _check_tenants(snapshot, report)


def _check_tenants(snapshot: Snapshot, report: Report) -> None:
    keys = len(snapshot.keys)
    if keys or snapshot.required:
        others = "are refused" if snapshot.required else "are served as the tenant default"
        report.says.append(
            f"Tenants: {len(snapshot.tenants)} with {keys} keys; clients without one {others}."
        )
    if snapshot.required and not keys:
        report.warnings.append("tenants.required is on and there is no key: everybody is refused.")
    for name, tenant in snapshot.tenants.items():
        candidate = snapshot.of(snapshot.applied(name), tenant.candidate).candidate
        if candidate is not None:
            _check_candidate(name, candidate, snapshot.of(snapshot.applied(name)).policy, report)


def _check_candidate(tenant: str, candidate: Policy, serving: Policy, report: Report) -> None:
    report.says.append(f"Candidate {candidate.name} is judged beside {serving.name} for tenant {tenant}.")
    measured = {name for stage in _INPUT for name in needs(serving, stage)}
    missing = {name for stage in _INPUT for name in needs(candidate, stage)} - measured
    missing |= set(needs(candidate, Stage.POST_CALL)) - set(needs(serving, Stage.POST_CALL))
    if missing:
        report.warnings.append(
            f"Candidate {candidate.name} reads what {serving.name} does not measure "
            f"({', '.join(sorted(missing))}): it may stay unjudged."
        )


def _check_thresholds(policy: Policy, models: Mapping[str, registry.Description], report: Report) -> None:
    ready = {name: model for name, model in models.items() if model.ok}
    if len(ready) < len(models) or not models:
        return
    try:
        resolve(
            policy,
            {name: model.thresholds for name, model in ready.items()},
            labels={name: model.labels for name, model in ready.items()},
        )
    except PolicyError as error:
        report.problems += [f"policy {policy.name}: {problem}" for problem in error.problems]


def _warn_about(policy: Policy, report: Report) -> None:
    enforced = [rule for rule in policy.rules if rule.mode == "enforce" and policy.mode == "enforce"]
    if not enforced:
        report.warnings.append(f"Policy {policy.name} enforces nothing: every verdict is only recorded.")
    report.warnings += [f"Policy {policy.name}: {change}." for change in policy.changes if _loosened(change)]
    open_rules = [rule.id for rule in enforced if rule.on_failure == "allow" and rule.action is Action.BLOCK]
    if open_rules:
        report.warnings.append(
            f"Policy {policy.name}: these rules let pass what no guard measured: {', '.join(open_rules)}."
        )


def _loosened(change: str) -> bool:
    return change.endswith("(loosened)") or "(may be loosened" in change


def _check_refusal_calibration(
    settings: Settings, models: Mapping[str, registry.Description], report: Report
) -> None:
    path = settings.refusal_calibration
    if path is None:
        return
    try:
        calibrations = load_refusal_calibrations(path)
    except PolicyError as error:
        report.problems += [f"refusal_calibration: {problem}" for problem in error.problems]
        return
    loaded = {model.model for model in models.values()}
    for pattern, each in calibrations.patterns.items():
        report.says.append(f"Refusals of model {pattern}: {describe_calibration(each)}.")
        if each.fitted_on == "unlabelled":
            report.warnings.append(f"Refusals of model {pattern} are calibrated without labels.")
        if loaded and each.classifier and each.classifier not in loaded:
            report.warnings.append(
                f"Refusals of model {pattern} are calibrated for {each.classifier}, which is not loaded."
            )


def describe_calibration(calibration: Calibration) -> str:
    """Which scores are moved, and what that rests on."""
    moved = [f"{label} {bias:+.2f}" for label, bias in calibration.biases.items() if bias]
    rows = f"{calibration.n} {calibration.fitted_on} rows of {calibration.date}"
    return f"log scores move by {', '.join(moved) or 'nothing'}, fitted on {rows}"


def describe_policy(bundle: PolicyBundle, *, chosen: bool) -> list[str]:
    """A policy in sentences: who it rules, and what each rule does."""
    policy = bundle.policy
    whom = "those it is chosen for" if chosen else "everybody"
    constitution = bundle.constitution
    says = [
        f"Policy {policy.name} {policy.version} ({policy.digest}) rules {whom}"
        + (", recording only." if policy.mode == "monitor" else "."),
        f"  Constitution {constitution.name} {constitution.version}, about {constitution.tokens} tokens."
        if constitution.text
        else "  No constitution is sent.",
    ]
    says.append(
        f"  Text in a language that a classifier was not trained on: {policy.on_unsupported_language}."
    )
    says += [f"  Changed: {change}." for change in policy.changes]
    says += [f"  {describe_rule(rule)}" for rule in policy.rules if rule.mode != "off"]
    guards = sorted({name for stage in Stage for name in needs(policy, stage)})
    says.append(f"  Guards that must answer: {', '.join(guards) or 'none'}.")
    return says


def describe_rule(rule: Rule) -> str:
    """One rule in one sentence."""
    what = _condition(rule)
    verb = rule.action.value if rule.mode == "enforce" else f"note that it would {rule.action.value}"
    late = " once the request was flagged" if rule.when_flagged else ""
    return (
        f"{rule.id}: {_STAGES[rule.stage]}{late}, {verb} if {what}; "
        f"no measurement within {rule.deadline_ms} ms means {rule.on_failure}."
    )


def _condition(rule: Rule) -> str:
    if rule.kind != "score":
        return KINDS[rule.kind].story + (f" ({', '.join(rule.labels)})" if rule.labels else "")
    limit = f"at or over {rule.threshold}"
    return f"{rule.classifier} scores {_any(rule.labels)} {limit}"


def _any(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"any of {', '.join(labels)}"


def _check_ledger(settings: Settings, report: Report) -> None:
    if settings.ledger.mode == "off":
        report.warnings.append("The ledger is off: no decision can be looked up afterwards.")
        return
    folder = settings.ledger.path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        report.problems.append(f"ledger.path: {folder} is not a folder")


def _is_local(url: str) -> bool:
    return any(f"//{host}" in url for host in ("127.0.0.1", "localhost", "[::1]"))
