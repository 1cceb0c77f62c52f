"""Files of compressed frames: equal to those of pydicom, with offset tables."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, encapsulate_extended, get_frame

import dicomseries as dcs
from dicomseries.part10 import (
    encapsulation,
    encode_headers,
    encoded_chunks,
    file_chunks,
    header_template,
)
from pydicom_files import encode_with_pydicom

encoded = st.lists(st.binary(min_size=1, max_size=40), min_size=3, max_size=3)


def planned(kind):
    metadata = {"ApplicableSafetyStandardAgency": "IEC"} if kind == "EnhancedMR" else {}
    return dcs.plan(
        np.zeros((3, 5, 7), "int16"),
        kind=kind,
        spacing=(0.7, 0.9, 2.5),
        metadata=metadata,
        compression="jpegls",
    )


def multi_frame(plan, lengths, frames):
    """Return the chunks of the file of all frames."""
    template = header_template(plan)
    return encoded_chunks(template, *encode_headers(template, plan, 0, 1), lengths, frames)


@given(frames=encoded)
def test_a_file_of_one_compressed_frame_equals_that_of_pydicom_alone(frames):
    plan = planned("CT")
    template = header_template(plan)
    begun = encode_headers(template, plan, 0, len(plan))
    for instance, header, frame in zip(plan, begun, frames, strict=True):
        assert b"".join(file_chunks(template, header, frame)) == encode_with_pydicom(
            plan, instance, [frame]
        )


@given(frames=encoded)
def test_a_file_of_all_compressed_frames_equals_that_of_pydicom_alone(frames):
    plan = planned("EnhancedMR")
    chunks = multi_frame(plan, list(map(len, frames)), iter(frames))
    assert b"".join(chunks) == encode_with_pydicom(plan, plan.instance(0), frames)


@given(frames=encoded)
def test_a_reader_that_jumps_finds_each_frame(frames):
    extended, basic = encapsulation.offset_tables(list(map(len, frames)))
    parts = [
        (head, frame, padding)
        for frame in frames
        for head, padding in [encapsulation.fragment(frame)]
    ]
    pixels = b"".join([basic, *(piece for part in parts for piece in part)])
    assert (extended, pixels) == (b"", encapsulate(frames))
    assert [get_frame(pixels, index, number_of_frames=3) for index in (2, 0, 1)] == [
        frames[index] + b"\0" * (len(frames[index]) % 2) for index in (2, 0, 1)
    ]


@given(frames=st.lists(st.binary(min_size=31, max_size=40), min_size=3, max_size=3))
def test_offsets_beyond_the_basic_table_go_into_the_extended_one(frames):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encapsulation, "_MOST_OFFSET", 63)
        plan = planned("EnhancedMR")
        lengths = list(map(len, frames))
        file = b"".join(multi_frame(plan, lengths, iter(frames)))
    dataset = pydicom.dcmread(io.BytesIO(file))
    pixels, offsets, sizes = encapsulate_extended(frames)
    assert (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths) == (offsets, sizes)
    assert dataset.PixelData == pixels
    third = get_frame(dataset.PixelData, 2, extended_offsets=(offsets, sizes), number_of_frames=3)
    assert third == frames[2] + b"\0" * (len(frames[2]) % 2)


def test_a_table_reaches_to_the_last_offset_that_32_bits_hold():
    # A frame of 4 GiB less 10 bytes, with its item header, ends at the largest offset.
    assert encapsulation.offset_tables([0xFFFFFFF6, 2])[0] == b""
    assert encapsulation.offset_tables([0xFFFFFFF8, 2])[0] != b""
