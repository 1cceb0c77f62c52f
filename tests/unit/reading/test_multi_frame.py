"""Multi-frame files: volumes, time, colour, parametric maps, and their errors."""

from __future__ import annotations

import warnings

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomseries.errors import DicomSeriesError, DicomSeriesWarning, ReadError
from dicomseries.reading import read, scan, tags, volume_of
from dicomseries.slice_planes import IRREGULARITIES
from judges.known import OBLIQUE

STORED = np.arange(6 * 20, dtype="int16").reshape(6, 4, 5) * 11 - 600
CT, MR, MAP, XRAY = ("2.1", "4.1", "30", "13.1.1")
CLASS = "1.2.840.10008.5.1.4.1.1."


def item(**values):
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])


def only(path):
    (found,) = scan(path).series
    return found


def read_on_a_grid(path):
    """Read a series; of irregular slices, ask for the grid that they do not have."""
    if not {problem.code for problem in only(path).problems} & IRREGULARITIES.keys():
        return read(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        return read(path).grid.affine()


def problems(path):
    return [(problem.code, problem.level) for problem in only(path).problems]


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        ("2.1", "EnhancedCT"),
        ("4.1", "EnhancedMR"),
        ("7.2", "MultiframeSC"),
        ("7.3", "MultiframeSC"),
        ("7.4", "MultiframeSC"),
        ("13.1.1", "XRay3D"),
        ("30", "ParametricMap"),
        ("130", None),
    ],
)
def test_a_file_of_many_frames_is_a_series_like_others(write_frames, sop_class, kind):
    def each(_, groups):
        if kind == "ParametricMap":
            groups.RealWorldValueMappingSequence = item(
                RealWorldValueSlope=1.0, RealWorldValueIntercept=0.0
            )

    path = write_frames(STORED, sop_class=CLASS + sop_class, each=each)
    series = only(path.parent)
    assert (series.kind, series.frames, len(series.paths), series.volumes) == (kind, 6, 1, None)
    assert (series.times_s, dict(series.segments), series.problems) == (None, {}, ())
    assert str(series).startswith(f"2.25.902  {kind or 'MR'} 5×4×6")
    volume = read(path)
    assert volume.array.dtype == np.int16
    np.testing.assert_array_equal(volume.array, STORED)
    np.testing.assert_allclose(volume.grid.affine(), OBLIQUE, atol=1e-9)


def test_frames_in_any_order_are_sorted_along_the_normal(write_frames):
    order = [3, 0, 5, 1, 4, 2]
    volume = read(write_frames(STORED[order], positions=order))
    np.testing.assert_array_equal(volume.array, STORED)
    np.testing.assert_allclose(volume.grid.affine(), OBLIQUE, atol=1e-9)
    assert volume.tags.instances[1]["ImagePositionPatient"][1] == 38.0


def test_slabs_are_read_when_they_are_asked_for(write_frames):
    path = write_frames(STORED[[3, 0, 5, 1, 4, 2]], positions=[3, 0, 5, 1, 4, 2])
    series = only(path)
    volume = volume_of(series, series.grid, is_real=True)
    np.testing.assert_array_equal(volume.slabs.read(1, 5), STORED[1:5])
    assert volume.slabs.read(4, 99).shape == (2, 4, 5)
    path.unlink()
    with pytest.raises(ReadError):
        volume.slabs.read(0, 1)


@pytest.mark.parametrize("interleaved", [False, True])
def test_time_points_become_the_first_axis(write_frames, interleaved):
    stored = np.arange(3 * 4 * 20, dtype="uint16").reshape(3, 4, 4, 5)
    pairs = [(t, z) for t in range(3) for z in range(4)]
    pairs = sorted(pairs, key=lambda pair: pair[::-1]) if interleaved else pairs

    def each(frame, groups):
        groups.FrameContentSequence[0].TemporalPositionIndex = pairs[frame][0] + 1
        groups.TemporalPositionSequence = item(TemporalPositionTimeOffset=pairs[frame][0] * 2.2)

    frames = np.array([stored[pair] for pair in pairs])
    path = write_frames(frames, positions=[z for _, z in pairs], each=each)
    volume = read(path)
    np.testing.assert_array_equal(volume.array, stored)
    assert (volume.volumes, volume.times_s) == (3, (0.0, 2.2, 4.4))
    assert volume.grid.shape == (4, 4, 5)
    assert [one["TemporalPositionIndex"] for one in volume.tags.instances] == [1] * 4 + [2] * 4 + [
        3
    ] * 4
    assert str(only(path)).startswith("2.25.902  EnhancedMR 5×4×4×3")


def test_a_time_series_of_one_slice_is_no_stack_of_slices(write_frames):
    def each(frame, groups):
        groups.FrameContentSequence[0].FrameReferenceDateTime = (
            f"2024022923595{frame + 7}.5" if frame < 3 else (f"2024030100000{frame - 3}.5")
        )

    volume = read(write_frames(STORED, positions=[0] * 6, each=each))
    assert (volume.array.shape, volume.grid.spacing_mm[2]) == ((6, 1, 4, 5), 2.5)
    assert volume.times_s == (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)


DIRECTIONS = [None, [1.0, 0, 0], [0.0, 0.6, -0.8]]


def test_diffusion_weightings_keep_the_order_they_were_taken_in(write_frames):
    def each(frame, groups):
        direction = DIRECTIONS[(2, 0, 1)[frame // 2]]
        groups.MRDiffusionSequence = item(DiffusionBValue=0.0 if direction is None else 1000.0)
        if direction:
            groups.MRDiffusionSequence[0].DiffusionGradientDirectionSequence = item(
                DiffusionGradientOrientation=direction
            )

    volume = read(write_frames(STORED, positions=[0, 1] * 3, each=each))
    np.testing.assert_array_equal(volume.array, STORED.reshape(3, 2, 4, 5))
    assert volume.times_s is None
    assert [one["DiffusionBValue"] for one in volume.tags.instances] == [
        1000.0,
        1000.0,
        0.0,
        0.0,
        1000.0,
        1000.0,
    ]
    assert volume.tags.instances[0]["DiffusionGradientOrientation"] == [0.0, 0.6, -0.8]
    assert "DiffusionGradientOrientation" not in volume.tags.instances[2]


def test_echoes_of_each_time_point_are_separate_volumes(write_frames):
    def each(frame, groups):
        groups.FrameContentSequence[0].TemporalPositionIndex = frame % 2 + 1
        groups.MREchoSequence = item(EffectiveEchoTime=(30.0, 10.0, 20.0)[frame // 2])

    path = write_frames(STORED, positions=[0] * 6, each=each)
    volume = read(path)
    assert [(axis.name, axis.values) for axis in volume.volume_axes] == [
        ("echo", (10.0, 20.0, 30.0)),
        ("time", (1.0, 2.0)),
    ]
    np.testing.assert_array_equal(volume.array[:, 0], STORED[[2, 3, 4, 5, 0, 1]])
    np.testing.assert_array_equal(volume.pick(echo=2).array[:, 0], STORED[[0, 1]])


def test_dimensions_of_the_file_tell_volumes_apart(write_frames):
    def dimensions(dataset):
        pointers = (0x00209056, 0x00209128, 0x00209057)
        dataset.DimensionIndexSequence = Sequence(
            [item(DimensionIndexPointer=pointer)[0] for pointer in pointers]
        )

    def each(frame, groups):
        groups.FrameContentSequence[0].DimensionIndexValues = [1, (7, 3)[frame // 3], frame % 3 + 1]

    volume = read(write_frames(STORED, positions=[0, 1, 2] * 2, each=each, change=dimensions))
    np.testing.assert_array_equal(volume.array, np.stack([STORED[3:], STORED[:3]]))


def test_each_frame_has_a_slope(write_frames):
    def each(frame, groups):
        groups.PixelValueTransformationSequence = item(
            RescaleSlope=f"{frame + 0.5}", RescaleIntercept="-3"
        )

    path = write_frames(STORED, each=each)
    np.testing.assert_array_equal(
        read(path).array, STORED * (np.arange(6) + 0.5)[:, None, None] - 3
    )
    with pytest.raises(ReadError) as caught:
        read(path, values="stored")
    assert caught.value.code == "rescale-differs"


def test_whole_slopes_give_integers_and_stored_values_say_what_they_mean(write_frames):
    def each(_, groups):
        groups.PixelValueTransformationSequence = item(RescaleSlope="2", RescaleIntercept="-1024")

    path = write_frames(STORED, each=each)
    assert read(path).array.dtype == np.int32
    np.testing.assert_array_equal(read(path).array, STORED.astype("i4") * 2 - 1024)
    stored = read(path, values="stored")
    assert (stored.array.dtype, stored.slope, stored.intercept) == (np.int16, 2.0, -1024.0)


def test_a_secondary_capture_has_its_rescale_for_all_frames(write_frames):
    def change(dataset):
        del dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence
        dataset.RescaleSlope, dataset.RescaleIntercept = "0.5", "10"

    path = write_frames(STORED.view("uint16"), sop_class=CLASS + "7.3", change=change)
    np.testing.assert_array_equal(read(path).array, STORED.view("uint16") * 0.5 + 10)


def test_colours_have_a_last_axis_of_three(write_frames, rng):
    colours = rng.integers(0, 255, (6, 4, 5, 3)).astype("uint8")
    volume = read(write_frames(colours, sop_class=CLASS + "7.4"))
    assert volume.samples == 3
    np.testing.assert_array_equal(volume.array, colours)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_floats_of_a_map_come_back_bit_for_bit(write_frames, dtype):
    stored = np.linspace(-3, 7, 120, dtype=dtype).reshape(6, 4, 5)
    info = np.finfo(dtype)
    stored[0, 0] = [np.nan, np.inf, -np.inf, info.smallest_subnormal, -0.0]

    def each(_, groups):
        groups.RealWorldValueMappingSequence = item(
            RealWorldValueSlope=1.0, RealWorldValueIntercept=0.0
        )

    found = read(write_frames(stored, sop_class=CLASS + MAP, each=each)).array
    assert found.dtype == dtype
    assert found.tobytes() == stored.tobytes()


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_the_values_of_a_map_are_what_its_mapping_says(write_frames, dtype):
    stored = np.arange(120).reshape(6, 4, 5).astype(dtype)

    def each(frame, groups):
        groups.RealWorldValueMappingSequence = item(
            RealWorldValueSlope=0.25 + frame, RealWorldValueIntercept=-1.5
        )

    path = write_frames(stored, sop_class=CLASS + MAP, each=each)
    found = read(path).array
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, stored * (0.25 + np.arange(6))[:, None, None] - 1.5)


def test_the_mapping_of_an_image_does_not_take_the_place_of_its_rescale(write_frames):
    def each(_, groups):
        groups.RealWorldValueMappingSequence = item(
            RealWorldValueSlope=0.25, RealWorldValueIntercept=0.0
        )

    np.testing.assert_array_equal(read(write_frames(STORED, each=each)).array, STORED)


def test_a_mapping_that_is_a_table_is_rejected(write_frames):
    def each(_, groups):
        groups.RealWorldValueMappingSequence = item(RealWorldValueLUTData=[0.5] * 4)

    path = write_frames(STORED.view("uint16"), sop_class=CLASS + MAP, each=each)
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.code == "rescale-unusable"
    # nobody's meaning is needed for what stands in the file, but what it means cannot be said
    # either


@pytest.mark.parametrize("parts", ["volumes", "slices"])
def test_several_files_make_volumes_or_one_volume(write_frames, parts):
    def numbered(number):
        return lambda dataset: setattr(dataset, "InstanceNumber", number)

    positions = ([0, 1, 2], [0, 1, 2]) if parts == "volumes" else ([3, 4, 5], [0, 1, 2])
    write_frames(
        STORED[3:], "a.dcm", positions=positions[1 if parts == "volumes" else 0], change=numbered(2)
    )
    path = write_frames(
        STORED[:3], "b.dcm", positions=positions[0 if parts == "volumes" else 1], change=numbered(1)
    )
    volume = read(path.parent)
    np.testing.assert_array_equal(
        volume.array, STORED.reshape(2, 3, 4, 5) if parts == "volumes" else STORED
    )
    assert only(path.parent).frames == 6
    assert [one["SOPInstanceUID"] for one in volume.tags.instances] == [
        pydicom.dcmread(path.parent / name).SOPInstanceUID
        for name in ("b.dcm",) * 3 + ("a.dcm",) * 3
    ]


def test_files_that_do_not_fit_together_are_named(write_frames):
    write_frames(STORED[:3], "a.dcm", positions=[0, 1, 2])
    path = write_frames(STORED[:2], "b.dcm", positions=[1, 2])
    assert problems(path.parent) == [("positions-repeated", "error")]
    assert "Read one file at a time" in only(path.parent).problems[0].remedy
    assert read(path).grid.shape == (2, 4, 5)


def without_positions(dataset):
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        del groups.PlanePositionSequence


def truncated(dataset):
    dataset.PixelData = dataset.PixelData[:-100]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"positions": [0, 1, 2, 3, 5, 6]}, [("slices-missing", "error")]),
        ({"positions": [0, 1, 2, 2, 3, 4]}, [("positions-repeated", "error")]),
        ({"positions": [0, 1, 2, 3.002, 4, 5]}, [("spacing-uneven", "warning")]),
        ({"positions": [0, 1, 2, 3.05, 4, 5]}, [("spacing-uneven", "error")]),
        ({"positions": [0, 0, 1, 1, 2, 2]}, [("volumes-by-number", "warning")]),
        (
            {"change": lambda ds: ds.PerFrameFunctionalGroupsSequence.pop()},
            [("file-damaged", "error")],
        ),
        ({"change": lambda ds: setattr(ds, "NumberOfFrames", 0)}, [("no-frames", "error")]),
        ({"change": lambda ds: setattr(ds, "NumberOfFrames", 10**9)}, [("pixels-short", "error")]),
        ({"change": truncated}, [("pixels-short", "error")]),
        ({"change": lambda ds: ds.__delattr__("PixelData")}, [("no-pixels", "error")]),
        (
            {"change": lambda ds: setattr(ds, "SOPClassUID", f"{CLASS}4")},
            [("multi-frame", "warning")],
        ),
        (
            {"each": lambda n, groups: n or groups.__delattr__("PlanePositionSequence")},
            [("position-missing", "error")],
        ),
        (
            {
                "each": lambda n, groups: (
                    n and groups.update({"PixelMeasuresSequence": item(PixelSpacing=[n, 1])})
                )
            },
            [("pixel-spacing-differs", "error")],
        ),
        ({"change": without_positions}, [("no-geometry", "warning")]),
    ],
)
def test_faults_are_reported_and_errors_reject_the_grid(write_frames, options, expected):
    path = write_frames(STORED, **options)
    assert problems(path) == expected
    if expected[0][1] == "error":
        assert only(path).grid is None
        with pytest.raises(DicomSeriesError) as caught:
            read_on_a_grid(path)
        assert caught.value.code == expected[0][0]


def test_stacks_of_several_orientations_are_named(write_frames):
    def each(frame, groups):
        if frame > 3:
            groups.PlaneOrientationSequence = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])

    path = write_frames(STORED, each=each)
    assert problems(path) == [("mixed-orientations", "error")]
    assert (
        "2 of 6 frames have another orientation than the first, such as frame 5"
        in only(path).problems[0].text
    )


def test_a_cine_is_a_series_in_time(write_frames):
    def cine(dataset):
        without_positions(dataset)
        dataset.FrameIncrementPointer, dataset.FrameTime = 0x00181063, "40"

    path = write_frames(STORED, change=cine)
    with pytest.warns(UserWarning, match="no ImagePositionPatient"):
        volume = read(path)
    assert volume.array.shape == (6, 1, 4, 5)
    assert volume.times_s == (0.0, 0.04, 0.08, 0.12, 0.16, 0.2)


def test_a_dose_has_offsets_for_positions_and_a_dose_scaling():
    path = get_testdata_file("rtdose.dcm")
    dose = pydicom.dcmread(path)
    volume = read(path)
    np.testing.assert_allclose(
        volume.array, dose.pixel_array * float(dose.DoseGridScaling), rtol=1e-15
    )
    assert (
        volume.grid.spacing_mm[2] == dose.GridFrameOffsetVector[1] - dose.GridFrameOffsetVector[0]
    )


def test_tags_show_functional_groups_opened(write_frames):
    found = tags(write_frames(STORED))
    assert found["PixelSpacing"] == [0.7, 0.9]
    assert len(found["ImagePositionPatient"]) == 6
    assert "PerFrameFunctionalGroupsSequence" not in found
    assert "SharedFunctionalGroupsSequence" not in found
    assert found["NumberOfFrames"] == 6
