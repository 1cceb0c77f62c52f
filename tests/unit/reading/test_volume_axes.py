"""Named axes of volumes, and their times, from the structures of vendors."""

from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import OptionError
from dicomseries.reading.geometry.volume_clocks import Clock, Repetition, settled_times
from judges.vendor_series import ORIENTATIONS, write_vendor_series

SLICES = 3


def voxels(volumes):
    count = volumes * SLICES * 20
    return (np.arange(count, dtype="int16") * 7 % 1009).reshape(volumes, SLICES, 4, 5)


def write(folder, volumes, mark, manufacturer="GE MEDICAL SYSTEMS"):
    affine = ORIENTATIONS["coronal"]
    return write_vendor_series(
        folder, voxels(volumes), affine, mark, uid=77, manufacturer=manufacturer
    )


def read(folder):
    with pytest.warns(dcs.DicomSeriesWarning):
        return dcs.read(folder)


def clock(seconds):
    seconds %= 86400
    return f"{int(seconds) // 3600:02d}{int(seconds) // 60 % 60:02d}{seconds % 60:07.4f}"


def axes_of(volume):
    return [(axis.name, axis.unit, axis.values) for axis in volume.volume_axes]


def test_repetitions_of_echoes_and_parts_are_three_axes(tmp_path):
    order = [(1, 0, 1), (0, 1, 0), (1, 1, 0), (0, 0, 0), (0, 1, 1), (1, 0, 0), (0, 0, 1), (1, 1, 1)]

    def mark(volume, _, dataset):
        part, echo, time = order[volume]
        dataset.EchoTime = ("4.92", "7.38")[echo]
        dataset.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x2F, "SS", 3 * part)
        dataset.AcquisitionTime = clock(86398 + 3 * time)  # across midnight
        dataset.AcquisitionDate = ("20240229", "20240301")[time]
        dataset.ScanningSequence = ["GR"]

    volume = dcs.read(write(tmp_path, 8, mark))
    assert axes_of(volume) == [
        ("part", "", ("magnitude", "imaginary")),
        ("echo", "ms", (4.92, 7.38)),
        ("time", "s", (0.0, 3.0)),
    ]
    expected = voxels(8)[[order.index(entry) for entry in np.ndindex(2, 2, 2)]]
    np.testing.assert_array_equal(volume.array, expected)
    assert volume.times_s is None
    picked = volume.pick(part="imaginary", echo=-1)
    np.testing.assert_array_equal(picked.array, expected[6:])
    assert picked.times_s == (0.0, 3.0)
    labelled = volume.to_xarray()
    assert labelled.dims[:3] == ("part", "echo", "t")
    np.testing.assert_array_equal(labelled[1, 0, 1], expected[5])
    np.testing.assert_array_equal(dcs.open_volume(labelled).array, expected)
    errors = [finding.id for finding in dcs.check(tmp_path, validators=False).errors]
    assert not {"GEO-004", "TIM-003"} & set(errors)


def test_a_missing_combination_is_one_flat_axis_with_a_note(tmp_path):
    def mark(volume, _, dataset):
        dataset.EchoTime = ("5", "5", "10")[volume]
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "MPM"[volume]]

    folder = write(tmp_path, 3, mark)
    with pytest.warns(dcs.DicomSeriesWarning, match=r"differ in part \(2\) and echo \(2\)"):
        volume = dcs.read(folder)
    assert axes_of(volume) == [("volume", "", (1.0, 2.0, 3.0))]


def test_images_of_ge_without_a_clock_are_a_repetition_time_apart(tmp_path):
    def mark(volume, _, dataset):
        delay = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
        delay.add_new(0x7C, "FL", 0.25)

    volume = read(write(tmp_path, 3, mark))
    assert volume.times_s == (0.0, 3.25, 6.5)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("ScanningSequence", ["GR"]), ("MRAcquisitionType", "3D"), ("NumberOfAverages", "2")],
)
def test_repetition_time_is_no_step_of_other_sequences(tmp_path, keyword, value):
    volume = read(write(tmp_path, 3, lambda *each: setattr(each[2], keyword, value)))
    assert volume.times_s is None
    assert axes_of(volume) == [("volume", "", (1.0, 2.0, 3.0))]


def test_repetition_time_is_no_step_between_echoes(tmp_path):
    volume = dcs.read(write(tmp_path, 3, lambda t, _, ds: setattr(ds, "EchoTime", str(5 + t))))
    assert axes_of(volume) == [("echo", "ms", (5.0, 6.0, 7.0))]
    assert volume.times_s is None


def test_the_timer_of_ge_counts_where_all_volumes_have_it(tmp_path):
    def mark(volume, index, dataset):
        seconds = 0 if index == 0 else 0.0023 + 5.5 * volume + 0.2 * index
        timer = dataset.private_block(0x0021, "GEMS_RELA_01", create=True)
        timer.add_new(0x5E, "DS", f"{seconds:.6f}")

    folder = write(tmp_path, 3, mark)
    with pytest.warns(dcs.DicomSeriesWarning) as warned:
        volume = dcs.read(folder)
    assert "5.5 s apart on average by the RTIA timer" in str(warned[1].message)
    assert volume.times_s == (0.0, 5.5, 11.0)


def test_a_clock_that_agrees_with_repetition_time_gives_its_exact_step(tmp_path):
    def mark(volume, index, dataset):
        dataset.RepetitionTime = "1516"
        ticks = round((1.516 * volume + 0.1 * index) / 0.0025)
        dataset.AcquisitionTime = clock(3600 + ticks * 0.0025)

    volume = dcs.read(write(tmp_path, 4, mark, "SIEMENS"))
    assert volume.times_s == (0.0, 1.516, 3.032, 4.548)
    volume.save(tmp_path / "bold.nii.gz")
    assert dcs.open_volume(tmp_path / "bold.nii.gz").times_s[1] == pytest.approx(1.516)


@pytest.mark.parametrize(("step_s", "is_reported"), [(3.0125, False), (3.02, True)])
def test_half_a_percent_beside_repetition_time_is_no_contradiction(step_s, is_reported):
    """Siemens B17 takes 12.5 ms more for volumes of 3 s."""
    clock = Clock(name="AcquisitionTime", seconds=np.zeros(2))
    repetition = Repetition(seconds=3.0, is_step=True)
    starts = [(clock, np.array([7.5, 7.5 + step_s]))]
    times, problems = settled_times(starts, repetition, 2, is_time=True)
    assert times == (0.0, step_s)
    assert bool(problems) == is_reported


def test_unequal_steps_are_kept_and_clocks_that_disagree_are_reported(tmp_path):
    def mark(volume, _, dataset):
        dataset.TriggerTime = ("100", "2100", "6100")[volume]
        dataset.AcquisitionTime = clock(3600 + 9 * volume)
        dataset.ScanningSequence = ["GR"]

    folder = write(tmp_path, 3, mark)
    with pytest.warns(dcs.DicomSeriesWarning, match="3 s apart by TriggerTime, and 9 s by Acq"):
        volume = dcs.read(folder)
    assert volume.times_s == (0.0, 2.0, 6.0)


def test_an_entry_that_is_not_there_is_named(tmp_path):
    volume = dcs.read(write(tmp_path, 2, lambda t, _, ds: setattr(ds, "EchoTime", str(5 + t))))
    with pytest.raises(OptionError, match=r"an index from 0 to 1 \(0: 5 ms, 1: 6 ms\)"):
        volume.pick(echo=2)
    with pytest.raises(OptionError, match="an axis of this volume: echo 2"):
        volume.pick(time=0)


def test_label_and_control_of_philips_are_one_axis_in_the_order_of_the_scan(tmp_path):
    def mark(volume, _, dataset):
        block = dataset.private_block(0x2005, "Philips MR Imaging DD 005", create=True)
        block.add_new(0x29, "CS", ("CONTROL", "LABEL")[volume % 2])
        dataset.TemporalPositionIdentifier = volume // 2 + 1
        dataset.TriggerTime = str(4000 * (volume // 2))

    volume = dcs.read(write(tmp_path, 4, mark, manufacturer="Philips"))
    assert axes_of(volume) == [("asl_context", "", ("control", "label", "control", "label"))]
    np.testing.assert_array_equal(volume.array, voxels(4))
    assert volume.times_s is None  # label and control of a pair state the same time
    assert volume.to_xarray()["asl_context"].values.tolist()[:2] == ["control", "label"]


def test_asl_context_of_frames_names_the_volumes(tmp_path):
    words = ["M_ZERO_SCAN", "LABEL", "CONTROL", "LABEL", "CONTROL"]
    scan = {"ApplicableSafetyStandardAgency": "IEC", "RepetitionTime": 4800, "EchoTime": 20}
    place = {"axes": "tzyx", "spacing": (1, 1, 2), "times": 4.8}
    dcs.write(voxels(5), tmp_path, kind="EnhancedMR", metadata=scan, **place)
    (path,) = tmp_path.iterdir()
    dataset = pydicom.dcmread(path)
    dataset.ArterialSpinLabelingContrast = "PSEUDOCONTINUOUS"
    for index, groups in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        labelling = pydicom.Dataset()
        labelling.ASLContext = words[index // SLICES]
        groups.MRArterialSpinLabelingSequence = [labelling]
    dataset.save_as(path)
    volume = dcs.read(path)
    contexts = ("m0scan", "label", "control", "label", "control")
    assert axes_of(volume) == [("asl_context", "", contexts)]
    assert volume.times_s == (0.0, 4.8, 9.6, 14.4, 19.2)
    np.testing.assert_array_equal(volume.pick(asl_context="m0scan").array, voxels(5)[0])
    report = dcs.convert(path, tmp_path / "out", name="perf_asl", format="nii")
    table = tmp_path / "out" / "perf_aslcontext.tsv"
    assert str(table) in report.rows[0].files
    assert table.read_text(encoding="ascii").split() == ["volume_type", *contexts]
    sidecar = json.loads((tmp_path / "out" / "perf_asl.json").read_text(encoding="utf-8"))
    assert sidecar["ArterialSpinLabelingType"] == "PCASL"
    assert sidecar["RepetitionTime"] == 4.8


def test_tags_of_chosen_volumes_are_those_of_their_slices(tmp_path):
    def mark(volume, index, dataset):
        dataset.EchoTime = ("5", "7.5")[volume % 2]
        dataset.TemporalPositionIdentifier = volume // 2 + 1
        dataset.AcquisitionTime = clock(3600 + 3 * (volume // 2))
        dataset.ImageComments = f"{volume}-{index}"

    folder = write(tmp_path / "a", 4, mark)
    volume = dcs.read(folder)
    assert [axis.name for axis in volume.volume_axes] == ["echo", "time"]
    assert len(volume.tags["EchoTime"]) == 4 * SLICES
    second = volume.pick(echo=1)
    assert second.tags["EchoTime"] == 7.5
    assert second.tags["TemporalPositionIdentifier"] == (1,) * SLICES + (2,) * SLICES
    assert second.pick(time=1).tags["TemporalPositionIdentifier"] == 2
    assert second.at(1).tags["TemporalPositionIdentifier"] == 2
    assert second.at(1).tags.shared["EchoTime"] == 7.5
    chosen = dcs.read(folder, slices=slice(0, 2)).pick(echo=0, time=0)
    assert [text[0] for text in chosen.tags["ImageComments"]] == ["0", "0"]


def test_tags_of_chosen_volumes_hold_on_another_grid(tmp_path):
    def mark(volume, index, dataset):
        dataset.EchoTime = ("5", "7.5")[volume]

    def uneven(volume, index, dataset):
        mark(volume, index, dataset)
        if index == SLICES - 1:
            normal = np.cross(*np.reshape(np.array(dataset.ImageOrientationPatient, float), (2, 3)))
            moved = np.array(dataset.ImagePositionPatient, float) + normal * 3.1
            dataset.ImagePositionPatient = [f"{value:.6f}" for value in moved]

    source = write(tmp_path / "a", 2, uneven)
    with pytest.warns(dcs.DicomSeriesWarning):
        volume = dcs.read(source)
    assert volume.pick(echo=1).tags["EchoTime"] == 7.5
    even = volume.resample()
    assert even.slices != volume.slices
    assert even.pick(echo=1).tags["EchoTime"] == 7.5
    assert even.at(0).tags["EchoTime"] == 5


@pytest.mark.parametrize("files", [1, 2])
def test_tags_of_chosen_volumes_of_multi_frame_files_are_theirs(tmp_path, files):
    array = voxels(2)
    for number in range(files):
        dcs.write(
            array if files == 1 else array[number],
            tmp_path / str(number),
            axes="tzyx" if files == 1 else "zyx",
            kind="EnhancedMR",
            spacing=(1, 2, 3),
            times=(0, 2.5) if files == 1 else None,
            metadata={"ApplicableSafetyStandardAgency": "IEC"},
            uid={"SeriesInstanceUID": "2.25.1", "StudyInstanceUID": "2.25.2"},
            sync=False,
        )
        (file,) = (tmp_path / str(number)).glob("*.dcm")
        dataset = pydicom.dcmread(file)
        dataset.InstanceNumber = number + 1
        dataset.FrameOfReferenceUID = "2.25.3"
        dataset.ContentLabel = f"FILE{number}"
        for frame, item in enumerate(dataset.PerFrameFunctionalGroupsSequence):
            echo = pydicom.Dataset()
            echo.EffectiveEchoTime = 5.0 + 2.5 * (number if files == 2 else frame // SLICES)
            item.MREchoSequence = [echo]
        dataset.save_as(file)
    volume = dcs.read(tmp_path)
    assert volume.volumes == 2
    for index in range(2):
        tags = volume.at(index).tags
        assert tags["EffectiveEchoTime"] == 5 + 2.5 * index
        assert tags.shared["ContentLabel"] == f"FILE{index if files == 2 else 0}"
        assert len(tags.paths) == 1
