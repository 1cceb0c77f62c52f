"""Advice names the readers that get this series wrong, once a subject."""

from __future__ import annotations

import numpy as np
import pytest

import dicomseries as dcs

FLOATS = np.random.default_rng(1).gamma(2, 900, (2, 3, 4, 5)).astype("float32")
WHOLE = FLOATS.astype("uint16")
SAFETY = {"ApplicableSafetyStandardAgency": "IEC"}
DIFFUSION = {"DiffusionBValue": [0, 700], "DiffusionGradientOrientation": [[0, 0, 0], [0, 1, 0]]}
OVER_TIME = {"axes": "tzyx", "times": 2.0}


def drug(*codes):
    return {"RadiopharmaceuticalInformationSequence": [{"RadionuclideCodeSequence": list(codes)}]}


FLUORINE = {"CodeValue": "77004003", "CodingSchemeDesignator": "SCT", "CodeMeaning": "^18^Fluorine"}

NAMED = {
    "an offset": ("vtk-dicom", (100_000 + WHOLE[0].astype("int32") * 10,), {"kind": "CT"}),
    "a divisor": ("vtk-dicom", (WHOLE[0].astype("int32") * 200,), {"kind": "CT"}),
    "a whole slope of floats": ("vtk-dicom", (FLOATS[0].astype("float64") * 1e18,), {"kind": "CT"}),
    "a slope for each slice": (
        "@itk-wasm/dicom",
        (FLOATS[0],),
        {"kind": "PT", "values": dcs.Rescale(per_slice=True)},
    ),
    "MR without its times": ("dicom2nifti", (WHOLE[0],), {"kind": "MR"}),
    "MR without echo time": (
        "dicom2nifti",
        (WHOLE[0],),
        {"kind": "MR", "metadata": {"RepetitionTime": 9}},
    ),
    "CT over time": ("dicom2nifti", (WHOLE,), {"kind": "CT", **OVER_TIME}),
    "PT over time": ("dicom2nifti", (FLOATS,), {"kind": "PT", **OVER_TIME}),
    "MR over time": ("highdicom", (WHOLE,), {"kind": "MR", **OVER_TIME}),
    "a drug without its nuclide": ("pypet2bids", (FLOATS[0],), {"kind": "PT", "metadata": drug()}),
    "volumes in one file": (
        "highdicom",
        (WHOLE,),
        {"kind": "EnhancedMR", "metadata": SAFETY, **OVER_TIME},
    ),
    "diffusion in one file": (
        "highdicom",
        (WHOLE,),
        {"kind": "EnhancedMR", "metadata": SAFETY, "axes": "tzyx", "per_volume": DIFFUSION},
    ),
    "floats in one file": ("dicom2nifti", (FLOATS[0],), {"kind": "EnhancedMR", "metadata": SAFETY}),
}

SILENT = {
    "diffusion in one file": (
        "OHIF",
        (WHOLE,),
        {"kind": "EnhancedMR", "metadata": SAFETY, "axes": "tzyx", "per_volume": DIFFUSION},
    ),
    "integers that fit": ("vtk-dicom", (WHOLE[0],), {"kind": "CT"}),
    "floats": ("vtk-dicom", (FLOATS[0],), {"kind": "CT"}),
    "integers, rescaled": (
        "vtk-dicom",
        (WHOLE[0].astype("int32") * 200,),
        {"kind": "CT", "values": dcs.Rescale()},
    ),
    "one slope": ("@itk-wasm/dicom", (FLOATS[0],), {"kind": "PT"}),
    "one slope for each of one slice": (
        "@itk-wasm/dicom",
        (FLOATS[0, :1],),
        {"kind": "PT", "values": dcs.Rescale(per_slice=True)},
    ),
    "MR with its times": (
        "dicom2nifti",
        (WHOLE[0],),
        {"kind": "MR", "metadata": {"RepetitionTime": 9, "EchoTime": 2}},
    ),
    "MR with a time for each volume": (
        "dicom2nifti",
        (WHOLE,),
        {
            "kind": "MR",
            "axes": "tzyx",
            "per_volume": {"EchoTime": [2, 4]},
            "metadata": {"RepetitionTime": 9},
        },
    ),
    "CT": ("dicom2nifti", (WHOLE[0],), {"kind": "CT"}),
    "CT over time, split": ("dicom2nifti", (WHOLE,), {"kind": "CT", "split": "time", **OVER_TIME}),
    "a drug with its nuclide": (
        "pypet2bids",
        (FLOATS[0],),
        {"kind": "PT", "metadata": drug(FLUORINE)},
    ),
    "integers in one file": (
        "dicom2nifti",
        (WHOLE[0],),
        {"kind": "EnhancedMR", "metadata": SAFETY},
    ),
}


def sentences_on(reader, array, options):
    plan = dcs.plan(*array, spacing=(1, 1, 2), **options)
    return [text for one in plan.every for text in one.advice if reader in text]


@pytest.mark.parametrize("case", NAMED)
def test_a_reader_that_gets_this_series_wrong_is_named_in_one_sentence(case):
    (text,) = sentences_on(*NAMED[case])
    assert len(text) < 300


@pytest.mark.parametrize("case", SILENT)
def test_no_advice_names_a_reader_that_reads_this_series_right(case):
    assert sentences_on(*SILENT[case]) == []


def test_the_empty_attributes_that_stop_converters_are_named_in_one_sentence():
    (text,) = sentences_on(
        "dcmstack", (WHOLE[0],), {"kind": "MR", "metadata": {"AcquisitionNumber": 1}}
    )
    assert "dicom2nifti" in text
    assert "EchoTrainLength" in text
    assert "AcquisitionNumber" not in text
