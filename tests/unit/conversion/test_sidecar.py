"""Keys of BIDS sidecars: values, units and types, against those of dcm2niix."""

import json
import struct
import subprocess

import dcm2niix
import nibabel
import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.conversion import phase_encoding_record, sidecar
from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames
from judges.vendor_series import ORIENTATIONS, write_vendor_series

RNG = np.random.default_rng(9)


@pytest.mark.parametrize("vendor", ["Philips", "GE MEDICAL SYSTEMS"])
def test_the_sidecar_has_the_scale_of_philips_and_the_file_the_displayed_values(tmp_path, vendor):
    def mark(_, __, dataset):
        block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", 0.5)
        dataset.RescaleSlope, dataset.RescaleIntercept = "2", "-4"

    stored = RNG.integers(0, 900, (1, 3, 6, 5)).astype("uint16")
    folder = tmp_path / "scan"
    write_vendor_series(folder, stored, ORIENTATIONS["axial"], mark, uid=9, manufacturer=vendor)
    dcs.convert(folder, tmp_path / "out", name="%s", format="nii")
    written = json.loads((tmp_path / "out" / "9.json").read_text(encoding="utf-8"))
    ours = {key: value for key, value in written.items() if "Philips" in key}
    if vendor != "Philips":
        assert not ours
        return
    assert ours.pop("UsePhilipsFloatNotDisplayScaling") == 0
    displayed = np.asanyarray(nibabel.load(tmp_path / "out" / "9.nii").dataobj)
    factors = {"n": 1.0, "y": ours["PhilipsRescaleSlope"] * ours["PhilipsScaleSlope"]}
    for precise, factor in factors.items():
        peer = tmp_path / precise
        peer.mkdir()
        command = [dcm2niix.bin, "-p", precise, "-z", "n", "-f", "s", "-o", peer, folder]
        subprocess.run(command, check=True, capture_output=True)
        (image,) = peer.glob("*.nii")
        theirs = np.asanyarray(nibabel.load(image).dataobj)
        np.testing.assert_allclose(np.sort(theirs.ravel()), np.sort(displayed.ravel()) / factor)
        stated = json.loads(image.with_suffix(".json").read_text(encoding="utf-8"))
        assert ours == {key: stated[key] for key in ours}


def siemens(positive, bandwidth_hz):
    """Return a mark of EPI with a CSA header, and one with private elements of XA."""
    field = struct.Struct("<64si4s3i")
    text = f"{positive}".encode().ljust(4, b"\0")
    header = b"SV10\4\3\2\1" + struct.pack("<2I", 1, 77)
    header += field.pack(b"PhaseEncodingDirectionPositive", 1, b"IS", 6, 1, 77)
    header += struct.pack("<4i", 1, 1, 77, 1) + text

    def csa(volume, _, dataset):
        dataset.TemporalPositionIdentifier = volume + 1
        block = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x10, "OB", header)
        block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        block.add_new(0x28, "FD", bandwidth_hz)

    def numaris_x(volume, _, dataset):
        dataset.TemporalPositionIdentifier = volume + 1
        block = dataset.private_block(0x0021, "SIEMENS MR SDI 02", create=True)
        block.add_new(0x1C, "IS", str(positive))
        block.add_new(0x53, "FD", bandwidth_hz)

    return {"csa": csa, "xa": numaris_x}


def in_patient(path):
    """Return the direction of phase encoding in RAS, and all keys."""
    keys = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    direction = keys["PhaseEncodingDirection"]
    column = nibabel.load(path).affine[:3, "ijk".index(direction[0])]
    return column / np.linalg.norm(column) * (-1 if direction.endswith("-") else 1), keys


@pytest.mark.parametrize("along", ["COL", "ROW"])
@pytest.mark.parametrize("positive", [0, 1])
def test_phase_encoding_of_siemens_is_that_of_dcm2niix(tmp_path, along, positive):
    stored = RNG.integers(0, 900, (2, 3, 6, 5)).astype("uint16")
    for uid, (form, mark) in enumerate(siemens(positive, 27.5).items(), 30):

        def turned(volume, index, dataset, mark=mark):
            mark(volume, index, dataset)
            dataset.InPlanePhaseEncodingDirection = along

        folder = tmp_path / "scans" / form
        affine = ORIENTATIONS["coronal"]
        write_vendor_series(folder, stored, affine, turned, uid=uid, manufacturer="SIEMENS")
    dcs.convert(tmp_path / "scans", tmp_path / "ours", name="%s", format="nii")
    (tmp_path / "theirs").mkdir()
    command = [dcm2niix.bin, "-z", "n", "-f", "%s", "-o", tmp_path / "theirs", tmp_path / "scans"]
    subprocess.run(command, check=True, capture_output=True)
    for uid in (30, 31):
        direction, keys = in_patient(tmp_path / "ours" / f"{uid}.nii")
        expected, peer = in_patient(tmp_path / "theirs" / f"{uid}.nii")
        np.testing.assert_allclose(direction, expected, atol=1e-6)
        for key in ("EffectiveEchoSpacing", "TotalReadoutTime"):
            assert keys[key] == pytest.approx(peer[key], rel=1e-5)


@pytest.mark.parametrize(
    ("reordering", "cv", "direction"),
    [
        ("LINEAR", None, "j-"),
        ("REVERSE_LINEAR", None, "j"),
        ("LINEAR", 1, "j"),
        ("LINEAR", 2, None),
        ("CENTRIC", None, None),
    ],
)
def test_phase_encoding_of_ge_has_a_sign_where_all_volumes_have_the_same(reordering, cv, direction):
    attributes = {
        "Manufacturer": "GE MEDICAL SYSTEMS",
        "InPlanePhaseEncodingDirection": "COL",
        "RectilinearPhaseEncodeReordering": reordering,
        "AcquisitionMatrix": [128, 0, 0, 120],
        "(0043,102C) GEMS_PARM_01": 600,
        "(0043,1083) GEMS_PARM_01": [0.5, 1.0],
    }
    if cv is not None:
        attributes["(0019,109C) GEMS_ACQU_01"] = "epi_pepolar"
        attributes["(0019,10B3) GEMS_ACQU_01"] = float(cv)
    record = phase_encoding_record(
        attributes, rows=120, columns=128, csa_number=lambda _: pytest.fail("no CSA header")
    )
    assert record.get("PhaseEncodingDirection") == direction
    assert record.get("PhaseEncodingAxis", "j") == "j"
    assert record["TotalReadoutTime"] == pytest.approx(59 * 600e-6)
    attributes["MRAcquisitionType"] = "3D"
    assert not phase_encoding_record(attributes, rows=120, columns=128, csa_number=float)


def test_readout_time_of_interpolated_ge_images_is_that_of_the_acquired_lines():
    attributes = {
        "Manufacturer": "GE MEDICAL SYSTEMS",
        "InPlanePhaseEncodingDirection": "COL",
        "ScanOptions": ["EPI_GEMS", "PFF"],
        "AcquisitionMatrix": [128, 0, 0, 128],
        "(0043,102C) GEMS_PARM_01": 636,
        "(0043,1083) GEMS_PARM_01": [0.666667, 1.0],
    }
    record = phase_encoding_record(attributes, rows=256, columns=200, csa_number=lambda _: None)
    assert record["TotalReadoutTime"] == pytest.approx(0.055332, abs=1e-6)
    assert record["EffectiveEchoSpacing"] == pytest.approx(0.055332 / 255, abs=1e-8)
    attributes["AcquisitionMatrix"] = [128, 0, 0, 96]  # 64 lines by the factor 2/3
    record = phase_encoding_record(attributes, rows=96, columns=96, csa_number=lambda _: None)
    assert record["TotalReadoutTime"] == pytest.approx(63 * 636e-6)


@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize("flags", [0, 4])
@pytest.mark.parametrize("form", [(24.0, 0, 0x394), (26.002, 0x4C, 0x308)])
def test_phase_encoding_in_the_block_of_ge_is_that_of_dcm2niix(tmp_path, form, flags, order):
    version, start, order_at = form
    block = bytearray(2048)
    struct.pack_into("<H", block, 24, 36)
    struct.pack_into("<f", block, 36, version)
    struct.pack_into("<H", block, 36 + start + 0x3A, 0x800)
    struct.pack_into("<H", block, 36 + start + 0x30, flags)
    struct.pack_into("<H", block, 36 + start + order_at, order)

    def mark(volume, index, dataset):
        dataset.TemporalPositionIdentifier = volume + 1
        block[-1] = index  # the blocks of slices may differ
        parameters = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
        parameters.add_new(0x2A, "OB", bytes(block))

    stored = RNG.integers(0, 900, (1, 3, 6, 5)).astype("uint16")
    series = {"uid": 40, "manufacturer": "GE MEDICAL SYSTEMS"}
    write_vendor_series(tmp_path / "scan", stored, ORIENTATIONS["axial"], mark, **series)
    dcs.convert(tmp_path / "scan", tmp_path / "ours", name="%s", format="nii")
    (tmp_path / "theirs").mkdir()
    command = [dcm2niix.bin, "-z", "n", "-f", "%s", "-o", tmp_path / "theirs", tmp_path / "scan"]
    subprocess.run(command, check=True, capture_output=True)
    direction, _ = in_patient(tmp_path / "ours" / "40.nii")
    expected, _ = in_patient(tmp_path / "theirs" / "40.nii")
    np.testing.assert_allclose(direction, expected, atol=1e-6)


def test_values_of_other_types_and_units_than_those_of_bids_are_changed():
    grid = Grid(shape=(1, 2, 2), spacing_mm=(1, 1, 1))
    times = (0.0, 14.08, 28.0, 41.92)
    volume = Volume(slabs=array_frames(np.zeros((4, 2, 2))), grid=grid, volumes=4, times_s=times)
    attributes = {
        "Modality": "MR",
        "SoftwareVersions": ["27", "LX"],
        "PartialFourier": "YES",
        "InPlanePhaseEncodingDirection": "COLUMN",
        "ImagingFrequency": 128175953.0,
        "TransmitterFrequency": 123.25,
        "RepetitionTime": 3480,
    }
    record = sidecar(volume, attributes)
    del record["ConversionSoftware"], record["ConversionSoftwareVersion"], record["Modality"]
    assert record == {
        "SoftwareVersions": "27\\LX",
        "PartialFourierEnabled": "YES",
        "InPlanePhaseEncodingDirectionDICOM": "COL",
        "ImagingFrequency": 123.25,
        "RepetitionTimeExcitation": 3.48,
        "VolumeTiming": [0.0, 14.08, 28.0, 41.92],
    }
