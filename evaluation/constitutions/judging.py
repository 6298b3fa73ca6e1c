"""One exchange, judged by a critic under a constitution as the proxy's review does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from policies.clause_checks import check_reply
from policies.constitution import CompiledConstitution
from policies.findings import CritiqueError, check, read_critique
from policies.prompts import critic_system, critic_user
from policies.untrusted import as_evidence

Critic = Callable[[str, str], "str | None"]
"""From a system and a user prompt to an answer; None where the call failed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """`breaks`: clauses that the reply breaks; `read`: whether the critic's answer could be read."""

    breaks: frozenset[str]
    read: bool = True

    def verdict(self, clause: str) -> str:
        """`keep`, `break`, or `unread`: what was not read has not been kept."""
        if not self.read:
            return "unread"
        return "break" if clause in self.breaks else "keep"


def judge(critic: Critic, constitution: CompiledConstitution, request: str, reply: str) -> Judgement:
    """What critic and deterministic checks say. Findings without clause or verbatim quote are void."""
    nonce = sha256(f"{request}\n{reply}".encode()).hexdigest()[:16]
    found = {finding.clause for finding in check_reply(constitution.principles, request, reply)}
    answer = critic(critic_system(constitution), critic_user(request, reply, nonce))
    if answer is None:
        return Judgement(frozenset(found), read=False)
    try:
        critique = read_critique(answer)
    except CritiqueError:
        return Judgement(frozenset(found), read=False)
    valid = check(critique, as_evidence(reply, nonce), constitution.priority).valid
    return Judgement(frozenset(found | {finding.clause for finding in valid}))
