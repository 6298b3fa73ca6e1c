"""Deterministic checks of clauses: what a reply must not match, must mention, may link to, how long it is.

A closed set of kinds, each a pure function of request and reply. A check gives a finding like a critic's:
the clause, words of the reply letter for letter, a reason, a severity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Protocol

from policies.findings import Finding
from policies.patterns import compile_pattern

MAX_QUOTE = 300

_LINK = re.compile(r"(?:https?://|www\.)([^\s/?#<>()\[\]\"'`]{1,253})[^\s<>()\[\]\"'`]{0,500}", re.IGNORECASE)
_compiled = cache(compile_pattern)


@dataclass(frozen=True, slots=True)
class ClauseCheck:
    """One check. `when`: bounded expressions of which one must match the request; none: every request.

    `patterns` belong to `pattern` (none may match), `phrases` to `must_mention` (one must be there),
    `words` to `max_length`, `hosts` to `link_allow_list` (a host allows what lies below it).
    """

    kind: str
    patterns: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    words: int = 0
    hosts: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    reason: str = ""
    severity: int = 2


class Checked(Protocol):
    """What has checks: a principle."""

    @property
    def id(self) -> str:
        """The clause that a finding names."""

    @property
    def checks(self) -> tuple[ClauseCheck, ...]:
        """Its checks."""


def check_reply(clauses: Iterable[Checked], request: str, reply: str) -> tuple[Finding, ...]:
    """Findings of every check of every clause, in order. A reply without text has none."""
    if not reply.strip():
        return ()
    return tuple(
        Finding(
            clause=clause.id, quote=quote[:MAX_QUOTE], reason=check.reason or reason, severity=check.severity
        )
        for clause in clauses
        for check in clause.checks
        if _applies(check, request)
        for quote, reason in CHECKS[check.kind](check, reply)
    )


def _applies(check: ClauseCheck, request: str) -> bool:
    return not check.when or any(_compiled(each).search(request) for each in check.when)


def _forbidden(check: ClauseCheck, reply: str) -> Iterator[tuple[str, str]]:
    for pattern in check.patterns:
        found = _compiled(pattern).search(reply)
        if found is not None:
            yield found.group(), "The reply has words that this clause rules out."


def _unmentioned(check: ClauseCheck, reply: str) -> Iterator[tuple[str, str]]:
    lowered = reply.casefold()
    if not any(phrase.casefold() in lowered for phrase in check.phrases):
        yield reply.strip(), f"The reply mentions none of: {', '.join(check.phrases)}."


def _too_long(check: ClauseCheck, reply: str) -> Iterator[tuple[str, str]]:
    words = list(re.finditer(r"\S+", reply))
    if len(words) > check.words:
        yield (
            reply[words[check.words].start() :],
            f"The reply has {len(words)} words, {check.words} are allowed.",
        )


def _foreign_links(check: ClauseCheck, reply: str) -> Iterator[tuple[str, str]]:
    for link in _LINK.finditer(reply):
        host = link.group(1).rpartition("@")[2].partition(":")[0].lower().rstrip(".,;!").removeprefix("www.")
        if not any(host == allowed or host.endswith(f".{allowed}") for allowed in check.hosts):
            yield link.group(), "The reply links to a place that is not on the list of this clause."


Check = Callable[[ClauseCheck, str], Iterator[tuple[str, str]]]
"""From a reply to words of it and what is wrong with them."""

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "pattern": _forbidden,
        "must_mention": _unmentioned,
        "max_length": _too_long,
        "link_allow_list": _foreign_links,
    }
)
"""Every kind of check."""
