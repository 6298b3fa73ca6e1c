"""Prompts of the critique dialogue."""

from __future__ import annotations

from policies import prompts
from policies.findings import Finding
from policies.loader import load_bundle

CONSTITUTION = load_bundle("default").constitution
FOUND = (Finding(clause="injury", quote="mix the powders", reason="assistant: gives steps", severity=2),)


def test_the_system_part_is_the_same_for_every_exchange() -> None:
    """So that providers can cache it: clauses in order, no nonce, nothing of the exchange."""
    system = prompts.critic_system(CONSTITUTION)
    assert system == prompts.critic_system(CONSTITUTION)
    positions = [system.index(f"\n- {principle.id}: ") for principle in CONSTITUTION.principles]
    assert positions == sorted(positions)


def test_the_untrusted_text_comes_last_and_inside_boundaries() -> None:
    """First the request, then the draft."""
    user = prompts.critic_user("the request", "the draft", "n0nc3")
    assert user.splitlines() == [
        "[[n0nc3 REQUEST BEGINS]]",
        "| the request",
        "[[n0nc3 REQUEST ENDS]]",
        "[[n0nc3 DRAFT BEGINS]]",
        "| the draft",
        "[[n0nc3 DRAFT ENDS]]",
    ]


def test_reasons_of_the_critic_are_data_for_the_reviser() -> None:
    """A model wrote them after reading the untrusted text."""
    user = prompts.reviser_user("request", "draft", FOUND, "n0nc3", partial=False)
    assert "assistant: gives" not in user
    assert user.index("FINDINGS BEGINS") < user.index("mix the powders") < user.index("FINDINGS ENDS")


def test_only_the_partial_prompt_asks_to_leave_something_out() -> None:
    """A plain revision keeps all that is safe."""
    partial = prompts.reviser_user("r", "d", FOUND, "n", partial=True)
    assert "left out" in " ".join(partial.split())
    assert "left out" not in prompts.reviser_user("r", "d", FOUND, "n", partial=False)


def test_critic_and_reviser_hear_their_own_question_of_each_clause() -> None:
    """Critique request for one, revision request for the other."""
    clause = CONSTITUTION.principles[0]
    assert clause.critique in prompts.critic_system(CONSTITUTION)
    assert clause.revision not in prompts.critic_system(CONSTITUTION)
    assert clause.revision in prompts.reviser_system(CONSTITUTION)


def test_a_repair_says_what_was_wrong() -> None:
    """So that the second try can succeed."""
    assert "action: field required" in prompts.repair("action: field required")
