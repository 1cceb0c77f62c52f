"""Part 10 bytes: equal to those of pydicom, with every size predicted by the plan."""

from __future__ import annotations

import datetime as dt
import io

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dicomseries as dcs
from dicomseries.part10 import encode_headers, file_chunks, header_template
from dicomseries.testing import grids
from dicomseries.values import store
from pydicom_files import encode_with_pydicom

NOW = dt.datetime(2024, 2, 29, 12, 34, 56, tzinfo=dt.UTC)
METADATA = {
    "PatientName": "Müller^Jürg",
    "SeriesDescription": "odd",
    "OtherPatientIDsSequence": [
        {"PatientID": "7", "TypeOfPatientID": "TEXT"},
        {"PatientID": "008", "TypeOfPatientID": "RFID"},
    ],
    "ImageComments": "x",
}
CASES = [
    ("CT", "int16"),
    ("MR", "float32"),
    ("PT", "float64"),
    ("SC", "uint8"),
    ("SC", "bool"),
    ("CT", "uint16"),
]


def array_of(dtype, shape):
    rng = np.random.default_rng(1)
    if dtype.startswith("float"):
        return rng.uniform(-3, 7, shape).astype(dtype)
    return rng.integers(0, 2 if dtype == "bool" else 200, shape).astype(dtype)


def made(plan, index, frame):
    """Return the chunks of one file."""
    template = header_template(plan)
    return file_chunks(template, *encode_headers(template, plan, index, index + 1), frame)


@given(
    grid=grids(left_handed=False),
    case=st.sampled_from(CASES),
    uid=st.sampled_from(["random", "1.2.3.4", "content"]),
)
def test_files_from_the_template_equal_those_of_pydicom_alone(grid, case, uid):
    kind, dtype = case
    array = array_of(dtype, grid.shape)
    plan = dcs.plan(
        array, kind=kind, affine=grid.affine(), space="LPS", metadata=METADATA, uid=uid, now=NOW
    )
    stored = store(array, plan.value_map)
    template = header_template(plan)
    total = 0
    begun = encode_headers(template, plan, 0, len(plan))
    for instance, header, frame in zip(plan, begun, stored.array, strict=True):
        fast = b"".join(file_chunks(template, header, frame))
        assert fast == encode_with_pydicom(plan, instance, frame)
        total += len(fast)
    assert total == plan.total_bytes


@pytest.mark.parametrize(("kind", "dtype"), CASES)
def test_pydicom_reads_the_file_as_it_was_planned(kind, dtype):
    array = array_of(dtype, (3, 5, 7))
    plan = dcs.plan(array, kind=kind, spacing=(0.7, 0.9, 2.5), metadata=METADATA)
    stored = store(array, plan.value_map)
    whole = b"".join(made(plan, 1, stored.array[1]))
    dataset = pydicom.dcmread(io.BytesIO(whole))
    assert (
        dataset.SOPInstanceUID
        == dataset.file_meta.MediaStorageSOPInstanceUID
        == plan.uids.instance(1)
    )
    assert dataset.InstanceNumber == 2
    assert list(dataset.ImagePositionPatient) == [0, 0, 2.5]
    assert dataset.PatientName == "Müller^Jürg"
    assert np.array_equal(dataset.pixel_array, stored.array[1])


def test_attributes_whose_tags_come_after_the_pixels_stand_after_them():
    array = array_of("uint8", (2, 3, 5))
    plan = dcs.plan(
        array, kind="SC", spacing=(1, 1, 2), metadata={"DataSetTrailingPadding": b"\1\2\3\4"}
    )
    stored = store(array, plan.value_map)
    whole = b"".join(made(plan, 0, stored.array[0]))
    assert whole == encode_with_pydicom(plan, plan.instance(0), stored.array[0])
    assert whole.endswith(b"\1\2\3\4")
    assert len(whole) == plan.file_bytes(0)


def test_a_value_beyond_64_kib_is_written_as_pydicom_writes_it():
    array = array_of("int16", (2, 3, 4))
    times = [round(0.123456789 * index, 9) for index in range(9000)]
    plan = dcs.plan(
        array, kind="SC", spacing=(1, 1, 2), metadata={"FrameTimeVector": times}, now=NOW
    )
    stored = store(array, plan.value_map)
    whole = b"".join(made(plan, 0, stored.array[0]))
    with pytest.warns(UserWarning, match="changed from 'DS' to 'UN'"):
        assert whole == encode_with_pydicom(plan, plan.instance(0), stored.array[0])
    read = pydicom.dcmread(io.BytesIO(whole))["FrameTimeVector"]
    assert read.VR == "UN"
    assert len(read.value.split(b"\\")) == 9000
