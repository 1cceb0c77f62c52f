"""Files of whole series, as files of one frame or as multi-frame files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np

from dicomseries import frame_conversion, reading
from dicomseries.errors import OptionError, ValuesError, VerificationError
from dicomseries.geometry import Grid
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
    name_of = {path: name for name, path in names.items()}
    paths: dict[str, Path] = {}
    reasons: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    frames = 0
    for done, series in enumerate(scanned.series, 1):
        part = folder / f"{done:06d}"
        reason = _classic_obstacle(series)
        if not reason:
            try:
                files = _split(series, part, name_of, first=numbers[series.series_uid] + 1)
                _check_same(series, part)
            except (ValuesError, VerificationError) as error:
                reason = str(error.given)
            else:
                numbers[series.series_uid] += len(files)
                frames += len(files)
                is_alone = len(names) == 1
                paths |= {
                    _frame_name(name, file, is_alone=is_alone) for file, name in files.items()
                }
        _keep(series, reason, name_of, paths, reasons)
        if report is not None:
            report(done, len(scanned.series), "converting")
    return FilesInForm(paths=paths, reasons=reasons, frames=frames)


def _classic_obstacle(series: reading.Series) -> str:
    if not series.instances:
        return "it has no image"
    obstacles = map(frame_conversion.classic_obstacle, series.instances)
    return next(filter(None, obstacles), "")


def _split(
    series: reading.Series, folder: Path, name_of: Mapping[Path, str], *, first: int
) -> dict[Path, str]:
    """Write the frames of a series; return the name of the multi-frame file of each."""
    files: dict[Path, str] = {}
    for path in _paths(series.instances):
        part = folder / f"{len(files):06d}"
        part.mkdir(parents=True)
        for file in frame_conversion.classic_files(path, part, first_number=first + len(files)):
            files[file] = name_of[path]
    return files


def _check_same(series: reading.Series, converted: Path) -> None:
    """Reject a conversion that is read as another grid, or as other volumes.

    Raises
    ------
    VerificationError
        Naming what would be read differently.
    """
    scanned = reading.scan(converted)
    others = [other for other in scanned.series if other.instances]
    what = ""
    if len(others) != 1:
        what = f"{len(others)} series instead of one"
    elif others[0].layout != series.layout:
        what = "other volumes, times or b-values"
    elif not _is_same_grid(others[0].grid, series.grid):
        what = "another grid"
    if what:
        raise VerificationError(
            code="frames-differ",
            where=str(series),
            given=f"converted, it would be read as {what}",
            expected="the same grid, times and b-values",
            remedy="Leave this series as it is.",
        )


def _is_same_grid(grid: Grid | None, other: Grid | None) -> bool:
    if grid is None or other is None:
        return grid is other
    return grid.shape == other.shape and np.allclose(
        grid.affine("LPS"), other.affine("LPS"), rtol=0, atol=1e-4
    )


def _keep(
    series: reading.Series,
    reason: str,
    name_of: Mapping[Path, str],
    paths: dict[str, Path],
    reasons: dict[str, str],
) -> None:
    """Note the files of a series that stay as they are, with the reason."""
    kept = dict.fromkeys(_paths(series.objects), "it has no image")
    if reason:
        kept |= dict.fromkeys(_paths(series.instances), reason)
    for path, why in kept.items():
        paths[name_of[path]] = path
        reasons[name_of[path]] = why


def _paths(instances: Sequence[reading.Instance]) -> list[Path]:
    return list(dict.fromkeys(Path(instance.path) for instance in instances))


def _frame_name(name: str, file: Path, *, is_alone: bool) -> tuple[str, Path]:
    """Return the name of a frame: in a folder named for its multi-frame file, if several."""
    if is_alone:
        return file.name, file
    return f"{name.removesuffix('.dcm').replace('/', '-')}/{file.name}", file


def _enhanced(
    scanned: reading.Scan, names: Mapping[str, Path], folder: Path, report: ProgressReport | None
) -> FilesInForm:
    name_of = {path: name for name, path in names.items()}
    paths: dict[str, Path] = {}
    reasons: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    frames = 0
    for done, series in enumerate(scanned.series, 1):
        images = _paths(series.instances)
        numbers[series.series_uid] += 1
        part = folder / f"{done:06d}"
        part.mkdir()
        reason = _obstacle(series)
        if not reason:
            target, number = part / "enhanced.dcm", numbers[series.series_uid]
            try:
                converted = frame_conversion.enhanced_file(images, target, number=number)
                _check_same(series, part)
            except (ValuesError, VerificationError) as error:
                reason = str(error.given)
            else:
                frames += converted
                paths[name_of[images[0]]] = target
        _keep(series, reason, name_of, paths, reasons)
        if report is not None:
            report(done, len(scanned.series), "converting")
    return FilesInForm(paths=paths, reasons=reasons, frames=frames)


def _obstacle(series: reading.Series) -> str:
    if not series.instances:
        return "it has no image"
    if len({instance.path for instance in series.instances}) < len(series.instances):
        return "a file is in the series twice"
    return frame_conversion.enhanced_obstacle(series.instances)
