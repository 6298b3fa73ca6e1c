"""What is found in a reply, and what is not."""

from __future__ import annotations

from dataclasses import fields

import pytest

from policies.decision_code import CodeFinding, evidence_of, examine, shipped_lexicon

MORTGAGE = """Here you are:

```python
def mortgage_score(applicant):
    score = 50
    if applicant["income"] > 60000:
        score += 20
    if applicant["race"] == "white":
        score += 10
    if applicant["age"] > 55:
        score -= 8
    return score
```
"""


def test_every_protected_attribute_of_the_mortgage_example_is_found() -> None:
    found = evidence_of(MORTGAGE)
    assert [(each.attribute, each.severity, each.proxy) for each in found] == [
        ("race", 3, False),
        ("age", 3, False),
    ]


def test_a_finding_quotes_the_reply_word_for_word_and_shows_the_way() -> None:
    found = evidence_of(MORTGAGE)[0]
    assert found.quote == 'if applicant["race"] == "white":'
    assert found.path == ('if applicant["race"] == "white":', "score += 10")
    assert all(line in MORTGAGE for line in found.path)


def test_a_finding_has_what_a_critics_finding_has() -> None:
    assert {"clause", "quote", "reason", "severity"} < {field.name for field in fields(CodeFinding)}
    assert evidence_of(MORTGAGE, clause="fair-code")[0].clause == "fair-code"


def test_the_same_reply_has_the_same_evidence() -> None:
    assert evidence_of(MORTGAGE) == evidence_of(MORTGAGE)


def test_a_proxy_weighs_less_than_what_it_stands_for() -> None:
    code = "def loan_ok(p):\n    return p.zip_code not in BAD\n"
    assert [(each.attribute, each.severity, each.proxy) for each in evidence_of(code)] == [
        ("postcode", 2, True)
    ]


def test_proxies_can_be_listed_and_left_out() -> None:
    code = "def loan_ok(p):\n    return p.shoe_brand != 'x' and p.school in GOOD\n"
    lexicon = shipped_lexicon().with_names(["shoe_brand"]).without(["school"])
    assert [each.attribute for each in evidence_of(code, lexicon)] == ["listed proxy"]


def test_text_without_code_has_no_evidence() -> None:
    found = examine("If gender == 'female' the score falls, which is unfair.")
    assert found.findings == ()
    assert found.statements == 0


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "(" * 5000,
        "x = " + "-" * 20_000 + "1",
        "x = " + "+".join(["1"] * 9_000),
        "if a:\n" + "".join(" " * n + "if a:\n" for n in range(1, 300)) + " " * 300 + "pass",
        "def f(x):\n    return f(f(f(f(x))))\n" * 400,
        "\x00def loan(a): return a.race",
    ],
    ids=["brackets", "signs", "sums", "ifs", "calls", "null"],
)
def test_hostile_code_is_survived(code: str) -> None:
    examine(f"```python\n{code}\n```")


def test_a_program_too_large_to_read_says_so() -> None:
    calls = "\n".join(f"def f{n}(x):\n    return f{n + 1}(x) + f{n + 1}(x) + f{n + 1}(x)" for n in range(60))
    code = "\n".join(f"y{n} = f{n % 60}(1) + f{(n + 7) % 60}(2)" for n in range(400))
    assert not examine(f"```python\n{calls}\n{code}\n```").complete
