"""Other people's validators: their lines become findings, said once; a crash is a note."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import MRImageStorage, SecondaryCaptureImageStorage

from dicomseries.checks import run_checks, validators
from dicomseries.checks.registry import run
from dicomseries.reading import scan
from judges.known import write_known_series


def remarks(*texts: str) -> tuple[validators.ValidatorRemark, ...]:
    return tuple(
        validators.ValidatorRemark(
            program="dciodvfy", level="Error", where=f"{index}.dcm", text=text
        )
        for index, text in enumerate(texts)
    )


def test_a_text_is_reported_once_with_any_quoted_value():
    found = list(
        run("validators", remarks("Bad UID = <1.2>", "Bad UID = <1.3>", "Missing attribute"))
    )
    assert [(one.id, one.where, one.message) for one in found] == [
        ("EXT-001", "0.dcm", "Bad UID = <1.2> (2 files)."),
        ("EXT-001", "2.dcm", "Missing attribute."),
    ]


def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Put a Python program in the place of both validators."""
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\nimport os, sys\n{code}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(validators, "find_program", lambda _: str(program))


def test_lines_of_stderr_count_and_the_exit_code_does_not(tmp_path, monkeypatch):
    fake(tmp_path, monkeypatch, "print('Error - A\\nWarning - B\\nCTImage', file=sys.stderr)")
    validation = validators.validate([Path("1.dcm"), Path("2.dcm")])
    found = validation.findings
    assert (validation.checked, validation.not_checked) == (("dciodvfy", "dcentvfy"), ())
    assert [one.id for one in found] == ["EXT-001", "EXT-002", "EXT-003", "EXT-004"]
    assert found[0].message == "A (2 files)."


def test_a_crash_is_a_note_and_no_fault_of_the_files(tmp_path, monkeypatch):
    fake(
        tmp_path,
        monkeypatch,
        "print('Error - half a line', file=sys.stderr, flush=True); os.abort()",
    )
    validation = validators.validate([Path("1.dcm"), Path("2.dcm")])
    assert (validation.findings, validation.checked) == ((), ())
    assert validation.not_checked == (
        "dciodvfy: crashed (signal 6) on 1.dcm and 1 more",
        "dcentvfy: crashed (signal 6) on the series",
    )


def test_a_crash_on_one_file_does_not_hide_what_is_wrong_with_another(tmp_path, monkeypatch):
    fake(
        tmp_path,
        monkeypatch,
        "print('Error - A', file=sys.stderr); sys.argv[-1] == '2.dcm' and os.abort()",
    )
    validation = validators.validate([Path("1.dcm"), Path("2.dcm")])
    assert [(one.id, one.where) for one in validation.findings] == [("EXT-001", "1.dcm")]
    assert validation.checked == ("dciodvfy",)
    assert validation.not_checked[0] == "dciodvfy: crashed (signal 6) on 2.dcm"


def test_a_validator_that_does_not_end_or_start_is_a_note(tmp_path, monkeypatch):
    fake(tmp_path, monkeypatch, "import time; time.sleep(30)")
    monkeypatch.setattr(validators, "_TIMEOUT_S", 0.2)
    assert "did not end within 0.2 s" in validators.validate([Path("1.dcm")]).not_checked[0]
    monkeypatch.setattr(validators, "find_program", lambda _: str(tmp_path))
    assert "cannot be started" in validators.validate([Path("1.dcm")]).not_checked[0]


def test_missing_validators_are_named(monkeypatch):
    monkeypatch.setattr(validators, "find_program", lambda _: None)
    validation = validators.validate([Path("1.dcm")])
    assert (validation.findings, validation.checked) == ((), ())
    assert [one.partition(":")[0] for one in validation.not_checked] == ["dciodvfy", "dcentvfy"]
    assert all("not installed" in one for one in validation.not_checked)


@pytest.mark.parametrize("legal", validators._LEGAL, ids=lambda legal: legal.reason[:30])
def test_every_line_that_is_left_out_has_a_reason_and_is_of_its_class_only(legal):
    assert len(legal.reason) > 30
    assert legal.sop_class_uid in {"", MRImageStorage, SecondaryCaptureImageStorage}


MR_RESCALE = (
    "</RescaleSlope(0028,1053)[1]> - Non-identity Modality LUT Module not expected in standard MR IOD = <6.5e-5>",
    "</RescaleType(0028,1054)> - Attribute is not present in standard DICOM IOD",
)


@pytest.mark.parametrize("text", MR_RESCALE)
def test_a_rescale_is_legal_in_mr_images_and_nowhere_else_where_it_is_not_expected(text):
    def warned(uid):
        remark = validators.ValidatorRemark(
            program="dciodvfy", level="Warning", where="1.dcm", text=text, sop_class_uid=uid
        )
        return [one.id for one in run("validators", (remark,))]

    assert warned("1.2.840.10008.5.1.4.1.1.4") == []
    assert warned("1.2.840.10008.5.1.4.1.1.1") == ["EXT-002"]


def test_what_only_a_dicomdir_needs_is_no_fault():
    text = "</PatientID(0010,0020)> - Missing attribute or value that would be needed to build DICOMDIR"
    remark = validators.ValidatorRemark(
        program="dciodvfy", level="Warning", where="1.dcm", text=text
    )
    assert list(run("validators", (remark,))) == []


def test_an_unknown_laterality_is_no_fault():
    text = "</Laterality(0020,0060)> - is only permitted to be empty when actually unknown; should be absent"
    alarm = validators.ValidatorRemark(
        program="dciodvfy", level="Warning", where="1.dcm", text=text
    )
    other = validators.ValidatorRemark(
        program="dciodvfy", level="Warning", where="1.dcm", text="</KVP(0018,0060)> - is 0"
    )
    assert [one.message for one in run("validators", (alarm, other))] == [
        "</KVP(0018,0060)> - is 0."
    ]


def test_bytes_counted_as_characters_are_no_error():
    length = (
        "Value invalid for this VR [LO] = <{}> - Length invalid for this VR = <70> - expected <= 64"
    )
    found = list(run("validators", remarks(length.format("ü" * 35), length.format("u" * 70))))
    assert [one.where for one in found] == ["1.dcm"]


def test_only_what_the_files_place_in_another_series_is_not_missed(monkeypatch):
    texts = [
        f"Missing SOPInstanceUID that was referenced - 2.25.{last} for file <1.dcm>"
        for last in (7, 77)
    ]
    remarks = [
        validators.ValidatorRemark(program="dcentvfy", level="Error", where="series", text=text)
        for text in texts
    ]
    results = [
        validators._Results(program="dciodvfy"),
        validators._Results(program="dcentvfy", remarks=tuple(remarks), answers=1),
    ]
    monkeypatch.setattr(validators, "_validate_files", lambda *_: results[0])
    monkeypatch.setattr(validators, "_validate_series", lambda _: results[1])
    assert [one.message for one in validators.validate([Path("1.dcm")], {"2.25.7"}).findings] == [
        f"{texts[1]}."
    ]
    assert len(validators.validate([Path("1.dcm")]).findings) == 2


def test_only_missing_references_within_the_series_are_reported(tmp_path):
    from pydicom.dataset import Dataset

    def refer(dataset, uid):
        one = Dataset()
        one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = dataset.SOPClassUID, "2.25.7"
        item = Dataset()
        item.SeriesInstanceUID, item.ReferencedInstanceSequence = uid, [one]
        dataset.ReferencedSeriesSequence = [item]

    stored = np.zeros((1, 4, 5), "int16")
    for name, own in (("own", True), ("other", False)):
        folder = tmp_path / name
        write_known_series(
            folder,
            stored,
            change=lambda _, ds, own=own: refer(ds, ds.SeriesInstanceUID if own else "2.25.9"),
        )
        instances = scan(folder).series[0].instances
        assert run_checks._uids_of_other_series(instances) == (frozenset() if own else {"2.25.7"})


@pytest.mark.parametrize(
    ("syntax", "shown"), [("1.2.840.10008.1.2.1", 2), ("1.2.840.10008.1.2.1.99", 0)]
)
def test_deflated_files_are_not_shown_to_validators_that_cannot_read_them(
    tmp_path, monkeypatch, syntax, shown
):
    seen: list[Path] = []
    monkeypatch.setattr(
        run_checks, "validate", lambda paths, *_: seen.extend(paths) or validators.Validation()
    )
    stored = np.zeros((2, 4, 5), "int16")
    found = run_checks.check(
        write_known_series(
            tmp_path,
            stored,
            change=lambda _, ds: setattr(ds.file_meta, "TransferSyntaxUID", syntax),
        )
    )
    assert len(seen) == shown
    assert any("2 deflated files" in one for one in found.not_checked) == (shown == 0)
