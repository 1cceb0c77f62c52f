"""Volumes that GE's epi_pepolar stores mirrored lie where the header says, as in dcm2niix."""

from __future__ import annotations

import subprocess

import nibabel
import numpy as np
import pytest

import dicomseries as dcs
from judges.vendor_series import ORIENTATIONS, write_vendor_series

STORED = (np.arange(4 * 3 * 5 * 6, dtype="int16") * 7 % 353).reshape(4, 3, 5, 6)
MIRRORED = {0: (), 1: (0, 1, 2, 3), 2: (0, 2), 3: (1, 3)}
"""User CV 12 → volumes that are stored mirrored."""


def pepolar(polarity, change=None):
    def mark(volume, index, dataset):
        block = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
        block.add_new(0x9C, "LO", "research/ABCD/epi_pepolar")
        block.add_new(0x9E, "LO", "EPI")
        block.add_new(0xB3, "DS", f"{polarity:.6f}")
        dataset.TemporalPositionIdentifier = volume + 1
        dataset.TriggerTime = str(3000 * volume)
        if change is not None:
            change(volume, index, dataset)

    return mark


def write(folder, polarity, change=None, stored=STORED):
    return write_vendor_series(
        folder,
        stored,
        ORIENTATIONS["axial"],
        pepolar(polarity, change),
        uid=60 + polarity,
        manufacturer="GE MEDICAL SYSTEMS",
    )


def in_order(polarity):
    """Return the volumes with their rows in order."""
    expected = STORED.copy()
    for volume in MIRRORED[polarity]:
        expected[volume] = STORED[volume, :, ::-1]
    return expected


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """All four series, and the folder of what dcm2niix makes of them."""
    import dcm2niix

    root, out = tmp_path_factory.mktemp("pepolar"), tmp_path_factory.mktemp("nifti")
    for polarity in MIRRORED:
        write(root / f"{polarity}", polarity)
    command = [dcm2niix.bin, "-z", "n", "-b", "n", "-f", "%s", "-o", str(out), str(root)]
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    return root, out


def volumes_of(path, grid):
    """Return the volumes of dcm2niix in the order of our axes."""
    image = nibabel.load(path)
    voxels = np.asanyarray(image.dataobj)
    to_ours = np.linalg.inv(grid.affine(space="RAS")) @ image.affine
    index = np.indices(voxels.shape[:3]).reshape(3, -1)
    places = to_ours[:3, :3] @ index + to_ours[:3, 3:]
    assert np.abs(places - np.rint(places)).max() < 1e-3
    columns, rows, slices = np.rint(places).astype(int)
    volumes = np.full((voxels.shape[3], *grid.shape), -1, voxels.dtype)
    volumes[:, slices, rows, columns] = voxels.reshape(-1, voxels.shape[3]).T
    return volumes


@pytest.mark.parametrize("polarity", MIRRORED)
def test_each_volume_is_that_of_dcm2niix(judged, polarity):
    root, out = judged
    if polarity:
        with pytest.warns(dcs.DicomSeriesWarning, match=f"user CV 12 is {polarity}"):
            volume = dcs.read(root / str(polarity))
    else:
        volume = dcs.read(root / "0")
    np.testing.assert_array_equal(volume.array, in_order(polarity))
    # dcm2niix adds 1000 to the number of the mirrored half of a series.
    halves = [range(4)] if polarity < 2 else [MIRRORED[polarity], MIRRORED[5 - polarity]]
    numbers = [60 + polarity] if polarity < 2 else [1060 + polarity, 60 + polarity]
    for number, half in zip(numbers, halves, strict=True):
        theirs = volumes_of(out / f"{number}.nii", volume.grid)
        np.testing.assert_array_equal(theirs, volume.array[list(half)])


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
def test_parts_of_a_series_are_in_order_too(judged):
    folder, expected = judged[0] / "2", in_order(2)
    np.testing.assert_array_equal(dcs.read(folder, slices=[1]).array, expected[:, 1:2])
    np.testing.assert_array_equal(dcs.read(folder, values="stored").array, expected)
    lazy = dcs.read(folder, lazy=True)
    findings = dcs.check(folder, against=lazy, validators=False)
    assert not [finding.id for finding in findings if finding.id.startswith("VAL")]
    np.testing.assert_array_equal(lazy[2, 1], expected[2, 1])
    np.testing.assert_array_equal(lazy.pick(time=2).array, expected[2])
    # The number of the volume counts, not its place among the files that are there.
    files = [file for number in ("01", "02", "03") for file in (folder / number).iterdir()]
    np.testing.assert_array_equal(dcs.read(files).array, expected[1:])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _, __, dataset: setattr(dataset, "ImageType", ["DERIVED", "PRIMARY"]), "derived"),
        (
            lambda _, __, dataset: setattr(dataset, "InPlanePhaseEncodingDirection", "ROW"),
            "not along the columns",
        ),
        (
            lambda _, __, dataset: delattr(dataset, "TemporalPositionIdentifier"),
            "do not number their volumes",
        ),
    ],
)
def test_volumes_in_doubt_are_as_stored_with_a_warning(tmp_path, change, words):
    folder = write(tmp_path, 2, change)
    with pytest.warns(dcs.DicomSeriesWarning, match=words):
        volume = dcs.read(folder)
    np.testing.assert_array_equal(volume.array, STORED)


def test_one_file_in_doubt_leaves_all_volumes_as_stored(tmp_path):
    def change(volume, index, dataset):
        if (volume, index) == (2, 1):
            dataset.ImageType = ["DERIVED", "PRIMARY"]

    folder = write(tmp_path, 1, change)
    with pytest.warns(dcs.DicomSeriesWarning, match="read as they are stored"):
        volume = dcs.read(folder)
    np.testing.assert_array_equal(volume.array, STORED)


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
def test_a_result_that_keeps_the_private_elements_is_not_mirrored_again(judged, tmp_path):
    volume = dcs.read(judged[0] / "3")
    result = volume.derive(volume.array, description="Denoised", keep_private=["GEMS_ACQU_01"])
    result.write(tmp_path / "out")
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, in_order(3))


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
def test_the_tenth_volume_is_told_apart_by_its_whole_number(tmp_path):
    stored = (np.arange(12 * 2 * 3 * 4, dtype="int16") % 89).reshape(12, 2, 3, 4)
    write(tmp_path, 2, stored=stored)
    expected = stored.copy()
    expected[::2] = stored[::2, :, ::-1]
    np.testing.assert_array_equal(dcs.read(tmp_path), expected)
