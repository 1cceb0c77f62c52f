"""``dicomseries list``: every series below a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from dicomseries.cli import shared_options
from dicomseries.cli.help_sections import examples
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output, table
from dicomseries.cli.storage_options import shown, storage_options_of
from dicomseries.cli.terminal import is_terminal, printable
from dicomseries.cli.terminal import preview as show_preview
from dicomseries.errors import DicomSeriesError, counted

__all__ = ["list_series", "register"]

_COLUMNS = ("series UID", "kind", "description", "size", "spacing mm", "files", "content")

_NO_GRID = dict.fromkeys(("spacing_mm", "origin_lps", "direction_lps"))

_MOST_SEGMENTS = 3
"""Segments that are named in the table; programs get all of them."""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        "list",
        short_help="Every series below a folder.",
        epilog=examples("dicomseries list scans/", "dicomseries list scans/ --json | jq .series"),
    )(list_series)


def list_series(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder to look below.")],
    *,
    preview: shared_options.Preview = False,
    storage_options: shared_options.StorageOptions = None,
) -> None:
    """List every series below a folder: one row a series; files that are not DICOM are counted.

    The size is columns x rows x slices of one volume. The last column says what a series holds beside slices: volumes
    (time points, echoes, diffusion weightings) with the time from the first to the last, segments, frames in one file.
    """
    import dicomseries as dcs

    output: Output = context.obj
    access = storage_options_of(storage_options)
    scan = dcs.scan(folder, storage_options=access)
    if not scan.series:
        from dicomseries.reading import nothing_found

        raise nothing_found(shown(folder), scan)
    rows = [_row(series) for series in scan.series]
    notes = [
        f"{series.series_uid}: {problem.text}"
        for series in scan.series
        for problem in series.problems
    ]
    notes += [problem.text for problem in scan.problems]
    lines = [
        table(
            _COLUMNS, [tuple(map(str, row.values()))[: len(_COLUMNS)] for row in map(_cells, rows)]
        )
    ]
    if preview and is_terminal() and not output.json:
        lines += [_previewed(folder, series.series_uid, access) for series in scan.series]
    if scan.skipped:
        lines.append(f"{counted(scan.skipped, 'file')} skipped: not DICOM")
    record = {
        "series": rows,
        "skipped": scan.skipped,
        "problems": list(map(_problem, scan.problems)),
    }
    output.answer("\n".join(lines), record)
    if not output.json:
        for note in notes:
            output.note(note)


def _previewed(folder: str, series_uid: str, access: Mapping[str, Any] | None) -> str:
    """Return a title and the middle slice; a series that is no volume has a reason instead."""
    import dicomseries as dcs

    try:
        shown = show_preview(dcs.read(folder, series=series_uid, storage_options=access))
    except DicomSeriesError as error:
        shown = f"\nno preview: {printable(' '.join(str(error).split()))}"
    return f"\n{series_uid}{shown}" if shown else ""


def _row(series: Any) -> dict[str, Any]:
    """Return what is known of a series, for programs."""
    from dicomseries.drawing import numbers_of_grid  # only where there is something to list

    grid = series.grid
    return {
        "series_uid": series.series_uid,
        "study_uid": series.study_uid,
        "kind": series.kind,
        "modality": series.modality,
        "description": series.description,
        "number": series.number,
        "size": (series.columns, series.rows, series.frames)
        if grid is None
        else tuple(reversed(grid.shape)),
        **(_NO_GRID if grid is None else numbers_of_grid(grid)),
        "frames": series.frames,
        "volumes": series.volumes or 1,
        "times_s": series.times_s,
        "segments": {str(number): label for number, label in series.segments.items()},
        "files": [str(path) for path in series.paths],
        "problems": list(map(_problem, series.problems)),
    }


def _problem(problem: Any) -> dict[str, str]:
    return {
        "code": problem.code,
        "level": problem.level,
        "text": problem.text,
        "remedy": on_command_line(problem.remedy),
    }


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """Return what a person sees of it."""
    spacing = row["spacing_mm"]
    return {
        "uid": row["series_uid"],
        "kind": str(row["kind"] or row["modality"] or "?"),
        "description": str(row["description"] or ""),
        "size": "x".join(map(str, row["size"])),
        "spacing": "?" if spacing is None else " ".join(map(_length, spacing)),
        "files": str(len(row["files"])),
        "content": _content(row),
    }


def _length(value: float | None) -> str:
    return "?" if value is None else f"{value:.6g}"


def _content(row: dict[str, Any]) -> str:
    """Return what is more in it than one slice a file."""
    parts = []
    is_clip = row["volumes"] > 1 and row["origin_lps"] is None and row["size"][2] == 1
    if row["volumes"] > 1:
        parts.append(
            f"{row['volumes']} {'frames' if is_clip else 'volumes'}{_duration(row['times_s'])}"
        )
    if row["segments"]:
        parts.append(_counted(row["segments"]))
    if row["frames"] != len(row["files"]) and not is_clip:
        parts.append(f"{row['frames']} frames")
    return ", ".join(parts)


def _duration(times_s: Sequence[float] | None) -> str:
    return "" if times_s is None else f" in {times_s[-1]:g} s"


def _counted(segments: Mapping[str, str]) -> str:
    """Return how many segments there are, and the labels of a few."""
    count = f"{len(segments)} segment{'' if len(segments) == 1 else 's'}"
    if len(segments) > _MOST_SEGMENTS:
        return count
    return f"{count} ({', '.join(f'{number} {label}' for number, label in segments.items())})"
