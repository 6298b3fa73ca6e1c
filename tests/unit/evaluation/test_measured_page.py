"""Only what stands between the marks is rewritten."""

from __future__ import annotations

import pytest

from evaluation.measured_page import BEGIN, END, rewritten


def test_what_surrounds_the_measured_part_stays() -> None:
    page = f"# Title\n\n{BEGIN}\n\nold\n{END}\n\nafter\n"
    written = rewritten(page, "new")
    assert written == f"# Title\n\n{BEGIN}\n\nnew\n{END}\n\nafter\n"
    assert rewritten(written, "old") == page


@pytest.mark.parametrize("page", ["no marks", BEGIN, END])
def test_a_page_without_both_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="marks"):
        rewritten(page, "new")
