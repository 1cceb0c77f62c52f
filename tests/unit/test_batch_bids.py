"""A BIDS dataset becomes series; what is not certain is listed, not guessed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.batch.bids.bids_kinds import kind_of
from dicomseries.batch.bids.bids_names import parse_name
from dicomseries.batch.bids.bids_participants import age_string
from dicomseries.batch.bids.bids_sidecars import FilesAbout
from dicomseries.cli import main
from dicomseries.errors import OptionError, SourceError
from systems import needs_links

nibabel = pytest.importorskip("nibabel")

COS, SIN = math.cos(0.2), math.sin(0.2)
AFFINE = np.array(
    [[-1.2 * COS, 1.3 * SIN, 0, 3], [1.2 * SIN, 1.3 * COS, 0, 4], [0, 0, 2.5, 5], [0, 0, 0, 1]]
)
LABELS = np.zeros((5, 4, 3), "uint8")
LABELS[1:3, 1:3, 1] = 1
LABELS[3, 3, 2] = 2


class Dataset:
    """A dataset that is made file by file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.json("dataset_description.json", {"Name": "test", "BIDSVersion": "1.11.0"})

    def path(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def json(self, name: str, content: object) -> None:
        self.path(name).write_text(json.dumps(content), encoding="utf-8")

    def text(self, name: str, content: str) -> None:
        self.path(name).write_text(content, encoding="utf-8")

    def image(
        self, name: str, shape: tuple[int, ...] = (5, 4, 3), array: Any = None, step: float = 0
    ) -> None:
        if array is None:
            array = np.arange(math.prod(shape), dtype="int16").reshape(shape) + len(name)
        image = nibabel.Nifti1Image(array, AFFINE)
        image.header.set_xyzt_units("mm", "sec")
        if array.ndim == 4:
            image.header["pixdim"][4] = step
        nibabel.save(image, self.path(name))

    def batch(self, **options: Any) -> dcs.BatchReport:
        out = self.root.parent / "dicom"
        return dcs.batch(bids=self.root, out=out, **{"sync": False, **options})

    def reasons(self, report: dcs.BatchReport) -> dict[str, str]:
        return {file.path.rpartition("/")[2]: file.reason for file in report.left_out}


@pytest.fixture
def dataset(tmp_path):
    return Dataset(tmp_path / "dataset")


def tags(dataset: Dataset, name: str) -> Any:
    return dcs.tags(dataset.root.parent / "dicom" / name)


def test_an_image_becomes_a_series_of_its_subject(dataset):
    dataset.text("participants.tsv", "participant_id\tage\tsex\nsub-01\t34\tfemale\n")
    dataset.json("T1w.json", {"EchoTime": 0.003, "Manufacturer": "Root"})
    dataset.json("sub-01/anat/sub-01_acq-a_T1w.json", {"Manufacturer": "Nearest"})
    dataset.image("sub-01/anat/sub-01_acq-a_T1w.nii.gz")
    report = dataset.batch()
    assert (report.done, report.failed, report.left_out) == (1, 0, ())
    written = tags(dataset, "sub-01/anat/sub-01_acq-a_T1w")
    assert written["PatientID"] == "sub-01"
    assert (written["PatientAge"], written["PatientSex"]) == ("034Y", "F")
    assert written["SeriesDescription"] == "acq-a_T1w"
    assert (written["Modality"], written["SeriesNumber"]) == ("MR", 101)
    assert (written["EchoTime"], written["Manufacturer"]) == (3.0, "Nearest")
    image = nibabel.load(dataset.root / "sub-01/anat/sub-01_acq-a_T1w.nii.gz")
    assert not dcs.check(report.records.replace(".batch", ""), against=image).errors


def test_a_study_is_one_session_of_one_subject(dataset):
    for name in ("ses-a/anat/sub-1_ses-a_T1w", "ses-a/anat/sub-1_ses-a_T2w"):
        dataset.image(f"sub-1/{name}.nii.gz")
    dataset.image("sub-1/ses-b/anat/sub-1_ses-b_T1w.nii")
    dataset.image("sub-2/anat/sub-2_T1w.nii.gz")
    assert dataset.batch().done == 4
    series = dcs.scan(dataset.root.parent / "dicom").series
    assert len({one.study_uid for one in series}) == 3
    frames = {dcs.tags(one.paths[0])["FrameOfReferenceUID"] for one in series}
    assert len(frames) == 4  # BIDS does not state that two images share a space


def test_times_of_volumes_are_those_of_the_sidecar(dataset):
    dataset.json("task-rest_bold.json", {"RepetitionTime": 2.5})
    dataset.image("sub-1/func/sub-1_task-rest_bold.nii.gz", (5, 4, 3, 4))
    dataset.image("sub-1/func/sub-1_task-rest_run-2_bold.nii.gz", (5, 4, 3, 4), step=1.5)
    report = dataset.batch()
    assert dataset.reasons(report) == {
        "sub-1_task-rest_run-2_bold.nii.gz": "RepetitionTime is 2.5 s in its sidecar, and 1.5 s in"
        " its header"
    }
    volume = dcs.read(dataset.root.parent / "dicom/sub-1/func/sub-1_task-rest_bold")
    assert list(volume.times_s) == [0.0, 2.5, 5.0, 7.5]


def test_weightings_of_diffusion_are_inherited_too(dataset):
    dataset.text("sub-1/sub-1_dwi.bval", "0 1000\n")
    dataset.text("dwi.bvec", "0 1\n0 0\n0 0\n")
    dataset.image("sub-1/dwi/sub-1_acq-x_dwi.nii.gz", (5, 4, 3, 2), step=1)
    dataset.image("sub-2/dwi/sub-2_dwi.nii.gz", (5, 4, 3, 2), step=1)
    report = dataset.batch()
    assert dataset.reasons(report) == {"sub-2_dwi.nii.gz": "no .bval file is about it"}
    volume = dcs.read(dataset.root.parent / "dicom/sub-1/dwi/sub-1_acq-x_dwi")
    assert list(volume.b_values) == [0.0, 1000.0]


@needs_links
def test_what_has_no_certain_kind_is_listed_with_its_reason(dataset):
    dataset.image("sub-1/anat/sub-1_T1map.nii.gz")
    dataset.image("sub-1/anat/sub-1_new.nii.gz")
    dataset.image("sub-1/func/sub-1_task-x_part-phase_bold.nii.gz")
    dataset.image("sub-1/anat/sub-1_T1w.nii.gz")
    dataset.image("sub-1/anat/sub-1_secret_T1w.nii.gz")
    dataset.image("sub-1/extra/sub-1_T2w.nii.gz")
    dataset.text("sub-1/meg/sub-1_meg.fif", "")
    dataset.text("sub-1/func/sub-1_task-x_events.tsv", "onset\n")
    dataset.text(".bidsignore", "# comment\n*/extra/\n*/*/extra/*\nsub-*/extra/*\n")
    (dataset.path("sub-1/anat/sub-1_FLAIR.nii.gz")).symlink_to("annex/not/here")
    report = dataset.batch()
    assert report.done == 1
    reasons = dataset.reasons(report)
    assert set(reasons) == {
        "sub-1_T1map.nii.gz",
        "sub-1_new.nii.gz",
        "sub-1_task-x_part-phase_bold.nii.gz",
        "sub-1_FLAIR.nii.gz",
        "meg",
        "anat",
    }
    assert "ParametricMap" in reasons["sub-1_T1map.nii.gz"]
    assert "DataLad" in reasons["sub-1_FLAIR.nii.gz"]
    page = Path(report.records, "report.html").read_text(encoding="utf-8")
    assert "sub-1_new.nii.gz" in page


def test_label_maps_of_derivatives_lie_over_their_image(dataset):
    dataset.image("sub-1/anat/sub-1_T1w.nii.gz")
    dataset.image("sub-2/anat/sub-2_T1w.nii.gz")
    dataset.image("sub-2/anat/sub-2_T2w.nii.gz")
    dataset.text(
        "derivatives/net/dseg.tsv",
        "index\tname\n0\tBackground\n1\tLeft-Hippocampus\n2\tBrain-Stem\n3\tElsewhere\n",
    )
    made_by = {"Name": "net", "GeneratedBy": [{"Name": "SegNet", "Version": "1.2"}]}
    dataset.json("derivatives/net/dataset_description.json", made_by)
    for name in (
        "sub-1/anat/sub-1_dseg",
        "sub-1/anat/sub-1_desc-brain_mask",
        "sub-1/anat/sub-1_mask",
        "sub-1/anat/sub-1_space-MNI152_dseg",
        "sub-2/anat/sub-2_dseg",
        "sub-2/anat/sub-2_space-T2w_dseg",
        "sub-2/anat/sub-2_desc-a_dseg",
    ):
        array = (LABELS > 0).astype("uint8") if name.endswith("mask") else LABELS
        dataset.image(f"derivatives/net/{name}.nii.gz", array=array)
    source = {"Sources": ["bids:raw:sub-2/anat/sub-2_T1w.nii.gz"]}
    dataset.json("derivatives/net/sub-2/anat/sub-2_desc-a_dseg.json", source)
    report = dataset.batch()
    assert [row.reason for row in report.failures] == []
    assert report.kinds == {"MR": 3, "Segmentation": 4}
    reasons = dataset.reasons(report)
    assert set(reasons) == {
        "sub-1_mask.nii.gz",
        "sub-1_space-MNI152_dseg.nii.gz",
        "sub-2_dseg.nii.gz",
    }
    assert "sub-2_T1w, sub-2_T2w" in reasons["sub-2_dseg.nii.gz"]
    out = dataset.root.parent / "dicom"
    segmentation = dcs.scan(out / "derivatives/net/sub-1/anat/sub-1_dseg").series[0]
    image = dcs.scan(out / "sub-1/anat/sub-1_T1w").series[0]
    assert segmentation.study_uid == image.study_uid
    labels = dcs.read(out / "derivatives/net/sub-2/anat/sub-2_space-T2w_dseg")
    names = [labels.segments[number].label for number in (1, 2)]
    assert names == ["Left-Hippocampus", "Brain-Stem"]


def test_sidecars_that_disagree_about_the_patient_leave_it_empty(dataset):
    for suffix, weight, size in (("T1w", 70, 1.8), ("T2w", 71, 1.8), ("FLAIR", None, None)):
        dataset.image(f"sub-1/anat/sub-1_{suffix}.nii.gz")
        if weight:
            facts = {"PatientWeight": weight, "PatientSize": size}
            dataset.json(f"sub-1/anat/sub-1_{suffix}.json", facts)
    dataset.batch()
    for suffix in ("T1w", "T2w", "FLAIR"):
        written = tags(dataset, f"sub-1/anat/sub-1_{suffix}")
        assert written["PatientSize"] == 1.8
        assert not written["PatientWeight"]


def test_ages_are_those_of_the_session_and_in_the_unit_of_the_table(dataset):
    dataset.text("participants.tsv", "participant_id\tage\nsub-1\t5\nsub-2\t6\nsub-3\t89+\n")
    dataset.json("participants.json", {"age": {"Units": "months"}})
    dataset.text("sub-2/sub-2_sessions.tsv", "session_id\tage\nses-a\t7\n")
    dataset.image("sub-1/anat/sub-1_T1w.nii.gz")
    dataset.image("sub-3/anat/sub-3_T1w.nii.gz")
    for session in "ab":
        dataset.image(f"sub-2/ses-{session}/anat/sub-2_ses-{session}_T1w.nii.gz")
    dataset.batch()
    assert tags(dataset, "sub-1/anat/sub-1_T1w")["PatientAge"] == "005M"
    assert tags(dataset, "sub-2/ses-a/anat/sub-2_ses-a_T1w")["PatientAge"] == "007M"
    for name in ("sub-2/ses-b/anat/sub-2_ses-b_T1w", "sub-3/anat/sub-3_T1w"):
        assert not tags(dataset, name).get("PatientAge")


@pytest.mark.parametrize(
    ("text", "unit", "age"),
    [
        ("34", "Y", "034Y"),
        ("34.9", "Y", "034Y"),
        ("0.5", "Y", "006M"),
        ("1.5", "W", "010D"),
        ("1", "Y", "001Y"),
        ("89+", "Y", ""),
        ("-1", "Y", ""),
        ("1000", "Y", ""),
        ("5", "", ""),
        ("nan", "Y", ""),
    ],
)
def test_an_age_is_written_as_dicom_writes_it_or_not_at_all(text, unit, age):
    assert age_string(text, unit) == age


def test_suffixes_and_entities_are_those_of_the_specification():
    schema = pytest.importorskip("bidsschematools.schema").load_schema()
    known = set()
    for datatype in ("anat", "dwi", "fmap", "func", "perf", "pet"):
        for rule in schema.rules.files.raw[datatype].values():
            if ".nii.gz" in rule.get("extensions", ()):
                known |= set(rule["suffixes"])
    for suffix in known:
        kind, reason = kind_of(parse_name(f"sub-1_{suffix}.nii.gz"))
        assert kind or reason
    converted = {suffix for suffix in known if kind_of(parse_name(f"sub-1_{suffix}.nii"))[0]}
    assert {"T1w", "T2w", "FLAIR", "dwi", "bold", "pet", "asl", "epi"} <= converted
    unnamed = {s for s in known if "names no kind" in kind_of(parse_name(f"sub-1_{s}.nii"))[1]}
    assert unnamed == {"TB1DAM", "TB1EPI", "TB1AFI", "TB1TFL", "TB1RFM", "RB1COR", "TB1SRGE"}


def test_the_nearest_file_with_most_entities_wins(dataset):
    dataset.json("T1w.json", {"a": 1, "b": 1, "c": 1})
    dataset.json("sub-1/sub-1_T1w.json", {"b": 2, "c": 2})
    dataset.json("sub-1/sub-1_acq-x_T1w.json", {"c": 3})
    dataset.json("sub-1/sub-1_acq-y_T1w.json", {"c": 4})
    dataset.json("sub-1/sub-1_T2w.json", {"c": 5})
    image = dataset.path("sub-1/anat/sub-1_acq-x_T1w.nii.gz")
    assert FilesAbout(root=dataset.root).sidecar(image)[0] == {"a": 1, "b": 2, "c": 3}


def test_a_folder_without_subjects_or_with_a_broken_table_is_rejected(dataset, tmp_path):
    with pytest.raises(SourceError) as error:
        dataset.batch()
    assert error.value.code == "bids-no-subject"
    dataset.image("sub-1/anat/sub-1_T1w.nii.gz")
    dataset.path("participants.tsv").write_bytes(b"participant_id\tage\nsub-1\t\xff\n")
    with pytest.raises(SourceError) as error:
        dataset.batch()
    assert error.value.code == "bids-file-unreadable"
    for options in ({}, {"bids": "a"}, {"out": "b"}, {"jobs": [], "bids": "a", "out": "b"}):
        with pytest.raises(OptionError) as wrong:
            dcs.batch(**options)
        assert wrong.value.code == "jobs-or-dataset"


def test_the_command_plans_a_dataset_and_goes_on_with_it(dataset, capsys):
    dataset.image("sub-1/anat/sub-1_T1w.nii.gz")
    dataset.image("sub-1/anat/sub-1_T1map.nii.gz")
    out = dataset.root.parent / "dicom"
    command = ["batch", "--bids", str(dataset.root), str(out), "--no-sync"]
    assert main([*command, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "1 job to write" in shown
    assert "left out: sub-1/anat/sub-1_T1map.nii.gz" in shown
    assert not out.exists()
    assert main([*command, "--uid", "content"]) == 0
    capsys.readouterr()
    dataset.image("sub-1/func/sub-1_task-x_sbref.nii.gz")
    assert main([*command, "--uid", "content", "--resume", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["done"], shown["done_before"]) == (2, 1)
    studies = {series.study_uid for series in dcs.scan(out).series}
    assert len(studies) == 1
