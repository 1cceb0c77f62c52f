"""``dicomseries demo``: SimpleITK's example "Dicom Series From Array", done right.

A random volume is written as derived CT, found by its series UID, read with all tags, and compared.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine
from dicomseries.cli.commands.tags_command import is_private
from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output
from dicomseries.errors import OptionError

__all__ = ["demo", "register"]

_SHAPE = (3, 4, 5)
_SPACING_MM = (2.5, 3.5, 4.5)
_RANGE = 10.0
_SEED = 0
_POLICIES = {"int16": "exact", "float64": "digits=3"}
"""dtype → policy; three digits are the slope 0.001 of the example."""


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        short_help="SimpleITK's example, done right and proven.",
        epilog=examples("dicomseries demo out/", "dicomseries demo out/ float64"),
    )(demo)


def demo(
    context: click.Context,
    out: Annotated[str, CommandArgument(metavar="OUT", help="Folder to make.")],
    dtype: Annotated[
        str | None,
        CommandArgument(metavar="[int16|float64]", help="dtype; both, in subfolders, if left out."),
    ] = None,
    *,
    overwrite: shared_options.Overwrite = False,
) -> None:
    """Write a random volume as a CT series, find it, read it back with its tags, and compare."""
    if dtype is not None and dtype not in _POLICIES:
        raise OptionError(
            code="dtype-unknown",
            where="dicomseries demo",
            given=dtype,
            expected=" or ".join(_POLICIES),
            remedy="Leave it out and both are done.",
        )
    output: Output = context.obj
    if dtype is None:
        runs = [_run(name, Path(out, name), overwrite=overwrite) for name in _POLICIES]
    else:
        runs = [_run(dtype, Path(out), overwrite=overwrite)]
    output.result("\n\n".join(map(_text, runs)), {"runs": runs})


def _run(dtype: str, folder: Path, *, overwrite: bool) -> dict[str, Any]:
    import dicomseries as dcs

    volume = _volume(dtype)
    receipt = dcs.write(
        volume,
        folder,
        kind="CT",
        spacing=_SPACING_MM,
        values=_POLICIES[dtype],
        metadata={
            "PatientName": "Doe^Jane",
            "PatientID": "42",
            "SeriesDescription": f"Random {dtype}",
        },
        overwrite=overwrite,
    )
    listed = {series.series_uid: series for series in dcs.scan(folder).series}
    back = dcs.read(folder, series=receipt.series_uid)
    return {
        "dtype": dtype,
        "receipt": receipt.to_dict(),
        "found_files": len(listed[receipt.series_uid].paths),
        **_tag_counts(back.tags),
        "spacing_mm": _SPACING_MM,
        "spacing_read_mm": back.grid.spacing_mm,
        "error_found": float(abs(back.array.astype("float64") - volume).max()),
        "max_error": receipt.max_error,
    }


def _volume(dtype: str) -> Any:
    import random

    import numpy as np

    numbers = random.Random(_SEED)  # noqa: S311 - any numbers will do; numpy's take 6 ms to import
    reals = [numbers.uniform(-_RANGE, _RANGE) for _ in range(math.prod(_SHAPE))]
    return np.array(reals).reshape(_SHAPE).astype(dtype)


def _tag_counts(tags: Any) -> dict[str, int]:
    names = set(map(str, tags.shared)).union(*tags.instances)
    return {"tags": len(names), "private_tags": sum(map(is_private, names))}


def _text(record: dict[str, Any]) -> str:
    from dicomseries.values import bound_text

    receipt = record["receipt"]
    proof = "exact" if record["max_error"] == 0 else f"at most {bound_text(record['max_error'])}"
    return "\n".join(
        [
            f"{record['dtype']}: a random volume of {_SHAPE} in -10 ... 10",
            f"  wrote    {receipt['files']} files to {receipt['out']} (slope {receipt['slope']})",
            f"  found    {record['found_files']} files of series {receipt['series_uid']}",
            f"  read     {record['tags']} tags, {record['private_tags']} of them private",
            f"  spacing  {record['spacing_mm']} vs {record['spacing_read_mm']}",
            f"  error    proven {proof}, found {record['error_found']:.6g}",
        ]
    )
