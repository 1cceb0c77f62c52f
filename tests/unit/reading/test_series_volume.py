"""`read`: values, grid and attributes of the files."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from dicomseries.errors import DicomSeriesWarning, OptionError, ReadError
from dicomseries.reading import read, scan, tags, volume_of
from dicomseries.reading.parse.instance import Instance
from judges.known import OBLIQUE, write_known_series

STORED = np.arange(120, dtype="int16").reshape(6, 4, 5) * 11 - 600


def test_stored_values_and_grid_come_back(tmp_path):
    volume = read(write_known_series(tmp_path, STORED))
    assert volume.array.dtype == np.int16
    assert np.array_equal(volume.array, STORED)
    assert np.allclose(volume.grid.affine(), OBLIQUE, atol=1e-9)
    assert np.array_equal(volume.slabs.read(2, 4), STORED[2:4])
    assert (volume.slope, volume.intercept, volume.slabs.depth) == (1.0, 0.0, 1)


@pytest.mark.parametrize(
    ("dtype", "slope", "intercept", "expected"),
    [
        ("int16", 1.0, 0.0, "int16"),
        ("uint16", 1.0, 0.0, "uint16"),
        ("uint16", 1.0, -1024.0, "int32"),
        ("int16", 2.0, 0.0, "int32"),
        ("int16", 1.0, 1e12, "int64"),
        ("int16", -1.0, 0.0, "int32"),
        ("int16", 1e30, 0.0, "float64"),
        ("int16", 0.5, 0.0, "float64"),
        ("int16", 1.0, 0.5, "float64"),
    ],
)
def test_real_values_are_integers_where_slope_and_intercept_are_whole(
    tmp_path, dtype, slope, intercept, expected
):
    stored = STORED.view(dtype)
    volume = read(write_known_series(tmp_path, stored, slope=slope, intercept=intercept))
    assert volume.slabs.dtype == expected
    assert np.array_equal(volume.array, stored.astype("f8") * slope + intercept)


def test_twelve_bits_stored_need_no_wider_integers(tmp_path):
    def twelve(_, dataset):
        dataset.BitsStored, dataset.HighBit = 12, 11

    stored = np.arange(120, dtype="uint16").reshape(6, 4, 5) * 34
    volume = read(write_known_series(tmp_path, stored, intercept=-1024.0, change=twelve))
    assert volume.slabs.dtype == "int16"
    assert np.array_equal(volume.array, stored.astype("i4") - 1024)


def test_bits_above_bits_stored_are_replaced_by_the_sign(tmp_path):
    def twelve(_, dataset):
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.PixelData = (
            (np.frombuffer(dataset.PixelData, "<u2") & 0xFFF | 0x5000).astype("<u2").tobytes()
        )

    assert np.array_equal(read(write_known_series(tmp_path, STORED, change=twelve)).array, STORED)


def test_each_slice_has_a_slope(tmp_path):
    def scaled(at, dataset):
        dataset.RescaleSlope = f"{at + 0.5}"

    folder = write_known_series(tmp_path, STORED, change=scaled)
    assert np.array_equal(read(folder).array, STORED * (np.arange(6) + 0.5)[:, None, None])
    with pytest.raises(ReadError) as caught:
        read(folder, values="stored")
    assert caught.value.code == "rescale-differs"


def test_stored_values_carry_what_they_mean(tmp_path):
    volume = read(write_known_series(tmp_path, STORED, slope=0.25, intercept=-3.0), values="stored")
    assert np.array_equal(volume.array, STORED)
    assert (volume.slope, volume.intercept) == (0.25, -3.0)


@pytest.mark.parametrize("slope", ["0", "", "nan"])
@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
def test_a_rescale_that_is_none_is_rejected(tmp_path, slope):
    folder = write_known_series(
        tmp_path, STORED, change=lambda _, ds: ds.add_new("RescaleSlope", "DS", slope)
    )
    with pytest.raises(ReadError) as caught:
        read(folder)
    assert caught.value.code == "rescale-unusable"


def test_values_is_real_or_stored(tmp_path):
    with pytest.raises(OptionError, match="'real' or 'stored'"):
        read(write_known_series(tmp_path, STORED), values="hu")


@pytest.mark.parametrize("planar", [0, 1])
def test_colour_has_a_last_axis_of_three(tmp_path, planar, rng):
    colour = rng.integers(0, 255, (6, 4, 5, 3)).astype("uint8")

    def coloured(at, dataset):
        frame = colour[at] if planar == 0 else colour[at].transpose(2, 0, 1)
        dataset.PixelData, dataset.PlanarConfiguration = frame.tobytes(), planar
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
            8,
            8,
            7,
            0,
        )
        del dataset.RescaleSlope, dataset.RescaleIntercept

    volume = read(write_known_series(tmp_path, STORED, change=coloured))
    assert volume.samples == 3
    assert np.array_equal(volume.array, colour)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_other_transfer_syntaxes_give_the_same(tmp_path, syntax):
    def transcoded(_, dataset):
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
            dataset["PixelData"].VR = "OW"
        if syntax == RLELossless:
            dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
            dataset.compress(RLELossless, generate_instance_uid=False)

    volume = read(write_known_series(tmp_path, STORED, change=transcoded))
    assert volume.array.dtype == np.int16
    assert np.array_equal(volume.array, STORED)
    assert volume.tags.shared["PatientName"] == "Known^Series"


def test_a_warning_is_given_for_what_is_read_all_the_same(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    (folder / "broken.dcm").write_bytes((folder / "0001.dcm").read_bytes()[:400])
    with pytest.warns(DicomSeriesWarning, match="Copy or export the file again"):
        volume = read(folder)
    assert np.array_equal(volume.array, STORED)


def lazy(folder):
    """The volume as `read` makes it, before its voxels are read."""
    (series,) = scan(folder).series
    return volume_of(series, series.grid, is_real=True)


def test_a_file_cut_after_it_was_scanned_is_a_read_error(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    volume = lazy(folder)
    assert np.array_equal(volume.slabs.read(2, 4), STORED[2:4])
    path = folder / "0003.dcm"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ReadError) as caught:
        volume.slabs.read(0, 6)
    assert caught.value.code == "file-truncated"
    path.unlink()
    with pytest.raises(ReadError) as caught:
        volume.slabs.read(0, 6)
    assert caught.value.code == "file-unreadable"


def with_private(at: int, dataset: Dataset) -> None:
    block = dataset.private_block(0x0029, "SOME MAKER", create=True)
    block.add_new(0x01, "LO", f"secret {at}")
    block.add_new(0x02, "DS", "1.5")
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "113087", "DCM", "Smoothing"
    item.private_block(0x0031, "INNER", create=True).add_new(0x07, "SH", "x")
    dataset.DerivationCodeSequence = Sequence([item])


def test_tags_are_shared_or_per_instance_and_private_ones_are_there(tmp_path):
    found = read(write_known_series(tmp_path, STORED, change=with_private)).tags
    assert found.shared["PatientName"] == "Known^Series"
    assert found.shared["PixelSpacing"] == pytest.approx([0.7, 0.9])
    assert found.shared["KVP"] == ""
    assert found.shared["Rows"] == 4
    assert found.shared["(0029,1002) SOME MAKER"] == 1.5
    assert found.shared["DerivationCodeSequence"] == [
        {
            "CodeValue": "113087",
            "CodingSchemeDesignator": "DCM",
            "CodeMeaning": "Smoothing",
            "(0031,0010)": "INNER",
            "(0031,1007) INNER": "x",
        }
    ]
    assert [one["InstanceNumber"] for one in found.instances] == [1, 2, 3, 4, 5, 6]
    assert found.instances[4]["(0029,1001) SOME MAKER"] == "secret 4"
    assert "ImagePositionPatient" not in found.shared
    assert "PatientName" not in found.instances[0]


def test_tags_of_a_file_and_of_a_folder(tmp_path):
    folder = write_known_series(tmp_path, STORED, change=with_private)
    one = tags(folder / "0002.dcm")
    assert one["InstanceNumber"] == 2
    assert one["(0029,1001) SOME MAKER"] == "secret 1"
    assert list(one)[:2] == ["FileMetaInformationGroupLength", "FileMetaInformationVersion"]
    whole = tags(folder)
    assert whole["InstanceNumber"] == (1, 2, 3, 4, 5, 6)
    assert whole["Modality"] == "CT"
    assert "PixelData" not in whole


def test_values_of_an_instance_are_decoded_on_demand(tmp_path):
    instance = scan(write_known_series(tmp_path, STORED)).series[0].instances[0]
    assert isinstance(instance, Instance)
    assert instance.value("PatientName") == "Known^Series"
    assert instance.value("PatientWeight") is None
    assert instance.dataset().ImageType == ["DERIVED", "SECONDARY", "AXIAL"]
    assert instance.texts("ImageType") == ("DERIVED", "SECONDARY", "AXIAL")
    assert instance.numbers("WindowWidth") == (1000.0,)
    with pytest.raises(ValueError, match="NoSuchKeyword"):
        instance.raw("NoSuchKeyword")


def test_each_overlay_keeps_its_name(tmp_path):
    def overlaid(_, dataset):
        dataset.add_new(0x60000010, "US", 4)
        dataset.add_new(0x60020010, "US", 5)

    found = tags(write_known_series(tmp_path, STORED, change=overlaid))
    assert (found["(6000,0010) OverlayRows"], found["(6002,0010) OverlayRows"]) == (4, 5)


def test_a_series_whose_slices_name_other_studies_is_read_with_a_warning(tmp_path):
    def rename(index, dataset):
        dataset.StudyInstanceUID = f"1.2.3.{index}"

    folder = write_known_series(tmp_path, STORED, change=rename)
    with pytest.warns(DicomSeriesWarning, match="studies"):
        volume = read(folder)
    assert np.array_equal(volume.array, STORED)
