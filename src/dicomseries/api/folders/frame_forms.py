"""Files of whole series, as files of one frame or as multi-frame files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
    conversion = _Conversion(names)
    obstacle, convert = _FORMS[to]
    for done, series in enumerate(scanned.series, 1):
        part = folder / f"{done:06d}"
        part.mkdir()
        reason = "it has no image"
        if series.instances:
            reason = obstacle(series)
        if not reason:
            try:
                converted = convert(conversion, series, part)
                _check_same(series, part)
            except (ValuesError, VerificationError) as error:
                reason = str(error.given)
            else:
                conversion.take(series, converted)
        conversion.keep(series, reason)
        if report is not None:
            report(done, len(scanned.series), "converting")
    return conversion.files()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Converted:
    """New files of a series by name, and the frames in them."""

    paths: Mapping[str, Path]
    frames: int


class _Conversion:
    """The files of a target, series by series."""

    def __init__(self, names: Mapping[str, Path]) -> None:
        self._name_of = {path: name for name, path in names.items()}
        self._paths: dict[str, Path] = {}
        self._reasons: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._frames = 0

    def to_classic(self, series: reading.Series, folder: Path) -> _Converted:
        """Write the frames of a series as files of one frame."""
        paths: dict[str, Path] = {}
        for path in _paths(series.instances):
            part = folder / f"{len(paths):06d}"
            part.mkdir()
            first_number = self._next_number(series) + len(paths)
            for file in frame_conversion.classic_files(path, part, first_number=first_number):
                paths[self._name_of_frame(path, file)] = file
        return _Converted(paths=paths, frames=len(paths))

    def to_enhanced(self, series: reading.Series, folder: Path) -> _Converted:
        """Write the files of a series as one multi-frame file."""
        images, target = _paths(series.instances), folder / "enhanced.dcm"
        number = self._next_number(series)
        frames = frame_conversion.enhanced_file(images, target, number=number)
        return _Converted(paths={self._name_of[images[0]]: target}, frames=frames)

    def take(self, series: reading.Series, converted: _Converted) -> None:
        """Note the new files of a series."""
        self._paths |= converted.paths
        self._frames += converted.frames
        self._numbers[series.series_uid] += len(converted.paths)

    def keep(self, series: reading.Series, reason: str) -> None:
        """Note the files of a series that stay as they are, with the reason."""
        reasons = dict.fromkeys(_paths(series.objects), "it has no image")
        reasons |= dict.fromkeys(_paths(series.left_out), "its volume is incomplete")
        if reason:
            reasons |= dict.fromkeys(_paths(series.instances), reason)
        for path, why in reasons.items():
            name = self._name_of[path]
            self._paths[name], self._reasons[name] = path, why

    def files(self) -> FilesInForm:
        """Return what was noted."""
        return FilesInForm(paths=self._paths, reasons=self._reasons, frames=self._frames)

    def _next_number(self, series: reading.Series) -> int:
        """Return the next InstanceNumber of a series, of which there may be several parts."""
        return self._numbers[series.series_uid] + 1

    def _name_of_frame(self, source: Path, file: Path) -> str:
        """Return the name of a frame: in a folder named for its multi-frame file, if several."""
        if len(self._name_of) == 1:
            return file.name
        folder = self._name_of[source].removesuffix(".dcm").replace("/", "-")
        return f"{folder}/{file.name}"


def _classic_obstacle(series: reading.Series) -> str:
    obstacles = map(frame_conversion.classic_obstacle, series.instances)
    return next(filter(None, obstacles), "")


def _enhanced_obstacle(series: reading.Series) -> str:
    if len(_paths(series.instances)) < len(series.instances):
        return "a file is in the series twice"
    return frame_conversion.enhanced_obstacle(series.instances)


_FORMS: Mapping[
    FrameForm,
    tuple[
        Callable[[reading.Series], str],
        Callable[[_Conversion, reading.Series, Path], _Converted],
    ],
] = {
    "classic": (_classic_obstacle, _Conversion.to_classic),
    "enhanced": (_enhanced_obstacle, _Conversion.to_enhanced),
}
"""Value of `to=` → what says why a series has no such form, and what converts it."""


def _check_same(series: reading.Series, converted: Path) -> None:
    """Reject a conversion that is read as another grid, or as other volumes.

    Raises
    ------
    VerificationError
        Naming what would be read differently.
    """
    scanned = reading.scan(converted)
    others = [other for other in scanned.series if other.instances]
    difference = ""
    if len(others) != 1:
        difference = f"{len(others)} series instead of one"
    elif others[0].layout != series.layout:
        difference = "other volumes, times or b-values"
    elif not _is_same_grid(others[0].grid, series.grid):
        difference = "another grid"
    if difference:
        raise VerificationError(
            code="frames-differ",
            where=str(series),
            given=f"converted, it would be read as {difference}",
            expected="the same grid, times and b-values",
            remedy="Leave this series as it is.",
        )


def _is_same_grid(grid: Grid | None, other: Grid | None) -> bool:
    if grid is None or other is None:
        return grid is other
    return grid.shape == other.shape and np.allclose(
        grid.affine("LPS"), other.affine("LPS"), rtol=0, atol=1e-4
    )


def _paths(instances: Sequence[reading.Instance]) -> list[Path]:
    return list(dict.fromkeys(Path(instance.path) for instance in instances))
