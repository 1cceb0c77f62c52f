"""A source whose elements are damaged, inside of sequences too, is handed on without them or refused."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.pipeline.source_series import open_source

_VR = re.compile(rb"(?:CS|DS|FD|IS|LO|SH|SQ|UI|UL|US)(?=..)", re.DOTALL)
ARRAY = np.arange(24, dtype="uint8").reshape(2, 3, 4)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a multi-frame file with sequences inside of sequences."""
    folder = tmp_path_factory.mktemp("whole")
    labels = ARRAY % 3
    segments = {1: "Liver", 2: "Spleen"}
    form = {"segmentation_type": "labelmap", "spacing": (1, 1, 1), "sync": False}
    dcs.write(labels, folder / "out", kind="Segmentation", segments=segments, **form)
    return next((folder / "out").glob("*.dcm")).read_bytes()


@pytest.mark.parametrize("vr", [b"ZZ", b"SQ", b"OV", b"  "])
def test_a_damaged_vr_anywhere_never_ends_in_a_foreign_exception(file: bytes, vr: bytes, tmp_path: Path):
    path = tmp_path / "1.dcm"
    opened = 0
    for match in list(_VR.finditer(file, 132))[::2]:
        path.write_bytes(file[: match.start()] + vr + file[match.end() :])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                open_source(path)
        except dcs.DicomSeriesError:
            continue
        opened += 1
    assert opened > 10


def test_a_sequence_with_an_unknown_vr_inside_is_left_out_with_a_warning(file: bytes, tmp_path: Path):
    number = b"\x62\x00\x04\x00US"  # Segment Number, in an item of Segment Sequence
    assert number in file
    path = tmp_path / "1.dcm"
    path.write_bytes(file.replace(number, number[:4] + b"ZZ"))
    with pytest.warns(dcs.DicomSeriesWarning, match="0062"):
        source = open_source(path)
    assert "SegmentSequence" not in {one.keyword for one in source.shared}
