"""Lines of external validators become findings; a crash becomes a note."""

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


def test_a_text_is_reported_once_for_all_quoted_values():
    findings = list(
        run("validators", remarks("Bad UID = <1.2>", "Bad UID = <1.3>", "Missing attribute"))
    )
    assert [(finding.id, finding.where, finding.message) for finding in findings] == [
        ("EXT-001", "0.dcm", "Bad UID = <1.2> (2 files)."),
        ("EXT-001", "2.dcm", "Missing attribute."),
    ]


def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Put a Python program in the place of both validators."""
    if sys.platform == "win32":
        pytest.skip("Windows starts no program by its first line")
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\nimport os, sys\n{code}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(validators, "find_program", lambda _: str(program))


def test_lines_of_stderr_count_and_the_exit_code_does_not(tmp_path, monkeypatch):
    fake(tmp_path, monkeypatch, "print('Error - A\\nWarning - B\\nCTImage', file=sys.stderr)")
    validation = validators.validate([Path("1.dcm"), Path("2.dcm")])
    findings = validation.findings
    assert (validation.checked, validation.not_checked) == (("dciodvfy", "dcentvfy"), ())
    assert [finding.id for finding in findings] == ["EXT-001", "EXT-002", "EXT-003", "EXT-004"]
    assert findings[0].message == "A (2 files)."


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


def test_a_crash_on_one_file_does_not_hide_faults_of_another(tmp_path, monkeypatch):
    fake(
        tmp_path,
        monkeypatch,
        "print('Error - A', file=sys.stderr); sys.argv[-1] == '2.dcm' and os.abort()",
    )
    validation = validators.validate([Path("1.dcm"), Path("2.dcm")])
    assert [(finding.id, finding.where) for finding in validation.findings] == [
        ("EXT-001", "1.dcm")
    ]
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
    assert [note.partition(":")[0] for note in validation.not_checked] == ["dciodvfy", "dcentvfy"]
    assert all("not installed" in note for note in validation.not_checked)


@pytest.mark.parametrize("legal", validators._LEGAL, ids=lambda legal: legal.reason[:30])
def test_every_ignored_warning_has_a_reason_and_a_known_class(legal):
    assert len(legal.reason) > 30
    assert legal.sop_class_uid in {"", MRImageStorage, SecondaryCaptureImageStorage}


MR_RESCALE = (
    (
        "</RescaleSlope(0028,1053)[1]> - "
        "Non-identity Modality LUT Module not expected in standard MR IOD = <6.5e-5>"
    ),
    "</RescaleType(0028,1054)> - Attribute is not present in standard DICOM IOD",
)


@pytest.mark.parametrize("text", MR_RESCALE)
def test_an_unexpected_rescale_is_legal_in_mr_images_only(text):
    def warned(uid):
        remark = validators.ValidatorRemark(
            program="dciodvfy", level="Warning", where="1.dcm", text=text, sop_class_uid=uid
        )
        return [finding.id for finding in run("validators", (remark,))]

    assert warned("1.2.840.10008.5.1.4.1.1.4") == []
    assert warned("1.2.840.10008.5.1.4.1.1.1") == ["EXT-002"]


def test_attributes_for_a_dicomdir_are_not_required():
    text = (
        "</PatientID(0010,0020)> - "
        "Missing attribute or value that would be needed to build DICOMDIR"
    )
    remark = validators.ValidatorRemark(
        program="dciodvfy", level="Warning", where="1.dcm", text=text
    )
    assert list(run("validators", (remark,))) == []


def test_an_unknown_laterality_is_no_fault():
    text = (
        "</Laterality(0020,0060)> - "
        "is only permitted to be empty when actually unknown; should be absent"
    )
    alarm = validators.ValidatorRemark(
        program="dciodvfy", level="Warning", where="1.dcm", text=text
    )
    other = validators.ValidatorRemark(
        program="dciodvfy", level="Warning", where="1.dcm", text="</KVP(0018,0060)> - is 0"
    )
    assert [finding.message for finding in run("validators", (alarm, other))] == [
        "</KVP(0018,0060)> - is 0."
    ]


def test_bytes_counted_as_characters_are_no_error():
    length = (
        "Value invalid for this VR [LO] = <{}> - Length invalid for this VR = <70> - expected <= 64"
    )
    findings = list(run("validators", remarks(length.format("ü" * 35), length.format("u" * 70))))
    assert [finding.where for finding in findings] == ["1.dcm"]


def test_references_to_other_series_may_be_missing(monkeypatch):
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
    assert [
        finding.message for finding in validators.validate([Path("1.dcm")], {"2.25.7"}).findings
    ] == [f"{texts[1]}."]
    assert len(validators.validate([Path("1.dcm")]).findings) == 2


def test_references_within_the_series_must_not_be_missing(tmp_path):
    from pydicom.dataset import Dataset

    def refer(dataset, uid):
        reference = Dataset()
        reference.ReferencedSOPClassUID = dataset.SOPClassUID
        reference.ReferencedSOPInstanceUID = "2.25.7"
        item = Dataset()
        item.SeriesInstanceUID, item.ReferencedInstanceSequence = uid, [reference]
        dataset.ReferencedSeriesSequence = [item]

    stored = np.zeros((1, 4, 5), "int16")
    for name, is_same in (("same", True), ("other", False)):
        folder = tmp_path / name
        write_known_series(
            folder,
            stored,
            change=lambda _, ds, is_same=is_same: refer(
                ds, ds.SeriesInstanceUID if is_same else "2.25.9"
            ),
        )
        instances = scan(folder).series[0].instances
        assert run_checks._uids_of_other_series(instances) == (
            frozenset() if is_same else {"2.25.7"}
        )


@pytest.mark.parametrize(
    ("syntax", "count"), [("1.2.840.10008.1.2.1", 2), ("1.2.840.10008.1.2.1.99", 0)]
)
def test_deflated_files_are_not_shown_to_validators_that_cannot_read_them(
    tmp_path, monkeypatch, syntax, count
):
    seen: list[Path] = []
    monkeypatch.setattr(
        run_checks, "validate", lambda paths, *_: seen.extend(paths) or validators.Validation()
    )
    stored = np.zeros((2, 4, 5), "int16")
    findings = run_checks.check(
        write_known_series(
            tmp_path,
            stored,
            change=lambda _, ds: setattr(ds.file_meta, "TransferSyntaxUID", syntax),
        )
    )
    assert len(seen) == count
    assert any("2 deflated files" in finding for finding in findings.not_checked) == (count == 0)
