"""Damaged elements of a source, also in sequences, are left out or the source is rejected."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.api.serve import held_at, service_of
from dicomseries.derivation import SourceFrame, SourceSeries
from dicomseries.derivation.attributes.source_screening import screened
from dicomseries.geometry import Grid
from dicomseries.standard.attributes.attribute import Attribute, attribute
from dicomseries.viewing.loopback import HttpRequest
from dicomseries.writing.inputs.read_source import open_source

_VR = re.compile(rb"(?:CS|DS|FD|IS|LO|SH|SQ|UI|UL|US)(?=..)", re.DOTALL)
PET = "1.2.840.10008.5.1.4.1.1.128"
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
def test_a_damaged_vr_anywhere_never_ends_in_a_foreign_exception(
    file: bytes, vr: bytes, tmp_path: Path
):
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


def test_a_sequence_with_an_unknown_vr_inside_is_left_out_with_a_warning(
    file: bytes, tmp_path: Path
):
    number = b"\x62\x00\x04\x00US"  # Segment Number, in an item of Segment Sequence
    assert number in file
    path = tmp_path / "1.dcm"
    path.write_bytes(file.replace(number, number[:4] + b"ZZ"))
    with pytest.warns(dcs.DicomSeriesWarning, match="0062"):
        source = open_source(path)
    assert "SegmentSequence" not in {one.keyword for one in source.shared}


def test_an_item_that_loses_one_attribute_and_gains_another_is_screened():
    item = (
        Attribute("PatientSex", "CS", ("no such value",)),
        attribute("RadionuclideTotalDose", 1.0),
    )
    shared = (Attribute("RadiopharmaceuticalInformationSequence", "SQ", (item,)),)
    frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    grid = Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2))
    source = SourceSeries(
        kind="PT", sop_class_uid=PET, modality="PT",
        study_uid="1", series_uid="2", frame_of_reference_uid="3",
        grid=grid, frames=(frame,), shared=shared,
    )  # fmt: skip
    found = screened(source, PET).source.shared[0].values[0]
    assert {one.keyword for one in found} == {"RadionuclideTotalDose", "RadionuclideCodeSequence"}


def test_a_file_that_ends_behind_its_preamble_has_no_tags(tmp_path: Path):
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(128) + b"DICM")
    assert dcs.tags(path) == {}


@pytest.mark.parametrize("frames", [0, -1])
def test_pixels_of_no_frame_are_not_served(frames: int, tmp_path: Path):
    path = tmp_path / "clip.dcm"
    array = np.zeros((2, 3, 4), "uint8")
    dcs.write(array, tmp_path / "out", kind="MultiframeSC", spacing=(1, 1, 1), sync=False)
    dataset = pydicom.dcmread(next((tmp_path / "out").iterdir()))
    dataset.NumberOfFrames = frames
    dataset.save_as(path)
    service = service_of(held_at(path))
    uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
    place = "studies/{}/series/{}/instances/{}".format(*uids)
    for resource in ("/bulkdata/7FE00010", "/frames/1"):
        assert service.answer(HttpRequest(path=place + resource, accept="")).status == 404
