"""The first stage: cheap, exact about what it loads, and the same for a window wherever it stands."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.classification import ModelFileError
from classifiers.first_stage import FirstStage, buckets_of

BUCKETS, WIDTH, UNITS = 64, 4, 3


def arrays(**changes: object) -> dict[str, np.ndarray]:
    """A stage whose logit is the share of n-grams in bucket `ids * … % 64 == 5`, times 10, minus 1."""
    table = np.zeros((BUCKETS, WIDTH), dtype=np.int8)
    table[5, 0] = 100
    made = {
        "table": table,
        "scale": np.full(WIDTH, 0.1, dtype=np.float32),
        "hidden": np.eye(WIDTH, UNITS, dtype=np.float32),
        "hidden_bias": np.zeros(UNITS, dtype=np.float32),
        "out": np.ones(UNITS, dtype=np.float32),
        "limits": np.array([-1.0, -0.5], dtype=np.float32),
        "rest": np.array([0.01, 0.02], dtype=np.float32),
    }
    return made | changes


def packed(**changes: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{name: array for name, array in arrays(**changes).items() if array is not None})
    return file.getvalue()


def token_in_bucket(bucket: int) -> int:
    return next(token for token in range(1000) if buckets_of([token], BUCKETS)[0] == bucket)


def test_the_logit_is_that_of_the_mean_over_n_grams() -> None:
    stage = FirstStage(packed(), labels=2)
    token = token_in_bucket(5)
    assert stage.logit([token]) == pytest.approx(10.0 - 1.0, rel=1e-5)
    assert not stage.passes([token])
    assert stage.passes([token_in_bucket(6)])
    assert stage.rest.tolist() == pytest.approx([0.01, 0.02])


@given(st.lists(st.integers(0, 30_521), min_size=1, max_size=200), st.integers(2, 1 << 18))
def test_every_n_gram_has_a_bucket(ids: list[int], buckets: int) -> None:
    found = buckets_of(ids, buckets)
    assert len(found) == sum(max(0, len(ids) - gap) for gap in range(3))
    assert ((found >= 0) & (found < buckets)).all()


def test_the_order_of_tokens_makes_a_difference() -> None:
    assert set(buckets_of([1, 2, 3], 1 << 17)) != set(buckets_of([3, 2, 1], 1 << 17))


@pytest.mark.parametrize(
    "changes",
    [
        {"table": None},
        {"table": np.zeros((BUCKETS, WIDTH), dtype=np.float32)},
        {"table": np.zeros((BUCKETS, WIDTH + 1), dtype=np.int8)},
        {"out": np.ones(UNITS + 1, dtype=np.float32)},
        {"limits": np.array([-1.0], dtype=np.float32)},
        {"limits": np.array([-1.0, np.nan], dtype=np.float32)},
        {"rest": np.array([0.01], dtype=np.float32)},
        {"hidden": np.array([object()], dtype=object)},
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ModelFileError, match=r"first_stage.npz"):
        FirstStage(packed(**changes), labels=2)


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04broken"])
def test_bytes_that_are_no_archive_are_refused(data: bytes) -> None:
    with pytest.raises(ModelFileError):
        FirstStage(data, labels=2)
