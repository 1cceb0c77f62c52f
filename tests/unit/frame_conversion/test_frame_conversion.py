"""Series of single frames become multi-frame files and back, with all their facts."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

import dicomseries as dcs
from dicomseries.api.folders import frame_forms
from dicomseries.cli import main
from dicomseries.errors import OptionError, VerificationError
from dicomseries.frame_conversion import (
    classic_files,
    classic_obstacle,
    compare_conversion,
    enhanced_obstacle,
)
from dicomseries.reading import read_instance
from judges.validators import dcentvfy, dciodvfy, validators

pytest.importorskip("highdicom")

OBLIQUE = np.array(
    [[0.7, 0, 0.5, -10], [0, 0.8, 0, 5], [-0.14, 0, 2.5, 7.25], [0, 0, 0, 1]], dtype=float
)
OBLIQUE[:3, :3] = np.linalg.qr(OBLIQUE[:3, :3])[0] * [-0.7, -0.8, 2.5]
KINDS = {
    "CT": {"RescaleType": "HU", "KVP": 120},
    "MR": {"EchoTime": 4.6, "RepetitionTime": 500.5, "ScanningSequence": "GR"},
    "PT": {"Units": "BQML"},
}
NEW = {"SOPInstanceUID", "SeriesInstanceUID"}
ENHANCED = {
    "EnhancedCT": {"RescaleType": "HU", "IrradiationEventUID": "1.2.3"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC", "EchoTime": 4.6},
    "MultiframeSC": {},
}


def written(folder: Path, kind: str, metadata: dict, **options) -> None:
    shape = options.pop("shape", (4, 6, 9))
    dtype = "uint16" if kind == "MultiframeSC" else "int16"
    array = np.random.default_rng(5).integers(0, 900, shape).astype(dtype)
    names = {"PatientName": "Dœ^Jäne", "PatientID": "42", **metadata}
    where = {"affine": OBLIQUE, "space": "LPS"}
    if kind == "PT":
        where = {"spacing": (0.7, 0.8, 2.5), "origin": (-10, 5, 7.25)}
    dcs.write(array, folder, kind=kind, metadata=names, sync=False, **where, **options)


@pytest.fixture(scope="module", params=list(KINDS))
def there_and_back(request, tmp_path_factory):
    root = tmp_path_factory.mktemp(request.param)
    written(root / "in", request.param, KINDS[request.param])
    there = dcs.transcode(root / "in", root / "enhanced", to="enhanced", sync=False)
    back = dcs.transcode(root / "enhanced", root / "classic", to="classic", sync=False)
    assert (there.files, there.converted, there.kept) == (1, 4, ())
    assert (back.files, back.converted, back.kept) == (4, 4, ())
    return root


def test_there_and_back_keeps_values_and_grid(there_and_back):
    root = there_and_back
    source = dcs.read(root / "in")
    for form in ("enhanced", "classic"):
        volume = dcs.read(root / form)
        np.testing.assert_array_equal(np.asarray(volume), np.asarray(source))
        assert volume.grid == source.grid


def test_there_and_back_keeps_every_attribute_but_new_uids(there_and_back):
    root = there_and_back
    back = {}
    for path in (root / "classic").glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        back[str(dataset.InstanceNumber)] = dataset
    for path in (root / "in").glob("*.dcm"):
        source = pydicom.dcmread(path)
        result = back[str(source.InstanceNumber)]
        for element in source:
            if element.keyword not in NEW:
                assert result[element.tag].value == element.value, element.keyword
        assert "ContrastBolusAgent" not in result
        assert NEW.isdisjoint(
            element.keyword for element in source if result[element.tag].value == element.value
        )


@pytest.mark.parametrize("program", validators)
def test_validators_have_no_errors(there_and_back, program):
    root = there_and_back
    enhanced = sorted((root / "enhanced").glob("*.dcm"))
    classic = sorted((root / "classic").glob("*.dcm"))
    for path in (*enhanced, classic[1]):
        assert dciodvfy(path, program=program).errors == ()
    sources = sorted((root / "in").glob("*.dcm"))
    assert dcentvfy([*sources, *enhanced, *classic], program=program).errors == ()


@pytest.mark.parametrize("kind", list(ENHANCED))
def test_frames_of_multiframe_files_become_valid_files(kind, tmp_path):
    written(tmp_path / "in", kind, ENHANCED[kind])
    receipt = dcs.transcode(tmp_path / "in", tmp_path / "out", to="classic", sync=False)
    assert (receipt.files, receipt.converted) == (4, 4)
    volume, source = dcs.read(tmp_path / "out"), dcs.read(tmp_path / "in")
    np.testing.assert_array_equal(np.asarray(volume), np.asarray(source))
    assert volume.grid == source.grid
    path = max((tmp_path / "out").glob("*.dcm"))
    for program in validators:
        assert dciodvfy(path, program=program).errors == ()
    if kind == "EnhancedMR":
        assert pydicom.dcmread(path).EchoTime == 4.6


def test_b_values_survive_both_ways(tmp_path):
    per_volume = {"DiffusionBValue": [0, 1000]}
    options = {"axes": "tzyx", "shape": (2, 3, 6, 9), "per_volume": per_volume}
    written(tmp_path / "in", "MR", KINDS["MR"], **options)
    there = dcs.transcode(tmp_path / "in", tmp_path / "enhanced", to="enhanced", sync=False)
    back = dcs.transcode(tmp_path / "enhanced", tmp_path / "classic", to="classic", sync=False)
    assert (there.kept, back.kept, there.converted, back.converted) == ((), (), 6, 6)
    source = dcs.read(tmp_path / "in")
    for form in ("enhanced", "classic"):
        np.testing.assert_array_equal(np.asarray(dcs.read(tmp_path / form)), np.asarray(source))
        assert dcs.scan(tmp_path / form)[0].layout == dcs.scan(tmp_path / "in")[0].layout


def test_the_same_source_gives_the_same_uids(tmp_path):
    written(tmp_path / "in", "CT", KINDS["CT"])
    uids = []
    for name in ("a", "b"):
        dcs.transcode(tmp_path / "in", tmp_path / name, to="enhanced", sync=False)
        dataset = pydicom.dcmread(next((tmp_path / name).glob("*.dcm")))
        uids.append((dataset.SOPInstanceUID, dataset.SeriesInstanceUID))
    assert uids[0] == uids[1]


def test_what_has_no_other_form_stays_and_is_named(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("rtdose.dcm", "CT_small.dcm"):
        shutil.copy(get_testdata_file(name), tmp_path / "in")
    receipt = dcs.transcode(tmp_path / "in", tmp_path / "out", to="classic", sync=False)
    assert {file.name for file in receipt.kept} == {"rtdose.dcm", "CT_small.dcm"}
    for path in (tmp_path / "in").iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_a_series_that_would_be_read_differently_stays(tmp_path, monkeypatch):
    written(tmp_path / "in", "MR", KINDS["MR"])
    monkeypatch.setattr(frame_forms, "_is_same_grid", lambda *_: False)
    for to in ("enhanced", "classic"):
        receipt = dcs.transcode(tmp_path / "in", tmp_path / to, to=to, sync=False)
        assert (receipt.files, receipt.converted, len(receipt.kept)) == (4, 0, 4)
        for path in (tmp_path / "in").iterdir():
            assert (tmp_path / to / path.name).read_bytes() == path.read_bytes()


def test_a_single_slice_keeps_its_thickness(tmp_path):
    written(tmp_path / "in", "CT", KINDS["CT"], shape=(1, 6, 9))
    path = next((tmp_path / "in").glob("*.dcm"))
    dataset = pydicom.dcmread(path)
    del dataset.SpacingBetweenSlices
    dataset.save_as(path)
    receipt = dcs.transcode(tmp_path / "in", tmp_path / "out", to="enhanced", sync=False)
    assert receipt.kept == ()
    assert dcs.scan(tmp_path / "out")[0].grid.spacing_mm[2] == 2.5


def test_ct_in_other_units_is_not_called_hounsfield(tmp_path):
    written(tmp_path / "in", "CT", {"RescaleType": "US"})
    instances = [read_instance(path) for path in (tmp_path / "in").glob("*.dcm")]
    assert "HU only" in enhanced_obstacle(instances)


def test_clips_are_not_split(tmp_path):
    written(tmp_path / "in", "MultiframeSC", {})
    path = next((tmp_path / "in").glob("*.dcm"))
    dataset = pydicom.dcmread(path)
    dataset.FrameTime, dataset.FrameIncrementPointer = 33.3, 0x00181063
    dataset.save_as(path)
    assert "clip" in classic_obstacle(read_instance(path))


def test_a_frame_that_differs_is_rejected(tmp_path, monkeypatch):
    written(tmp_path / "in", "EnhancedCT", ENHANCED["EnhancedCT"])
    frames = compare_conversion.read_frames
    monkeypatch.setattr(
        compare_conversion,
        "read_frames",
        lambda instance, *span: frames(instance, *span) + (instance.frames == 1),
    )
    with pytest.raises(VerificationError, match="frame 1"):
        list(classic_files(next((tmp_path / "in").glob("*.dcm")), tmp_path))


def test_an_unknown_form_is_rejected(tmp_path, capsys):
    with pytest.raises(OptionError, match="classic"):
        dcs.transcode(get_testdata_file("CT_small.dcm"), tmp_path / "out", to="modern")
    words = ["transcode", get_testdata_file("CT_small.dcm"), str(tmp_path / "out"), "--to", "x"]
    assert main(words) == 2 or not (tmp_path / "out").exists()
    assert "enhanced" in capsys.readouterr().err
