"""Results of sources that break rules still belong to them."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

import dicomseries as dcs
from dicomseries.errors import OptionError

pytestmark = pytest.mark.filterwarnings("ignore")

ARRAY = np.random.default_rng(3).integers(0, 2000, (3, 7, 9)).astype("int16")


@pytest.fixture
def source(tmp_path):
    def made(**values):
        folder = tmp_path / "source"
        dcs.write(ARRAY, folder, kind="CT", spacing=(1, 1, 2), sync=False, uid="content")
        for path in folder.iterdir():
            dataset = pydicom.dcmread(path)
            for keyword, value in values.items():
                dataset[keyword] = pydicom.DataElement(
                    keyword, pydicom.datadict.dictionary_VR(keyword), value, validation_mode=0
                )
            with pydicom.config.disable_value_validation():
                dataset.save_as(path)
        return folder

    return made


def test_illegal_values_of_a_source_are_repaired_or_left_out_but_not_what_ties_the_result_to_it(
    source, tmp_path
):
    odd = {
        "StudyDate": "2024-01-01",
        "PatientSex": "N/A",
        "PatientID": "x" * 80,
        "StudyInstanceUID": "1.2.03",
    }
    receipt = dcs.write(ARRAY, tmp_path / "out", like=source(**odd), sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    kept = {"PatientID": "x" * 80, "StudyInstanceUID": "1.2.03"}
    assert {keyword: str(result[keyword].value) for keyword in odd} == {
        "StudyDate": "20240101",
        "PatientSex": "",
        **kept,
    }
    told = " ".join(receipt.advice)
    assert all(keyword in told for keyword in odd if keyword != "StudyInstanceUID")
    assert "1.2.03" in told


def test_illegal_values_of_the_user_are_rejected_beside_a_source_too(source, tmp_path):
    with pytest.raises(dcs.DicomSeriesError, match="StudyDate"):
        dcs.write(
            ARRAY, tmp_path / "out", like=source(), metadata={"StudyDate": "yesterday"}, sync=False
        )


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_a_source_without_a_uid_is_referred_to_by_its_instances(keyword, source, tmp_path):
    receipt = dcs.write(ARRAY, tmp_path / "out", like=source(**{keyword: ""}), sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert result.StudyInstanceUID
    assert result.SourceImageSequence[0].ReferencedSOPInstanceUID
    assert ("ReferencedSeriesSequence" in result) == (keyword == "StudyInstanceUID")
    assert any("in a new study" in one for one in receipt.advice) == (keyword == "StudyInstanceUID")


@pytest.mark.parametrize("name", ["rtdose.dcm", "SC_rgb_rle_2frame.dcm"])
def test_frames_without_functional_groups_are_a_source(name, tmp_path):
    path = get_testdata_file(name)
    shape = dcs.scan(path).series[0].grid.shape
    dcs.write(np.zeros(shape, "uint8"), tmp_path / "out", like=path, kind="SC", sync=False)
    second = pydicom.dcmread(tmp_path / "out" / "0002.dcm")
    if name == "SC_rgb_rle_2frame.dcm":  # its class has images of one frame
        assert "ReferencedFrameNumber" not in second.SourceImageSequence[0]
    else:
        assert second.SourceImageSequence[0].ReferencedFrameNumber == 2


def test_labels_of_labels_leave_to_the_segmentation_what_follows_from_labels(tmp_path):
    labels = (ARRAY > 900).astype("uint8")
    dcs.write(labels, tmp_path / "source", kind="Segmentation", spacing=(1, 1, 2), sync=False)
    dcs.write(labels, tmp_path / "out", like=tmp_path / "source", kind="Segmentation", sync=False)
    assert np.array_equal(dcs.read(tmp_path / "out").array, labels)


def test_a_model_name_too_long_for_dicom_is_rejected_before_anything_is_written(source, tmp_path):
    with pytest.raises(OptionError, match="64 characters"):
        dcs.write(ARRAY, tmp_path / "out", like=source(), model={"name": "Net " * 20}, sync=False)
    assert not (tmp_path / "out").exists()


def test_a_map_and_its_companion_both_come_from_the_source(source, tmp_path):
    out = tmp_path / "out"
    dcs.write(ARRAY / np.float32(7), out, like=source(), companion=True, sync=False)
    lossless, display = (next((out / name).rglob("*.dcm")) for name in ("map", "display"))
    of_map, of_display = pydicom.dcmread(lossless), pydicom.dcmread(display)
    assert of_map.StudyInstanceUID == of_display.StudyInstanceUID
    assert list(of_display.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    assert list(of_map.ImageType)[:2] == ["DERIVED", "PRIMARY"]


def test_labels_of_images_compressed_with_loss_say_so(source, tmp_path):
    lossy = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "10"}
    path = source(**lossy, LossyImageCompressionMethod="ISO_10918_1")
    dcs.write(ARRAY > 900, tmp_path / "out", like=path, kind="Segmentation", sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert {keyword: str(result[keyword].value) for keyword in lossy} == lossy


def test_what_only_an_original_or_a_mammogram_may_have_is_left_out_of_a_result(tmp_path):
    dcs.write(
        ARRAY,
        tmp_path / "mr",
        kind="EnhancedMR",
        spacing=(1, 1, 2),
        metadata={"ApplicableSafetyStandardAgency": "IEC"},
        sync=False,
    )
    path = tmp_path / "mr" / "0001.dcm"
    dataset = pydicom.dcmread(path)
    dataset.BulkMotionCompensationTechnique = "NONE"  # as Philips writes it
    view = pydicom.Dataset()
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = (
        "R-10242",
        "SRT",
        "cranio-caudal",
    )
    view.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [view]
    dataset.save_as(path)
    dcs.write(ARRAY, tmp_path / "out", like=tmp_path / "mr", sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert "BulkMotionCompensationTechnique" not in result
    assert not any(
        "ViewModifierCodeSequence" in item for item in result.get("ViewCodeSequence", [])
    )


def test_an_image_of_a_single_frame_class_is_named_without_a_frame_number(tmp_path):
    dcs.write(
        ARRAY.astype("uint16"), tmp_path / "sc", kind="MultiframeSC", spacing=(1, 1, 2), sync=False
    )
    path = tmp_path / "sc" / "0001.dcm"
    dataset = pydicom.dcmread(path)
    secondary_capture = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = secondary_capture
    dataset.save_as(path)
    dcs.write(ARRAY, tmp_path / "out", like=tmp_path / "sc", kind="SC", sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert len(result.SourceImageSequence) == 1
    assert "ReferencedFrameNumber" not in result.SourceImageSequence[0]


def test_the_side_of_an_image_is_not_left_open_for_its_series(source, tmp_path):
    folder = source(ImageLaterality="L")
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        del dataset.Laterality
        dataset.save_as(path)
    dcs.write(ARRAY, tmp_path / "out", like=folder, kind="SC", sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert result.ImageLaterality == "L"
    assert "Laterality" not in result


def test_a_frame_time_of_pet_without_a_moment_to_count_from_is_left_out(tmp_path):
    dcs.write(
        ARRAY,
        tmp_path / "pt",
        kind="PT",
        spacing=(1, 1, 2),
        metadata={"Units": "BQML", "DecayCorrection": "NONE"},
        sync=False,
    )
    for path in (tmp_path / "pt").iterdir():
        dataset = pydicom.dcmread(path)
        del dataset.SeriesDate, dataset.SeriesTime
        dataset.AcquisitionDate, dataset.AcquisitionTime = "20170101", "120101"
        dataset.FrameReferenceTime, dataset.ActualFrameDuration = "1092000", "180000"
        dataset.save_as(path)
    receipt = dcs.write(ARRAY, tmp_path / "out", like=tmp_path / "pt", sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert (result.SeriesTime, float(result.FrameReferenceTime)) == ("120101", 0)
    assert any("FrameReferenceTime" in text for text in receipt.advice)


def test_echoes_over_time_are_a_source_whose_times_need_not_rise(tmp_path):
    array = np.concatenate([ARRAY, ARRAY + 1, ARRAY + 2, ARRAY + 3]).reshape(4, 3, 7, 9)
    metadata = {"RepetitionTime": 2000}
    folder = tmp_path / "mr"
    dcs.write(
        array, folder, kind="MR", spacing=(1, 1, 2), axes="tzyx", metadata=metadata, sync=False
    )
    for at, path in enumerate(sorted(folder.iterdir())):
        time, echo = divmod(at // 3, 2)  # echo by echo within each time, as scanners number them
        dataset = pydicom.dcmread(path)
        dataset.EchoNumbers, dataset.EchoTime = echo + 1, (20, 38)[echo]
        dataset.AcquisitionDate = "20240229"
        dataset.AcquisitionTime = f"12000{2 * time}.{257 + 18 * echo:03d}"
        dataset.AcquisitionNumber = time + 1
        for keyword in ("TemporalPositionIdentifier", "NumberOfTemporalPositions"):
            if keyword in dataset:
                del dataset[keyword]
        dataset.save_as(path)
    source = dcs.read(folder)
    derived = source.derive(np.asarray(source), description="Same")
    derived.write(tmp_path / "out")
    assert np.array_equal(np.asarray(dcs.read(tmp_path / "out")), np.asarray(source))
