"""A look into an ONNX file before it is loaded: does it keep weights in other files?

External data lets a model file name any path to read from. Gatehouse's models are one file, verified
by one digest, so such a file is refused. Only the few fields that lead to tensors are walked; the
numbers are those of `onnx.proto` (ModelProto.graph is field 7, GraphProto.initializer 5, …).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from classifiers.classification import ModelFileError

_TENSOR: Mapping[int, str] = {}
_PATHS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 10: "tensor", 6: "graph", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": _TENSOR,
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_MAX_DEPTH = 32
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def refuse_external_data(data: bytes) -> None:
    """Check that every tensor of a serialised ONNX model lies inside it.

    Raises:
        ModelFileError: a tensor is stored elsewhere, or the bytes are no protocol buffer.
    """
    _walk(memoryview(data), "model", 0)


def _walk(data: memoryview, message: str, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ModelFileError("the model's graphs are nested too deeply")
    for field, value in _fields(data):
        if message == "tensor" and field in {_EXTERNAL_DATA, _DATA_LOCATION} and value != 0:
            raise ModelFileError("the model keeps weights in other files (external data), which is refused")
        inner = _PATHS[message].get(field)
        if inner is not None and isinstance(value, memoryview):
            _walk(value, inner, depth + 1)


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        kind = key & 7
        if kind == _VARINT:
            number, position = _varint(data, position)
            yield key >> 3, number
            continue
        if kind == _BYTES:
            size, position = _varint(data, position)
        elif kind in {_FIXED32, _FIXED64}:
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ModelFileError("not an ONNX file")
        if position + size > len(data):
            raise ModelFileError("the ONNX file is cut off")
        yield key >> 3, data[position : position + size]
        position += size


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ModelFileError("the ONNX file is cut off")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ModelFileError("not an ONNX file")
