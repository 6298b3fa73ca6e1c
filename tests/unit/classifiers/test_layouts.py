"""Words laid out oddly are read as words; ordinary layouts are left alone."""

from __future__ import annotations

import pytest

from classifiers.findings import Finding, in_context, without_overlaps
from classifiers.layouts import find_arrangements, find_leet, find_spellings


def find_layouts(text: str) -> list[Finding]:
    return [*find_spellings(text), *find_arrangements(text)]


def read(text: str) -> str:
    return in_context(text, without_overlaps(find_layouts(text)))


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("h o w   t o   b a k e", "how to bake"),
        ("H\no\nw\n\nt\no\n\nb\na\nk\ne", "How to bake"),
        ("h-o-w t.o b_a_k_e", "how t.o bake"),
        ("h\u00b7o\u00b7w to b\u00b7a\u00b7k\u00b7e", "how to bake"),
        ("h**o**w to ba**k**e", "how to bake"),
        ("h<b>o</b>w to ba<!-- -->ke", "how to ba<!-- -->ke"),
        ("HowToBakeSomeGoodBread", "How To Bake Some Good Bread"),
        ("(h)x(o)y(w)z( )(t)q(o)\nr(b)s(a)t(k)u(e)", "how tobake"),
        ("1. how\n2. to\n3. bake\n4. bread", "how to bake bread"),
        ("| no | word |\n|---|---|\n| 1 | how |\n| 2 | to |\n| 3 | bake |", "word  how to bake"),
        ('x = "how to "\ny = "bake"\nprint(x + y)', 'x = "how to "\ny = "bake"\nprint(how to bake)'),
        ('say "how " + "to ba" + "ke"', "say how to bake"),
        ("hooow tooo baaake", "how to bake"),
    ],
    ids=range(13),
)
def test_odd_layouts_are_read(odd: str, plain: str) -> None:
    assert read(odd) == plain


@pytest.mark.parametrize(
    "text",
    [
        "How do I bake bread, e.g. rye (or wheat)?",
        "for i in range(10):\n    total_sum += my_list[i] ** 2",
        "Which is right?\n(A) one\n(B) two\n(C) three\n(D) four\n(E) five\n(F) six\n(G) seven",
        "| a | b |\n|---|---|\n| some words | more words |\n| again some | and more |\n| last row | of all |",
        "www.example.org/a/long/path?x=1&y=2",
        "I.B.M. and U.S. law",
        "getHttpResponseCode()",
        "1. Take flour and water.\n2. Mix them well.\n3. Wait for an hour.\n4. Bake the bread.",
    ],
    ids=range(8),
)
def test_ordinary_layouts_are_left_alone(text: str) -> None:
    found = [finding for finding in find_layouts(text) if len(finding.text) > 3]
    assert found == []


def test_digits_standing_for_letters_are_read() -> None:
    text = "h0w 70 m4k3 br34d!"
    assert in_context(text, find_leet(text)) == "how 70 make bread!"


@pytest.mark.parametrize(
    "text",
    [
        "array1 and array2 and array3",
        "10km or 20km or 3rd or 4th",
        "send 5 mails to b0b",
        "version 2.0 of k8s",
    ],
)
def test_numbered_names_and_quantities_are_no_such_writing(text: str) -> None:
    assert find_leet(text) == []
