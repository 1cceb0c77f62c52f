"""Lists of jobs: every form is read, and every fault is found before a pixel is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.batch import BatchJob, job_list, read_jobs, waves_of
from dicomseries.batch.job_fields import field_of, value_of_cell
from dicomseries.errors import OptionError, SourceError
from dicomseries.options import options_of


def lines(path: Path, *jobs: object) -> Path:
    path.write_text("\n".join(map(json.dumps, jobs)), encoding="utf-8")
    return path


def codes_of(error: pytest.ExceptionInfo[OptionError]) -> set[str]:
    return {fault.code for fault in error.value.faults}


def test_json_lines_and_a_table_say_the_same_job(tmp_path):
    objects = lines(
        tmp_path / "jobs.jsonl",
        {"defaults": {"kind": "CT", "metadata": {"InstitutionName": "Clinic"}}},
        {
            "source": "a.npy",
            "out": "ct/a",
            "spacing": [0.7, 0.7, 2.5],
            "compression": "jpegls",
            "verify": False,
            "metadata": {"PatientID": "42"},
            "study": "first",
        },
    )
    table = tmp_path / "jobs.csv"
    table.write_text(
        "source,out,--kind,spacing,--compress,no-verify,PatientID,InstitutionName,study\n"
        "a.npy,ct/a,CT,0.7 0.7 2.5,jpegls,yes,42,Clinic,first\n",
        encoding="utf-8-sig",
    )
    (of_lines,), (of_table,) = read_jobs(objects, {}).jobs, read_jobs(table, {}).jobs
    assert of_lines.id == of_table.id
    assert of_lines.line == of_table.line
    assert of_lines.source == str(tmp_path / "a.npy")
    assert (of_lines.place, of_table.place) == ("jobs.jsonl, line 2", "jobs.csv, line 2")


def test_a_semicolon_separates_the_cells_of_a_table_without_commas(tmp_path):
    table = tmp_path / "jobs.csv"
    table.write_text("source;out;kind\na.npy;a;mr\n\n", encoding="utf-8")
    assert [job.options for job in read_jobs(table, {}).jobs] == [{"kind": "mr"}]


def test_options_of_a_job_win_over_those_of_the_call_and_these_over_those_of_the_file(tmp_path):
    file = lines(
        tmp_path / "jobs.jsonl",
        {"defaults": {"kind": "MR", "nan": 0, "PatientID": "file", "StudyID": "file"}},
        {"source": "a.npy", "out": "a", "nan": 7, "PatientID": "job"},
    )
    metadata = {"PatientID": "call", "PatientSex": "F"}
    (job,) = read_jobs(file, {"kind": "CT", "nan": 1, "metadata": metadata}).jobs
    assert job.options["kind"] == "CT"
    assert job.options["nan"] == 7
    assert job.options["metadata"] == {"PatientID": "job", "PatientSex": "F", "StudyID": "file"}


def test_every_option_of_the_command_line_is_a_column():
    for name, option in options_of("write").items():
        if name in {"executor", "memory", "workers", "resume", "storage_options"}:
            with pytest.raises(OptionError, match="whole batch"):
                field_of(option.flag_of(name).split("/")[0])
        elif option.help:
            of_flag, _ = field_of(option.flag_of(name).split("/")[0])
            assert of_flag in {name, f"{name}_name"}
            assert field_of(name) == (name, False)


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("clip", "-1000 3000", [-1000, 3000]),
        ("times", "2.5", 2.5),
        ("times", "0,2.5,6", [0, 2.5, 6]),
        ("uid", "StudyInstanceUID=1.2,others=1.3", {"StudyInstanceUID": "1.2", "others": "1.3"}),
        ("segments", "1=Liver,2=Lung, left", {"1": "Liver", "2": "Lung, left"}),
        ("segments", "organs.toml", "organs.toml"),
        ("metadata", '{"KVP": 120}', {"KVP": 120}),
        ("keep_private", "ACME 1; ACME 2", ["ACME 1", "ACME 2"]),
        ("positions", "0 2.5 6", [0, 2.5, 6]),
        ("ImageType", r"DERIVED\SECONDARY", ["DERIVED", "SECONDARY"]),
        ("time_point", "3", 3),
        ("overwrite", "true", True),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_the_words_of_the_command_line(name, cell, value):
    assert value_of_cell(name, cell) == value


def test_faults_of_all_lines_are_reported_with_their_lines(tmp_path):
    file = tmp_path / "jobs.jsonl"
    file.write_text(
        '{"source": "a.npy", "out": "a", "spacin": 1}\n'
        "not JSON\n"
        '{"source": "a.npy"}\n'
        '{"source": "a.npy", "out": "b", "workers": 2}\n'
        "[1]\n",
        encoding="utf-8",
    )
    listed = read_jobs(file, {})
    assert [(fault.where, fault.code) for fault in listed.faults] == [
        ("jobs.jsonl, line 1", "job-field-unknown"),
        ("jobs.jsonl, line 2", "job-unreadable"),
        ("jobs.jsonl, line 3", "job-incomplete"),
        ("jobs.jsonl, line 4", "option-of-the-batch"),
        ("jobs.jsonl, line 5", "job-unreadable"),
    ]
    assert "did you mean 'spacing'" in str(listed.faults[0])


def test_what_is_wrong_is_found_before_anything_is_written(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4, 5), "int16"))
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine", encoding="utf-8")
    good = {"source": "a.npy", "kind": "CT", "spacing": [1, 1, 2]}
    file = lines(
        tmp_path / "jobs.jsonl",
        {**good, "out": "good"},
        {**good, "out": "used"},
        {**good, "out": "none", "source": "none.npy"},
        {**good, "out": "kind", "kind": "CTX"},
        {**good, "out": "clip", "uid": "nonsense"},
        {**good, "out": "meta", "bids": "none.json"},
    )
    with pytest.raises(OptionError) as error:
        dcs.batch(file)
    places = [fault.where.partition(":")[0][-1] for fault in error.value.faults]
    assert places == ["2", "3", "4", "5", "6"]
    assert codes_of(error) == {
        "target-not-empty",
        "input-missing",
        "kind-unknown",
        "uid-policy-unknown",
    }
    assert not (tmp_path / "good").exists()
    assert not (tmp_path / "jobs.batch" / "report.json").exists()


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({"out": "a"}, {"out": "a"}, "target-twice"),
        ({"out": "a"}, {"out": "a/b"}, "target-inside-another"),
        ({"out": "s3://b/a"}, {"out": "s3://b/a/c"}, "target-inside-another"),
        (
            {"out": "a", "uid": {"SeriesInstanceUID": "1.2.3"}},
            {"out": "b", "uid": {"SeriesInstanceUID": "1.2.3"}},
            "series-uid-twice",
        ),
        (
            {"out": "a", "study": "s", "PatientID": "1"},
            {"out": "b", "study": "s", "PatientID": "2"},
            "study-of-two-patients",
        ),
        ({"out": "a", "study": "s", "like": "ct"}, {"out": "b"}, "key-with-like"),
        (
            {"out": "a", "study": "s", "uid": {"StudyInstanceUID": "1.2"}},
            {"out": "b"},
            "uid-and-key",
        ),
    ],
)
def test_two_jobs_share_nothing_that_they_must_not(tmp_path, first, second, code):
    np.save(tmp_path / "a.npy", np.zeros((3, 4, 5), "int16"))
    source = {"source": str(tmp_path / "a.npy"), "kind": "CT", "spacing": [1, 1, 2]}
    with pytest.raises(OptionError) as error:
        dcs.batch([{**source, **first}, {**source, **second}], records=tmp_path / "record")
    assert codes_of(error) == {code}


def test_a_job_that_reads_the_target_of_another_comes_after_it():
    def job(source, out, **options):
        return BatchJob(place=out, number=1, source=source, out=out, options=options)

    third = job("/c.nii", "/o/c", like="/o/b")
    second = job("/b.nii", "/o/b", like=["/o/a/0001.dcm"])
    first = job("/a.nii", "/o/a")
    assert waves_of([third, second, first]) == [[first], [second], [third]]
    with pytest.raises(OptionError) as error:
        waves_of([job("/a.nii", "/o/a", like="/o/b"), job("/a.nii", "/o/b", like="/o/a")])
    assert codes_of(error) == {"jobs-in-a-circle"}


def test_a_list_in_another_format_or_of_no_jobs_is_rejected(tmp_path):
    with pytest.raises(SourceError) as error:
        dcs.batch(tmp_path / "jobs.xlsx")
    assert error.value.code == "jobs-format-unknown"
    with pytest.raises(SourceError) as error:
        dcs.batch(tmp_path / "jobs.jsonl")
    assert error.value.code == "jobs-unreadable"
    with pytest.raises(OptionError) as none:
        dcs.batch([], records=tmp_path / "record")
    assert none.value.code == "jobs-none"
    with pytest.raises(OptionError) as without:
        dcs.batch([{"source": "a", "out": "b"}])
    assert without.value.code == "records-missing"
    with pytest.raises(TypeError, match="spacing"):
        dcs.batch([], spacin=1)


def test_a_value_that_a_file_cannot_hold_is_rejected():
    (fault,) = job_list([{"source": "a", "out": "b"}], {"values": dcs.Rescale(max_error=1)}).faults
    assert fault.code == "option-not-json"
