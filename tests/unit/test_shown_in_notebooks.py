"""Notebooks show facts and three planes in mm, safely, from a few slices."""

from __future__ import annotations

import base64
import re
import zlib
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.drawing.png_figures import png
from dicomseries.drawing.volume_preview import histogram_of, preview_volume, sampled_slices
from dicomseries.errors import SourceError

EVIL = "</td><script>alert(1)</script>\"'&"


class Counted:
    """A frame reader of any size that records its reads."""

    def __init__(self, shape, dtype="int16"):
        self.shape, self.dtype, self.depth = shape, np.dtype(dtype), 1
        self.asked: list[tuple[int, int]] = []

    def read(self, start, stop):
        self.asked.append((start, stop))
        return np.full((stop - start, *self.shape[1:]), start, self.dtype)


def volume_of(array, **more):
    grid = dcs.Grid(shape=array.shape[:3], spacing_mm=(1, 2, 5))
    return dcs.Volume(
        slabs=SimpleNamespace(shape=array.shape, dtype=array.dtype, read=reader(array)),
        grid=grid,
        **more,
    )


def reader(array):
    return lambda start, stop: array[start:stop]


def pictures(html):
    return [base64.b64decode(data) for data in re.findall(r"data:image/png;base64,([^\"]+)", html)]


class Balanced(HTMLParser):
    """Fails where a tag is closed that was not opened."""

    VOID = ("meta", "img", "br")

    def __init__(self):
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - the parser's
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def assert_well_formed(html):
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []


def test_a_volume_shows_its_geometry_three_planes_and_a_histogram():
    html = volume_of(np.arange(60, dtype="int16").reshape(3, 4, 5))._repr_html_()
    assert_well_formed(html)
    assert "5 columns × 4 rows × 3 slices" in html
    assert "1, 2, 5 mm (x, y, z)" in html
    assert len(pictures(html)) == 3
    assert html.count("<svg") == 2


def test_only_a_few_slices_of_a_large_volume_are_read():
    slabs = Counted((2400, 300, 500))
    html = dcs.Volume(
        slabs=slabs, grid=dcs.Grid(shape=slabs.shape, spacing_mm=(1, 1, 1))
    )._repr_html_()
    assert len(slabs.asked) < 50
    assert all(stop - start == 1 for start, stop in slabs.asked)
    assert slabs.asked[0] == (0, 1)
    assert slabs.asked[-1] == (2399, 2400)
    assert f"From {len(slabs.asked)} of 2400 slices" in html
    assert len(html) < 300_000


def test_a_text_of_a_user_is_shown_and_never_run():
    shared = {"SeriesDescription": EVIL, "Modality": EVIL, "PatientName": "Doe^Jane"}
    html = volume_of(
        np.zeros((2, 3, 4)), tags=SimpleNamespace(shared=shared, instances=())
    )._repr_html_()
    assert_well_formed(html)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "Jane" not in html  # outputs of notebooks are passed on


def test_a_receipt_is_shown_safely(tmp_path):
    receipt = dcs.write(
        np.zeros((3, 4, 5), "uint8"), tmp_path / "<b>out", kind="SC", spacing=(1, 1, 2)
    )
    html = receipt._repr_html_()
    assert_well_formed(html)
    assert "&lt;b&gt;out" in html
    assert receipt.series_uid in html


@pytest.mark.parametrize(
    "array",
    [
        np.full((2, 3, 4), np.nan),
        np.array([np.inf, -np.inf, np.nan, 1.0]).reshape(1, 2, 2),
        np.array([-1.7e308, 1.7e308]).reshape(2, 1, 1),
        np.zeros((1, 1, 1), bool),
        np.zeros((2, 3, 4, 3), "uint8"),
        np.full((2, 3, 4), 2**63, "uint64"),
    ],
    ids=["nan", "infinite", "widest", "one voxel", "colour", "uint64"],
)
def test_an_odd_volume_is_shown_too(array):
    html = volume_of(array)._repr_html_()
    assert_well_formed(html)
    assert len(pictures(html)) == 3


def test_a_volume_that_cannot_be_read_says_why():
    def gone(*_):
        raise SourceError(
            code="gone", where="x", given=EVIL, expected="a file", remedy="Restore it."
        )

    slabs = SimpleNamespace(shape=(3, 4, 5), dtype=np.dtype("int16"), read=gone)
    html = dcs.Volume(
        slabs=slabs, grid=dcs.Grid(shape=slabs.shape, spacing_mm=(1, 1, 1))
    )._repr_html_()
    assert_well_formed(html)
    assert "Restore it." in html
    assert "<script" not in html


def test_a_png_holds_the_pixels():
    pixels = np.arange(6, dtype="uint8").reshape(2, 3)
    data = png(pixels)
    start = data.index(b"IDAT")
    length = int.from_bytes(data[start - 4 : start], "big")
    assert zlib.decompress(data[start + 4 : start + 4 + length]) == b"\0\0\1\2\0\3\4\5"


def test_planes_go_through_the_middle_and_slices_go_up():
    array = np.arange(3 * 4 * 5, dtype=float).reshape(3, 4, 5)
    axial, coronal, sagittal = preview_volume(
        reader(array), dcs.Grid(shape=(3, 4, 5), spacing_mm=(1, 2, 5))
    ).planes
    assert [plane.pixels.shape for plane in (axial, coronal, sagittal)] == [(4, 5), (3, 5), (3, 4)]
    assert [plane.size_mm for plane in (axial, coronal, sagittal)] == [(5, 8), (5, 15), (8, 15)]
    for plane, values in (
        (axial, array[1]),
        (coronal, array[::-1, 2]),
        (sagittal, array[::-1, :, 2]),
    ):
        assert np.array_equal(np.argsort(plane.pixels, axis=None), np.argsort(values, axis=None))


def test_every_value_is_in_one_bin():
    values = np.random.default_rng(0).normal(size=1000)
    values[:3] = np.nan
    bins = histogram_of(values)
    assert (sum(bins.counts), bins.not_finite) == (997, 3)
    assert sampled_slices(1) == [0]
