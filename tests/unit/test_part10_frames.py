"""Multi-frame files: equal to those of pydicom for every difference between frames."""

from __future__ import annotations

import datetime as dt
import io

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dicomseries as dcs
from dicomseries.part10 import encode_headers, frames_chunks, header_template
from dicomseries.part10.encode_elements import encode_element, encode_elements
from dicomseries.testing import grids
from dicomseries.values import store
from pydicom_files import encode_with_pydicom

NOW = dt.datetime(2024, 2, 29, 12, 34, 56, tzinfo=dt.UTC)
DEMANDED = {
    "EnhancedCT": {"IrradiationEventUID": "1.2.3", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}
CASES = [
    ("EnhancedMR", "int16"),
    ("EnhancedMR", "float64"),
    ("EnhancedCT", "int16"),
    ("XRay3D", "uint16"),
    ("ParametricMap", "float32"),
    ("ParametricMap", "float64"),
]
ECHOES = [4.6, 9.2, 13.8, 18.4]
DIRECTIONS = [None, [1, 0, 0], [0, 0.6, 0.8], [0, 0, -1]]


def array_of(dtype, shape):
    rng = np.random.default_rng(1)
    if dtype.startswith("float"):
        return rng.uniform(-3, 7, shape).astype(dtype)
    return rng.integers(0, 200, shape).astype(dtype)


def planned(array, kind, **options):
    return dcs.plan(array, kind=kind, metadata=DEMANDED.get(kind, {}), now=NOW, **options)


def fast_and_slow(plan, array):
    stored = store(array.reshape(-1, *array.shape[-2:]), plan.value_map)
    instance = plan.instance(0)
    slabs = [slab for slab in (stored.array[:2], stored.array[2:]) if len(slab)]
    template = header_template(plan)
    fast = b"".join(frames_chunks(template, *encode_headers(template, plan, 0, 1), slabs))
    return fast, encode_with_pydicom(plan, instance, stored.array)


@given(
    grid=grids(left_handed=False),
    case=st.sampled_from(CASES),
    volumes=st.integers(1, 4),
    is_timed=st.booleans(),
    uid=st.sampled_from(["random", "1.2.3.4"]),
)
def test_a_multi_frame_file_from_the_template_equals_that_of_pydicom_alone(
    grid, case, volumes, is_timed, uid
):
    kind, dtype = case
    array = array_of(dtype, (volumes, *grid.shape))
    times = [0.5 * index**2 for index in range(volumes)] if is_timed and volumes > 1 else None
    plan = planned(
        array, kind, affine=grid.affine(), space="LPS", axes="tzyx", times=times, uid=uid
    )
    fast, slow = fast_and_slow(plan, array)
    assert fast == slow
    assert len(fast) == plan.total_bytes == plan.file_bytes(0)


@pytest.mark.parametrize(
    "per_volume",
    [
        {"EchoTime": ECHOES},
        {"DiffusionBValue": [0, 500, 1000, 1500], "DiffusionGradientOrientation": DIRECTIONS},
        {"DiffusionBValue": [None, 500, None, 1500]},
        {"EchoTime": np.arange(1.0, 13.0).reshape(4, 3)},
        {"EchoTime": np.arange(1.0, 13.0)},
        {"EchoTime": [4.6, 9.2, 13.8], "DiffusionBValue": [0, 1, 2, 3]},
    ],
    ids=["echoes", "diffusion", "some only", "rows of slices", "all slices", "slices and volumes"],
)
def test_what_the_user_says_of_volumes_and_slices_is_encoded_as_pydicom_encodes_it(per_volume):
    array = array_of("int16", (4, 3, 5, 7))
    plan = planned(array, "EnhancedMR", spacing=(0.7, 0.9, 2.5), axes="tzyx", per_volume=per_volume)
    fast, slow = fast_and_slow(plan, array)
    assert fast == slow
    assert len(fast) == plan.total_bytes


def test_frames_are_indexed_by_stack_time_and_position_and_hold_what_belongs_to_them():
    array = array_of("int16", (4, 3, 5, 7))
    options = {"DiffusionBValue": [0, 500, 1000, 1500], "DiffusionGradientOrientation": DIRECTIONS}
    plan = planned(
        array, "EnhancedMR", spacing=(0.7, 0.9, 2.5), axes="tzyx", times=2.5, per_volume=options
    )
    dataset = pydicom.dcmread(io.BytesIO(fast_and_slow(plan, array)[0]))
    assert dataset.NumberOfFrames == 12
    assert dataset.DimensionOrganizationType == "3D_TEMPORAL"
    assert np.array_equal(dataset.pixel_array, array.reshape(12, 5, 7))
    pointers = [item.DimensionIndexPointer for item in dataset.DimensionIndexSequence]
    assert [pydicom.datadict.keyword_for_tag(tag) for tag in pointers] == [
        "StackID",
        "TemporalPositionIndex",
        "InStackPositionNumber",
    ]
    for frame, item in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        volume, position = divmod(frame, 3)
        content = item.FrameContentSequence[0]
        assert list(content.DimensionIndexValues) == [1, volume + 1, position + 1]
        assert (content.TemporalPositionIndex, content.InStackPositionNumber) == (
            volume + 1,
            position + 1,
        )
        assert item.TemporalPositionSequence[0].TemporalPositionTimeOffset == 2.5 * volume
        assert list(item.PlanePositionSequence[0].ImagePositionPatient) == [0, 0, 2.5 * position]
        diffusion = item.MRDiffusionSequence[0]
        assert diffusion.DiffusionBValue == 500 * volume
        assert diffusion.DiffusionDirectionality == ("DIRECTIONAL" if volume else "NONE")
        directions = diffusion.get("DiffusionGradientDirectionSequence")
        assert (directions and list(directions[0].DiffusionGradientOrientation)) == DIRECTIONS[
            volume
        ]


def test_one_slope_stands_for_all_frames():
    array = array_of("float64", (2, 3, 5, 7)) * np.arange(1, 7).reshape(2, 3, 1, 1)
    plan = planned(array, "EnhancedMR", spacing=(1, 1, 2), axes="tzyx")
    dataset = pydicom.dcmread(io.BytesIO(fast_and_slow(plan, array)[0]))
    assert "PixelValueTransformationSequence" in dataset.SharedFunctionalGroupsSequence[0]
    assert all(
        "PixelValueTransformationSequence" not in item
        for item in dataset.PerFrameFunctionalGroupsSequence
    )


def test_a_group_that_differs_is_per_frame_and_not_shared():
    array = array_of("int16", (4, 3, 5, 7))
    plan = planned(
        array, "EnhancedMR", spacing=(1, 1, 2), axes="tzyx", per_volume={"EchoTime": ECHOES}
    )
    dataset = pydicom.dcmread(io.BytesIO(fast_and_slow(plan, array)[0]))
    shared = {element.keyword for element in dataset.SharedFunctionalGroupsSequence[0]}
    for item in dataset.PerFrameFunctionalGroupsSequence:
        assert not shared & {element.keyword for element in item}
    echoes = [
        item.MREchoSequence[0].EffectiveEchoTime
        for item in dataset.PerFrameFunctionalGroupsSequence
    ]
    assert echoes == [echo for echo in ECHOES for _ in range(3)]


@pytest.mark.parametrize(
    ("dtype", "keyword"), [("float32", "FloatPixelData"), ("float64", "DoubleFloatPixelData")]
)
def test_floats_are_in_their_pixel_element_without_bits_stored(dtype, keyword):
    array = array_of(dtype, (3, 5, 7))
    array[0, 0, :3] = [np.nan, np.inf, -0.0]
    plan = planned(array, "ParametricMap", spacing=(1, 1, 2))
    dataset = pydicom.dcmread(io.BytesIO(fast_and_slow(plan, array)[0]))
    assert dataset[keyword].value == array.tobytes()
    assert not {"PixelData", "BitsStored", "HighBit", "PixelRepresentation"} & {
        one.keyword for one in dataset
    }
    assert dataset.BitsAllocated == array.itemsize * 8


@given(
    vr=st.sampled_from(["DS", "UL", "FD", "SH", "UI", "UV"]),
    counts=st.lists(st.none() | st.integers(0, 3), max_size=6),
    is_even=st.booleans(),
)
def test_many_elements_of_one_tag_are_encoded_as_each_alone(vr, counts, is_even):
    value = {"DS": "-1.5", "SH": "äb", "UI": "1.2.3", "FD": -0.1}.get(vr, 7)
    if is_even:
        counts = [count and 2 for count in counts]
    entries = [None if count is None else (value,) * count for count in counts]
    alone = [
        b"" if values is None else encode_element(0x00201234, vr, values) for values in entries
    ]
    assert encode_elements(0x00201234, vr, entries) == alone


@pytest.mark.parametrize(
    ("kind", "dtype"), [("EnhancedMR", "float64"), ("ParametricMap", "float32")]
)
def test_the_bytes_of_a_file_of_all_frames_do_not_depend_on_the_number_of_workers(
    tmp_path, kind, dtype
):
    array = array_of(dtype, (6, 40, 64, 64))
    found = set()
    for workers in (1, 2, 8):
        out = tmp_path / str(workers)
        dcs.write(
            array,
            out,
            kind=kind,
            spacing=(1, 1, 2),
            axes="tzyx",
            times=2.0,
            metadata=DEMANDED.get(kind, {}),
            now=NOW,
            entropy=b"seed" * 8,
            workers=workers,
            sync=False,
        )
        found.add((out / "0001.dcm").read_bytes())
    assert len(found) == 1
