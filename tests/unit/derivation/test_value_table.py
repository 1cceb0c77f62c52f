"""Every cell of the table of values, for every attribute and kind of source."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

import dicomseries as dcs
from dicomseries.derivation.rules.value_rules import RELATIONS, VALUE_RULE_OF, VALUE_RULES
from dicomseries.errors import DicomSeriesWarning, MetadataError
from dicomseries.iod import find_kind

SHAPE = (3, 4, 5)
PADDING = -2000


def code(value: str, meaning: str) -> dict[str, str]:
    return {"CodeValue": value, "CodingSchemeDesignator": "UCUM", "CodeMeaning": meaning}


def grey_values() -> np.ndarray:
    """Hounsfield units of a body in air, with padding around it."""
    array = np.random.default_rng(3).integers(-1000, 900, SHAPE).astype("int16")
    array[:, 0] = PADDING
    return array


def activity() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 900, SHAPE).astype("int16")


QUANTITY = {
    "ValueType": "CODE",
    "ConceptNameCodeSequence": [
        {"CodeValue": "246205007", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Quantity"}
    ],
    "ConceptCodeSequence": [
        {"CodeValue": "113063", "CodingSchemeDesignator": "DCM", "CodeMeaning": "T1"}
    ],
}
MAPPED = {
    "MeasurementUnitsCodeSequence": [code("ms", "milliseconds")],
    "QuantityDefinitionSequence": [QUANTITY],
    "LUTLabel": "T1",
    "LUTExplanation": "T1 time",
}
WINDOWED = {"WindowCenter": 40, "WindowWidth": 400, "WindowCenterWidthExplanation": "BODY"}
HOUNSFIELD = WINDOWED | {"RescaleType": "HU", "PixelPaddingValue": PADDING}
EVENT = {"IrradiationEventUID": "2.25.7"}
SAFE = {"ApplicableSafetyStandardAgency": "IEC"}
PET = WINDOWED | {
    "Units": "GML",
    "SUVType": "LBM",
    "DecayCorrection": "START",
    "DecayFactor": 1.5,
    "CorrectedImage": ["DECY", "ATTN"],
    "CountsSource": "EMISSION",
    "DoseCalibrationFactor": 2.5,
    "SliceSensitivityFactor": 1.25,
    "ScatterFractionFactor": 0.5,
    "DeadTimeFactor": 1.125,
}
QUANTITIES = {
    "MRMetaboliteMapSequence": [{"MetaboliteMapDescription": "WATER"}],
    "MRDiffusionSequence": [
        {
            "DiffusionBValue": 1000.0,
            "DiffusionDirectionality": "NONE",
            "DiffusionAnisotropyType": "FRACTIONAL",
        }
    ],
}
SIGNAL = WINDOWED | MAPPED | {"ComplexImageComponent": "PHASE", "PixelPaddingValue": PADDING}

OURS: dict[str, tuple[Any, dict[str, Any]]] = {
    "CT": (grey_values, HOUNSFIELD),
    "MR": (grey_values, SIGNAL | {"ImageType": ["ORIGINAL", "PRIMARY", "P"]}),
    "PT": (activity, PET),
    "SC": (grey_values, WINDOWED | MAPPED | {"PixelPaddingValue": PADDING}),
    "EnhancedCT": (grey_values, HOUNSFIELD | EVENT),
    "EnhancedMR": (
        grey_values,
        SIGNAL | SAFE | QUANTITIES | {"ImageType": ["DERIVED", "PRIMARY", "VOLUME", "T1"]},
    ),
    "MultiframeSC": (lambda: np.abs(grey_values()).astype("uint16"), WINDOWED),
    "XRay3D": (grey_values, WINDOWED | MAPPED | {"PixelPaddingValue": PADDING}),
    "ParametricMap": (lambda: grey_values().astype("float32") + 0.25, WINDOWED | MAPPED),
}
"""Kinds that are written here → the values of a source, and what it says of them."""

INVERTED = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}
LOGARITHMIC = {"PixelIntensityRelationship": "LOG", "PixelIntensityRelationshipSign": -1}
DOSE = {
    "DoseUnits": "GY",
    "DoseType": "PHYSICAL",
    "DoseSummationType": "PLAN",
    "DoseGridScaling": "1",
}

FOREIGN: dict[str, tuple[str, dict[str, Any]]] = {
    "CR": ("1.2.840.10008.5.1.4.1.1.1", INVERTED),
    "DX": ("1.2.840.10008.5.1.4.1.1.1.1", INVERTED | LOGARITHMIC | {"RescaleType": "US"}),
    "MG": ("1.2.840.10008.5.1.4.1.1.1.2", INVERTED | LOGARITHMIC),
    "XA": ("1.2.840.10008.5.1.4.1.1.12.1", LOGARITHMIC),
    "US": ("1.2.840.10008.5.1.4.1.1.6.1", {}),
    "NM": ("1.2.840.10008.5.1.4.1.1.20", {"Units": "CNTS", "CountsSource": "EMISSION"}),
    "RTDOSE": ("1.2.840.10008.5.1.4.1.1.481.2", DOSE),
    "CT of low values that are bright": (
        "1.2.840.10008.5.1.4.1.1.2",
        INVERTED | {"RescaleType": "HU"},
    ),
    "CT with tables": (
        "1.2.840.10008.5.1.4.1.1.2",
        {"RescaleType": "HU", "VOILUTSequence": "a table"},
    ),
}
"""Sources of other classes → their SOP class, and what they say of their values."""

CODED = ("MeasurementUnitsCodeSequence", "QuantityDefinitionSequence")
"""Sequences that are one value of the table."""

NEUTRAL = ("MONOCHROME2", "IDENTITY", "US", "NONE", "", "REAL", "Real values")
"""What a series says that nobody has said anything of."""

OUTSIDE = {
    "PresentationLUTSequence",
    "SoftcopyVOILUTSequence",
    "ModalityLUTSequence",
    "PixelPaddingRangeLimit",
}
"""Attributes in no source here: of presentation states, or of series a reader rejects."""


def patched(folder: Path, name: str) -> None:
    """Make files of a foreign class from a secondary capture."""
    sop_class, own = FOREIGN[name]
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
        del dataset.RealWorldValueMappingSequence
        dataset.Modality = name.split(" ", maxsplit=1)[0]
        dataset.RescaleSlope, dataset.RescaleIntercept = "1", "0"
        dataset.SmallestImagePixelValue, dataset.LargestImagePixelValue = -1000, 900
        for keyword, value in own.items():
            if keyword == "VOILUTSequence":
                item = Dataset()
                item.add_new("LUTDescriptor", "SS", [4, 0, 16])
                item.add_new("LUTData", "US", [0, 1, 2, 3])
                dataset.VOILUTSequence = [item]
            else:
                setattr(dataset, keyword, value)
        dataset["SmallestImagePixelValue"].VR = dataset["LargestImagePixelValue"].VR = "SS"
        dataset.save_as(path)


@pytest.fixture(scope="module", params=[*OURS, *FOREIGN])
def source(request, tmp_path_factory):
    """A series that says all of its values that its class may say."""
    folder = tmp_path_factory.mktemp("source") / "series"
    kind = request.param if request.param in OURS else "SC"
    make, said = OURS[kind]
    array = make()
    dcs.write(
        array, folder, kind=kind, spacing=(2.0, 2.5, 3.0), metadata=said, sync=False, verify=False
    )
    if request.param in FOREIGN:
        patched(folder, request.param)
    dataset = pydicom.dcmread(min(folder.glob("*.dcm")), stop_before_pixels=True)
    result = kind if request.param in OURS else "CT" if request.param.startswith("CT") else "SC"
    return SimpleNamespace(
        path=folder, array=array, kind=result, held=dict(values_in(dataset)), name=request.param
    )


def values_in(dataset: Dataset) -> Iterator[tuple[str, Any]]:
    """Yield every attribute of a file, also those in functional groups, as keyword and value."""
    for element in dataset:
        if element.keyword in VALUE_RULE_OF:
            yield element.keyword, plain(element.value)
        if element.VR == "SQ" and element.value and element.keyword not in CODED:
            yield from values_in(element.value[0])


def plain(value: Any) -> Any:
    if isinstance(value, pydicom.Sequence):
        return str(value[0].get("CodeValue", "an item")) if value else ""
    if isinstance(value, (list, pydicom.multival.MultiValue)):
        return tuple(map(plain, value))
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


ARRAYS: dict[str, Any] = {
    "same": lambda array: array,
    "rescaled": lambda array: array.astype("float64") * 1e6 + 0.5,
    "grey": lambda array: np.linspace(0, 255, array.size).reshape(array.shape).astype("uint8"),
    "other": lambda array: array,
    "unit": lambda array: np.linspace(0, 0.98, array.size).reshape(array.shape),
    "labels": lambda array: array > 0,
    "colour": lambda array: np.stack(
        [np.linspace(0, 255, array.size).reshape(array.shape).astype("uint8")] * 3, -1
    ),
}
"""Relation → an array in this relation to the values of a source."""


def stated_unit(kind: str) -> dict[str, Any]:
    """What a user says whose values are another quantity."""
    if kind in {"CT", "EnhancedCT"}:
        return {"metadata": {"RescaleType": "US"}}
    return {"metadata": {"Units": "CNTS"}} if kind == "PT" else {"units": "mm2/s"}


def fitted(array: np.ndarray, kind: str, relation: str) -> np.ndarray:
    """Return an array for the kind: no negative PET, no fractions in a multi-frame capture."""
    if kind == "MultiframeSC" and array.dtype.kind == "f":
        pytest.skip("a multi-frame Secondary Capture holds no floats")
    if kind == "ParametricMap" and relation == "grey":
        return array.astype("float32")
    return array


def derived(source: SimpleNamespace, relation: str) -> Any:
    kind = "SC" if relation == "colour" and source.kind != "MultiframeSC" else source.kind
    array = fitted(ARRAYS[relation](source.array), kind, relation)
    options = stated_unit(kind) if relation == "other" else {}
    if relation == "colour":
        options["axes"] = "zyxc"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        return dcs.plan(array, like=source.path, kind=kind, **options)


def said_by(plan: Any) -> dict[str, Any]:
    """What the result says, at the top level, in functional groups and slice by slice."""

    def flat(attributes: Any) -> Iterator[tuple[str, Any]]:
        for one in attributes:
            if one.vr == "SQ" and one.values and one.keyword not in CODED:
                yield from flat(one.values[0])
            elif one.vr == "SQ":
                item = (
                    {inner.keyword: inner.values[0] for inner in one.values[0]}
                    if one.values
                    else {}
                )
                yield one.keyword, str(item.get("CodeValue", "an item"))
            else:
                values = tuple(plain(value) for value in one.values)
                yield one.keyword, values[0] if len(values) == 1 else values

    shared = dict(flat(plan.shared))
    return shared | {one.keyword: plain(one.values[0][0]) for one in plan.columns if one.values[0]}


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_cell_of_the_table_is_as_the_table_says(source, relation):
    if source.kind == "EnhancedCT" and relation in {"rescaled", "grey", "unit", "labels"}:
        with pytest.raises(MetadataError, match=r"RescaleType.*HU of the source"):
            derived(source, relation)
        return
    plan = derived(source, relation)
    said = said_by(plan)
    advice = "\n".join(plan.advice)
    outcomes = {keyword: outcome for keyword, _, outcome in plan.decisions}
    wrong = []
    for keyword, before in source.held.items():
        one = Told(keyword, before, said.get(keyword), outcomes.get(keyword, ""), advice)
        fault = "" if before in NEUTRAL else fault_of(source, relation, one)
        wrong += [f"{keyword} ({before}): {fault}"] if fault else []
    assert wrong == []


class Told(NamedTuple):
    """One attribute in the source and in the result, and what the plan says of it."""

    keyword: str
    before: Any
    now: Any
    outcome: str
    advice: str


def fault_of(source, relation, one) -> str:
    """Return what is not as the cell says; empty if all is."""
    rule = VALUE_RULE_OF[one.keyword]
    cell = rule.cells[relation]
    kind = find_kind(
        "SC" if relation == "colour" and source.kind != "MultiframeSC" else source.kind
    )
    if one.keyword == "ImageType":
        return image_type_fault(source, cell, one)
    if cell in {"keep", "keep if shown"}:
        return kept_fault(one, has_place=has_a_place(rule, one.keyword, source, kind))
    if cell == "new":
        is_window = one.keyword in {"WindowCenter", "WindowWidth", "WindowCenterWidthExplanation"}
        return f"not new, but {one.now}" if is_window and one.now == one.before else ""
    if one.now == one.before:
        return f"not dropped, but {one.now}"
    if one.outcome.startswith("kept"):
        return f"dropped, but explained as {one.outcome!r}"
    return asking_fault(source, cell, one)


def kept_fault(one, *, has_place) -> str:
    """Return whether an attribute is not kept, or explained as something else."""
    is_told = one.outcome.startswith("kept") or (one.keyword in MAPPED and not one.outcome)
    if has_place and one.now != one.before:
        return f"not kept, but {one.now}"
    if has_place and not is_told:
        return f"kept, but explained as {one.outcome!r}"
    is_unit = one.keyword in {"RescaleType", "Units"}
    return (
        "kept where the kind has no place for it"
        if is_unit and not has_place and one.now == one.before
        else ""
    )


def asking_fault(source, cell, one) -> str:
    """Return whether the receipt lacks a question about the unit, or has one too many."""
    is_first = one.keyword in {"RescaleType", "Units", "DoseUnits", "PhotometricInterpretation"}
    is_first |= (
        one.keyword == "MeasurementUnitsCodeSequence"
        and source.held.get("Units", "NONE") in NEUTRAL
    )
    asks = f"{one.keyword} {one.before}" in one.advice and "is not taken over" in one.advice
    if cell == "ask" and is_first:
        return "" if asks else f"the receipt does not ask: {one.advice}"
    return "the receipt asks without need" if asks and cell == "drop" else ""


def image_type_fault(source, cell, one) -> str:
    """Return whether value 3 of ImageType of MR is lost, or else is not the kind's."""
    is_kept = one.now[2:3] == one.before[2:3]
    return f"value 3 is {one.now}" if source.kind == "MR" and is_kept != (cell == "keep") else ""


def has_a_place(rule, keyword, source, kind) -> bool:
    """Whether the result of a kind can say it at all."""
    if rule.name == "unit of the rescale":
        return kind.modality == source.held.get("Modality", kind.modality) and kind.modality == "CT"
    if rule.name == "unit and quantity of a real-world map":
        return source.name == source.kind
    if rule.name in {"unit of PET", "calibration of PET", "decay and corrections of PET"}:
        return kind.name == "PT"
    if rule.name == "MONOCHROME1: low values are bright":
        return keyword == "PhotometricInterpretation" and kind.name in {"CT", "MR", "SC"}
    if rule.name in {"part of a complex number", "substance or kind of a map"}:
        return kind.modality == "MR"
    return True


def test_every_row_of_the_table_is_tried(tmp_path_factory):
    held = {keyword for _, said in OURS.values() for keyword in said} | {
        key for _, own in FOREIGN.values() for key in own
    }
    held |= {
        "RescaleSlope",
        "RescaleIntercept",
        "SmallestImagePixelValue",
        "LargestImagePixelValue",
    }
    held |= {"VOILUTFunction", "RealWorldValueMappingSequence"}
    held |= {keyword for (item,) in QUANTITIES.values() for keyword in item}
    assert set(VALUE_RULE_OF) - held == OUTSIDE


def test_every_row_has_a_reason_and_whoever_is_asked_a_remedy():
    for rule in VALUE_RULES:
        assert rule.why
        assert not rule.why.endswith(".")
        assert rule.remedy or "ask" not in rule.cells.values()


@pytest.mark.parametrize(("third", "is_named"), [("M", True), ("OTHER", False)])
def test_the_receipt_names_the_quantity_that_the_image_type_has_from_the_source(
    tmp_path, third, is_named
):
    image_type = ["DERIVED", "SECONDARY", third]
    folder = tmp_path / "source"
    dcs.write(
        grey_values(), folder, kind="MR", spacing=(2, 2.5, 3), metadata={"ImageType": image_type}
    )
    plan = dcs.plan(grey_values(), like=folder)
    assert any(f"ImageType {third}" in text for text in plan.advice) is is_named
    other = dcs.plan(grey_values(), like=folder, units="ms")
    assert not any("ImageType" in text for text in other.advice)


@pytest.mark.parametrize("is_shared", [True, False], ids=["shared", "by frame"])
def test_a_fraction_of_fat_is_no_map_of_water(tmp_path, is_shared):
    substance = {"MRMetaboliteMapSequence": [{"MetaboliteMapDescription": "WATER"}]}
    folder = tmp_path / "source"
    metadata = SAFE | substance
    dcs.write(grey_values(), folder, kind="EnhancedMR", spacing=(2, 2.5, 3), metadata=metadata)
    if not is_shared:
        (path,) = folder.glob("*.dcm")
        dataset = pydicom.dcmread(path)
        (shared,) = dataset.SharedFunctionalGroupsSequence
        for index, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
            item = Dataset()
            item.MetaboliteMapDescription = ["WATER", "FAT", "WATER"][index]
            frame.MRMetaboliteMapSequence = [item]
        del shared.MRMetaboliteMapSequence
        dataset.save_as(path)
    group = "MRMetaboliteMapSequence"
    same = dcs.plan(grey_values(), like=folder)
    assert (group in [one.keyword for one in same.per_frame]) is not is_shared
    fraction = dcs.plan(grey_values() / 20.0, like=folder, units="%")
    assert group not in {one.keyword for one in (*fraction.per_frame, *fraction.columns)}
    assert "MetaboliteMapDescription" not in said_by(fraction)
    (outcome,) = [
        outcome
        for keyword, _, outcome in fraction.decisions
        if keyword == "MetaboliteMapDescription"
    ]
    assert outcome.startswith("dropped")
