"""A network that keeps weights elsewhere, or is cut off, is recognised without loading it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.classification import ModelFileError
from classifiers.onnx_file import refuse_external_data
from classifiers.testing import stub_network

GOOD = stub_network(2, 4)


def field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def test_a_network_in_one_file_passes() -> None:
    refuse_external_data(GOOD)


@pytest.mark.parametrize("mark", [bytes([14 << 3, 1]), bytes([13 << 3 | 2, 0])], ids=["location", "entry"])
@pytest.mark.parametrize(
    "path",
    [(7, 5), (7, 1, 5, 5), (7, 1, 5, 6, 5), (25, 7, 5, 5), (7, 15, 1), (7, 1, 5, 11, 1, 5, 10)],
    ids=str,
)
def test_weights_in_other_files_are_refused_wherever_they_hang(path: tuple[int, ...], mark: bytes) -> None:
    """In the graph, in a node's attribute, in an inner graph, in a function, in a sparse tensor."""
    data = mark
    for number in reversed(path):
        data = (
            bytes([(number << 3 | 2) & 0x7F | (0x80 if number > 15 else 0)])
            + (bytes([number >> 4]) if number > 15 else b"")
            + bytes([len(data)])
            + data
        )
    with pytest.raises(ModelFileError, match="external data"):
        refuse_external_data(GOOD + data)


def test_a_graph_nested_without_end_is_refused() -> None:
    data = b""
    for number in (6, 5, 1) * 12:
        data = field(number, data) if len(data) < 120 else data
    with pytest.raises(ModelFileError, match="nested"):
        refuse_external_data(field(7, data))


@given(st.integers(1, len(GOOD) - 1))
def test_a_file_cut_off_never_breaks_anything(length: int) -> None:
    """It is refused, or was cut between two fields."""
    try:
        refuse_external_data(GOOD[:length])
    except ModelFileError:
        return
    refuse_external_data(GOOD[:length])


@given(st.binary(max_size=200))
def test_any_bytes_are_either_refused_or_harmless(data: bytes) -> None:
    """No other exception than the one that says so."""
    with contextlib.suppress(ModelFileError):
        refuse_external_data(data)
