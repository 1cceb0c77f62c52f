"""Overlapping, fractional and compressed segmentations in validators and other readers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames
from judges import dcentvfy, dciodvfy, validators

DIRECTION = (0.6, 0.0, 0.8, 0.0, -1.0, 0.0, 0.8, 0.0, -0.6)
SHAPE = (7, 9, 11)
GRID = Grid.from_spacing(SHAPE, (0.9, 0.9, 2.5), origin=(-12.5, 3.5, 4), direction=DIRECTION)
NOW = dt.datetime(2026, 11, 22, 12)  # noqa: DTZ001
SEGMENTS = {
    1: {"label": "Liver", "type": "Liver", "algorithm": "MANUAL", "color": "#aa5500"},
    2: {"label": "Kidney", "type": "Kidney", "algorithm": "AUTOMATIC", "algorithm_name": "Net 1"},
    3: "Something else",
}


def layers(dtype="bool"):
    rng = np.random.default_rng(7)
    masks = rng.random((3, *SHAPE)) < 0.2
    masks[:, 0] = masks[1, 3:] = False
    if dtype != "bool":
        return (masks * rng.random(masks.shape)).astype(dtype)
    return masks


def volume(array):
    slabs = array_frames(array.reshape(-1, *SHAPE[1:]))
    return Volume(slabs=slabs, grid=GRID, volumes=3, layers=({1: 1}, {1: 2}, {1: 3}))


FORMS = {
    "overlapping": (layers(), {}),
    "fractional": (layers("float32"), {"segmentation_type": "fractional"}),
    "occupancy": (
        layers("float64"),
        {
            "segmentation_type": "fractional",
            "metadata": {"SegmentationFractionalType": "OCCUPANCY"},
        },
    ),
    "fractional, RLE": (
        layers("float32"),
        {"segmentation_type": "fractional", "compression": "rle"},
    ),
    "fractional, JPEG-LS": (
        layers("float32"),
        {"segmentation_type": "fractional", "compression": "jpegls"},
    ),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Return a CT series on the grid of the segments."""
    out = tmp_path_factory.mktemp("source") / "ct"
    array = np.arange(np.prod(SHAPE), dtype="int16").reshape(SHAPE)
    ct = Volume(slabs=array_frames(array), grid=GRID)
    common = {"PatientName": "Doe^Jane", "PatientID": "42", "BodyPartExamined": "ABDOMEN"}
    dcs.write(ct, out, kind="CT", now=NOW, orient="as-is", metadata=common)
    return out


@pytest.fixture(scope="module")
def written(source, tmp_path_factory):
    """Return the file of each form on its source."""
    pytest.importorskip("imagecodecs")
    paths = {}
    for name, (array, options) in FORMS.items():
        out = tmp_path_factory.mktemp("seg") / "out"
        dcs.write(
            volume(array), out, kind="Segmentation", like=source, segments=SEGMENTS, **options
        )
        (paths[name],) = out.glob("*.dcm")
    return paths


@pytest.mark.parametrize("program", validators)
@pytest.mark.parametrize("name", FORMS)
def test_no_validator_finds_a_fault(written, source, name, program):
    verdict = dciodvfy(written[name], program=program)
    assert verdict.errors + verdict.warnings == ()
    files = sorted(Path(source).glob("*.dcm"))
    together = dcentvfy([written[name], *files], program=program)
    assert together.errors + together.warnings == ()
    assert dcs.check(written[name].parent, validators=False) == ()


@pytest.mark.parametrize("name", FORMS)
def test_we_and_highdicom_read_each_segment_within_half_a_step(written, name):
    hd = pytest.importorskip("highdicom")
    array, _ = FORMS[name]
    seen = {"ours": np.asarray(dcs.read(written[name].parent))}
    opened = hd.seg.segread(written[name])
    theirs = opened.get_volume()
    theirs = np.moveaxis(theirs.array, -1, 0)[:, ::-1]  # it counts slices against the normal
    if array.dtype.kind == "f" and theirs.max() > 1:
        theirs = theirs / 255
    seen["highdicom"] = theirs
    for reader, voxels in seen.items():
        assert np.abs(voxels - array.astype("float64")).max() <= 1 / 509, reader


@pytest.mark.parametrize("codec", ["rle", "jpegls", "j2k", "htj2k"])
def test_compressed_label_maps_are_legal_and_read_by_pydicom(source, tmp_path, codec):
    pytest.importorskip("imagecodecs")
    labels = np.argmax(np.concatenate((layers()[:1] * 0, layers())), axis=0).astype("uint8")
    form = {"kind": "Segmentation", "segmentation_type": "labelmap", "segments": SEGMENTS}
    dcs.write(labels, tmp_path / "out", like=source, compression=codec, **form)
    path = tmp_path / "out" / "0001.dcm"
    assert dciodvfy(path).errors == ()  # Debian's is older than Label Map Segmentation Storage
    assert np.array_equal(dcs.read(tmp_path / "out"), labels)
    if codec != "htj2k":
        assert np.array_equal(pydicom.dcmread(path).pixel_array, labels)
