"""Measurement reports in validators, dcmqi and OHIF, and reports of others read by us."""

from __future__ import annotations

import json
import subprocess
from importlib.util import find_spec
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from highdicom import sr
from pydicom.sr.codedict import codes

import dicomseries as dcs
from judges import dcentvfy, dciodvfy, validators
from judges.presence import absent

OBLIQUE = np.array(
    [[0.54, 0, 2.0, -12.34567], [0, -0.9, 0, 3.5], [0.72, 0, -1.5, 4], [0, 0, 0, 1.0]]
)
"""From (column, row, slice) to LPS mm: 0.9 × 0.9 × 2.5 mm, turned, slices along the normal."""
SHAPE = (7, 9, 11)
NOT_KNOWN_IN_2022 = "Information Object Not found"
FORMS = ("binary", "labelmap", "overlapping", "fractional")


def masks():
    first, second = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    first[2:4, 1:3, 1:6], second[3:6, 2:, 2:] = True, True
    return {"Kidney Right": first, "Liver": second}


def values():
    return np.random.default_rng(3).integers(-1000, 1500, SHAPE).astype("int16")


def written(folder, form):
    """Write a Segmentation of this form and its report; return the receipt."""
    labels = {**masks()}
    options = {}
    if form in {"binary", "labelmap"}:
        labels["Kidney Right"] &= ~labels["Liver"]
        options["segmentation_type"] = form
    if form == "fractional":
        labels = {name: mask * np.float32(0.75) for name, mask in labels.items()}
        options["segmentation_type"] = form
    dcs.write(labels, folder / form, kind="Segmentation", like=folder / "ct", **options)
    return dcs.measure(
        folder / form,
        source=folder / "ct",
        out=folder / f"report of {form}",
        threshold=0.5 if form == "fractional" else None,
        percentiles=(2.5, 50),
        numbers={"Liver": {"Elasticity": (3.2, "kPa"), "Wobble": (1e-30, "1")}},
        model={"name": "LesionNet"},
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with a CT, Segmentations of all forms, and a report of each."""
    folder = tmp_path_factory.mktemp("study")
    metadata = {"PatientName": "Doe^Jané", "PatientID": "42", "RescaleType": "HU"}
    dcs.write(values(), folder / "ct", kind="CT", affine=OBLIQUE, space="LPS", metadata=metadata)
    return folder, {form: written(folder, form) for form in FORMS}


def report_of(folder, form):
    return folder / f"report of {form}" / "0001.dcm"


@pytest.mark.parametrize("program", validators)
def test_the_validators_find_no_error_in_a_report_and_its_study(study, program):
    folder, _ = study
    for form in FORMS:
        verdict = dciodvfy(report_of(folder, form), program=program)
        assert verdict.errors == ()
        assert all("99DICOMSERIES" in line for line in verdict.warnings)
    paths = list(folder.rglob("*.dcm"))
    if program == "debian":  # its release is older than Label Map Segmentation Storage
        paths = [path for path in paths if "labelmap" not in str(path)]
    assert dcentvfy(paths, program=program).errors == ()


def test_our_check_finds_nothing_in_a_report_and_says_what_it_has_not_checked(study):
    folder, _ = study
    for form in ("binary", "labelmap"):
        findings = dcs.check(report_of(folder, form))
        assert list(findings) == []
    assert any("pixels and geometry" in text for text in findings.not_checked)
    assert "dcentvfy" in findings.checked


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_segmentation_gives_the_numbers_of_its_masks(study, form):
    _, receipts = study
    expected = masks()
    if form in {"binary", "labelmap"}:
        expected["Kidney Right"] &= ~expected["Liver"]
    for label, mask in expected.items():
        inside = values()[mask]
        numbers = {
            "Volume": mask.sum() * 0.9 * 0.9 * 2.5,
            "Mean": inside.mean(),
            "Standard Deviation": inside.std(),
            "Median": np.median(inside),
            "2.5th percentile": np.percentile(inside, 2.5),
        }
        for name, number in numbers.items():
            assert receipts[form].table.number(label, name) == pytest.approx(number, rel=1e-12)


def dcmqi_program(name):
    if find_spec("dcmqi") is None:
        absent("dcmqi", "run `make check`, which installs it")
    import dcmqi

    return Path(dcmqi.__file__).parent / "bin" / name


@pytest.mark.parametrize("form", FORMS)
def test_dcmqi_reads_every_number_of_a_report(study, form, tmp_path):
    folder, receipts = study
    out = tmp_path / "seen.json"
    subprocess.run(
        [
            dcmqi_program("tid1500reader"),
            "--inputDICOM",
            report_of(folder, form),
            "--outputMetadata",
            out,
        ],
        check=True,
        capture_output=True,
    )
    seen = []
    for group in json.loads(out.read_text(encoding="utf-8"))["Measurements"]:
        for item in group["measurementItems"]:
            statistic = item.get("derivationModifier", {}).get("CodeValue")
            seen.append(
                (
                    group["ReferencedSegment"],
                    group["TrackingIdentifier"],
                    group["Finding"]["CodeValue"],
                    item["quantity"]["CodeValue"],
                    statistic,
                    item["value"],
                    item["units"]["CodeValue"],
                )
            )
    rows = receipts[form].table
    assert seen == [
        (
            row.segment,
            row.label,
            row.finding.value,
            row.quantity.value,
            None if row.statistic is None else row.statistic.value,
            row.value,
            row.unit.value,
        )
        for row in rows
    ]
    assert {row.laterality.meaning for row in rows if row.laterality} == {"Right"}


def test_a_report_that_dcmqi_wrote_reads_as_a_table(study, tmp_path):
    folder, _ = study
    seg = next((folder / "binary").glob("*.dcm"))
    segmentation = pydicom.dcmread(seg, stop_before_pixels=True)

    def code(value, scheme, meaning):
        return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}

    group = {
        "TrackingIdentifier": "Lesion 1",
        "ReferencedSegment": 2,
        "SourceSeriesForImageSegmentation": str(
            segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID
        ),
        "segmentationSOPInstanceUID": str(segmentation.SOPInstanceUID),
        "Finding": code("10200004", "SCT", "Liver"),
        "FindingSite": code("10200004", "SCT", "Liver"),
        "measurementItems": [
            {
                "value": "37.3289",
                "quantity": code("112031", "DCM", "Attenuation Coefficient"),
                "units": code("[hnsf'U]", "UCUM", "Hounsfield unit"),
                "derivationModifier": code("373098007", "SCT", "Mean"),
            }
        ],
    }
    report = {
        "@schema": "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/schemas/"
        "sr-tid1500-schema.json#",
        "SeriesDescription": "Measurements",
        "SeriesNumber": "1001",
        "InstanceNumber": "1",
        "compositeContext": [seg.name],
        "imageLibrary": ["0001.dcm"],
        "observerContext": {
            "ObserverType": "PERSON",
            "PersonObserverName": "Reader^One",
        },
        "VerificationFlag": "UNVERIFIED",
        "CompletionFlag": "COMPLETE",
        "activitySession": "1",
        "timePoint": "1",
        "Measurements": [group],
    }
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    subprocess.run(
        [
            dcmqi_program("tid1500writer"),
            "--inputImageLibraryDirectory",
            folder / "ct",
            "--inputCompositeContextDirectory",
            folder / "binary",
            "--inputMetadata",
            tmp_path / "report.json",
            "--outputDICOM",
            tmp_path / "report.dcm",
        ],
        check=True,
        capture_output=True,
    )
    (row,) = dcs.read_measurements(tmp_path / "report.dcm")
    assert (row.segment, row.label, row.value, row.unit.value) == (
        2,
        "Lesion 1",
        "37.3289",
        "[hnsf'U]",
    )
    names = row.finding.meaning, row.site.meaning, row.quantity.value, row.statistic.meaning
    assert names == ("Liver", "Liver", "112031", "Mean")


@pytest.mark.parametrize("document", [sr.EnhancedSR, sr.ComprehensiveSR, sr.Comprehensive3DSR])
def test_planar_and_other_groups_of_highdicom_read_as_a_table(study, tmp_path, document):
    folder, _ = study
    image = pydicom.dcmread(folder / "ct" / "0003.dcm")
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE,
        graphic_data=np.array([[1.0, 1.0], [1.0, 3.0], [3.0, 3.0], [1.0, 1.0]]),
        source_image=sr.SourceImageForRegion.from_source_image(image),
    )
    groups = [
        sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(uid=hd.UID(), identifier="Plane"),
            referenced_region=region,
            finding_type=codes.SCT.Liver,
            finding_sites=[sr.FindingSite(codes.SCT.Liver, laterality=codes.SCT.Left)],
            measurements=[sr.Measurement(codes.SCT.Area, 1.75, codes.UCUM.SquareMillimeter)],
        ),
        sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(uid=hd.UID(), identifier="Free"),
            source_images=[sr.SourceImageForMeasurementGroup.from_source_image(image)],
            measurements=[
                sr.Measurement(
                    codes.SCT.Length,
                    -2.0,
                    codes.UCUM.Millimeter,
                    finding_sites=[sr.FindingSite(codes.SCT.Spleen)],
                )
            ],
        ),
    ]
    observer = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(uid=hd.UID()),
    )
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=groups[document is sr.EnhancedSR :],
    )
    document(
        evidence=[image],
        content=report,
        series_instance_uid=hd.UID(),
        series_number=1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="ACME",
    ).save_as(tmp_path / "report.dcm")
    rows = list(dcs.read_measurements(tmp_path / "report.dcm"))
    assert (rows[-1].label, rows[-1].site.meaning, rows[-1].number) == ("Free", "Spleen", -2.0)
    if document is not sr.EnhancedSR:
        first = rows[0]
        assert (first.label, first.finding.meaning, first.number) == ("Plane", "Liver", 1.75)
        assert (first.site.meaning, first.laterality.meaning) == ("Liver", "Left")
        assert (first.unit.value, first.segment) == ("mm2", None)
