"""`write_result`: all series of one result, together or not at all."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries import sinks
from dicomseries.cli.app import run
from dicomseries.cli.commands.result_command import _file_and_unit
from dicomseries.errors import DicomSeriesError, TargetError
from judges.validators import dcentvfy, dciodvfy

pytest.importorskip("PIL")
pytest.importorskip("highdicom")

SHAPE = (4, 17, 22)
QUICK = {"sync": False}
assert callable(dcs.write_result)  # which imports its module
MODULE = importlib.import_module("dicomseries.api.whole_result.result_run")
FOLDERS = ["image-smooth", "map-adc-fit", "measurements", "picture", "segmentation"]


def inputs():
    labels = np.zeros(SHAPE, "uint8")
    labels[1, 3:9, 4:7], labels[1:3, 10:15, 12:20] = 1, 2
    score = np.random.default_rng(3).uniform(0, 2, SHAPE).astype("float32")
    return {
        "masks": labels,
        "maps": {"ADC fit": (score, "mm2/s")},
        "segments": {1: "Liver", 2: "Spleen"},
        "model": {"name": "LesionNet", "version": "2.1"},
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "ct"
    ct = np.random.default_rng(5).integers(-300, 400, SHAPE, dtype="int16")
    metadata = {"PatientID": "42", "PatientName": "Doe^Jane", "RescaleType": "HU"}
    metadata |= {"WindowCenter": 40, "WindowWidth": 400, "SeriesNumber": 3}
    direction = (0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1)
    geometry = {"spacing": (0.7, 1.1, 3), "origin": (12, -40, 70), "direction": direction}
    dcs.write(ct, folder, kind="CT", metadata=metadata, **geometry, **QUICK)
    return folder


@pytest.fixture(scope="module")
def result(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("result")
    smooth = np.asarray(dcs.read(source)) // 2
    receipt = dcs.write_result(
        source,
        folder / "out",
        images={"Smooth": smooth.astype("int16")},
        measure=True,
        picture={"slices": "result", "window": "lung"},
        **inputs(),
        **QUICK,
    )
    return folder / "out", receipt


def headers(folder):
    return {path: pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))}


def test_every_part_is_a_series_of_the_study_with_a_number_and_description(source, result):
    out, receipt = result
    assert sorted(path.name for path in out.iterdir()) == FOLDERS
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    study = pydicom.dcmread(next(source.iterdir())).StudyInstanceUID
    by_folder = {}
    for path, header in headers(out).items():
        assert header.StudyInstanceUID == study
        facts = (header.SeriesInstanceUID, header.SeriesNumber, header.SeriesDescription)
        by_folder.setdefault(path.parent.name, set()).add(facts)
    assert all(len(facts) == 1 for facts in by_folder.values())
    uids, numbers, texts = zip(*(facts.pop() for facts in by_folder.values()), strict=True)
    assert len(set(uids)) == len(set(numbers)) == 5
    assert {int(number) // 10**6 for number in numbers} == {3}
    parts = ["image Smooth", "map ADC fit", "measurements", "picture", "segmentation"]
    assert list(texts) == [f"LesionNet: {part}" for part in parts]
    assert receipt.verified
    assert receipt.files == len(list(out.rglob("*.dcm")))


def test_report_and_picture_name_the_segmentation_and_the_source(source, result):
    out, _ = result
    seg = pydicom.dcmread(out / "segmentation" / "0001.dcm")
    ct = {header.SOPInstanceUID for header in headers(source).values()}
    report = pydicom.dcmread(out / "measurements" / "0001.dcm")
    named = set()
    for study in report.CurrentRequestedProcedureEvidenceSequence:
        for series in study.ReferencedSeriesSequence:
            named |= {item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence}
    assert seg.SOPInstanceUID in named
    assert named & ct
    for header in headers(out / "picture").values():
        images = [item.ReferencedSOPInstanceUID for item in header.SourceImageSequence]
        assert images[1] == seg.SOPInstanceUID
        assert images[0] in ct


def test_the_parts_are_what_the_single_verbs_write(source, result, tmp_path):
    out, _ = result
    given = inputs()
    labels, (score, _) = given["masks"], given["maps"]["ADC fit"]
    assert np.array_equal(np.asarray(dcs.read(out / "segmentation")), labels)
    assert np.array_equal(np.asarray(dcs.read(out / "map-adc-fit")), score)
    options = {"slices": "result", "window": "lung", **QUICK}
    dcs.picture(out / "segmentation", source, tmp_path / "alone", **options)
    alone, together = (np.asarray(dcs.read(path)) for path in (tmp_path / "alone", out / "picture"))
    assert np.array_equal(alone, together)
    numbers = dcs.measure(out / "segmentation", source=source)
    assert result[1]["measurements"].table.to_dict() == numbers.table.to_dict()


def test_validators_are_silent_about_all_objects_together(source, result):
    paths = [*headers(source), *headers(result[0])]
    assert dcentvfy(paths).errors == ()
    for path in headers(result[0]):
        assert dciodvfy(path).errors == ()
    for folder in FOLDERS:
        if folder != "measurements":  # alone it refers to objects that are not beside it
            assert dcs.check(result[0] / folder, validators=False).errors == ()


def test_the_receipt_has_each_part_as_text_record_and_page(result):
    out, receipt = result
    record = json.loads(json.dumps(receipt.to_dict()))
    assert [part["name"] for part in record["parts"]] == [
        "segmentation",
        "map ADC fit",
        "image Smooth",
        "measurements",
        "picture",
    ]
    assert Path(record["parts"][0]["out"]) == out / "segmentation"
    assert receipt["picture"].kind == "SC"
    assert Path(receipt["picture"].out) == out / "picture"
    with pytest.raises(KeyError, match="'map ADC fit'"):
        receipt["adc"]
    assert str(receipt).startswith("Result of 5 series")
    assert receipt.bytes == sum(path.stat().st_size for path in out.rglob("*.dcm"))
    page = receipt.to_html(command="dicomseries result ct out")
    assert "dicomseries result ct out" in page
    assert "Map adc fit" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert len(repr(receipt).splitlines()) <= 8


@pytest.mark.parametrize("failing", ["written", "measure_segments", "draw_picture", "commit"])
def test_a_failure_in_any_part_leaves_nothing(source, tmp_path, monkeypatch, failing):
    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    if failing == "commit":
        monkeypatch.setattr(sinks.DirectorySink, "commit", fail)
    else:
        monkeypatch.setattr(MODULE, failing, fail)
    given = {**inputs(), "maps": None, "measure": failing == "measure_segments", "picture": True}
    with pytest.raises(OSError, match="No space left"):
        dcs.write_result(source, tmp_path / "a" / "out", **given, **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_in_the_last_part_leaves_nothing(source, tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(MODULE, "draw_picture", interrupt)
    with pytest.raises(KeyboardInterrupt):
        dcs.write_result(source, tmp_path / "out", picture=True, **inputs(), **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_content_uids_give_the_same_bytes_again(source, tmp_path):
    contents = []
    clock = {"ContentDate": "20240102", "ContentTime": "030405"}
    for workers in (1, 2):
        out = tmp_path / str(workers)
        dcs.write_result(
            source,
            out,
            measure=True,
            picture=True,
            uid="content",
            metadata=clock,
            workers=workers,
            **inputs(),
            **QUICK,
        )
        contents.append({path.relative_to(out): path.read_bytes() for path in headers(out)})
    assert contents[0] == contents[1]


def test_entropy_and_clock_give_the_same_bytes_and_no_uid_twice(source, tmp_path):
    import datetime as dt

    now = dt.datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as a user gives it
    contents = []
    for name in "ab":
        given = {"entropy": b"e" * 32, "now": now, "picture": True, **inputs(), **QUICK}
        dcs.write_result(source, tmp_path / name, **given)
        contents.append([path.read_bytes() for path in headers(tmp_path / name)])
    assert contents[0] == contents[1]
    uids = [header.SOPInstanceUID for header in headers(tmp_path / "a").values()]
    assert len(set(uids)) == len(uids)


def rejected(code, source, out, **options):
    with pytest.raises(DicomSeriesError) as caught:
        dcs.write_result(source, out, **{**QUICK, **options})
    assert code in {fault.code for fault in caught.value.faults}, caught.value
    return caught.value


class Unread:
    """An array whose voxels must not be read."""

    def __init__(self, shape, dtype):
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.ndim = len(shape)

    def __getitem__(self, index):
        pytest.fail("a voxel was read")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"maps": {"A": (Unread((3, 3, 3), "float32"), "1")}}, "shape-of-another-grid"),
        ({"maps": {"A": (Unread(SHAPE, "float32"), "HU")}}, "units-not-ucum"),
        ({"maps": {"A": Unread(SHAPE, "float32")}}, "unit-of-map-missing"),
        ({"maps": {"A b": (0, "1"), "a/B": (0, "1")}}, "parts-of-one-name"),
        ({"maps": {"": (0, "1")}}, "parts-without-names"),
        ({"maps": [0]}, "parts-without-names"),
        ({"picture": {"slice": 3}}, "part-options-unknown"),
        ({"picture": {"fill": 2}}, "fill-of-picture"),
        ({"picture": {"window": "liver"}}, "window-of-picture"),
        ({"picture": 1}, "part-options-unknown"),
        ({"measure": {"percentile": (1,)}}, "part-options-unknown"),
        ({"model": {"version": "1"}}, "model-not-described"),
        ({"description": "d" * 60}, "description-too-long"),
        ({"uid": {"SeriesInstanceUID": "1.2.3"}}, "uid-of-several-series"),
        ({"metadata": {"SeriesNumber": "three"}}, "series-number-not-whole"),
        ({"metadata": {"NoKeyword": 1}}, "keyword-unknown"),
        ({"series": "1.2.3"}, "series-not-found"),
    ],
)
def test_what_is_wrong_in_any_part_is_rejected_before_a_voxel_is_read(
    source, tmp_path, options, code
):
    given = {"masks": Unread(SHAPE, "uint8"), "picture": True, **options}
    rejected(code, source, tmp_path / "out", **given)
    assert list(tmp_path.iterdir()) == []


def test_measurements_need_masks_and_a_picture_needs_a_result(source, tmp_path):
    array = np.zeros(SHAPE, "float32")
    score, smooth = {"maps": {"A": (array, "1")}}, {"images": {"A": array}}
    rejected("measure-without-masks", source, tmp_path / "out", **score, measure=True)
    rejected("picture-without-result", source, tmp_path / "out", **smooth, picture=True)
    rejected("result-without-parts", source, tmp_path / "out", picture=True)


def test_a_target_in_use_or_a_url_is_rejected(source, result, tmp_path):
    out, _ = result
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    for target, code in (
        (out, "target-not-empty"),
        ("s3://bucket/prefix", "target-not-a-folder"),
        (tmp_path / "out", "target-not-empty"),
    ):
        with pytest.raises(TargetError) as caught:
            dcs.write_result(source, target, **inputs())
        assert caught.value.code == code
    with pytest.raises(TargetError, match=r"notes\.txt"):
        dcs.write_result(source, tmp_path / "out", overwrite=True, **inputs())
    assert (tmp_path / "out" / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_result_replaces_an_older_one_whole(source, tmp_path):
    out = tmp_path / "out"
    dcs.write_result(source, out, picture={"slices": [1]}, **inputs(), **QUICK)
    fewer = {**inputs(), "maps": None}
    receipt = dcs.write_result(source, out, overwrite=True, **fewer, **QUICK)
    assert [path.name for path in out.iterdir()] == ["segmentation"]
    assert [part.name for part in receipt.parts] == ["segmentation"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_maps_alone_are_drawn_each_with_its_name(source, tmp_path):
    given = {**inputs(), "masks": None, "segments": None}
    receipt = dcs.write_result(
        source, tmp_path / "out", picture={"slices": 2}, description="Fit", **given, **QUICK
    )
    assert [part.folder for part in receipt.parts] == ["map-adc-fit", "picture-adc-fit"]
    header = next(iter(headers(tmp_path / "out" / "picture-adc-fit").values()))
    assert header.SeriesDescription == "Fit: picture ADC fit"


def test_a_given_series_number_is_that_of_the_first_part(source, tmp_path):
    dcs.write_result(
        source,
        tmp_path / "out",
        metadata={"SeriesNumber": 500},
        picture={"slices": "key"},
        **inputs(),
        **QUICK,
    )
    numbers = {
        path.relative_to(tmp_path / "out").parts[0]: header.SeriesNumber
        for path, header in headers(tmp_path / "out").items()
    }
    assert numbers == {"segmentation": 500, "map-adc-fit": 501, "picture": 502}


def test_the_command_writes_and_reports_all_parts(source, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = inputs()
    np.save("labels.npy", given["masks"])
    np.save("adc.npy", given["maps"]["ADC fit"][0])
    words = ["result", str(source), "out", "--masks", "labels.npy", "--map", "ADC=adc.npy:mm2/s"]
    words += ["--measure", "--picture", "--slices", "result", "--preset", "bone"]
    words += ["--model-name", "LesionNet", "--no-sync", "--report", "page.html", "--json"]
    assert run(words) == 0
    record = json.loads(capsys.readouterr().out)
    assert [part["folder"] for part in record["parts"]] == [
        "segmentation",
        "map-adc",
        "measurements",
        "picture",
    ]
    assert "LesionNet" in Path("page.html").read_text(encoding="utf-8")
    assert run(["result", str(source), "no", "--map", "ADC=adc.npy"]) == 2
    assert "unit of map missing" in capsys.readouterr().err
    assert run(["result", str(source), "no"]) == 3
    assert "--map NAME=FILE:UNIT" in capsys.readouterr().err
    assert not Path("no").exists()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("adc.nii.gz:mm2/s", ("adc.nii.gz", "mm2/s")),
        ("adc.nii.gz", ("adc.nii.gz", "")),
        (r"C:\maps\adc.nii:1", (r"C:\maps\adc.nii", "1")),
        (r"C:\maps\adc.nii", (r"C:\maps\adc.nii", "")),
        ("f.h5::maps/adc:ms", ("f.h5::maps/adc", "ms")),
        ("f.h5::maps/adc", ("f.h5::maps/adc", "")),
    ],
)
def test_a_unit_stands_behind_the_last_colon_of_a_map(text, parts):
    assert _file_and_unit(text) == parts
