"""Modality LUTs, palettes and inverted images: pydicom's values, and notes of what was done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.uid import ExplicitVRBigEndian

import dicomseries as dcs
from dicomseries.errors import ReadError
from judges.known import write_known_series

pytestmark = pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")

STORED = (np.arange(6 * 20, dtype="int16").reshape(6, 4, 5) * 7 - 300).astype("int16")


def modality_item(first: int, entries: np.ndarray, *, signed: bool = True) -> Dataset:
    """Return a Modality LUT of 16-bit entries."""
    item = Dataset()
    vr = "SS" if signed else "US"
    item.add_new("LUTDescriptor", vr, [len(entries), first, 16])
    item.ModalityLUTType = "US"
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return item


def with_table(folder: Path, make) -> Path:
    def change(at, dataset):
        del dataset.RescaleSlope, dataset.RescaleIntercept
        dataset.ModalityLUTSequence = [make(at)]

    return write_known_series(folder, STORED, change=change)


def by_pydicom(folder: Path) -> np.ndarray:
    """Return the values of pydicom in the order of the array, which is that of InstanceNumber."""
    datasets = sorted(
        map(dcmread, folder.glob("*.dcm")), key=lambda dataset: dataset.InstanceNumber
    )
    return np.stack([apply_modality_lut(dataset.pixel_array, dataset) for dataset in datasets])


def test_a_modality_lut_gives_the_values_of_pydicom(tmp_path):
    entries = np.arange(200) ** 2 + 7
    folder = with_table(tmp_path, lambda _: modality_item(-100, entries))
    volume = dcs.read(folder)
    expected = by_pydicom(folder)
    assert volume.array.dtype == "uint16"
    assert sorted(map(bytes, volume.array)) == sorted(map(bytes, expected.astype("uint16")))
    ends = volume.array.min(), volume.array.max()
    assert ends == (7, 199**2 + 7)  # values outside of the table have its first and last entry
    assert any("Modality LUT" in note for note in volume.notes)
    assert np.array_equal(dcs.read(folder, slices=slice(2, 5)).array, volume.array[2:5])
    assert np.array_equal(dcs.read(folder, lazy=True).array[3:4], volume.array[3:4])


def test_slices_have_their_own_modality_luts(tmp_path):
    folder = with_table(tmp_path, lambda at: modality_item(-400, np.arange(900) * (at + 1)))
    found = dcs.read(folder).array
    assert sorted(map(bytes, found)) == sorted(map(bytes, by_pydicom(folder).astype("uint16")))


def test_stored_values_before_a_modality_lut_say_so(tmp_path):
    folder = with_table(tmp_path, lambda _: modality_item(-100, np.arange(200)))
    volume = dcs.read(folder, values="stored")
    assert np.array_equal(np.sort(volume.array, axis=None), np.sort(STORED, axis=None))
    assert any("before the Modality LUT" in note for note in volume.notes)


def test_an_item_without_a_table_is_no_modality_lut(tmp_path):
    def change(_, dataset):
        dataset.ModalityLUTSequence = [Dataset()]

    folder = write_known_series(tmp_path / "a", STORED, slope=2.0, change=change)
    plain = write_known_series(tmp_path / "plain", STORED, slope=2.0)
    assert np.array_equal(dcs.read(folder).array, dcs.read(plain).array)


def test_a_damaged_modality_lut_is_named(tmp_path):
    def broken(_):
        item = modality_item(0, np.arange(9))
        del item.LUTDescriptor
        return item

    folder = with_table(tmp_path, broken)
    with pytest.raises(ReadError, match="lookup table that cannot be applied") as caught:
        dcs.read(folder)
    assert caught.value.code == "lookup-table-unusable"


def with_palette(path: Path, bits: int) -> Path:
    """Write two frames of indices with a palette that begins at 10, of `bits` an entry."""
    dataset = dcmread(get_testdata_file("examples_palette.dcm"))
    indices = (np.arange(2 * 12 * 15) % 251).astype("uint8").reshape(2, 12, 15)
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 12, 15, 2
    dataset.PixelData = indices.tobytes()
    for factor, colour in enumerate(("Red", "Green", "Blue"), 1):
        entries = (np.arange(200) * factor * 257 % (1 << 16)).astype("<u2")
        if bits == 8:
            entries = (entries >> 8).astype("u1")
        keyword = f"{colour}PaletteColorLookupTable"
        setattr(dataset, f"{keyword}Descriptor", [200, 10, bits])
        setattr(dataset, f"{keyword}Data", entries.tobytes())
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("bits", [0, 8, 16], ids=["of pydicom", "8 bits", "16 bits"])
def test_palette_colours_are_those_of_pydicom(bits, tmp_path):
    path = Path(get_testdata_file("examples_palette.dcm"))
    if bits:
        path = with_palette(tmp_path / "a.dcm", bits)
    dataset = dcmread(path)
    expected = apply_color_lut(dataset.pixel_array, dataset)
    if expected.dtype == np.uint16:
        expected = (expected >> 8).astype("uint8")
    volume = dcs.read(path)
    assert np.array_equal(volume.array.reshape(expected.shape), expected)
    assert volume.array.dtype == "uint8"
    assert volume.samples == 3
    assert any("palette of the file" in note for note in volume.notes)
    indices = dcs.read(path, values="stored")
    assert np.array_equal(indices.array.reshape(dataset.pixel_array.shape), dataset.pixel_array)
    assert any("indices into the palette" in note for note in indices.notes)


def test_colours_of_a_palette_are_saved_as_colours(tmp_path):
    volume = dcs.read(get_testdata_file("examples_palette.dcm"))
    volume.save(tmp_path / "a.nrrd")
    saved = SimpleITK.ReadImage(tmp_path / "a.nrrd")
    assert np.array_equal(SimpleITK.GetArrayFromImage(saved), volume.array)


def test_inverted_values_are_kept_and_noted(tmp_path):
    def change(_, dataset):
        dataset.PhotometricInterpretation = "MONOCHROME1"

    volume = dcs.read(write_known_series(tmp_path / "a", STORED, change=change))
    plain = dcs.read(write_known_series(tmp_path / "plain", STORED))
    assert np.array_equal(volume.array, plain.array)
    assert any("MONOCHROME1" in note for note in volume.notes)
    assert not any("MONOCHROME1" in note for note in plain.notes)


def test_converted_colours_are_noted():
    volume = dcs.read(get_testdata_file("examples_ybr_color.dcm"), lazy=True)
    assert "The colours are converted from YBR_FULL_422 to RGB." in volume.notes


@pytest.mark.parametrize("name", ["palette", "Modality LUT"])
def test_tables_of_a_big_endian_file_are_those_of_its_little_endian_copy(name, tmp_path):
    if name == "palette":
        dataset = dcmread(get_testdata_file("examples_palette.dcm"))
    else:
        folder = with_table(tmp_path / "lut", lambda _: modality_item(-100, np.arange(200) ** 2))
        dataset = dcmread(folder / "0002.dcm")
    little, big = tmp_path / "little.dcm", tmp_path / "big.dcm"
    dataset.save_as(little)
    expected = np.asarray(dcs.read(little))
    if name == "palette":
        for colour in ("Red", "Green", "Blue"):
            element = dataset[f"{colour}PaletteColorLookupTableData"]
            element.value = np.frombuffer(element.value, "<u2").astype(">u2").tobytes()
        dataset["PixelData"].VR = "OB"
    else:
        entries = dataset.ModalityLUTSequence[0]["LUTData"]
        entries.value = np.frombuffer(entries.value, "<u2").astype(">u2").tobytes()
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    dcmwrite(big, dataset, implicit_vr=False, little_endian=False, force_encoding=True)
    assert expected.any()
    assert np.array_equal(np.asarray(dcs.read(big)), expected)


@pytest.mark.parametrize(("largest", "is_noted"), [(4022, True), (255, False)])
def test_entries_that_need_more_than_the_stated_8_bits_are_read_as_words(
    tmp_path, largest, is_noted
):
    entries = np.linspace(80, largest, 300).astype(int)

    def narrow(_):
        item = modality_item(-300, entries)
        item.LUTDescriptor[2] = 8
        return item

    folder = with_table(tmp_path, narrow)
    volume = dcs.read(folder)
    index = np.clip(dcs.read(folder, values="stored").array.astype(int) + 300, 0, 299)
    assert np.array_equal(volume.array, entries[index])
    assert any("states 8 bits" in note for note in volume.notes) == is_noted
