"""A file in another transfer syntax has the same pixels, and every other element."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomseries.errors import DicomSeriesError, ReadError, ValuesError
from dicomseries.reading import read_frames, read_instance
from dicomseries.standard.transfer_syntaxes import (
    BY_UID,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from dicomseries.transcoding import transcoded

FILES = (
    "CT_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_jp2klossless.dcm",
    "rtdose_expb_1frame.dcm",
    "rtdose_rle_1frame.dcm",
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "ExplVR_LitEndNoMeta.dcm",
    "image_dfl.dcm",
    "reportsi.dcm",
    "liver_1frame.dcm",
    "nested_priv_SQ.dcm",
    "priv_SQ.dcm",
)
PIXELS = {0x7FE00010, 0x7FE00001, 0x7FE00002, 0x00280004, 0x00280006}
"""Elements that may change with the transfer syntax."""
NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


def path_of(name: str) -> Path:
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"this pydicom does not ship {name}")
    return Path(path)


def frames_of(path: Path) -> np.ndarray | None:
    instance = read_instance(path)
    if instance.pixels is None or not instance.rows:
        return None
    return read_frames(instance, 0, instance.frames)


@pytest.mark.parametrize("uid", [*BY_UID, IMPLICIT_VR_LITTLE_ENDIAN])
@pytest.mark.parametrize("name", FILES)
def test_pixels_and_other_elements_stay(name, uid, tmp_path):
    path = path_of(name)
    try:
        file = transcoded(path, uid)
    except ValuesError as error:
        assert error.code == "pixels-not-encodable"
        assert uid not in NATIVE
        return
    new = tmp_path / "new.dcm"
    new.write_bytes(file.content)
    before, after = frames_of(path), frames_of(new)
    assert (before is None) == (after is None)
    if before is not None:
        assert before.dtype == after.dtype
        np.testing.assert_array_equal(after, before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source, result = pydicom.dcmread(path, force=True), pydicom.dcmread(new)
        assert result.file_meta.TransferSyntaxUID == uid
        tags = {element.tag for element in source if element.tag.element} - PIXELS
        assert {element.tag for element in result} - PIXELS == tags
        for tag in sorted(tags):
            if not tag.is_private:  # pydicom's dictionary has other VRs than the file
                assert source[tag].value == result[tag].value, tag


def test_elements_keep_their_bytes_where_the_encoding_stays():
    path = path_of("CT_small.dcm")
    source = path.read_bytes()
    file = transcoded(path, "1.2.840.10008.1.2.4.80")
    pixels = source.index(b"\xe0\x7f\x10\x00OW")
    body = source.index(b"\x08\x00\x05\x00CS")
    assert source[body:pixels] in file.content


def test_bytes_and_paths_give_the_same_file():
    path = path_of("MR_small.dcm")
    for uid in BY_UID:
        try:
            expected = transcoded(path, uid).content
        except ValuesError:
            continue
        assert transcoded(path.read_bytes(), uid).content == expected


def test_a_file_in_the_wanted_syntax_is_not_touched():
    path = path_of("MR_small_RLE.dcm")
    file = transcoded(path, "1.2.840.10008.1.2.5")
    assert (file.content, file.frames) == (path.read_bytes(), 0)


def test_a_truncated_file_is_rejected(tmp_path):
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(path_of("MR_small.dcm").read_bytes()[:-100])
    for uid in (IMPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.2.5"):
        with pytest.raises(ReadError):
            transcoded(cut, uid)


def test_an_unknown_transfer_syntax_is_rejected():
    with pytest.raises(DicomSeriesError, match=r"1\.2\.3"):
        transcoded(path_of("MR_small.dcm"), "1.2.3")


def test_result_opens_in_pydicom_from_memory():
    file = transcoded(path_of("MR_small.dcm"), "1.2.840.10008.1.2.5")
    expected = pydicom.dcmread(path_of("MR_small.dcm")).pixel_array
    np.testing.assert_array_equal(pydicom.dcmread(BytesIO(file.content)).pixel_array, expected)
