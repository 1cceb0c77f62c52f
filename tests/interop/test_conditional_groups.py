"""Functional groups with conditional attributes are kept whole: diffusion, ASL, cardiac."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataset import Dataset

import dicomseries as dcs
from dicomseries.derivation import rule_for
from dicomseries.derivation.attributes.groups.completed_items import completed
from dicomseries.derivation.attributes.groups.whole_groups import may_differ
from dicomseries.iod.kinds.enhanced_ct import EnhancedCT
from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
from dicomseries.standard.attributes.attribute import attribute
from dicomseries.standard.attributes.defined_terms import ENUMERATED
from dicomseries.standard.objects.conditional_groups import GROUP_NEEDS
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS, group_requirements
from judges import dciodvfy

pytestmark = pytest.mark.filterwarnings("ignore")

SHAPE = (3, 6, 5)
ARRAY = np.stack([np.arange(90, dtype="int16").reshape(SHAPE) + volume for volume in range(3)])
DIRECTIONS = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.6, 0.8))
KINDS = {"EnhancedMR": EnhancedMR, "EnhancedCT": EnhancedCT}
DEMANDED = {
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
    "EnhancedCT": {"IrradiationEventUID": "1.2.3.4", "RescaleType": "HU"},
}


def item(**values) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def written(folder: Path, kind: str = "EnhancedMR") -> Path:
    """A multi-frame source of three volumes."""
    dcs.write(
        ARRAY,
        folder,
        kind=kind,
        axes="tzyx",
        spacing=(1, 1, 2),
        metadata=DEMANDED[kind] | {"Manufacturer": "SIEMENS"},
        sync=False,
    )
    return folder / "0001.dcm"


def with_groups(path: Path, groups, image_type=None) -> Path:
    """Write functional groups into each frame; `groups` gives those of a volume."""
    dataset = pydicom.dcmread(path)
    for frame, own in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        for keyword, inside in groups(frame // SHAPE[0]).items():
            setattr(own, keyword, [inside])
    if image_type is not None:
        dataset.ImageType = image_type
        dataset.SharedFunctionalGroupsSequence[0].MRImageFrameTypeSequence[0].FrameType = image_type
    dataset.save_as(path)
    return path


def diffusion(volume: int, directionality: str, *, with_direction: bool, with_matrix: bool) -> dict:
    """Diffusion of a frame as Siemens XA writes it: none at b = 0, else matrix and direction."""
    if not volume:
        return {"MRDiffusionSequence": item(DiffusionDirectionality="NONE", DiffusionBValue=0.0)}
    own = item(
        DiffusionDirectionality=directionality,
        DiffusionBValue=1000.0,
        DiffusionAnisotropyType="FRACTIONAL",
    )
    x, y, z = DIRECTIONS[volume]
    if with_direction:
        own.DiffusionGradientDirectionSequence = [item(DiffusionGradientOrientation=[x, y, z])]
    if with_matrix:
        names = ("XX", "XY", "XZ", "YY", "YZ", "ZZ")
        products = (x * x, x * y, x * z, y * y, y * z, z * z)
        entries = {
            f"DiffusionBValue{name}": 1000.0 * one
            for name, one in zip(names, products, strict=True)
        }
        own.DiffusionBMatrixSequence = [item(**entries)]
    return {"MRDiffusionSequence": own}


def errors_of(folder: Path) -> list[str]:
    return [str(one) for one in dcs.check(folder, validators=False) if one.level == "error"]


def frames_of(path: Path, group: str) -> list[Dataset]:
    dataset = pydicom.dcmread(path)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    own = (
        getattr(frame, group, None) or getattr(shared, group, None)
        for frame in dataset.PerFrameFunctionalGroupsSequence
    )
    return [one[0] if one else Dataset() for one in own]


CASES = {
    "matrix and direction": ("BMATRIX", True, True, "BMATRIX"),
    "matrix alone": ("BMATRIX", False, True, "BMATRIX"),
    "direction alone, said to be a matrix": ("BMATRIX", True, False, "DIRECTIONAL"),
    "matrix alone, said to be a direction": ("DIRECTIONAL", False, True, "BMATRIX"),
    "direction": ("DIRECTIONAL", True, False, "DIRECTIONAL"),
    "isotropic": ("ISOTROPIC", False, False, "ISOTROPIC"),
    "neither": ("BMATRIX", False, False, None),
}


@pytest.mark.parametrize("case", CASES)
def test_diffusion_is_whole_in_a_result_of_frames(case, tmp_path):
    said, with_direction, with_matrix, wanted = CASES[case]
    path = written(tmp_path / "source")
    with_groups(
        path,
        lambda volume: diffusion(
            volume, said, with_direction=with_direction, with_matrix=with_matrix
        ),
    )
    dcs.write(ARRAY, tmp_path / "out", like=path, axes="tzyx", sync=False)
    found = frames_of(tmp_path / "out" / "0001.dcm", "MRDiffusionSequence")
    assert [one.DiffusionBValue for one in found[:: SHAPE[0]]] == [0, 1000, 1000]
    assert [one.get("DiffusionDirectionality") for one in found[:: SHAPE[0]]] == [
        "NONE",
        wanted,
        wanted,
    ]
    assert ["DiffusionBMatrixSequence" in one for one in found[:: SHAPE[0]]] == [
        False,
        with_matrix,
        with_matrix,
    ]
    assert ["DiffusionGradientDirectionSequence" in one for one in found[:: SHAPE[0]]] == [
        False,
        *[with_direction] * 2,
    ]
    assert errors_of(tmp_path / "out") == []
    if wanted is not None:
        assert not [
            line for line in dciodvfy(tmp_path / "out" / "0001.dcm").errors if "Diffusion" in line
        ]


def gradients_of(folder: Path, scratch: Path) -> tuple[list[str], np.ndarray]:
    """The b-values and directions that dcm2niix reads."""
    (scratch / "nii").mkdir()
    dcm2niix = pytest.importorskip("dcm2niix")
    command = [
        dcm2niix.bin,
        "-b",
        "n",
        "-z",
        "n",
        "-f",
        "x",
        "-o",
        str(scratch / "nii"),
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True)
    lines = (scratch / "nii" / "x.bvec").read_text(encoding="utf-8").splitlines()
    b_values = (scratch / "nii" / "x.bval").read_text(encoding="utf-8").split()
    return b_values, np.array([line.split() for line in lines], float)


@pytest.mark.parametrize("kind", ["EnhancedMR", "MR"])
def test_b_values_and_directions_of_a_scanner_that_writes_matrices_reach_dcm2niix(kind, tmp_path):
    path = with_groups(
        written(tmp_path / "source"),
        lambda volume: diffusion(volume, "BMATRIX", with_direction=True, with_matrix=True),
    )
    dcs.write(ARRAY, tmp_path / "out", like=path, kind=kind, axes="tzyx", sync=False)
    assert errors_of(tmp_path / "out") == []
    assert (
        pydicom.dcmread(next((tmp_path / "out").iterdir()))
        .ContributingEquipmentSequence[0]
        .Manufacturer
        == "SIEMENS"
    )
    b_values, vectors = gradients_of(tmp_path / "out", tmp_path)
    assert b_values == ["0", "1000", "1000"]
    assert np.allclose(np.abs(vectors.T), np.abs(DIRECTIONS), atol=1e-6)


def classic_diffusion(folder: Path, said: str, *, direction: str, with_matrix: bool) -> Path:
    """A classic source with the values of `diffusion`, its direction in a sequence or alone."""
    dcs.write(
        ARRAY,
        folder,
        kind="MR",
        axes="tzyx",
        spacing=(1, 1, 2),
        metadata={"Manufacturer": "SIEMENS"},
        sync=False,
    )
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        volume = (int(dataset.InstanceNumber) - 1) // SHAPE[0]
        own = diffusion(
            volume, said, with_direction=direction == "sequence", with_matrix=with_matrix
        )
        dataset.update(own["MRDiffusionSequence"])
        if volume and direction == "alone":
            dataset.DiffusionGradientOrientation = list(DIRECTIONS[volume])
        dataset.save_as(path)
    return folder


CLASSIC = {
    "BMATRIX": {
        ("", False): None,
        ("", True): "BMATRIX",
        ("alone", False): "DIRECTIONAL",
        ("alone", True): "BMATRIX",
    },
    "DIRECTIONAL": {("", False): None, ("", True): "BMATRIX", ("alone", False): "DIRECTIONAL"},
}
CLASSIC["BMATRIX"][("sequence", False)] = CLASSIC["DIRECTIONAL"][("sequence", True)] = "DIRECTIONAL"


@pytest.mark.parametrize("kind", ["MR", "EnhancedMR"])
@pytest.mark.parametrize(
    ("said", "parts"),
    [(said, parts) for said, cases in CLASSIC.items() for parts in cases],
    ids=str,
)
def test_diffusion_of_classic_images_is_whole_in_every_result(kind, said, parts, tmp_path):
    direction, with_matrix = parts
    wanted = CLASSIC[said][parts]
    source = classic_diffusion(
        tmp_path / "source", said, direction=direction, with_matrix=with_matrix
    )
    metadata = DEMANDED.get(kind, {})
    receipt = dcs.write(
        ARRAY, tmp_path / "out", like=source, kind=kind, axes="tzyx", metadata=metadata, sync=False
    )
    if kind == "MR":
        found = [pydicom.dcmread(path) for path in sorted((tmp_path / "out").iterdir())]
    else:
        found = frames_of(tmp_path / "out" / "0001.dcm", "MRDiffusionSequence")
    found = found[:: SHAPE[0]]
    assert [one.DiffusionBValue for one in found] == [0, 1000, 1000]
    assert [one.get("DiffusionDirectionality") for one in found] == ["NONE", wanted, wanted]
    assert ["DiffusionBMatrixSequence" in one for one in found] == [False, with_matrix, with_matrix]
    keywords = {"DiffusionGradientDirectionSequence", "DiffusionGradientOrientation"}
    assert [bool(keywords & {own.keyword for own in one}) for one in found] == [
        False,
        *[bool(direction)] * 2,
    ]
    assert errors_of(tmp_path / "out") == []
    advice = [
        line for line in receipt.advice if f"DiffusionDirectionality of the source ({said})" in line
    ]
    assert bool(advice) == (wanted != said)


@pytest.mark.parametrize("kind", ["EnhancedMR", "MR"])
def test_gradients_of_classic_images_reach_dcm2niix(kind, tmp_path):
    source = classic_diffusion(tmp_path / "source", "BMATRIX", direction="alone", with_matrix=False)
    metadata = DEMANDED.get(kind, {})
    dcs.write(
        ARRAY, tmp_path / "out", like=source, kind=kind, axes="tzyx", metadata=metadata, sync=False
    )
    b_values, vectors = gradients_of(tmp_path / "out", tmp_path)
    assert b_values == ["0", "1000", "1000"]
    assert np.allclose(np.abs(vectors.T), np.abs(DIRECTIONS), atol=1e-6)


@pytest.mark.parametrize("kind", ["EnhancedMR", "MR"])
@pytest.mark.parametrize("before", ["EnhancedMR", "MR"])
def test_one_volume_of_several_directions_is_no_weighting_in_one_of_them(before, kind, tmp_path):
    weighting = {
        "DiffusionBValue": [1000] * 3,
        "DiffusionGradientOrientation": [[0, 0, 1], *DIRECTIONS[1:]],
        "DiffusionDirectionality": ["DIRECTIONAL"] * 3,
    }
    dcs.write(
        ARRAY,
        tmp_path / "source",
        kind=before,
        axes="tzyx",
        spacing=(1, 1, 2),
        metadata=DEMANDED.get(before, {}),
        per_volume=weighting,
        sync=False,
    )
    metadata = DEMANDED.get(kind, {})
    receipt = dcs.write(
        ARRAY[0],
        tmp_path / "out",
        like=tmp_path / "source",
        kind=kind,
        metadata=metadata,
        sync=False,
    )
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    found = {own.keyword for own in result.iterall() if "Diffusion" in own.keyword}
    assert found == ({"DiffusionBValue"} if kind == "MR" else set())
    assert any(
        "DiffusionDirectionality of the source is left out" in line for line in receipt.advice
    )
    assert errors_of(tmp_path / "out") == []


def labelling(volume: int, *, is_whole: bool = True) -> dict:
    slab = item(
        ASLSlabNumber=1,
        ASLSlabThickness=100.0,
        ASLSlabOrientation=[0.0, 0.0, 1.0],
        ASLMidSlabPosition=[0.0, 0.0, -50.0],
        ASLPulseTrainDuration=1800,
    )
    own = item(
        ASLTechniqueDescription="",
        ASLContext="LABEL" if volume % 2 else "CONTROL",
        ASLBolusCutoffFlag="NO",
    )
    own.ASLCrusherFlag = "NO"
    own.ASLSlabSequence = [slab]
    if not is_whole:
        del own.ASLCrusherFlag
    return {"MRArterialSpinLabelingSequence": own}


@pytest.mark.parametrize("is_whole", [True, False])
def test_labelling_travels_with_the_image_type_that_asks_for_it(is_whole, tmp_path):
    path = with_groups(
        written(tmp_path / "source"),
        lambda volume: labelling(volume, is_whole=is_whole),
        ["DERIVED", "PRIMARY", "ASL", "QUANTITY"],
    )
    receipt = dcs.write(ARRAY, tmp_path / "out", like=path, axes="tzyx", sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    found = frames_of(tmp_path / "out" / "0001.dcm", "MRArterialSpinLabelingSequence")
    contexts = [one.get("ASLContext") for one in found[:: SHAPE[0]]]
    assert contexts == (["CONTROL", "LABEL", "CONTROL"] if is_whole else [None] * 3)
    assert result.ImageType[2] == ("ASL" if is_whole else "VOLUME")
    frame_type = result.SharedFunctionalGroupsSequence[0].MRImageFrameTypeSequence[0].FrameType
    assert list(frame_type) == list(result.ImageType)
    assert is_whole or any("ImageType is not ASL" in line for line in receipt.advice)
    assert errors_of(tmp_path / "out") == []
    assert not [
        line
        for line in dciodvfy(tmp_path / "out" / "0001.dcm").errors
        if "ASL" in line or "Arterial" in line
    ]


def test_values_of_the_user_replace_the_group_of_the_source(tmp_path):
    path = with_groups(
        written(tmp_path / "source"),
        lambda volume: diffusion(volume, "BMATRIX", with_direction=True, with_matrix=True),
    )
    own = {
        "DiffusionBValue": [0, 500, 500],
        "DiffusionGradientOrientation": [None, [1, 0, 0], [0, 1, 0]],
    }
    receipt = dcs.write(ARRAY, tmp_path / "out", like=path, axes="tzyx", per_volume=own, sync=False)
    found = frames_of(tmp_path / "out" / "0001.dcm", "MRDiffusionSequence")
    assert [one.DiffusionBValue for one in found[:: SHAPE[0]]] == [0, 500, 500]
    assert errors_of(tmp_path / "out") == []
    assert any("DiffusionBMatrixSequence" in line for line in receipt.advice)


# ------------------------------------------------------------------------------------ every group
def value_of(keyword: str, volume: int) -> object:
    """Return a legal value of an attribute, another one for each volume if possible."""
    if keyword in ENUMERATED:
        return ENUMERATED[keyword][volume % len(ENUMERATED[keyword])]
    count = int(dictionary_VM(keyword)[0])
    number = {
        **dict.fromkeys(("FD", "FL"), float(volume + 1)),
        **dict.fromkeys(("US", "UL", "SS", "SL"), volume + 1),
        **dict.fromkeys(("DS", "IS"), str(volume + 1)),
        **dict.fromkeys(("CS", "SH", "LO", "ST", "LT", "UT"), f"V{volume}"),
        "UI": f"1.2.{volume + 1}",
        "DT": f"2024010112000{volume}",
        "DA": "20240101",
        "TM": f"12000{volume}",
    }
    value = number[dictionary_VR(keyword)]
    return value if count == 1 else [value] * count


def whole_item(uid: str, group: str, volume: int) -> Dataset:
    """Return an item of a functional group with every attribute of its macro."""
    own = Dataset()
    for requirement in group_requirements(uid, group):
        inside = own
        for keyword in requirement.path[:-1]:
            if keyword not in inside:
                setattr(inside, keyword, [Dataset()])
            inside = inside[keyword].value[0]
        keyword = requirement.keyword
        if dictionary_VR(keyword) == "SQ":
            if keyword not in inside:
                setattr(
                    inside, keyword, [code()] if keyword.endswith("CodeSequence") else [Dataset()]
                )
        elif " or " not in dictionary_VR(keyword):
            setattr(inside, keyword, value_of(keyword, volume))
    return own


def code() -> Dataset:
    return item(CodeValue="1", CodingSchemeDesignator="99X", CodeMeaning="One")


def kept_groups() -> list[tuple[str, str]]:
    """The functional groups that a result may take over whole."""
    return [
        (name, group)
        for name, kind in KINDS.items()
        for group in FUNCTIONAL_GROUPS[kind.sop_class_uid]
        if rule_for(group).is_kept and rule_for(group).when == "always" and may_differ(kind, group)
        if all(
            rule_for(one.path[0]).is_kept for one in group_requirements(kind.sop_class_uid, group)
        )
    ]


@pytest.mark.parametrize(("kind", "group"), kept_groups())
def test_every_functional_group_is_in_the_result_as_in_the_source_or_not_at_all(
    kind, group, tmp_path
):
    uid = KINDS[kind].sop_class_uid
    path = with_groups(
        written(tmp_path / "source", kind), lambda volume: {group: whole_item(uid, group, volume)}
    )
    dcs.write(ARRAY, tmp_path / "out", like=path, axes="tzyx", sync=False)
    before, after = (frames_of(one, group) for one in (path, tmp_path / "out" / "0001.dcm"))
    assert errors_of(tmp_path / "out") == []
    for own, made in zip(before, after, strict=True):
        assert not made or made == own


def asking_item(need) -> tuple:
    """Return an item with only the attribute that demands others."""
    vr = dictionary_VR(need.keyword)
    if vr == "SQ":
        return (attribute(need.keyword, (attribute("CodeValue", "1"),)),)
    value = need.values[0] if need.values else value_of(need.keyword, 0)
    return (attribute(need.keyword, *(value if isinstance(value, list) else [value])),)


@pytest.mark.parametrize("group", sorted(GROUP_NEEDS))
def test_an_item_in_part_is_completed_or_loses_what_asks_for_more(group):
    assert GROUP_NEEDS[group]
    for need in GROUP_NEEDS[group]:
        found, notes = completed(group, asking_item(need))
        names = {one.keyword for one in found}
        assert need.keyword not in names or set(need.partners) <= names
        assert notes


@pytest.mark.parametrize("said", ["BMATRIX", "DIRECTIONAL"])
def test_check_finds_a_group_without_what_its_values_ask_for(said, tmp_path):
    path = with_groups(
        written(tmp_path / "source"),
        lambda volume: diffusion(volume, said, with_direction=False, with_matrix=False),
    )
    found = [one for one in dcs.check(path.parent, validators=False) if one.id == "MOD-006"]
    assert [said in one.message and "6 frames" in one.message for one in found] == [True]


def test_check_finds_an_image_type_without_its_group(tmp_path):
    path = with_groups(
        written(tmp_path / "source"), lambda _: {}, ["DERIVED", "PRIMARY", "ASL", "QUANTITY"]
    )
    found = [one for one in dcs.check(path.parent, validators=False) if one.id == "MOD-006"]
    assert ["MRArterialSpinLabelingSequence" in one.where for one in found] == [True]
