"""Promises about Siemens mosaics and UIH grids: all slices of a volume in one image."""

from __future__ import annotations

import gzip
import io
import struct
import warnings

import numpy as np
import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

import data_packages
from dicomseries.checks import check
from dicomseries.errors import DicomSeriesWarning, ReadError
from dicomseries.reading import open_volume, read, scan, slice_times_s
from dicomseries.reading.mosaics import mosaic_slabs
from dicomseries.reading.mosaics.mosaic_tiles import Tiles
from dicomseries.reading.mosaics.slice_times import times_of_slices
from dicomseries.reading.parse.csa_header import csa_fields, csa_numbers
from dicomseries.reading.parse.parser import ParseError
from judges.mosaics import MOSAIC_AFFINE, csa1, csa2, grid_dataset, mosaic_dataset, write_mosaics

VOLUMES, SLICES, ROWS, COLUMNS = 3, 5, 4, 6
STORED = np.random.default_rng(15).integers(1, 4000, (VOLUMES, SLICES, ROWS, COLUMNS), "uint16")

DWI_0 = data_packages.Image(
    package="nibabel",
    path="nicom/tests/data/siemens_dwi_0.dcm.gz",
    sha256="7c975af34969263e438b21ec2816731f5705f9d38ace4bdb03357d5c781f3259",
)
DWI_1000 = data_packages.Image(
    package="nibabel",
    path="nicom/tests/data/siemens_dwi_1000.dcm.gz",
    sha256="e8dda69a76285f65b647eb83fd83e37b53b0b796670bf0678519cbb424a3c437",
)


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("header", [csa1, csa2])
def test_tiles_become_slices_along_the_normal(tmp_path, is_reversed, header):
    folder = write_mosaics(tmp_path, STORED, is_reversed=is_reversed, header=header)
    (series,) = scan(folder).series
    assert (series.volumes, series.rows, series.columns, series.frames) == (3, ROWS, COLUMNS, 15)
    assert series.problems == ()
    volume = read(folder)
    np.testing.assert_array_equal(volume.array, STORED)
    np.testing.assert_allclose(volume.grid.affine(), MOSAIC_AFFINE, atol=1e-6)
    assert volume.times_s == (0.0, 3.0, 6.0)
    assert [path.name for path in series.paths] == ["7.dcm", "6.dcm", "5.dcm"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 9, 10, 16])
def test_every_number_of_slices_is_divided_as_the_scanner_does(tmp_path, count):
    stored = np.arange(count * 12, dtype="uint16").reshape(1, count, 3, 4)
    volume = read(write_mosaics(tmp_path, stored))
    np.testing.assert_array_equal(volume.array, stored[0])
    np.testing.assert_allclose(volume.grid.affine(), MOSAIC_AFFINE, atol=1e-6)


def test_nibabel_sees_the_same_volume(tmp_path):
    wrappers = pytest.importorskip("nibabel.nicom.dicomwrappers")
    for is_reversed in (False, True):
        path = write_mosaics(tmp_path / str(is_reversed), STORED[:1], is_reversed=is_reversed)
        _assert_like_nibabel(wrappers.wrapper_from_file(path / "7.dcm"), read(path))


@pytest.mark.parametrize("image", [DWI_0, DWI_1000])
def test_a_scanner_s_mosaic_is_read_as_nibabel_reads_it(tmp_path, image):
    wrappers = pytest.importorskip("nibabel.nicom.dicomwrappers")
    content = gzip.decompress(data_packages.find(image).read_bytes())
    path = tmp_path / "dwi.dcm"
    path.write_bytes(content)
    volume = read(path)
    assert volume.grid.shape == (48, 128, 128)
    _assert_like_nibabel(wrappers.wrapper_from_data(pydicom.dcmread(io.BytesIO(content))), volume)
    b_value = volume.tags["DiffusionBValue"]
    assert b_value == (1000.0 if image is DWI_1000 else 0.0)
    if b_value:
        assert volume.tags["DiffusionGradientOrientation"] == [0.99997449, 0.00505012, -0.00505012]
    times = volume.tags["MosaicRefAcqTimes"]
    assert len(times) == 48
    assert max(times) == pytest.approx(6488.75, abs=1.3)


def _assert_like_nibabel(wrapper, volume):
    """Compare voxels and places: nibabel keeps the order of the tiles."""
    theirs = np.transpose(wrapper.get_unscaled_data(), (2, 0, 1))
    affine = wrapper.affine[:, [1, 0, 2, 3]]  # nibabel's first axis counts rows
    if affine[:3, 2] @ volume.grid.affine()[:3, 2] < 0:
        theirs = theirs[::-1]
        affine[:3, 3] += affine[:3, 2] * (len(theirs) - 1)
        affine[:3, 2] *= -1
    np.testing.assert_array_equal(volume.array, theirs)
    np.testing.assert_allclose(volume.grid.affine(), affine, atol=2e-3)


def test_every_slice_has_the_attributes_of_its_tile(tmp_path):
    volume = read(write_mosaics(tmp_path, STORED, is_reversed=True))
    tags = volume.tags
    assert (tags["Rows"], tags["Columns"]) == (ROWS, COLUMNS)
    assert "SliceLocation" not in tags
    positions = np.reshape(tags["ImagePositionPatient"], (VOLUMES, SLICES, 3))
    for index in range(SLICES):
        np.testing.assert_allclose(positions[:, index], [volume.grid.position(index)] * 3)
    assert tags["InstanceNumber"] == (1,) * 5 + (2,) * 5 + (3,) * 5
    # The first tile is the last slice here.
    assert tags["MosaicRefAcqTimes"][:SLICES] == (187.5, 62.5, 250.0, 125.0, 0.0)
    assert "ImagePositionPatient" not in tags.shared
    np.testing.assert_allclose(tags.place.positions_lps, positions.reshape(-1, 3))


def test_slices_are_chosen_and_read_in_any_part(tmp_path):
    folder = write_mosaics(tmp_path, STORED, is_reversed=True)
    volume = open_volume(folder, slices=range(1, 5, 2))
    np.testing.assert_array_equal(volume.array, STORED[:, 1:5:2])
    assert volume.tags["MosaicRefAcqTimes"][:2] == (62.5, 125.0)
    whole = open_volume(folder)
    flat = STORED.reshape(-1, ROWS, COLUMNS)
    for start, stop in [(0, 1), (3, 8), (4, 11), (14, 15), (7, 7)]:
        np.testing.assert_array_equal(whole.slabs.read(start, stop), flat[start:stop])
    np.testing.assert_array_equal(whole.array[1:, 2, ::2], STORED[1:, 2, ::2])


def test_a_file_is_read_once_for_all_of_its_slices(tmp_path, monkeypatch):
    parts = []
    read_bytes = mosaic_slabs.read_native_bytes

    def counting(instance, start, view):
        parts.append((instance.name, start, len(view)))
        read_bytes(instance, start, view)

    monkeypatch.setattr(mosaic_slabs, "read_native_bytes", counting)
    folder = write_mosaics(tmp_path, STORED, is_reversed=True)
    volume = open_volume(folder)
    volume.slabs.read(0, 15)
    image_row = 3 * COLUMNS * 2
    whole = 2 * ROWS * image_row  # the last row of tiles is empty
    assert parts == [("7.dcm", 0, whole), ("6.dcm", 0, whole), ("5.dcm", 0, whole)]
    parts.clear()
    volume.slabs.read(5, 6)  # the fifth tile, in the second row of tiles
    assert parts == [("6.dcm", ROWS * image_row, ROWS * image_row)]


@pytest.mark.parametrize("syntax", [RLELossless, ImplicitVRLittleEndian])
def test_compressed_and_implicit_mosaics_are_read(tmp_path, syntax):
    def change(_, dataset):
        if syntax == RLELossless:
            dataset.compress(RLELossless)
        else:
            dataset.file_meta.TransferSyntaxUID = syntax

    np.testing.assert_array_equal(
        read(write_mosaics(tmp_path, STORED, change=change)).array, STORED
    )


def test_values_are_rescaled_by_volume(tmp_path):
    def change(volume, dataset):
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{volume + 1}.5", "-10"

    folder = write_mosaics(tmp_path, STORED, change=change, is_reversed=True)
    slopes = np.array([1.5, 2.5, 3.5])[:, None, None, None]
    np.testing.assert_array_equal(read(folder).array, STORED * slopes - 10)
    assert read(folder, values="real").slabs.dtype == np.float64


def test_b_values_and_directions_come_from_the_csa_header(tmp_path):
    directions = [(0.0, 0.6, 0.8), None, (1.0, 0.0, 0.0)]

    def make(slices, volume):
        direction = directions[volume]
        fields = {"B_value": ("IS", ["0" if direction is None else "1000"])}
        if direction is not None:
            fields["DiffusionGradientDirection"] = ("FD", [f"{part:.8f}" for part in direction])
        return mosaic_dataset(slices, volume=volume, fields=fields)

    tags = read(write_mosaics(tmp_path, STORED, make=make)).tags
    assert tags["DiffusionBValue"][::SLICES] == (1000.0, 0.0, 1000.0)
    assert tags["DiffusionGradientOrientation"][::SLICES] == (
        [0.0, 0.6, 0.8],
        None,
        [1.0, 0.0, 0.0],
    )


def test_private_attributes_and_the_protocol_replace_a_removed_header(tmp_path):
    protocol = b"""### ASCCONV BEGIN ###
sSliceArray.asSlice[0].sPosition.dSag = -101.25
sSliceArray.asSlice[0].sNormal.dCor\t = \t-1
sSliceArray.asSlice[1].sPosition.dSag = -101.25
sSliceArray.asSlice[1].sPosition.dCor = -4.5
sSliceArray.lSize = 5
### ASCCONV END ###"""

    def change(volume, dataset):
        del dataset[0x0029, 0x1010], dataset.SpacingBetweenSlices
        if volume == 0:  # de-identified: without its creators
            dataset.add_new((0x0029, 0x1020), "OB", protocol)
            del dataset[0x0029, 0x0010]
            return
        if volume == 1:
            block = dataset.private_block(0x19, "SIEMENS MR HEADER", create=True)
            block.add_new(0x0A, "US", SLICES)
        if volume == 2:  # as XA writes it
            del dataset[0x0029, 0x0010]
            dataset.private_block(0x21, "SIEMENS MR SDS 01", create=True).add_new(
                0x19, "OB", protocol
            )
        else:
            dataset.private_block(0x29, "SIEMENS CSA HEADER").add_new(0x20, "OB", protocol)

    volume = read(write_mosaics(tmp_path, STORED, change=change))
    np.testing.assert_array_equal(volume.array, STORED)
    np.testing.assert_allclose(volume.grid.affine(), MOSAIC_AFFINE, atol=1e-6)


def test_the_private_elements_of_xa_replace_a_csa_header(tmp_path):
    def change(volume, dataset):
        del dataset[0x0029, 0x1010]
        block = dataset.private_block(0x21, "SIEMENS MR SDI 02", create=True)
        block.add_new(0x01, "US", SLICES)
        block.add_new(0x02, "FD", [0.0, 1.0, 0.0])
        block.add_new(0x05, "IS", f"{volume * 700}")
        block.add_new(0x46, "FD", [0.0, 0.6, 0.8])
        block.add_new(0x62, "FD", [0.0, 100.0, 50.0, 150.0, 75.0])

    volume = read(write_mosaics(tmp_path, STORED, change=change, is_reversed=True))
    np.testing.assert_array_equal(volume.array, STORED)
    np.testing.assert_allclose(volume.grid.affine(), MOSAIC_AFFINE, atol=1e-6)
    assert volume.tags["MosaicRefAcqTimes"][:SLICES] == (75.0, 150.0, 50.0, 100.0, 0.0)
    assert volume.tags["DiffusionBValue"][::SLICES] == (0.0, 700.0, 1400.0)
    assert volume.tags["DiffusionGradientOrientation"] == [0.0, 0.6, 0.8]


def test_slice_times_are_in_the_order_of_the_slices(tmp_path):
    folder = write_mosaics(tmp_path / "mosaic", STORED, is_reversed=True)
    volume = read(folder)
    assert slice_times_s(volume.tags, volume.grid) == (0.1875, 0.0625, 0.25, 0.125, 0.0)
    some = open_volume(folder, slices=range(1, 5, 2))
    assert slice_times_s(some.tags, some.grid) == (0.0, 0.0625)
    assert slice_times_s(volume.tags, some.grid) is None  # the slices are elsewhere
    grid = read(write_mosaics(tmp_path / "grid", STORED, make=grid_dataset))
    assert slice_times_s(grid.tags, grid.grid) == (0.0, 0.25, 0.5, 0.75, 1.0)


def test_slice_times_of_the_second_volume_count_where_those_of_the_first_cannot_be():
    tags = {"MosaicRefAcqTimes": (0.0, 4880.0, 500.0, 0.0), "RepetitionTime": 3000}
    assert times_of_slices(tags, 2) == (0.5, 0.0)


@pytest.mark.parametrize("keyword", ["AcquisitionTime", "FrameAcquisitionDateTime"])
def test_slices_with_times_in_whole_seconds_have_no_slice_times(keyword):
    assert times_of_slices({keyword: ("20240101101500", "20240101101501")}, 2) is None


@pytest.mark.parametrize(
    ("trigger_ms", "timer_s", "expected"),
    [
        ((1000, 500, 900, 400), 0.0, (0.5, 0.0)),
        (0, (0.0023, 1.0023, 0.0648, 1.0648), (0.0, 1.0)),
        (0, (0.0, 1.0023, 0.5, 1.5), (0.0, 1.0)),  # of the second volume
        (0, (0.0, 1.0023, 0.0, 0.0), None),
        ((0, 0, 2000, 2000), (0.0, 0.0, 0.0, 0.0), None),
    ],
)
def test_slice_times_of_the_timers_of_ge(trigger_ms, timer_s, expected):
    tags = {"TriggerTime": trigger_ms, "(0021,105E) GEMS_RELA_01": timer_s, "RepetitionTime": 2000}
    assert times_of_slices({**tags, "AcquisitionTime": ("101500",) * 4}, 2) == expected
    assert times_of_slices({**tags, "CardiacNumberOfImages": 9}, 2) is None


def test_slice_times_that_exceed_the_repetition_time_or_are_equal_are_none(tmp_path):
    def shortened(_, dataset):
        dataset.RepetitionTime = "200"

    def together(_, dataset):
        fields = {"MosaicRefAcqTimes": ("FD", ["10"] * SLICES)}
        dataset[0x0029, 0x1010].value = mosaic_dataset(STORED[0], fields=fields)[
            0x0029, 0x1010
        ].value

    for name, change in {"shortened": shortened, "together": together}.items():
        volume = read(write_mosaics(tmp_path / name, STORED[:1], change=change))
        assert slice_times_s(volume.tags, volume.grid) is None


def test_a_thickness_in_place_of_a_distance_is_said(tmp_path):
    def change(_, dataset):
        del dataset.SpacingBetweenSlices

    with pytest.warns(DicomSeriesWarning, match="SliceThickness is used, as if there were no gaps"):
        volume = read(write_mosaics(tmp_path, STORED, change=change))
    assert volume.grid.spacing_mm[2] == pytest.approx(3.6)


def test_a_uih_grid_is_read_with_the_positions_and_times_of_its_slices(tmp_path):
    def change(volume, dataset):
        block = dataset.private_block(0x65, "Image Private Header")
        block.add_new(0x09, "FD", 990.5 * bool(volume))
        block.add_new(0x37, "FD", [0.0, 1.0, 0.0] if volume else [0.0, 0.0, 0.0])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        volume = read(write_mosaics(tmp_path, STORED, make=grid_dataset, change=change))
    np.testing.assert_array_equal(volume.array, STORED)
    np.testing.assert_allclose(volume.grid.affine(), MOSAIC_AFFINE, atol=1e-6)
    assert volume.times_s == (0.0, 3.0, 6.0)
    assert volume.tags["AcquisitionDateTime"][6] == "20240229120003.250000"
    assert volume.tags["DiffusionBValue"][::SLICES] == (0.0, 990.5, 990.5)
    directions = volume.tags["DiffusionGradientOrientation"][::SLICES]
    assert directions == (None, [-0.8, 0.0, 0.6], [-0.8, 0.0, 0.6])


def without_normal(dataset):
    header = dataset[0x0029, 0x1010].value
    dataset[0x0029, 0x1010].value = header.replace(b"SliceNormalVector", b"SliceNormalVectoX")


def with_odd_normal(dataset):
    fields = {"SliceNormalVector": ("FD", ["1", "0", "0"])}
    dataset[0x0029, 0x1010].value = mosaic_dataset(STORED[0], fields=fields)[0x0029, 0x1010].value


def with_half_a_header(dataset):
    dataset[0x0029, 0x1010].value = dataset[0x0029, 0x1010].value[:900]


def without_header(dataset):
    del dataset[0x0029, 0x1010]


def without_position(dataset):
    del dataset.ImagePositionPatient


def without_orientation(dataset):
    dataset.ImageOrientationPatient = None


def without_spacing(dataset):
    dataset.PixelSpacing = None


def without_lengths(dataset):
    del dataset.SpacingBetweenSlices, dataset.SliceThickness


UNPLACED = [
    (without_normal, "the direction of their slices"),
    (with_odd_normal, "a normal of their slices that fits"),
    (without_position, "their position"),
    (without_orientation, "their orientation"),
    (without_spacing, "their PixelSpacing"),
    (without_lengths, "the distance of their slices"),
]


@pytest.mark.parametrize(("spoil", "text"), UNPLACED)
def test_slices_without_a_place_are_read_in_the_order_of_the_tiles(tmp_path, spoil, text):
    folder = write_mosaics(tmp_path, STORED, change=lambda _, ds: spoil(ds), is_reversed=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        volume = read(folder)
    (warning,) = (str(one.message) for one in caught if "do not state" in str(one.message))
    assert text in warning
    assert "also which end is the first" in warning
    np.testing.assert_array_equal(volume.array, STORED[:, ::-1])
    assert not volume.grid.statement.has_place
    assert volume.grid.spacing_mm[:2] == ((1.0, 1.0) if spoil is without_spacing else (2.5, 3.0))
    assert "ImagePositionPatient" not in volume.tags
    assert volume.tags["MosaicRefAcqTimes"][:3] == (0.0, 125.0, 250.0)
    findings = check(folder, against=volume, validators=False)
    assert not {finding.id for finding in findings} & {"GEO-020", "GEO-021", "VAL-010"}


@pytest.mark.parametrize(("spoil", "text"), UNPLACED)
def test_one_file_without_a_place_among_others_is_named(tmp_path, spoil, text):
    folder = write_mosaics(tmp_path, STORED, change=lambda volume, ds: volume == 1 and spoil(ds))
    with pytest.raises(ReadError, match=f"1 of 3 mosaics do not state {text}.* is 6.dcm") as caught:
        read(folder)
    assert caught.value.code == "position-missing"


@pytest.mark.parametrize(
    ("spoil", "code", "text"),
    [
        (with_half_a_header, "csa-damaged", "ends after 900 bytes"),
        (without_header, "mosaic-unclear", "the number of its slices"),
    ],
)
def test_a_mosaic_of_an_unknown_number_of_slices_is_rejected(tmp_path, spoil, code, text):
    folder = write_mosaics(tmp_path, STORED, change=lambda volume, ds: volume == 1 and spoil(ds))
    with pytest.raises(ReadError, match=text) as caught:
        read(folder)
    assert caught.value.code == code
    assert "6.dcm" in caught.value.where


def test_a_cropped_mosaic_is_rejected(tmp_path):
    def cropped(_, dataset):
        dataset.Rows -= 1

    with pytest.raises(ReadError, match="5 slices in 11×18 pixels"):
        read(write_mosaics(tmp_path, STORED, change=cropped))


def test_files_of_other_slices_are_named(tmp_path):
    folder = write_mosaics(tmp_path, STORED)
    mosaic_dataset(STORED[0, :4], volume=7).save_as(folder / "8.dcm", enforce_file_format=True)
    assert _codes(folder) == ["mixed-sizes"]
    (folder / "8.dcm").unlink()
    turned = MOSAIC_AFFINE[:, [1, 0, 2, 3]] * (1.2, 1 / 1.2, -1, 1)
    other = mosaic_dataset(STORED[0], turned, volume=7)
    other.PixelSpacing = [3.0, 2.5]
    other.save_as(folder / "8.dcm", enforce_file_format=True)
    assert _codes(folder) == ["mixed-orientations"]
    plain = pydicom.dcmread(folder / "7.dcm")
    plain.ImageType, plain.SOPInstanceUID = ["ORIGINAL", "PRIMARY", "M"], "2.25.99"
    plain.save_as(folder / "8.dcm")
    assert _codes(folder) == ["mosaics-mixed"]


def _codes(folder):
    return [problem.code for problem in scan(folder).series[0].problems]


def test_volumes_that_moved_with_the_head_are_reported(tmp_path):
    def change(volume, dataset):
        x, y, z = map(float, dataset.ImagePositionPatient)
        dataset.ImagePositionPatient = [
            f"{x + 0.1 * volume:.6f}",
            f"{y - 0.2 * volume:.6f}",
            f"{z:.6f}",
        ]

    with pytest.warns(DicomSeriesWarning, match=r"the volumes are up to 0\.447 mm away"):
        volume = read(write_mosaics(tmp_path, STORED, change=change))
    np.testing.assert_array_equal(volume.array, STORED)


def test_damaged_csa_headers_end_in_one_error_and_agree_with_nibabel_otherwise():
    csareader = pytest.importorskip("nibabel.nicom.csareader")
    random = np.random.default_rng(3)
    whole = mosaic_dataset(STORED[0])[0x0029, 0x1010].value
    agreed = rejected = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(random.integers(1, 4)):
            place = int(random.integers(len(whole)))
            value = [0, 255, 127, int(random.integers(256))][random.integers(4)]
            damaged[place] = value
        if random.random() < 0.3:
            damaged = damaged[: random.integers(len(whole))]
        try:
            fields = csa_fields(bytes(damaged))
        except ParseError:
            rejected += 1
            continue
        try:
            theirs = csareader.read(bytes(damaged))["tags"]
        except Exception:  # noqa: BLE001, S112 - it raises anything for a damaged header
            continue
        for name, tag in theirs.items():
            if isinstance(name, str) and all(
                isinstance(item, (float, int)) for item in tag["items"]
            ):
                ours = csa_numbers(fields, name.strip())
                assert ours == tuple(map(float, tag["items"])) or not ours
        agreed += 1
    assert agreed > 100
    assert rejected > 30


def test_a_csa_header_of_countless_fields_or_items_is_rejected_at_once():
    many = struct.pack("<2I", 2**31, 77)
    with pytest.raises(ParseError, match="2147483648 fields"):
        csa_fields(b"SV10\4\3\2\1" + many)
    items = struct.pack("<2I", 1, 77) + struct.pack("<64si4s3i", b"a", 1, b"IS", 6, 2**31 - 1, 77)
    with pytest.raises(ParseError, match="2147483647 items"):
        csa_fields(b"SV10\4\3\2\1" + items)
    for raw in (b"", b"SV10", b"\0" * 8):
        with pytest.raises(ParseError):
            csa_fields(raw)


def test_the_fields_of_a_scanner_s_headers_are_those_that_nibabel_reads():
    csareader = pytest.importorskip("nibabel.nicom.csareader")
    dataset = pydicom.dcmread(
        io.BytesIO(gzip.decompress(data_packages.find(DWI_1000).read_bytes()))
    )
    for number in (0x1010, 0x1020):
        raw = dataset[0x0029, number].value
        fields, theirs = csa_fields(raw), csareader.read(raw)["tags"]
        assert fields.keys() == theirs.keys()
        for name, tag in theirs.items():
            if tag["items"] and not isinstance(tag["items"][0], (str, bytes)):
                assert csa_numbers(fields, name) == tuple(map(float, tag["items"]))


def test_tiles_are_checked():
    with pytest.raises(ValueError, match="5 slices in 2×2 tiles"):
        Tiles(count=5, across=2, down=2, rows=3, columns=3)
    assert Tiles.in_square(5, 10, 9) is None
    assert Tiles.in_square(0, 9, 9) is None
