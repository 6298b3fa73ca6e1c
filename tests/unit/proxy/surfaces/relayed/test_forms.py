"""Forms have one reading or none."""

from __future__ import annotations

import pytest

from proxy.errors import BadRequest
from proxy.surfaces.relayed.forms import MOST_PARTS, FormPart, read_form
from tests.unit.proxy.surfaces.relayed.relaying import FORM_TYPE, form

TYPE = FORM_TYPE["content-type"]
ONE = form(('name="a"', "x", {}))


def test_fields_and_files_are_told_apart() -> None:
    raw = form(("name=a", "x\r\n", {}), ('name="f"; filename="n"', b"\xff", {"Content-Type": "Image/PNG"}))
    assert read_form(TYPE, raw) == [
        FormPart("a", None, "", b"x\r\n"),
        FormPart("f", "n", "image/png", b"\xff"),
    ]


@pytest.mark.parametrize(
    "kind", ['multipart/form-data; boundary="b0undary"', "Multipart/Form-Data;boundary=b0undary", f"{TYPE} "]
)
def test_the_usual_spellings_of_a_boundary_are_read(kind: str) -> None:
    assert len(read_form(kind, ONE)) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=a b",
        'multipart/form-data; boundary="b0undary',
        f"{TYPE}; boundary=other",
        f"{TYPE}; charset=utf-7",
        f"multipart/form-data; x=y; boundary={'b' * 71}",
    ],
)
def test_other_boundaries_are_refused(kind: str) -> None:
    with pytest.raises(BadRequest):
        read_form(kind, ONE)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"--b0undary--\r\n",
        b"preamble\r\n" + ONE,
        ONE + b"epilogue",
        ONE[:-4],
        ONE.replace(b"\r\n", b"\n"),
        ONE.replace(b"--b0undary\r\n", b"--b0undary \r\n"),
        form(('name="a"', "x--b0undaryy", {})),
        form(('name="a"', "x\r\n--b0undary", {})),
        form(("filename=a", "x", {})),
        form(('name="a"; name="b"', "x", {})),
        form(('name="a" ; filename="b"', "x", {})),
        form(('name="a\\"; filename=\\"b"', "x", {})),
        form(("name*=utf-8''a", "x", {})),
        form(('name="_charset_"', "utf-7", {})),
        form(('name=""', "x", {})),
        form(('name="a"', "x", {"content-type": "multipart/mixed; boundary=c"})),
        form(('name="a"', "x", {"content-type": "text/plain; charset=utf-16"})),
        form(('name="a"', "x", {"content-transfer-encoding": "base64"})),
        form(('name="a"', "x", {"content-length": "0"})),
        form(('name="a"', "x", {"x-other": "1"})),
        form(('name="a"', "x", {"Content-Disposition": "form-data; name=b"})),
        form(('name="a"', "x", {"content-type": "a\nb"})),
        form(('name="a"', "x", {}), ('name="a"', "y", {})),
        form(*[(f'name="a{i}"', "x", {}) for i in range(MOST_PARTS + 1)]),
        ONE.replace(b'name="a"', b'name="\xff"'),
        ONE.replace(b"\r\n\r\n", b"\r\n"),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        read_form(TYPE, raw)
    assert caught.value.code == "invalid_form"


def test_lists_and_files_may_stand_more_than_once() -> None:
    raw = form(('name="a[]"', "x", {}), ('name="a[]"', "y", {}), *[('name="f"; filename="f"', "x", {})] * 2)
    assert len(read_form(TYPE, raw)) == 4


@pytest.mark.parametrize(
    ("data", "text"), [(b"gr\xc3\xbc\xc3\x9fe\n", "grüße\n"), (b"\xff", None), (b"\0\1\2", None)]
)
def test_a_part_is_text_where_it_reads_as_text(data: bytes, text: str | None) -> None:
    assert FormPart("a", None, "", data).text() == text
