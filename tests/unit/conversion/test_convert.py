"""`convert`: every series of a folder becomes files, as dcm2niix makes them."""

import json
import subprocess
from pathlib import Path

import dcm2niix
import nibabel
import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli.commands.convert_command import _text as table_of
from dicomseries.conversion import NamePattern
from dicomseries.errors import OptionError, ReadError
from dicomseries.reports import ConversionReport, ConvertedSeries

RNG = np.random.default_rng(8)
SPACING = (2.0, 2.5, 3.0)
DIRECTION = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
MR = {"RepetitionTime": 2500, "EchoTime": 30, "PatientName": "Doe^Jane", "PatientID": "P7"}


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Return a folder of four series: a time series, echoes, weightings, and a CT."""
    folder = tmp_path_factory.mktemp("scans")
    array = RNG.integers(0, 900, (4, 3, 6, 5)).astype("uint16")
    place = {"spacing": SPACING, "direction": DIRECTION, "origin": (-10, 20, 30)}
    named = {"SeriesNumber": 3, "ProtocolName": "rest (fast)", **MR}
    dcs.write(array, folder / "bold", kind="MR", axes="tzyx", times=2.5, metadata=named, **place)
    echoes = {"SeriesNumber": 4, "ProtocolName": "field map", "PatientID": "P7"}
    dcs.write(
        array[:2],
        folder / "echoes",
        kind="MR",
        axes="tzyx",
        per_volume={"EchoTime": [4.92, 7.38]},
        metadata={**echoes, "RepetitionTime": 500},
        **place,
    )
    vectors = RNG.normal(size=(3, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weightings = {
        "DiffusionBValue": [0, 700, 1000, 1000],
        "DiffusionGradientOrientation": [None, *vectors.tolist()],
    }
    dcs.write(
        array,
        folder / "dwi",
        kind="EnhancedMR",
        axes="tzyx",
        per_volume=weightings,
        metadata={
            **MR,
            "SeriesNumber": 5,
            "ProtocolName": "dwi",
            "ApplicableSafetyStandardAgency": "IEC",
        },
        **place,
    )
    ct = {"SeriesNumber": 6, "SeriesDescription": "chest"}
    dcs.write(array[0].astype("int16"), folder / "ct", kind="CT", spacing=SPACING, metadata=ct)
    (folder / "notes.txt").write_text("no DICOM", encoding="ascii")
    return folder


@pytest.fixture(scope="module")
def converted(scans, tmp_path_factory):
    out = tmp_path_factory.mktemp("nifti")
    return out, dcs.convert(scans, out, name="%s_%p")


@pytest.fixture(scope="module")
def peer(scans, tmp_path_factory):
    """Return the folder in which dcm2niix put its files."""
    out = tmp_path_factory.mktemp("dcm2niix")
    command = [dcm2niix.bin, "-b", "y", "-ba", "y", "-z", "n", "-f", "%s_%p", "-o", out, scans]
    subprocess.run(command, check=True, capture_output=True)
    return out


def test_every_series_becomes_a_file_and_the_table_names_it(converted):
    out, report = converted
    names = sorted(Path(file).name for row in report for file in row.files)
    assert names == [
        "3_rest_fast.json",
        "3_rest_fast.nii.gz",
        "4_field_map_e1.json",
        "4_field_map_e1.nii.gz",
        "4_field_map_e2.json",
        "4_field_map_e2.nii.gz",
        "5_dwi.bval",
        "5_dwi.bvec",
        "5_dwi.json",
        "5_dwi.nii.gz",
        "6_chest.json",
        "6_chest.nii.gz",
    ]
    assert sorted(path.name for path in out.iterdir()) == names
    assert not report.failed
    assert report.skipped == 1
    assert len(report) == 5


def places(path):
    """Return values by place in RAS mm of the last volume."""
    image = nibabel.load(path)
    data = np.asanyarray(image.dataobj)
    data = data[..., -1] if data.ndim == 4 else data
    index = np.stack([*np.indices(data.shape).reshape(3, -1), np.ones(data.size)])
    positions = (image.affine @ index)[:3].T.round(2) + 0.0
    return dict(zip(map(tuple, positions.tolist()), data.ravel().tolist(), strict=True))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("3_rest_fast", "3_rest_(fast)"),
        ("4_field_map_e1", "4_field_map_e4.92"),
        ("4_field_map_e2", "4_field_map_e7.38"),
        ("6_chest", "6_chest"),
    ],
)
def test_values_places_and_times_are_those_of_dcm2niix(converted, peer, ours, theirs):
    path, other_path = converted[0] / f"{ours}.nii.gz", peer / f"{theirs}.nii"
    image, other = nibabel.load(path), nibabel.load(other_path)
    assert places(path) == pytest.approx(places(other_path), abs=1e-3)
    assert image.shape == other.shape
    if len(image.shape) == 4:
        assert image.header["pixdim"][4] == pytest.approx(other.header["pixdim"][4])


def test_gradients_point_where_those_of_dcm2niix_do(converted, peer):
    out, _ = converted
    other = next(peer.glob("5_*.bvec"))
    values = np.loadtxt(out / "5_dwi.bval")
    np.testing.assert_allclose(values, np.loadtxt(other.with_suffix(".bval")))
    pairs = ((out / "5_dwi.bvec", out / "5_dwi.nii.gz"), (other, other.with_suffix(".nii")))
    ours, theirs = (in_patient(np.loadtxt(vectors), image) for vectors, image in pairs)
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def in_patient(vectors, path):
    """Return FSL's vectors in RAS."""
    axes = nibabel.load(path).affine[:3, :3]
    axes = axes / np.linalg.norm(axes, axis=0)
    if np.linalg.det(axes) > 0:
        vectors = vectors * [[-1], [1], [1]]
    return axes @ vectors


def test_the_sidecar_has_the_keys_and_units_of_bids_and_no_patient(converted, peer):
    out, _ = converted
    record = json.loads((out / "3_rest_fast.json").read_text(encoding="utf-8"))
    other = json.loads(next(peer.glob("3_*.json")).read_text(encoding="utf-8"))
    for key in ("EchoTime", "RepetitionTime", "Modality", "SeriesNumber", "ProtocolName"):
        assert record[key] == other[key], key
    for file in out.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert "Doe" not in text
        assert "P7" not in text
    second = json.loads((out / "4_field_map_e2.json").read_text(encoding="utf-8"))
    assert second["EchoTime"] == 0.00738


def test_series_of_one_name_get_letters_and_existing_files_stay(scans, tmp_path):
    report = dcs.convert(scans, tmp_path / "a", name="same", sidecar=False, format="npy")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["same.npy", "same_e1.npy", "same_e2.npy", "samea.npy", "sameb.npy"]
    assert not report.failed
    again = dcs.convert(scans, tmp_path / "a", name="same", sidecar=False, format="npy")
    assert {row.code for row in again} == {"target-exists"}
    replaced = dcs.convert(
        scans, tmp_path / "a", name="same", sidecar=False, format="npy", overwrite=True
    )
    assert not replaced.failed


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
def test_a_series_that_cannot_be_converted_does_not_stop_the_others(scans, tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    for path in (scans / "ct").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    dcs.write(np.ones((5, 6, 5), "int16"), folder / "gap", kind="CT", spacing=SPACING)
    (folder / "gap" / "0003.dcm").unlink()
    report = dcs.convert(folder, tmp_path / "out")
    assert len(report.converted) == 1
    assert len(report.failed) == 1
    assert "even" in report.failed[0].reason
    even = dcs.convert(folder, tmp_path / "even", even="linear")
    assert not even.failed


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
def test_each_orientation_of_a_localizer_is_a_file(tmp_path):
    planes = {"axial": np.eye(3), "sagittal": [[0, 0, -1], [1, 0, 0], [0, -1, 0]]}
    folder = tmp_path / "scout"
    folder.mkdir()
    uid = None
    for name, direction in planes.items():
        receipt = dcs.write(
            RNG.integers(0, 99, (3, 4, 5)).astype("uint16"),
            tmp_path / name,
            kind="MR",
            spacing=SPACING,
            direction=direction,
        )
        uid = uid or receipt.series_uid
        for file in sorted((tmp_path / name).glob("*.dcm")):
            content = file.read_bytes().replace(receipt.series_uid.encode(), uid.encode())
            (folder / f"{name}{file.name}").write_bytes(content)
    report = dcs.convert(folder, tmp_path / "out", name="%f")
    names = {Path(row.files[0]).name for row in report.converted}
    assert names == {"scout_axial.nii.gz", "scout_sagittal.nii.gz"}


def test_the_table_of_a_terminal_has_the_first_sentence_of_each_note_once():
    notes = ("the volumes have no times. Give them.", "rows are 1 mm. Check that.")
    rows = [
        ConvertedSeries(series_uid="1", number=1, files=("out/a.nii",), notes=notes),
        ConvertedSeries(series_uid="2", number=2, files=("out/b.nii",), notes=notes[:1]),
    ]
    text = table_of(ConversionReport(out="out", rows=tuple(rows)))
    assert "note: a.nii and 1 other file: the volumes have no times\n" in text
    assert "note: a.nii: rows are 1 mm\n" in text
    assert "Check that" not in text


@pytest.mark.parametrize(
    ("pattern", "code"),
    [("%q", "name-letter-unknown"), ("../%s", "name-outside"), ("", "name-outside")],
)
def test_a_pattern_is_checked_before_a_file_is_read(pattern, code, tmp_path):
    with pytest.raises(OptionError) as caught:
        dcs.convert(tmp_path / "missing", tmp_path / "out", name=pattern)
    assert caught.value.code == code


def test_an_empty_folder_and_an_unknown_format_are_errors(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError):
        dcs.convert(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(OptionError, match=r"\.nii"):
        dcs.convert(tmp_path / "empty", tmp_path / "out", format="docx")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%p", "T1_ist_gro"),
        ("%t", "20240131120000"),
        ("%v-%m", "ACME-ACME"),
        ("%s%e", "7"),
        ("%z", "series"),
        ("%f/%k", "in_put/1.2.3"),
        ("%d", "_CON.x"),
    ],
)
def test_names_are_safe_on_every_file_system(text, expected):
    attributes = {
        "ProtocolName": "T1 ist groß",
        "StudyDate": "20240131",
        "StudyTime": "120000.5",
        "Manufacturer": "ACME",
        "SeriesNumber": 7,
        "StudyInstanceUID": "1.2.3",
        "SeriesDescription": "../CON.x/",
    }
    assert NamePattern(text=text).name(attributes, "in/put") == expected
