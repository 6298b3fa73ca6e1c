"""A policy with everything it refers to, ready to serve."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from policies.constitution import CompiledConstitution
from policies.policy import Policy
from policies.replies import CannedReplies


@dataclass(frozen=True, slots=True)
class PolicyBundle:
    """`policy` has its thresholds resolved against the loaded models.

    `candidate`: a policy that is judged beside it and never acts.
    """

    policy: Policy
    constitution: CompiledConstitution
    replies: CannedReplies
    candidate: Policy | None = None

    @property
    def languages(self) -> Collection[str]:
        """Those in which something can be said in place of a reply."""
        return {*self.replies.texts, *self.constitution.languages}

    def without_constitution(self) -> PolicyBundle:
        """The same rules and replies for requests that no constitution can lead."""
        return replace(self, constitution=NO_CONSTITUTION)


NO_CONSTITUTION = CompiledConstitution("none", "1.0", "", "", 0)
"""Nothing is sent, nothing can be cited: answers are not revised either."""
