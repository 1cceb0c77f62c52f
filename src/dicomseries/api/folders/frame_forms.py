"""Files of whole series, as files of one frame or as multi-frame files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from dicomseries import frame_conversion, reading
from dicomseries.errors import OptionError, ValuesError, VerificationError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.progress_bar import ProgressReport

__all__ = ["FilesInForm", "FrameForm", "check_form", "files_in_form"]

FrameForm: TypeAlias = Literal["classic", "enhanced"]
"""Values of `to=`."""

NEW_UIDS = (
    "SeriesInstanceUID and SOPInstanceUID are new where the form changed; each new file names its "
    "source in ConversionSourceAttributesSequence."
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FilesInForm:
    """Files by their names in the target, after the conversion.

    Parameters
    ----------
    paths : mapping of str to Path
        Converted files, and those that stay as they are.
    reasons : mapping of str to str
        Why files stay as they are.
    frames : int
        Frames that were converted and compared.
    """

    paths: Mapping[str, Path]
    reasons: Mapping[str, str]
    frames: int


def check_form(to: object) -> None:
    """Reject an unknown `to=`."""
    if to is not None and to not in get_args(FrameForm):
        raise OptionError(
            code="form-unknown",
            where="to",
            given=repr(to),
            expected="'classic' (a file for each frame) or 'enhanced' (multi-frame files)",
            remedy="Pass one of these, or leave `to=` out.",
        )


def files_in_form(
    scanned: reading.Scan,
    names: Mapping[str, Path],
    to: FrameForm,
    folder: Path,
    report: ProgressReport | None,
) -> FilesInForm:
    """Convert the files of series; those that cannot be converted stay.

    Parameters
    ----------
    scanned : Scan
        The series.
    names : mapping of str to Path
        Their files by name in the target.
    to : {"classic", "enhanced"}
        The form.
    folder : Path
        An empty folder for converted files.
    report : callable or None
        Gets files that are done, all files, and "converting".
    """
    if to == "classic":
        return _classic(scanned, names, folder, report)
    return _enhanced(scanned, names, folder, report)


def _classic(
    scanned: reading.Scan, names: Mapping[str, Path], folder: Path, report: ProgressReport | None
) -> FilesInForm:
    instances = {Path(instance.path): instance for instance in scanned.instances}
    paths: dict[str, Path] = {}
    reasons: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    frames = 0
    for done, (name, path) in enumerate(names.items(), 1):
        instance = instances[path]
        reason = frame_conversion.classic_obstacle(instance)
        if not reason:
            series = instance.text("SeriesInstanceUID")
            part = folder / f"{done:06d}"
            part.mkdir()
            try:
                files = list(
                    frame_conversion.classic_files(path, part, first_number=numbers[series] + 1)
                )
            except (ValuesError, VerificationError) as error:
                reason = str(error.given)
            else:
                numbers[series] += len(files)
                frames += len(files)
                paths |= {_frame_name(name, file, len(names)): file for file in files}
        if reason:
            paths[name] = path
            reasons[name] = reason
        if report is not None:
            report(done, len(names), "converting")
    return FilesInForm(paths=paths, reasons=reasons, frames=frames)


def _frame_name(name: str, file: Path, files: int) -> str:
    """Return the name of a frame: in a folder named for its multi-frame file, if several."""
    if files == 1:
        return file.name
    return f"{name.removesuffix('.dcm').replace('/', '-')}/{file.name}"


def _enhanced(
    scanned: reading.Scan, names: Mapping[str, Path], folder: Path, report: ProgressReport | None
) -> FilesInForm:
    name_of = {path: name for name, path in names.items()}
    paths: dict[str, Path] = {}
    reasons: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    frames = 0
    for done, series in enumerate(scanned.series, 1):
        images = [Path(instance.path) for instance in series.instances]
        numbers[series.series_uid] += 1
        target = folder / f"{done:06d}.dcm"
        reason = _obstacle(series)
        if not reason:
            try:
                number = numbers[series.series_uid]
                frames += frame_conversion.enhanced_file(images, target, number=number)
                paths[name_of[images[0]]] = target
            except (ValuesError, VerificationError) as error:
                reason = str(error.given)
        others = [Path(instance.path) for instance in series.objects]
        for path in _distinct(images if reason else (), others):
            paths[name_of[path]] = path
            reasons[name_of[path]] = reason if path in images else "it has no image"
        if report is not None:
            report(done, len(scanned.series), "converting")
    return FilesInForm(paths=paths, reasons=reasons, frames=frames)


def _obstacle(series: reading.Series) -> str:
    if not series.instances:
        return "it has no image"
    if len({instance.path for instance in series.instances}) < len(series.instances):
        return "a file is in the series twice"
    return frame_conversion.enhanced_obstacle(series.instances)


def _distinct(*groups: Sequence[Path]) -> list[Path]:
    return list(dict.fromkeys(path for group in groups for path in group))
