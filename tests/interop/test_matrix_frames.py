"""Multi-frame kinds and kinds over time: no errors, and readers see each voxel at its place."""

from __future__ import annotations

import numpy as np
import pytest

import dicomseries as dcs
from judges import (
    Seen,
    corner_distance,
    dcentvfy,
    dciodvfy,
    read_with_dcm2niix,
    read_with_simpleitk,
    some_of,
    validators,
)
from judges.cells import GEOMETRIES, NUMBERS, SPACING, affine_of
from judges.validators import PACKAGED

DEMANDED = {
    "EnhancedCT": {"IrradiationEventUID": "1.2.3", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}
FORMS = {  # geometry and volumes
    "axial": ("axial", 1),
    "oblique": ("oblique", 1),
    "LAS": ("LAS", 1),
    "single": ("single slice", 1),
    "2 times": ("oblique", 2),
    "20 times": ("LAS", 20),
}
CLASSIC = ("CT", "MR", "PT", "SC")
ENHANCED = ("EnhancedCT", "EnhancedMR", "XRay3D")
IN_SPACE = ("axial", "oblique", "LAS", "single")
OVER_TIME = ("2 times", "20 times")

CELLS = [
    *((kind, numbers, "2 times") for kind in CLASSIC for numbers in NUMBERS),
    *((kind, numbers, "20 times") for kind in CLASSIC for numbers in ("int16", "float32-around-0")),
    *((kind, numbers, form) for kind in ENHANCED for numbers in NUMBERS for form in IN_SPACE),
    *(
        (kind, numbers, form)
        for kind in ("EnhancedCT", "EnhancedMR")
        for numbers in NUMBERS
        for form in OVER_TIME
    ),
    *(
        ("MultiframeSC", numbers, form)
        for numbers in ("bool", "uint8", "uint16")
        for form in IN_SPACE
    ),
    *(
        ("ParametricMap", numbers, form)
        for numbers in (
            "bool",
            "int16",
            "uint16",
            "float32-around-0",
            "float64-0-to-1",
            "float32-ct",
        )
        for form in FORMS
    ),
]


def times_of(volumes):
    return None if volumes == 1 else [2.5 * index for index in range(volumes)]


@pytest.fixture(scope="module")
def written(tmp_path_factory, request):
    """The series of one cell of the matrix: kind, array, affine, receipt, folder."""
    kind, numbers, form = request.param
    geometry, volumes = FORMS[form]
    shape, matrix = GEOMETRIES[geometry]
    array, affine = NUMBERS[numbers].array((volumes, *shape)), affine_of(matrix)
    array = array[0] if volumes == 1 else array
    folder = tmp_path_factory.mktemp("cell") / "series"
    receipt = dcs.write(
        array,
        folder,
        kind=kind,
        affine=affine,
        space="LPS",
        axes="tzyx"[-array.ndim :],
        times=times_of(volumes),
        values="auto" if kind == "ParametricMap" else NUMBERS[numbers].values,
        metadata=DEMANDED.get(kind, {}),
        sync=False,
    )
    return kind, array, affine, receipt, folder


cells = pytest.mark.parametrize(
    "written", CELLS, ids=["-".join(cell) for cell in CELLS], indirect=True
)


def assert_valid(folder, programs=validators):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for program in programs:
        for path in some_of(files):
            assert dciodvfy(path, program=program).errors == ()
        entity = dcentvfy(files, program=program)
        assert (entity.errors, entity.warnings) == ((), ())


def assert_same(seen, array, affine, *, tolerance_mm, bound):
    volumes = (
        [seen]
        if array.ndim == 3
        else [Seen(array=one, affine_lps=seen.affine_lps) for one in seen.array]
    )
    asked = [array] if array.ndim == 3 else list(array)
    assert len(volumes) == len(asked)
    for found, meant in zip(volumes, asked, strict=True):
        aligned = found.aligned_to(affine)
        assert corner_distance(aligned, affine, meant.shape) < tolerance_mm
        assert np.abs(aligned.array.astype(np.float64) - meant.astype(np.float64)).max() <= bound


def rounding(array, receipt):
    # dcm2niix rounds slope and intercept to float32, unless they are whole.
    return receipt.max_error + (
        0.0 if receipt.max_error == 0 else 2.0**-22 * np.abs(array.astype(np.float64)).max()
    )


@cells
def test_no_validator_finds_an_error_and_readers_see_the_array(written):
    kind, array, affine, receipt, folder = written
    assert_valid(folder)
    own = dcs.read(folder)
    assert own.volumes == (None if array.ndim == 3 else len(array))
    assert own.times_s == (None if array.ndim == 3 else tuple(times_of(len(array))))
    seen = Seen(array=own.array, affine_lps=own.grid.affine())
    assert_same(seen, array, affine, tolerance_mm=1e-9, bound=receipt.max_error)
    (other,) = read_with_dcm2niix(folder)
    assert_same(other, array, affine, tolerance_mm=1e-3, bound=rounding(array, receipt))
    if array.ndim == 3 and kind != "ParametricMap":  # ITK has no time, and no float pixels
        alone = read_with_simpleitk(folder)
        assert_same(alone, array, affine, tolerance_mm=1e-9, bound=receipt.max_error)


@pytest.mark.parametrize("kind", ["SC", "MultiframeSC"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_colour_is_valid_and_exact(tmp_path, kind, geometry):
    shape, matrix = GEOMETRIES[geometry]
    array = np.random.default_rng(5).integers(0, 255, (*shape, 3), dtype="uint8")
    affine = affine_of(matrix)
    dcs.write(
        array, tmp_path / "out", kind=kind, affine=affine, space="LPS", axes="zyxc", sync=False
    )
    assert_valid(tmp_path / "out")
    own = dcs.read(tmp_path / "out")
    for seen in (
        read_with_simpleitk(tmp_path / "out"),
        Seen(array=own.array, affine_lps=own.grid.affine()),
    ):
        aligned = seen.aligned_to(affine)
        assert corner_distance(aligned, affine, shape) < 1e-9
        assert np.array_equal(aligned.array, array)


@pytest.mark.parametrize(
    "kind", ["CT", "MR", "PT", "SC", "EnhancedMR", "MultiframeSC", "ParametricMap"]
)
def test_each_time_point_of_a_split_array_is_a_series_that_every_reader_reads_alone(tmp_path, kind):
    array, affine = NUMBERS["uint16"].array((3, 5, 7, 9)), affine_of(GEOMETRIES["oblique"][1])
    out = tmp_path / "out"
    receipt = dcs.write(
        array,
        out,
        kind=kind,
        affine=affine,
        space="LPS",
        axes="tzyx",
        times=2.5,
        split="time",
        metadata=DEMANDED.get(kind, {}),
        sync=False,
    )
    assert_valid(out)
    assert [one.out for one in receipt.every] == [
        str(out / f"time-{index:04d}") for index in (1, 2, 3)
    ]
    assert len({one.series_uid for one in receipt.every}) == 3
    assert (
        len(
            {
                (one.study_uid, one.frame_of_reference_uid, one.slope, one.intercept)
                for one in receipt.every
            }
        )
        == 1
    )
    read = dcs.read if kind == "ParametricMap" else read_with_simpleitk
    for one, meant in zip(receipt.every, array, strict=True):
        found = read(one.out if kind == "ParametricMap" else out / one.out.rpartition("/")[2])
        seen = (
            Seen(array=found.array, affine_lps=found.grid.affine())
            if kind == "ParametricMap"
            else found
        )
        assert_same(seen, meant, affine, tolerance_mm=1e-9, bound=one.max_error)


LABELS = {"bool": 2, "uint8": 4, "uint16": 400, "int32": 3}


@pytest.mark.parametrize("segmentation_type", ["binary", "labelmap"])
@pytest.mark.parametrize("dtype", LABELS)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_labels_of_every_type_are_valid_and_come_back(tmp_path, segmentation_type, dtype, geometry):
    shape, matrix = GEOMETRIES[geometry]
    labels = np.random.default_rng(2).integers(0, min(LABELS[dtype], 6), shape)
    labels = (labels * (LABELS[dtype] > 6) * 60 + labels).astype(dtype)
    affine = affine_of(matrix)
    receipt = dcs.write(
        labels,
        tmp_path / "out",
        kind="Segmentation",
        segmentation_type=segmentation_type,
        affine=affine,
        space="LPS",
        sync=False,
    )
    assert receipt.verified
    # Debian's dciodvfy is older than Label Map Segmentation Storage.
    assert_valid(tmp_path / "out", validators if segmentation_type == "binary" else (PACKAGED,))
    own = dcs.read(tmp_path / "out")
    numbers = np.unique(labels)
    meant = (
        np.searchsorted(numbers, labels)
        if segmentation_type == "binary" and 0 in numbers
        else labels
    )
    seen = Seen(array=own.array, affine_lps=own.grid.affine()).aligned_to(affine)
    assert corner_distance(seen, affine, shape) < 1e-9
    assert np.array_equal(seen.array, meant)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", ["oblique", "2 times"])
def test_floats_of_every_kind_come_back_bit_for_bit(tmp_path, dtype, form):
    import highdicom
    import pydicom

    geometry, volumes = FORMS[form]
    shape, matrix = GEOMETRIES[geometry]
    array = NUMBERS["float64-0-to-1"].array((volumes, *shape)).astype(dtype) * 1e-3
    odd = np.array(
        [np.nan, np.inf, -np.inf, -0.0, np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max],
        dtype,
    )
    payload = np.array(
        [0x7FC12345 if dtype == "float32" else 0x7FF8123456789ABC], f"u{np.dtype(dtype).itemsize}"
    )
    array[0, 0, 0, :6] = odd
    array[-1, -1, -1, :1] = payload.view(dtype)
    array = array if volumes > 1 else array[0]
    bits = f"u{array.itemsize}"
    dcs.write(
        array,
        tmp_path / "out",
        kind="ParametricMap",
        affine=affine_of(matrix),
        space="LPS",
        axes="tzyx"[-array.ndim :],
        sync=False,
    )
    assert_valid(tmp_path / "out")
    path = tmp_path / "out" / "0001.dcm"
    with_pydicom = pydicom.dcmread(path).pixel_array
    ours = dcs.read(tmp_path / "out").array
    seen_by_all = [with_pydicom, ours]
    if volumes == 1:  # highdicom has no volumes over time
        volume = highdicom.imread(path).get_volume(dtype=array.dtype)
        seen_by_all.append(_aligned(volume, affine_of(matrix)))
    for seen in seen_by_all:
        assert seen.dtype == array.dtype
        assert np.array_equal(seen.reshape(array.shape).view(bits), array.view(bits))
    (other,) = read_with_dcm2niix(tmp_path / "out")
    aligned = [one.aligned_to(affine_of(matrix)).array for one in other.each()]
    meant = array if volumes > 1 else array[None]
    finite = np.isfinite(meant)
    assert np.array_equal(np.stack(aligned)[finite], meant[finite])


def _aligned(volume, affine):
    # highdicom's indices are (slice, row, column), in another order of slices
    seen = Seen(array=volume.array, affine_lps=volume.affine[:, [2, 1, 0, 3]]).aligned_to(affine)
    return np.ascontiguousarray(seen.array)


def test_the_companion_shows_the_map_and_both_name_each_other(tmp_path):
    import pydicom

    array, affine = (
        NUMBERS["float32-around-0"].array((5, 7, 9)),
        affine_of(GEOMETRIES["oblique"][1]),
    )
    receipt = dcs.write(
        array,
        tmp_path / "out",
        kind="MR",
        companion=True,
        affine=affine,
        space="LPS",
        units="mm2/s",
        sync=False,
    )
    assert_valid(tmp_path / "out")
    lossless, display = receipt.every
    assert (lossless.kind, display.kind) == ("ParametricMap", "MR")
    assert (lossless.max_error, lossless.study_uid) == (0.0, display.study_uid)
    assert lossless.frame_of_reference_uid == display.frame_of_reference_uid
    assert np.array_equal(dcs.read(lossless.out).along_normal().array, array)
    seen = read_with_simpleitk(tmp_path / "out" / "display")
    assert_same(seen, array, affine, tolerance_mm=1e-9, bound=display.max_error)
    whole = pydicom.dcmread(tmp_path / "out" / "map" / "0001.dcm")
    slices = [pydicom.dcmread(path) for path in sorted((tmp_path / "out" / "display").iterdir())]
    for index, one in enumerate(slices):
        (source,) = one.SourceImageSequence
        assert source.ReferencedSOPInstanceUID == whole.SOPInstanceUID
        assert source.ReferencedFrameNumber == index + 1
        shown = (
            whole.PerFrameFunctionalGroupsSequence[index]
            .PlanePositionSequence[0]
            .ImagePositionPatient
        )
        assert list(one.ImagePositionPatient) == list(shown)
    (series,) = whole.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == display.series_uid
    named = [item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence]
    assert named == [one.SOPInstanceUID for one in slices]


def test_every_slice_of_a_pet_with_its_own_slope_is_read_with_it(tmp_path):
    array = np.abs(NUMBERS["float32-around-0"].array((5, 7, 9))) * np.array(
        [1, 1e-3, 50, 0, 7]
    ).reshape(5, 1, 1)
    receipt = dcs.write(
        array,
        tmp_path / "out",
        kind="PT",
        values="rescale,per-slice",
        spacing=SPACING,
        units="Bq/ml",
        sync=False,
    )
    assert_valid(tmp_path / "out")
    seen = read_with_simpleitk(tmp_path / "out")
    for own, meant in zip(seen.array, array, strict=True):
        assert np.abs(own - meant).max() <= max(float(meant.max()) / 65534 * 1.01, 1e-300)
    assert np.abs(seen.array - array).max() <= receipt.max_error
