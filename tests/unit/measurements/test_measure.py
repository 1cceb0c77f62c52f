"""`measure`: numbers as numpy's, a report that reads back, and nothing silently wrong."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.sr import srread

import dicomseries as dcs
from dicomseries.errors import (
    GeometryError,
    MissingPackageError,
    OptionError,
    ReadError,
    TargetError,
)
from dicomseries.measurements import aligned_slabs

OBLIQUE = np.array(
    [[0.54, 0, 2.0, -12.34567], [0, -0.9, 0, 3.5], [0.72, 0, -1.5, 4], [0, 0, 0, 1.0]]
)
"""From (column, row, slice) to LPS mm: 0.9 × 0.9 × 2.5 mm, turned, slices along the normal."""
SHAPE = (7, 9, 11)
PATIENT = {"PatientName": "Doe^Jané", "PatientID": "42", "RescaleType": "HU"}
FIXED = {"now": dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC), "entropy": b"0123456789abcdef"}


def blobs():
    labels = np.zeros(SHAPE, "uint8")
    labels[2:4, 1:3, 1:4], labels[4:6, 2:, 2:], labels[3, 4, 0] = 1, 2, 2
    return labels


def ct_values():
    return np.random.default_rng(3).integers(-1000, 1500, SHAPE).astype("int16")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A CT and a Segmentation of two segments and an empty one, and the report."""
    folder = tmp_path_factory.mktemp("study")
    dcs.write(ct_values(), folder / "ct", kind="CT", affine=OBLIQUE, space="LPS", metadata=PATIENT)
    dcs.write(
        blobs(),
        folder / "seg",
        kind="Segmentation",
        like=folder / "ct",
        segments={1: "Liver", 2: "Spleen", 5: "Lesion"},
    )
    receipt = dcs.measure(
        folder / "seg",
        source=folder / "ct",
        out=folder / "report",
        percentiles=(5, 25, 50),
        numbers={"Liver": {"Elasticity": (3.2, "kPa")}},
        model={"name": "LesionNet", "version": "2.1", "manufacturer": "ACME"},
        **FIXED,
    )
    return folder, receipt


def dataset_of(folder):
    (path,) = Path(folder).rglob("*.dcm")
    return pydicom.dcmread(path)


def test_the_numbers_are_those_of_numpy_as_printed(study):
    _, receipt = study
    for number, label in ((1, "Liver"), (2, "Spleen")):
        values = ct_values()[blobs() == number]
        expected = {
            "Volume": len(values) * 0.9 * 0.9 * 2.5,
            "Mean": values.mean(),
            "Standard Deviation": values.std(),
            "Minimum": values.min(),
            "Maximum": values.max(),
            "5th Percentile Value of population": np.percentile(values, 5),
            "25th percentile": np.percentile(values, 25),
            "Median": np.median(values),
        }
        for name, value in expected.items():
            assert receipt.table.number(label, name) == pytest.approx(value, rel=1e-12), name
    units = {row.unit.value for row in receipt.table}
    assert units == {"mm3", "[hnsf'U]", "kPa"}
    assert all(len(row.value) <= 16 for row in receipt.table)


def test_highdicom_reads_the_same_numbers(study):
    folder, receipt = study
    (path,) = (folder / "report").iterdir()
    seen = []
    for group in srread(path).content.get_volumetric_roi_measurement_groups():
        for measurement in group.get_measurements():
            statistic = measurement.derivation
            seen.append(
                (
                    group.tracking_identifier,
                    group.finding_type.value,
                    measurement.name.value,
                    None if statistic is None else statistic.value,
                    measurement.value,
                    measurement.unit.value,
                )
            )
    written = [
        (
            row.label,
            row.finding.value,
            row.quantity.value,
            None if row.statistic is None else row.statistic.value,
            row.number,
            row.unit.value,
        )
        for row in receipt.table
    ]
    assert seen == written


def test_the_report_reads_back_as_the_table(study):
    folder, receipt = study
    table = dcs.read_measurements(folder / "report")
    assert table.rows == receipt.table.rows
    assert dcs.read_measurements(folder).rows == table.rows  # beside images and a Segmentation
    lines = table.to_csv().splitlines()
    assert len(lines) == 1 + len(table)
    assert lines[1].startswith("1,Liver,Liver,Liver,,Volume,,")
    assert json.loads(json.dumps(table.to_dict()))[1]["statistic"]["meaning"] == "Mean"


def test_the_report_is_in_the_study_of_the_source_and_refers_to_every_object(study):
    folder, receipt = study
    report, ct = dataset_of(folder / "report"), pydicom.dcmread(folder / "ct" / "0001.dcm")
    segmentation = dataset_of(folder / "seg")
    for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "StudyDate", "StudyTime"):
        assert report[keyword].value == ct[keyword].value
    assert report.Modality == "SR"
    assert report.SeriesDescription == "Measurements (LesionNet 2.1)"
    assert (report.SeriesInstanceUID, report.SOPInstanceUID) == (
        receipt.series_uid,
        receipt.instance_uid,
    )
    (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
    uids = {
        image.ReferencedSOPInstanceUID
        for series in evidence.ReferencedSeriesSequence
        for image in series.ReferencedSOPSequence
    }
    images = {pydicom.dcmread(path).SOPInstanceUID for path in (folder / "ct").iterdir()}
    assert uids == images | {segmentation.SOPInstanceUID}
    assert report.ContentDate == "20240229"


def test_the_groups_name_segment_site_algorithm_and_source_series(study):
    folder, _ = study
    (path,) = (folder / "report").iterdir()
    report = srread(path)
    group = report.content.get_volumetric_roi_measurement_groups()[0]
    segment, series = group.referenced_segment
    (reference,) = segment.ReferencedSOPSequence
    assert reference.ReferencedSegmentNumber == 1
    assert reference.ReferencedSOPInstanceUID == dataset_of(folder / "seg").SOPInstanceUID
    assert pydicom.dcmread(folder / "ct" / "0001.dcm").SeriesInstanceUID == series.UID
    assert [site.value.meaning for site in group.finding_sites] == ["Liver"]
    texts = [str(item.TextValue) for item in group[0].ContentSequence if "TextValue" in item]
    assert texts[1:4] == ["LesionNet", "2.1", "ACME"]
    assert any("standard deviation of the population" in text for text in texts)


def test_empty_segments_and_private_codes_are_in_the_advice(study):
    _, receipt = study
    assert receipt.table.number("Lesion", "Volume") == 0
    assert receipt.table.number("Lesion", "Mean") is None
    advice = " ".join(receipt.advice)
    assert "Segments without a voxel have the volume 0 and no statistics: Lesion." in advice
    assert "99DICOMSERIES: 25th percentile." in advice


def test_the_same_arguments_give_the_same_bytes(study, tmp_path):
    folder, _ = study
    for name in ("first", "second"):
        dcs.measure(folder / "seg", source=folder / "ct", out=tmp_path / name, **FIXED)
    first, second = ((tmp_path / name / "0001.dcm").read_bytes() for name in ("first", "second"))
    assert first == second
    third = dcs.measure(
        folder / "seg", source=folder / "ct", out=tmp_path / "third", **{**FIXED, "entropy": b"x"}
    )
    assert third.instance_uid not in first.decode("latin-1")


def test_content_uids_follow_from_the_numbers(study, tmp_path):
    folder, _ = study
    options = {"source": folder / "ct", "uid": "content", "metadata": {"ContentDate": "20240229"}}
    options["metadata"]["ContentTime"] = "123000"
    receipts = [
        dcs.measure(folder / "seg", out=tmp_path / str(index), percentiles=parts, **options)
        for index, parts in enumerate([(50,), (50,), (60,)])
    ]
    uids = [receipt.instance_uid for receipt in receipts]
    assert uids[0] == uids[1] != uids[2]


def test_slabs_of_one_slice_give_the_same_numbers_and_are_all_that_is_read(study, monkeypatch):
    folder, receipt = study
    depths = []
    real = aligned_slabs._labels_of

    def noted(segmentation, start, stop):
        depths.append(stop - start)
        return real(segmentation, start, stop)

    monkeypatch.setattr(aligned_slabs, "_SLAB_VOXELS", 1)
    monkeypatch.setattr(aligned_slabs, "_labels_of", noted)
    measured = dcs.measure(folder / "seg", source=folder / "ct", percentiles=(5, 25, 50))
    assert depths == [1] * SHAPE[0]
    for row, whole in zip(
        measured.table,
        (row for row in receipt.table if row.quantity.meaning != "Elasticity"),
        strict=True,
    ):
        assert row.number == pytest.approx(whole.number, rel=1e-13)


def test_without_out_nothing_is_written_and_the_numbers_are_the_same(study):
    folder, receipt = study
    before = sorted(folder.rglob("*"))
    measured = dcs.measure(folder / "seg", source=folder / "ct", percentiles=(5, 25, 50))
    assert measured.out is None
    rows = [row for row in receipt.table if row.quantity.meaning != "Elasticity"]
    assert list(measured.table) == rows
    assert sorted(folder.rglob("*")) == before


def test_segmentation_and_source_are_found_in_one_study_folder(study):
    folder, receipt = study
    measured = dcs.measure(folder, source=folder, percentiles=(5, 25, 50))
    assert measured.source_series_uid == receipt.source_series_uid


def test_a_rejected_measurement_leaves_nothing(study, tmp_path):
    folder, _ = study
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TargetError):
        dcs.measure(folder / "seg", source=folder / "ct", out=tmp_path / "full")
    with pytest.raises(OptionError):
        dcs.measure(folder / "seg", source=folder / "ct", out=tmp_path / "new", percentiles=[101])
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "notes.txt"]


def test_a_report_that_reads_back_otherwise_is_not_published(study, tmp_path, monkeypatch):
    folder, _ = study
    real = dcs.measurements.table_of_report

    def without_last(instance):
        return dcs.MeasurementTable(real(instance).rows[:-1])

    monkeypatch.setattr("dicomseries.measurements.table_of_report", without_last)
    with pytest.raises(dcs.DicomSeriesError) as caught:
        dcs.measure(folder / "seg", source=folder / "ct", out=tmp_path / "report")
    assert caught.value.code == "report-differs"
    assert list(tmp_path.iterdir()) == []


def test_padding_is_left_out_of_statistics_and_said(tmp_path):
    values = ct_values()
    values[3, 4, 0] = -2000
    options = {"affine": OBLIQUE, "space": "LPS", "metadata": {"PixelPaddingValue": -2000}}
    dcs.write(values, tmp_path / "ct", kind="CT", **options)
    dcs.write(blobs(), tmp_path / "seg", kind="Segmentation", like=tmp_path / "ct")
    receipt = dcs.measure(tmp_path / "seg", source=tmp_path / "ct")
    inside = values[(blobs() == 2) & (values != -2000)]
    assert receipt.table.number("Segment 2", "Mean") == pytest.approx(inside.mean(), rel=1e-12)
    assert any("Segment 2 1 of 127" in text and "padding" in text for text in receipt.advice)


def test_a_source_without_unit_is_measured_without_unit_and_said(tmp_path):
    dcs.write(ct_values(), tmp_path / "mr", kind="MR", affine=OBLIQUE, space="LPS")
    dcs.write(blobs() == 1, tmp_path / "seg", kind="Segmentation", like=tmp_path / "mr")
    receipt = dcs.measure(tmp_path / "seg", source=tmp_path / "mr")
    assert {row.unit.value for row in receipt.table} == {"mm3", "1"}
    assert any("states no unit" in text for text in receipt.advice)
    known = dcs.measure(tmp_path / "seg", source=tmp_path / "mr", units="ms")
    assert {row.unit.value for row in known.table} == {"mm3", "ms"}
    assert not any("states no unit" in text for text in known.advice)


def test_a_unit_against_the_source_is_rejected(study):
    folder, _ = study
    for units in ("mg/ml", "HU"):
        with pytest.raises(OptionError) as caught:
            dcs.measure(folder / "seg", source=folder / "ct", units=units)
        assert caught.value.code == "units-not-ucum"


def test_a_parametric_map_is_measured_in_its_unit_with_nan_left_out(tmp_path):
    values = np.random.default_rng(5).normal(size=SHAPE).astype("float32")
    values[2, 1, 1] = np.nan
    options = {"affine": OBLIQUE, "space": "LPS", "values": "lossless", "units": "mm2/s"}
    dcs.write(values, tmp_path / "map", kind="ParametricMap", **options)
    dcs.write(blobs() == 1, tmp_path / "seg", kind="Segmentation", like=tmp_path / "map")
    receipt = dcs.measure(tmp_path / "seg", source=tmp_path / "map", out=tmp_path / "sr")
    inside = values[(blobs() == 1) & ~np.isnan(values)].astype(float)
    assert receipt.table.number("Segment 1", "Mean") == pytest.approx(inside.mean(), rel=1e-12)
    assert receipt.table.number("Segment 1", "Median") == np.float64(f"{np.median(inside):.15g}")
    assert receipt.table[1].unit.value == "mm2/s"
    assert any("NaN or infinite" in text for text in receipt.advice)


def test_a_segmentation_beyond_the_source_is_measured_inside_and_said(tmp_path):
    dcs.write(ct_values(), tmp_path / "ct", kind="CT", affine=OBLIQUE, space="LPS")
    part = dcs.read(tmp_path / "ct", slices=slice(0, 5))
    options = {"affine": part.grid.affine("LPS"), "space": "LPS"}
    uid = {"FrameOfReferenceUID": part.tags["FrameOfReferenceUID"]}
    dcs.write(part.array, tmp_path / "part", kind="CT", uid=uid, **options)
    dcs.write(blobs(), tmp_path / "seg", kind="Segmentation", like=tmp_path / "ct")
    receipt = dcs.measure(tmp_path / "seg", source=tmp_path / "part")
    inside = (blobs() == 2) & (np.arange(7)[:, None, None] < 5)
    assert receipt.table.number("Segment 2", "Mean") == pytest.approx(
        ct_values()[inside].mean(), rel=1e-12
    )
    text = " ".join(receipt.advice)
    assert f"Segment 2 {int((blobs() == 2).sum() - inside.sum())} of 127" in text
    assert "are not the same images" in text


def test_other_grids_and_spaces_are_rejected(study, tmp_path):
    folder, _ = study
    dcs.write(ct_values(), tmp_path / "elsewhere", kind="CT", affine=OBLIQUE, space="LPS")
    with pytest.raises(GeometryError) as caught:
        dcs.measure(folder / "seg", source=tmp_path / "elsewhere")
    assert caught.value.code == "space-differs"
    uid = {"FrameOfReferenceUID": dataset_of(folder / "seg").FrameOfReferenceUID}
    coarse = OBLIQUE @ np.diag([2, 2, 1, 1])
    dcs.write(ct_values(), tmp_path / "coarse", kind="CT", affine=coarse, space="LPS", uid=uid)
    with pytest.raises(GeometryError) as caught:
        dcs.measure(folder / "seg", source=tmp_path / "coarse")
    assert caught.value.code == "grids-differ"


def test_labels_of_another_grid_are_resampled_where_asked_and_keep_their_volume(study, tmp_path):
    folder, _ = study
    fine = OBLIQUE @ np.diag([0.5, 0.5, 0.5, 1])
    fine[:3, 3] = (OBLIQUE @ [-0.25, -0.25, -0.25, 1])[:3]
    labels = np.kron(blobs(), np.ones((2, 2, 2), "uint8"))
    uid = {"FrameOfReferenceUID": dataset_of(folder / "seg").FrameOfReferenceUID}
    options = {"affine": fine, "space": "LPS", "uid": uid, "segments": ["Liver", "Spleen"]}
    dcs.write(labels, tmp_path / "fine", kind="Segmentation", **options)
    receipt = dcs.measure(
        tmp_path / "fine", source=dcs.read(folder / "ct"), resample="nearest", out=tmp_path / "sr"
    )
    assert receipt.table.number("Liver", "Volume") == pytest.approx((blobs() == 1).sum() * 2.025)
    inside = ct_values()[blobs() == 2]
    assert receipt.table.number("Spleen", "Mean") == pytest.approx(inside.mean(), rel=1e-12)
    assert any("resampled by the nearest voxel" in text for text in receipt.advice)
    with pytest.raises(OptionError):
        dcs.measure(tmp_path / "fine", source=folder / "ct", resample="linear")


def test_a_series_that_is_no_segmentation_is_rejected(study):
    folder, _ = study
    with pytest.raises(ReadError) as caught:
        dcs.measure(folder / "ct", source=folder / "ct")
    assert caught.value.code == "not-a-segmentation"
    with pytest.raises(OptionError) as rejected:
        dcs.measure(folder / "seg", source=folder / "ct", threshold=0.5)
    assert rejected.value.code == "threshold-not-usable"


def test_one_volume_of_several_is_chosen_or_demanded(tmp_path):
    volumes = np.stack([ct_values(), ct_values() + 100])
    options = {"affine": OBLIQUE, "space": "LPS", "times": 2.0}
    dcs.write(volumes, tmp_path / "mr", kind="MR", axes="tzyx", **options)
    dcs.write(blobs() == 1, tmp_path / "seg", kind="Segmentation", like=tmp_path / "mr")
    with pytest.raises(OptionError) as caught:
        dcs.measure(tmp_path / "seg", source=tmp_path / "mr")
    assert caught.value.code == "time-point-outside"
    means = [
        dcs.measure(tmp_path / "seg", source=tmp_path / "mr", time_point=index).table.number(
            "Segment 1", "Mean"
        )
        for index in (0, 1)
    ]
    assert means[1] - means[0] == pytest.approx(100)


def test_labels_of_one_time_are_measured_in_the_images_of_that_time(tmp_path):
    volumes = np.stack([ct_values(), ct_values() + 100])
    options = {"affine": OBLIQUE, "space": "LPS", "times": 2.0, "axes": "tzyx"}
    dcs.write(volumes, tmp_path / "mr", kind="MR", **options)
    labels = np.stack([blobs() == 1, blobs() == 2])
    options = {"like": tmp_path / "mr", "axes": "tzyx", "split": "time"}
    dcs.write(labels, tmp_path / "seg", kind="Segmentation", **options)
    for index, number in enumerate((1, 2)):
        (path,) = (tmp_path / "seg" / f"time-{index + 1:04d}").glob("*.dcm")
        table = dcs.measure(path, source=tmp_path / "mr").table
        expected = volumes[index][blobs() == number].mean()
        assert table.number("Segment 1", "Mean") == pytest.approx(expected, rel=1e-12)


def test_numbers_need_no_highdicom_and_a_report_says_how_to_install_it(study, monkeypatch):
    folder, _ = study
    monkeypatch.setitem(sys.modules, "highdicom", None)
    assert dcs.measure(folder / "seg", source=folder / "ct").table.number("Liver", "Mean")
    with pytest.raises(MissingPackageError) as caught:
        dcs.measure(folder / "seg", source=folder / "ct", out=folder / "never")
    assert "pip install highdicom" in str(caught.value)
    assert not (folder / "never").exists()


def test_a_report_is_put_into_an_object_store_and_read_from_there(study):
    folder, _ = study
    url = "memory://measurements/report"
    receipt = dcs.measure(folder / "seg", source=folder / "ct", out=url)
    assert (receipt.out, receipt.verified) == (url, True)
    assert dcs.read_measurements(url).rows == receipt.table.rows


def test_a_file_that_is_no_report_is_rejected(study):
    folder, _ = study
    with pytest.raises(ReadError) as caught:
        dcs.read_measurements(folder / "ct")
    assert caught.value.code == "no-measurements"
    report = pydicom.data.get_testdata_file("reportsi.dcm")
    with pytest.raises(ReadError) as caught:
        dcs.read_measurements(report)
    assert caught.value.code == "no-measurements"


def with_gaps(folder, places):
    """Write slices of 1 at these places, and a segmentation of all of their voxels."""
    array = np.ones((len(places), 4, 5), "int16")
    dcs.write(array, folder / "ct", kind="CT", positions=places, spacing=(1, 1, 2.5), sync=False)
    labels = array.astype("uint8")
    dcs.write(labels, folder / "seg", kind="Segmentation", like=folder / "ct", sync=False)
    return folder / "seg", folder / "ct"


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
def test_uneven_slices_are_not_measured_as_even_ones_with_gaps(tmp_path):
    # Read alone, the segmentation has 2.5 mm thin slices, with nothing between those 5 mm apart.
    segmentation, source = with_gaps(tmp_path, [0, 2.5, 5, 7.5, 10, 15, 20, 25, 30])
    with pytest.raises(GeometryError) as caught:
        dcs.measure(segmentation, source=source)
    assert caught.value.code == "spacing-uneven"
    assert "even=" in caught.value.remedy


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
def test_missing_slices_are_named_beside_the_numbers(tmp_path):
    segmentation, source = with_gaps(tmp_path, [0, 2.5, 5, 10, 12.5, 15])
    receipt = dcs.measure(segmentation, source=source)
    assert receipt.table.number("Segment 1", "Volume") == 6 * 20 * 2.5
    assert "volumes are too small" in receipt.advice[0]
