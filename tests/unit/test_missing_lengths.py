"""Series without pixel spacing or thickness: unstated lengths are not written."""

import warnings

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning

LENGTHS = ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices")
SOURCES = {
    "no spacing": (3, ["PixelSpacing"]),
    "no thickness": (1, ["SliceThickness", "SpacingBetweenSlices"]),
    "no length": (1, list(LENGTHS)),
}
OPTIONS = {
    "CT": {},
    "MR": {},
    "SC": {},
    "MultiframeSC": {},
    "XRay3D": {},
    "ParametricMap": {"units": "1"},
    "Segmentation": {"segments": {1: "Liver"}},
}
NEEDS_NO_PLACE = {"SC", "MultiframeSC"}


@pytest.fixture(autouse=True)
def _reading_notes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        yield


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Return the folder of each source, a CT series without some lengths."""
    folders = {}
    for name, (slices, missing) in SOURCES.items():
        folders[name] = tmp_path_factory.mktemp("series") / "ct"
        array = np.arange(slices * 120, dtype="int16").reshape(slices, 12, 10)
        dcs.write(array, folders[name], kind="CT", spacing=(0.5, 0.5, 2), origin=(1, 2, 3))
        for path in folders[name].glob("*.dcm"):
            dataset = pydicom.dcmread(path)
            for keyword in missing:
                del dataset[keyword]
            dataset.save_as(path)
    return folders


def labels(slices):
    array = np.zeros((slices, 12, 10), "uint8")
    array[0, 3:6, 3:6] = 1
    return array


def lengths_of(folder):
    """Return the lengths that the first file states."""
    dataset = pydicom.dcmread(min(folder.glob("**/*.dcm")))
    return {
        one.keyword: one.value
        for one in dataset.iterall()
        if one.keyword in LENGTHS and not one.is_empty
    }


def write(mode, folder, out, kind, **options):
    if mode == "derived":
        array = labels(len(list(folder.glob("*.dcm"))))
        array = array.astype("float32") if kind == "ParametricMap" else array
        return dcs.write(array, out, like=folder, kind=kind, **OPTIONS[kind], **options)
    return dcs.write(dcs.read(folder), out, kind=kind, **OPTIONS[kind], **options)


@pytest.mark.parametrize("mode", ["derived", "read and written"])
@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("name", SOURCES)
def test_lengths_that_nobody_stated_are_demanded_or_left_out(tmp_path, series, name, kind, mode):
    if kind not in NEEDS_NO_PLACE and (name != "no thickness" or kind not in {"CT", "MR"}):
        with pytest.raises(dcs.DicomSeriesError) as error:
            write(mode, series[name], tmp_path / "out", kind)
        assert error.value.code == "spacing-missing"
        assert "spacing=(" in error.value.remedy
        return
    receipt = write(mode, series[name], tmp_path / "out", kind)
    expected = {"PixelSpacing": [0.5, 0.5]} if name == "no thickness" else {}
    assert lengths_of(tmp_path / "out") == expected
    assert any("spacing=" in text for text in receipt.advice)
    assert [
        one for one in dcs.check(tmp_path / "out", validators=False) if one.level == "error"
    ] == []
    dataset = pydicom.dcmread(min((tmp_path / "out").glob("**/*.dcm")))
    has_place = "ImagePositionPatient" in {one.keyword for one in dataset.iterall()}
    assert has_place == (name == "no thickness")
    assert (
        ("FrameOfReferenceUID" in dataset) == ("PositionReferenceIndicator" in dataset) == has_place
    )


@pytest.mark.parametrize("mode", ["derived", "read and written"])
@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("name", SOURCES)
def test_lengths_of_the_user_complete_the_grid_of_the_series(tmp_path, series, name, kind, mode):
    write(mode, series[name], tmp_path / "out", kind, spacing=(0.5, 0.5, 2))
    found = lengths_of(tmp_path / "out")
    assert (found["PixelSpacing"], float(found["SliceThickness"])) == ([0.5, 0.5], 2)
    grid = dcs.read(tmp_path / "out").grid
    assert grid.origin_lps == (1, 2, 3)


@pytest.mark.parametrize(
    ("name", "spacing"), [("no spacing", (0.5, 0.5, 3)), ("no thickness", (0.7, 0.5, 2))]
)
def test_a_spacing_that_contradicts_the_series_needs_a_place(tmp_path, series, name, spacing):
    with pytest.raises(dcs.DicomSeriesError) as error:
        dcs.write(
            labels(SOURCES[name][0]),
            tmp_path / "out",
            like=series[name],
            kind="CT",
            spacing=spacing,
        )
    assert error.value.code == "place-missing"
