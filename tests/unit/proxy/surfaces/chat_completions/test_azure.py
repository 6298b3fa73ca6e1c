"""Clients made for Azure read blocks and annotations, and what nobody judged never reads as safe."""

from __future__ import annotations

import orjson
import pytest

from policies.verdict import ALLOWED, Action, Failure, Verdict
from proxy.surfaces.chat_completions import azure

SAFE = {"filtered": False, "severity": "safe"}
BLOCK = Verdict(Action.BLOCK, Action.BLOCK, "vcr", "in", flagged=("harm", "vcr"))


def test_a_harmless_prompt_is_safe_in_every_category() -> None:
    assert azure.filter_results(ALLOWED, prompt=True) == {
        **dict.fromkeys(("hate", "self_harm", "sexual", "violence"), SAFE),
        "jailbreak": {"filtered": False, "detected": False},
        "indirect_attack": {"filtered": False, "detected": False},
    }


def test_an_answer_has_no_attack_categories() -> None:
    found = azure.filter_results(ALLOWED, prompt=False)
    assert set(found) == {"hate", "self_harm", "sexual", "violence"}


def test_what_was_blocked_is_filtered_and_what_was_flagged_is_not() -> None:
    assert azure.filter_results(BLOCK, prompt=True)["violence"] == {"filtered": True, "severity": "high"}
    flagged = Verdict(Action.FLAG, Action.FLAG, "vcr", "in", flagged=("vcr",))
    assert azure.filter_results(flagged, prompt=True)["violence"] == {"filtered": False, "severity": "low"}
    jailbreak = Verdict(Action.BLOCK, Action.BLOCK, "jailbreak", "in", flagged=("jailbreak",))
    assert azure.filter_results(jailbreak, prompt=True)["jailbreak"] == {"filtered": True, "detected": True}


def test_a_block_always_has_something_filtered() -> None:
    """Clients count only what is filtered; a reason that Azure has no word for is a custom block list."""
    found = azure.filter_results(Verdict(Action.BLOCK, Action.BLOCK, "image", "media"), prompt=True)
    assert found["custom_blocklists"] == {"filtered": True, "details": [{"filtered": True, "id": "image"}]}


@pytest.mark.parametrize("verdict", [None, *(Verdict(failure=failure) for failure in Failure)])
def test_what_nobody_judged_is_an_error_and_not_safe(verdict: Verdict | None) -> None:
    found = azure.filter_results(verdict, prompt=False)
    assert found == {
        "error": {"code": "content_filter_error", "message": "The contents are not filtered"},
    }


def test_choices_are_annotated_one_by_one() -> None:
    data = {"choices": [{"index": 0}, {"index": 1}, {"index": 2}]}
    found = azure.annotated(data, ALLOWED, (ALLOWED, BLOCK), evaluated=True)
    assert [choice["content_filter_results"].get("violence") for choice in found["choices"]] == [
        SAFE,
        {"filtered": True, "severity": "high"},
        None,
    ]
    assert found["prompt_filter_results"][0]["prompt_index"] == 0
    unjudged = azure.annotated(data, ALLOWED, (ALLOWED,), evaluated=False)
    assert all("error" in choice["content_filter_results"] for choice in unjudged["choices"])


def test_an_error_has_azure_s_code_and_its_inner_error() -> None:
    error = orjson.loads(azure.error("Not here.", BLOCK))["error"]
    inner = error.pop("innererror")
    assert error == {
        "message": "Not here.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
    }
    assert inner["code"] == "ResponsibleAIPolicyViolation"
    assert inner["content_filter_result"]["violence"]["filtered"] is True
