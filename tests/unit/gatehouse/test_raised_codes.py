"""Error codes found in the source."""

from __future__ import annotations

from gatehouse.raised_codes import error_kinds, first_line, raised_codes, status_of
from proxy import errors


def test_the_tree_is_found_without_its_root() -> None:
    """Every class that can be met, by its status."""
    kinds = error_kinds()
    assert errors.GatehouseError not in kinds
    assert {errors.BadRequest, errors.DeadlineExceeded} <= set(kinds)
    assert (status_of(errors.BadRequest), status_of(errors.UpstreamFailed)) == (400, 502)


def test_literal_codes_are_found_where_they_are_raised() -> None:
    """From surfaces, tenants and upstreams, with a status and a sentence."""
    found = {each.code: each for each in raised_codes()}
    assert found["policy_not_selectable"].status == 400
    assert found["upstream_timeout"].status == 504
    assert found["policy_not_selectable"].message.startswith("The policy asked for in")


def test_a_text_that_is_put_together_is_told_by_the_docstring() -> None:
    """Of the function that raises; a text in a variable of that function is read."""
    found = {(each.code, each.message) for each in raised_codes()}
    assert ("invalid_value", "A field of the request is not what it has to be; `param` names it.") in found
    assert any(code == "unsupported_input" and text.startswith("Content by link") for code, text in found)


def test_the_first_line_of_a_docstring_is_enough() -> None:
    """Also where there is none."""
    assert first_line("One.\n\nTwo.") == "One."
    assert first_line(None) == ""
