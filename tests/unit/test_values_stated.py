"""Stated meanings of values: units, padding of integers, windows and polarity."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.errors import DicomSeriesError, MetadataError

SPACING = (2.0, 2.5, 3.0)


def values_of(plan) -> dict[str, tuple]:
    return {one.keyword: one.values for one in plan.shared}


def hounsfield(shape=(3, 4, 5)) -> np.ndarray:
    return np.random.default_rng(5).integers(-1000, 900, shape).astype("int16")


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct") / "series"
    metadata = {"RescaleType": "HU", "WindowCenter": [40, -600], "WindowWidth": [400, 1500]}
    dcs.write(
        hounsfield(),
        folder,
        kind="CT",
        spacing=SPACING,
        metadata=metadata,
        sync=False,
        verify=False,
    )
    return folder


@pytest.fixture(scope="module")
def pet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pet") / "series"
    metadata = {"Units": "BQML", "DecayCorrection": "START", "DecayFactor": 1.5}
    array = np.random.default_rng(5).integers(0, 9000, (3, 4, 5)).astype("int16")
    dcs.write(
        array, folder, kind="PT", spacing=SPACING, metadata=metadata, sync=False, verify=False
    )
    return folder


# -------------------------------------------------------------------------------------------- units
@pytest.mark.parametrize("unit", ["mm2/s", "1", "%"])
def test_a_unit_beside_another_one_that_is_taken_over_is_rejected(ct, unit):
    with pytest.raises(MetadataError) as caught:
        dcs.plan(hounsfield(), like=ct, units=unit)
    assert caught.value.code == "units-contradict"
    assert 'metadata={"RescaleType": "US"}' in str(caught.value)
    plan = dcs.plan(hounsfield(), like=ct, units=unit, metadata={"RescaleType": "US"})
    assert values_of(plan)["RescaleType"] == ("US",)


def test_a_second_unit_of_a_positron_series_is_rejected_with_the_term_to_use(pet):
    array = np.random.default_rng(5).uniform(0, 9000, (3, 4, 5))
    with pytest.raises(MetadataError, match='"Units": "GML'):
        dcs.plan(array, like=pet, units="g/ml{SUVbw}")
    plan = dcs.plan(array, like=pet, units="g/ml{SUVbw}", metadata={"Units": "GML"})
    assert values_of(plan)["Units"] == ("GML",)
    assert values_of(plan)["DecayCorrection"] == ("START",)


def test_the_unit_of_the_source_confirms_what_is_taken_over(ct):
    plan = dcs.plan(np.clip(hounsfield(), 0, 255).astype("uint8"), like=ct, units="[hnsf'U]")
    assert values_of(plan)["RescaleType"] == ("HU",)
    assert not any("Taken over" in text or "not taken over" in text for text in plan.advice)


@pytest.mark.parametrize(
    ("kind", "metadata", "unit"),
    [
        ("CT", {"RescaleType": "HU"}, "mm2/s"),
        ("PT", {"Units": "BQML"}, "kBq/ml"),
        ("SC", {"RescaleType": "HU"}, "1"),
    ],
)
def test_two_units_of_the_user_s_own_are_rejected(kind, metadata, unit):
    with pytest.raises(MetadataError) as caught:
        dcs.plan(hounsfield(), kind=kind, spacing=SPACING, metadata=metadata, units=unit)
    assert caught.value.code == "units-contradict"


@pytest.mark.parametrize(
    ("kind", "unit", "keyword", "term"),
    [
        ("CT", "[hnsf'U]", "RescaleType", "HU"),
        ("PT", "Bq/ml", "Units", "BQML"),
        ("PT", "Bq/mL", "Units", "BQML"),
        ("PT", "g/ml{SUVlbm}", "SUVType", "LBM"),
        ("CT", "mm2/s", "RescaleType", "US"),
        ("PT", "1", "Units", "NONE"),
    ],
)
def test_units_say_what_the_attribute_of_the_kind_says(kind, unit, keyword, term):
    plan = dcs.plan(abs(hounsfield()), kind=kind, spacing=SPACING, units=unit)
    assert values_of(plan)[keyword] == (term,)


@pytest.mark.parametrize("unit", ["kBq/ml", "HU"])
def test_a_unit_that_cannot_be_written_is_rejected_with_one_that_can(unit):
    with pytest.raises(DicomSeriesError, match=r"Bq/ml|hnsf"):
        dcs.plan(abs(hounsfield()), kind="PT", spacing=SPACING, units=unit)


# ------------------------------------------------------------------------------------------- window
def test_all_windows_of_the_source_are_kept_while_values_and_unit_are(ct):
    found = values_of(dcs.plan(hounsfield() // 2 * 2, like=ct))
    assert (found["WindowCenter"], found["WindowWidth"]) == (("40", "-600"), ("400", "1500"))


@pytest.mark.parametrize("shift", [5000, -9000])
def test_a_window_that_shows_nothing_of_the_values_is_computed_anew(ct, shift):
    found = values_of(dcs.plan(hounsfield() + np.int16(shift), like=ct))
    assert found["WindowCenter"] != ("40", "-600")


def test_the_user_s_window_wins_over_the_source_s(ct):
    found = values_of(
        dcs.plan(hounsfield(), like=ct, metadata={"WindowCenter": 300, "WindowWidth": 1500})
    )
    assert (found["WindowCenter"], found["WindowWidth"]) == (("300",), ("1500",))


def test_values_beyond_the_unit_take_neither_it_nor_the_window(ct):
    plan = dcs.plan(hounsfield().astype("float64") * 1000 + 0.5, like=ct)
    found = values_of(plan)
    assert found["RescaleType"] == ("US",)
    assert found["WindowCenter"] != ("40", "-600")
    assert any("RescaleType HU" in text and "not taken over" in text for text in plan.advice)


# ------------------------------------------------------------------------------------------- colour
@pytest.fixture(scope="module", params=["CT", "EnhancedCT"])
def hounsfield_series(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hu") / "series"
    metadata = {"RescaleType": "HU", "IrradiationEventUID": "2.25.7"}
    dcs.write(
        hounsfield(),
        folder,
        kind=request.param,
        spacing=SPACING,
        metadata=metadata,
        sync=False,
        verify=False,
    )
    return folder


@pytest.mark.parametrize("kind", ["SC", "MultiframeSC"])
@pytest.mark.parametrize(
    "metadata", [{}, {"RescaleType": None}, {"RescaleType": ""}, {"RescaleType": "US"}]
)
def test_colour_of_a_series_of_hounsfield_units_is_written(hounsfield_series, kind, metadata):
    array = np.zeros((3, 4, 5, 3), "uint8")
    plan = dcs.plan(array, like=hounsfield_series, kind=kind, axes="zyxc", metadata=metadata)
    assert "RescaleType" not in values_of(plan)
    assert "WindowCenter" not in values_of(plan)


def test_colour_of_a_series_of_hounsfield_units_is_written_from_the_command_line(
    hounsfield_series, tmp_path
):
    np.save(tmp_path / "rgb.npy", np.zeros((3, 4, 5, 3), "uint8"))
    words = ["derive", str(hounsfield_series), str(tmp_path / "rgb.npy"), str(tmp_path / "out")]
    assert main([*words, "--kind", "sc", "--axes", "zyxc"]) == 0
    assert pydicom.dcmread(tmp_path / "out" / "0001.dcm").SamplesPerPixel == 3


# ----------------------------------------------------------------------------------------- polarity
def test_inverted_grey_is_written_on_request_and_read_back(tmp_path):
    array = hounsfield()
    inverted = {"PhotometricInterpretation": "MONOCHROME1"}
    dcs.write(array, tmp_path / "a", kind="SC", spacing=SPACING, metadata=inverted, sync=False)
    assert pydicom.dcmread(tmp_path / "a" / "0001.dcm").PhotometricInterpretation == "MONOCHROME1"
    volume = dcs.read(tmp_path / "a")
    assert np.array_equal(volume.array, array)
    plan = volume.derive(array // 2 * 2).plan()
    assert values_of(plan)["PhotometricInterpretation"] == ("MONOCHROME1",)
    assert any("PhotometricInterpretation MONOCHROME1" in text for text in plan.advice)
    other = volume.derive(abs(array).astype("uint16"), kind="MultiframeSC").plan()
    assert values_of(other)["PhotometricInterpretation"] == ("MONOCHROME2",)
    assert any("Invert the array" in text for text in other.advice)


@pytest.mark.parametrize("kind", ["PT", "XRay3D", "ParametricMap", "MultiframeSC"])
def test_a_kind_of_one_polarity_rejects_the_other(kind):
    array = abs(hounsfield()).astype("float32" if kind == "ParametricMap" else "uint16")
    with pytest.raises(MetadataError, match="Invert the array"):
        dcs.plan(
            array, kind=kind, spacing=SPACING, metadata={"PhotometricInterpretation": "MONOCHROME1"}
        )


def test_colour_has_no_polarity():
    array = np.zeros((3, 4, 5, 3), "uint8")
    with pytest.raises(MetadataError, match="colour"):
        dcs.plan(
            array,
            kind="SC",
            axes="zyxc",
            spacing=SPACING,
            metadata={"PhotometricInterpretation": "MONOCHROME2"},
        )


# ------------------------------------------------------------------------------------------ padding
def padded(dtype="int16", padding=-2000) -> np.ndarray:
    array = hounsfield((4, 6, 5)).astype(dtype)
    array[:, 0] = padding
    return array


@pytest.mark.parametrize("kind", ["CT", "MR", "SC", "XRay3D"])
@pytest.mark.parametrize("dtype", ["int16", "int32", "int64"])
def test_padding_of_integers_is_a_number_of_the_array_and_no_part_of_the_window(
    tmp_path, kind, dtype
):
    array = padded(dtype)
    dcs.write(
        array,
        tmp_path / "a",
        kind=kind,
        spacing=SPACING,
        metadata={"PixelPaddingValue": -2000},
        sync=False,
    )
    dataset = pydicom.dcmread(tmp_path / "a" / "0001.dcm")
    assert dataset.PixelPaddingValue == -2000
    back = dcs.read(tmp_path / "a")
    assert np.array_equal(back.array, array)
    window = values_of(
        dcs.plan(array, kind="CT", spacing=SPACING, metadata={"PixelPaddingValue": "-2000"})
    )
    center, width = float(window["WindowCenter"][0]), float(window["WindowWidth"][0])
    assert center - width / 2 > -1100


def test_padding_is_stored_as_the_values_are_that_need_an_offset(tmp_path):
    array = padded("int32") + 100_000
    array[:, 0] = 98_000
    dcs.write(
        array,
        tmp_path / "a",
        kind="CT",
        spacing=SPACING,
        metadata={"PixelPaddingValue": 98_000},
        sync=False,
    )
    dataset = pydicom.dcmread(tmp_path / "a" / "0001.dcm")
    assert np.array_equal(dataset.pixel_array == dataset.PixelPaddingValue, array[0] == 98_000)


def test_rounded_padding_must_stay_apart_from_the_values():
    array = padded("int32")
    far = dcs.plan(
        array,
        kind="CT",
        spacing=SPACING,
        values=dcs.Rescale(),
        metadata={"PixelPaddingValue": -2000},
    )
    assert far.value_map.padding is not None
    with pytest.raises(MetadataError, match="PixelPaddingValue"):
        dcs.plan(
            array,
            kind="CT",
            spacing=SPACING,
            values=dcs.Rescale(),
            metadata={"PixelPaddingValue": 100},
        )


@pytest.mark.parametrize(
    ("array", "options"),
    [
        (padded().astype("float32"), {}),
        (padded(), {"clip": (-1000, 1000)}),
        (padded().astype("uint16"), {}),
        (padded(), {"metadata": {"PixelPaddingValue": 0.5}}),
        (padded(), {"metadata": {"PixelPaddingValue": "air"}}),
        (padded() > 0, {"kind": "Segmentation", "segments": {1: "Bone"}}),
        (padded(), {"kind": "ParametricMap"}),
        (
            np.zeros((3, 4, 5, 3), "uint8"),
            {"kind": "SC", "axes": "zyxc", "metadata": {"PixelPaddingValue": 0}},
        ),
    ],
)
def test_padding_that_cannot_be_is_rejected(array, options):
    with pytest.raises(MetadataError) as caught:
        dcs.plan(
            array,
            **{"kind": "CT", "spacing": SPACING, "metadata": {"PixelPaddingValue": -2000}}
            | options,
        )
    assert caught.value.code == "padding-not-possible"


def test_the_padding_of_a_source_is_kept_where_the_array_holds_it(tmp_path):
    dcs.write(
        padded(),
        tmp_path / "ct",
        kind="CT",
        spacing=SPACING,
        metadata={"PixelPaddingValue": -2000, "RescaleType": "HU"},
        sync=False,
    )
    kept = values_of(dcs.plan(padded(), like=tmp_path / "ct"))
    assert kept["PixelPaddingValue"] == (-2000,)
    assert "PixelPaddingValue" not in values_of(
        dcs.plan(hounsfield((4, 6, 5)), like=tmp_path / "ct")
    )
    left_out = dcs.plan(padded(), like=tmp_path / "ct", metadata={"PixelPaddingValue": None})
    assert "PixelPaddingValue" not in values_of(left_out)


# ----------------------------------------------------------------------------------- other messages
def test_complex_numbers_are_rejected_with_the_option_that_names_a_part():
    array = np.zeros((3, 4, 5), "complex64")
    with pytest.raises(DicomSeriesError) as caught:
        dcs.plan(array, kind="MR", spacing=SPACING)
    for word in (
        "part='magnitude'",
        "'phase'",
        "'real'",
        "'imaginary'",
        "each part",
    ):
        assert word in str(caught.value)


def test_classes_of_a_network_without_names_of_axes_are_rejected_with_both_ways():
    probabilities = np.zeros((5, 3, 4, 5), "uint8")
    with pytest.raises(DicomSeriesError, match=r"czyx.*argmax\(0\)"):
        dcs.plan(probabilities, kind="Segmentation", spacing=SPACING, segments={1: "Liver"})


def test_tiny_floats_are_advised_to_be_multiplied():
    array = np.linspace(0, 5e-28, 60).reshape(3, 4, 5)
    advice = "\n".join(dcs.plan(array, kind="MR", spacing=SPACING).advice)
    assert "VOILUTFunction" in advice
    assert "Multiply the array" in advice


def test_decay_correction_is_not_claimed_without_a_word():
    plan = dcs.plan(abs(hounsfield()), kind="PT", spacing=SPACING, metadata={"Units": "BQML"})
    assert any(text.startswith("DecayCorrection is NONE") for text in plan.advice)
    with pytest.raises(MetadataError, match="DECY"):
        dcs.plan(
            abs(hounsfield()),
            kind="PT",
            spacing=SPACING,
            metadata={"CorrectedImage": ["DECY", "ATTN"]},
        )


# ----------------------------------------------------------------------------------- maps of floats
@pytest.mark.parametrize("options", [{"values": dcs.Lossless()}, {"companion": True}])
@pytest.mark.parametrize(
    ("kind", "metadata", "unit"),
    [
        ("CT", {"RescaleType": "HU"}, "[hnsf'U]"),
        ("PT", {"Units": "BQML"}, "Bq/ml"),
        ("PT", {"Units": "GML", "SUVType": "LBM"}, "g/ml{SUVlbm}"),
        ("MR", {}, "1"),
    ],
)
def test_a_map_of_floats_has_the_unit_that_was_stated_for_its_kind(kind, metadata, unit, options):
    array = np.random.default_rng(6).uniform(0, 900, (3, 4, 5)).astype("float32")
    plan = dcs.plan(array, kind=kind, spacing=SPACING, metadata=metadata, **options)
    assert plan.kind == "ParametricMap"
    (groups,) = values_of(plan)["SharedFunctionalGroupsSequence"]
    (mapping,) = next(
        one.values for one in groups if one.keyword == "RealWorldValueMappingSequence"
    )
    (item,) = next(one.values for one in mapping if one.keyword == "MeasurementUnitsCodeSequence")
    assert unit in [one.values[0] for one in item]
    assert any("no units" in text for text in plan.advice) == (unit == "1")
