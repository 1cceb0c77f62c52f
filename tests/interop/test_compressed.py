"""Compressed series: validators find no error, and readers see the same voxels."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.standard.transfer_syntaxes import TRANSFER_SYNTAXES
from judges import (
    dcentvfy,
    dciodvfy,
    read_with_dcm2niix,
    read_with_dicom2nifti,
    read_with_gdcm,
    read_with_highdicom,
    read_with_pydicom,
    read_with_simpleitk,
    read_with_vtk_dicom,
    validators,
)
from judges.presence import absent

SPACING = (0.7, 0.9, 2.5)
AFFINE = np.diag([*SPACING, 1.0])
READERS: dict[str, Callable] = {
    "SimpleITK": read_with_simpleitk,
    "GDCM": read_with_gdcm,
    "pydicom 3.0": read_with_pydicom,
    "highdicom": read_with_highdicom,
    "dcm2niix": read_with_dcm2niix,
    "vtk-dicom": read_with_vtk_dicom,
    "dicom2nifti": read_with_dicom2nifti,
}
UNREAD = {one.word: set(one.unread_by) for one in TRANSFER_SYNTAXES}
UNREAD["jxl"].add("highdicom")  # it reads through pydicom
UNKNOWN_TO_DEBIAN = {"htj2k", "jxl"}
"""Newer than Debian's validators, which take their pixels for damage."""

IEC = {"ApplicableSafetyStandardAgency": "IEC"}
FORMS = {
    "CT": ("CT", "int16", -1024, {}),
    "SC": ("SC", "uint8", 0, {}),
    "colour": ("SC", "uint8", 0, {"axes": "zyxc"}),
    "EnhancedMR": ("EnhancedMR", "uint16", 0, {"metadata": IEC}),
    "multi-frame colour": ("MultiframeSC", "uint8", 0, {"axes": "zyxc"}),
}
CELLS = [(word, form) for word in UNREAD if word != "none" for form in FORMS]


@pytest.fixture(scope="module")
def written(tmp_path_factory, request):
    word, form = request.param
    kind, dtype, low, options = FORMS[form]
    shape = (4, 11, 9, 3) if "axes" in options else (4, 11, 9)
    array = np.random.default_rng(4).integers(low, low + 250, shape).astype(dtype)
    folder = tmp_path_factory.mktemp("compressed") / "series"
    dcs.write(array, folder, kind=kind, spacing=SPACING, compression=word, sync=False, **options)
    return word, kind, array, folder


cells = pytest.mark.parametrize(
    "written", CELLS, ids=["-".join(cell) for cell in CELLS], indirect=True
)


@cells
def test_no_validator_finds_an_error(written):
    word, _, _, folder = written
    files = sorted(folder.iterdir())
    assert files
    assert validators
    for program in validators:
        if program == "debian" and word in UNKNOWN_TO_DEBIAN:
            continue
        assert [error for path in files for error in dciodvfy(path, program=program).errors] == []
        assert dcentvfy(files, program=program).errors == ()


@cells
def test_a_reader_sees_the_voxels_or_is_named_by_the_advice(written):
    word, kind, array, folder = written
    for name, read in READERS.items():
        if name == "pydicom 3.0" and kind in {"EnhancedMR", "MultiframeSC"}:
            continue  # the plain reader of the judges takes files of one frame
        if name == "dicom2nifti" and array.ndim == 4:
            continue  # it reads no colours, compressed or not
        try:
            seen = read(folder)
            (volume,) = seen if isinstance(seen, list) else [seen]
        except Exception:  # noqa: BLE001 - each program fails in its own way
            assert name in UNREAD[word], f"{name} fails, and no advice says so"
            continue
        assert name not in UNREAD[word], f"{name} reads it: take it out of the advice"
        assert np.array_equal(volume.aligned_to(AFFINE).array, array), name


@pytest.mark.parametrize(("word", "program"), [("rle", "dcmdrle"), ("jpegls", "dcmdjpls")])
def test_dcmtk_decompresses_the_same_words(tmp_path, word, program):
    if shutil.which(program) is None:
        absent(program, "run `make debian`, which installs dcmtk")
    array = np.random.default_rng(4).integers(-1024, 3071, (3, 11, 9)).astype("int16")
    dcs.write(array, tmp_path / "out", kind="CT", spacing=SPACING, compression=word, sync=False)
    for path, frame in zip(sorted((tmp_path / "out").iterdir()), array, strict=True):
        subprocess.run([program, path, tmp_path / "plain.dcm"], check=True, timeout=60)
        dataset = pydicom.dcmread(tmp_path / "plain.dcm")
        assert dataset.PixelData == frame.tobytes() + b"\0" * (frame.nbytes % 2)
