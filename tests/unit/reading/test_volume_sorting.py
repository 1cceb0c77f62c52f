"""Several volumes in one classic series."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from dicomseries.checks import check
from dicomseries.errors import ReadError
from dicomseries.reading import read, scan
from dicomseries.reading.geometry.volume_keys import Key
from dicomseries.reading.geometry.volume_sorting import arrange, places_of
from judges.known import OBLIQUE, write_known_series

VOLUMES, SLICES = 3, 4
STORED = np.arange(VOLUMES * SLICES * 20, dtype="int16").reshape(VOLUMES, SLICES, 4, 5) * 3 - 300
MISSING = {"GEO-004", "GEO-005", "GEO-010"}
SHUFFLED = [7, 2, 11, 0, 5, 9, 4, 1, 10, 3, 8, 6]


def write_in_time(folder, change, *, number=None):
    """Write the volumes as files in no order; `change(t, z, dataset)` marks them."""
    for t in range(VOLUMES):

        def marked(z, dataset, t=t):
            at = t * SLICES + z
            dataset.SOPInstanceUID = f"2.25.77.{at}"
            dataset.InstanceNumber = SHUFFLED[at] if number is None else number(t, z)
            change(t, z, dataset)

        write_known_series(folder / str(t), STORED[t], change=marked)
    for path in sorted(folder.rglob("*.dcm")):
        path.rename(
            folder / f"{SHUFFLED[int(path.parent.name) * SLICES + int(path.stem) - 1]:02d}.dcm"
        )
    return folder


def clock(seconds):
    seconds %= 86400
    return f"{int(seconds) // 3600:02d}{int(seconds) // 60 % 60:02d}{seconds % 60:09.6f}"


def both(keyword, value):
    return lambda t, z, ds: setattr(ds, keyword, value(t, z))


def at_midnight(t, z, ds):
    ds.AcquisitionTime = clock(86397 + 2.5 * t + 0.1 * z)


def at_midnight_dated(t, z, ds):
    at_midnight(t, z, ds)
    ds.AcquisitionDate = "20240301" if 86397 + 2.5 * t + 0.1 * z >= 86400 else "20240229"


def diffusion(t, _, ds):
    ds.DiffusionBValue = (1000.0, 0.0, 1000.0)[t]
    if t != 1:
        ds.DiffusionGradientOrientation = [0.0, 0.6, 0.8 - 1.6 * (t > 1)]


@pytest.mark.parametrize(
    ("change", "times"),
    [
        (both("TemporalPositionIdentifier", lambda t, _: t + 1), None),
        (both("AcquisitionNumber", lambda t, _: 5 * t + 2), None),
        (both("TriggerTime", lambda t, _: f"{t * 2200.5}"), (0.0, 2.2005, 4.401)),
        (both("TriggerTime", lambda t, z: f"{t * 100 + z}"), (0.0, 0.1, 0.2)),
        (both("FrameReferenceTime", lambda t, _: f"{t * 60000 + 500}"), (0.0, 60.0, 120.0)),
        (both("ActualFrameDuration", lambda t, _: 1000 * (t + 1)), None),
        (both("EchoTime", lambda t, _: f"{2.5 * (t + 1)}"), None),
        (both("EchoNumbers", lambda t, _: t + 1), None),
        (both("AcquisitionDateTime", lambda t, z: f"2024022912{t:02d}0{z}.5"), (0.0, 60.0, 120.0)),
        (at_midnight, (0.0, 2.5, 5.0)),
        (at_midnight_dated, (0.0, 2.5, 5.0)),
        (both("ContentTime", lambda t, z: clock(3600 + 2 * t + 0.2 * z)), None),
        (both("ImageType", lambda t, _: ["ORIGINAL", "PRIMARY", "IFW"[t]]), "order"),
    ],
)
def test_volumes_are_separated_by_every_attribute_that_can(tmp_path, change, times):
    folder = write_in_time(tmp_path, change)
    (series,) = scan(folder).series
    assert (series.volumes, series.problems, series.frames) == (VOLUMES, (), 12)
    volume = read(folder)
    order = [1, 0, 2] if times == "order" else [0, 1, 2]  # by name: F, I, W
    np.testing.assert_array_equal(volume.array, STORED[order])
    np.testing.assert_allclose(volume.grid.affine(), OBLIQUE, atol=1e-9)
    assert volume.times_s == (None if times == "order" else times)
    np.testing.assert_array_equal(volume.slabs.read(3, 6), STORED[order].reshape(12, 4, 5)[3:6])


def test_diffusion_weightings_keep_the_order_of_their_numbers(tmp_path):
    volume = read(
        write_in_time(tmp_path, diffusion, number=lambda t, z: (VOLUMES - t) * SLICES + z)
    )
    np.testing.assert_array_equal(volume.array, STORED[::-1])
    assert [one["DiffusionBValue"] for one in volume.tags.instances[::SLICES]] == [
        1000.0,
        0.0,
        1000.0,
    ]


def test_an_identifier_counts_before_a_time(tmp_path):
    def change(t, _, ds):
        ds.TemporalPositionIdentifier, ds.TriggerTime = VOLUMES - t, f"{t * 100}"

    folder = write_in_time(tmp_path, change)
    with pytest.warns(UserWarning, match="TriggerTime does not rise from volume to volume"):
        volume = read(folder)
    np.testing.assert_array_equal(volume.array, STORED[::-1])
    assert volume.times_s is None


@pytest.mark.parametrize("interleaved", [False, True])
def test_the_numbers_of_the_files_are_the_last_resort_and_reported(tmp_path, interleaved):
    def number(t, z):
        return z * VOLUMES + t if interleaved else t * SLICES + z

    folder = write_in_time(tmp_path, lambda *_: None, number=number)
    with pytest.warns(UserWarning, match="3 volumes differ in nothing but InstanceNumber"):
        volume = read(folder)
    np.testing.assert_array_equal(volume.array, STORED)


def test_what_was_tried_is_named_where_nothing_helps(tmp_path):
    folder = write_in_time(
        tmp_path, both("EchoTime", lambda t, z: f"{t if z else 0}"), number=lambda *_: 1
    )
    (series,) = scan(folder).series
    (problem,) = series.problems
    assert (problem.code, problem.level) == ("positions-repeated", "error")
    assert "none of EchoTime, InstanceNumber sorts them into complete volumes" in problem.text
    with pytest.raises(ReadError):
        read(folder)


def test_files_at_one_place_that_nothing_tells_apart_are_volumes_without_times(tmp_path):
    """Copies in several encodings have one InstanceNumber; each is a whole volume."""
    folder = write_in_time(
        tmp_path,
        both("RepetitionTime", lambda *_: "2000"),
        number=lambda *_: 1,
    )
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.ImagePositionPatient = [0, 0, 0]
        dataset.ScanningSequence, dataset.MRAcquisitionType = "EP", "2D"
        dataset.save_as(path)
    with pytest.warns(UserWarning, match="nothing in the headers tells the 12 volumes"):
        volume = read(folder)
    assert volume.shape[:2] == (VOLUMES * SLICES, 1)
    assert volume.times_s is None


def test_slices_a_millimetre_apart_are_no_volumes_however_far_others_are(tmp_path):
    folder = write_in_time(tmp_path, lambda *_: None)
    places = (-99.5, 103.0, 104.25, 105.5)
    for path in sorted(folder.glob("*.dcm")):
        dataset = pydicom.dcmread(path)
        if int(dataset.InstanceNumber) >= len(places):
            path.unlink()
            continue
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [0, 0, places[int(dataset.InstanceNumber)]]
        dataset.save_as(path)
    (series,) = scan(folder).series
    assert series.volumes is None
    assert [problem.code for problem in series.problems] == ["slices-missing"]


def test_a_volume_with_a_slice_too_few_is_rejected(tmp_path):
    folder = write_in_time(tmp_path, both("TemporalPositionIdentifier", lambda t, _: t + 1))
    (folder / "05.dcm").unlink()
    assert [problem.code for problem in scan(folder).series[0].problems] == ["positions-repeated"]


@pytest.mark.parametrize(("moved", "level"), [(0.1, "warning"), (0.5, "error")])
def test_volumes_that_do_not_stand_where_the_first_does_are_named(tmp_path, moved, level):
    def change(t, _, ds):
        ds.TemporalPositionIdentifier = t + 1
        position = [float(value) for value in ds.ImagePositionPatient]
        ds.ImagePositionPatient = [f"{position[0] + moved * (t == 2):.6f}", *position[1:]]

    (series,) = scan(write_in_time(tmp_path, change)).series
    assert [(problem.code, problem.level) for problem in series.problems] == [
        ("volumes-moved", level)
    ]
    assert (series.grid is None) == (level == "error")


def test_places_are_separated_by_a_part_of_the_gap():
    assert places_of(np.array([-99.5, 103.0, 104.25, 105.5])).tolist() == [0, 1, 2, 3]
    assert places_of(np.zeros(4)).tolist() == [0, 0, 0, 0]
    assert places_of(np.array([0.0, 1e-9, 0.0])).tolist() == [0, 0, 0]
    assert places_of(np.array([3.0, 0.0, 1.002, 0.998, 2.0, 1.0])).tolist() == [3, 0, 1, 1, 2, 1]


def test_a_key_must_split_every_place_alike():
    places = np.array([0, 0, 1, 1])
    key = Key(name="EchoTime", values=np.array([1.0, 2, 1, 3]))
    assert arrange(places, [key], np.full(4, np.nan)) is None
    found = arrange(places, [Key(name="t", values=key.values, is_clock=True)], np.full(4, np.nan))
    assert (found.volume_index.tolist(), found.by) == ([0, 1, 0, 1], "t")


@pytest.mark.parametrize(
    "keyword", ["TemporalPositionIdentifier", "AcquisitionNumber", "FrameReferenceTime"]
)
def test_an_interrupted_last_volume_is_left_out_with_a_note(tmp_path, keyword):
    folder = write_in_time(tmp_path, both(keyword, lambda t, _: t + 1))
    for z in (1, 3):
        (folder / f"{SHUFFLED[(VOLUMES - 1) * SLICES + z]:02d}.dcm").unlink()
    with pytest.warns(UserWarning, match="last of 3 volumes has 2 of 4 slices"):
        volume = read(folder)
    np.testing.assert_array_equal(volume.array, STORED[: VOLUMES - 1])
    (series,) = scan(folder).series
    assert len(series.instances) == 2 * SLICES
    assert len(series.left_out) == 2
    assert {finding.id for finding in check(folder, validators=False).errors} & MISSING


def test_an_earlier_volume_that_lacks_a_slice_rejects_the_series(tmp_path):
    folder = write_in_time(tmp_path, both("TemporalPositionIdentifier", lambda t, _: t + 1))
    (folder / f"{SHUFFLED[1 * SLICES + 1]:02d}.dcm").unlink()
    with pytest.raises(ReadError) as caught:
        read(folder)
    assert caught.value.code == "positions-repeated"


@pytest.mark.parametrize("keyword", ["EchoTime", "FlipAngle"])
def test_echoes_without_the_same_slices_are_parts(tmp_path, keyword):
    folder = write_in_time(tmp_path, both(keyword, lambda t, _: 10.5 * t + 10))
    (folder / f"{SHUFFLED[1 * SLICES + 3]:02d}.dcm").unlink()
    found = scan(folder)
    names = [f"{keyword}-{value}" for value in (10, 20.5, 31)]
    assert [series.part for series in found] == names
    with pytest.raises(ReadError) as caught:
        read(folder)
    assert caught.value.code == "several-parts"
    for t, series in enumerate(found):
        slices = SLICES - (t == 1)
        np.testing.assert_array_equal(read(folder, series=series.choice).array, STORED[t, :slices])
    assert {finding.id for finding in check(folder, validators=False).errors} & MISSING
