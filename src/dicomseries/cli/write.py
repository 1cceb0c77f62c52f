"""``dicomseries write``: an array becomes a series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dicomseries.cli import options
from dicomseries.cli.exits import CommandLineError
from dicomseries.cli.inputs import geometry_of, metadata_of, now_of, uid_of
from dicomseries.cli.output import Output
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.wording import in_options

__all__ = ["register", "write"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        short_help="An array becomes a series, proven.",
        epilog=options.examples(
            "dicomseries write volume.npy out/ --kind ct --spacing 0.7 0.7 2.5",
            "dicomseries write brain.nii.gz out/ --kind mr --set PatientID=42",
            "dicomseries write dose.h5::dose out/ --kind pt --spacing 4 4 4 --values max-error=0.01",
            "dicomseries write seg.mha out/ --kind sc --meta patient.toml --dry-run",
        ),
    )(write)


def write(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="INPUT", help="File with the array; FILE.h5::DATASET for HDF5.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="Folder to make; its parents are made too.")],
    *,
    kind: Annotated[str, typer.Option(metavar="KIND", help="What the numbers are: CT, MR, PT or SC.")] = "",
    spacing: options.Spacing = None,
    origin: options.Origin = None,
    direction: options.Direction = None,
    affine: options.Affine = None,
    space: options.Space = None,
    axes: options.Axes = None,
    time_point: options.TimePoint = None,
    values: Annotated[
        str,
        typer.Option(metavar="POLICY", help="auto, exact, rescale, max-error=E or digits=N: how values are stored."),
    ] = "auto",
    nan: Annotated[float | None, typer.Option(metavar="VALUE", help="Store this where a voxel is not finite.")] = None,
    clip: Annotated[
        tuple[float, float] | None, typer.Option(metavar="LO HI", help="Clip to this range; the receipt counts them.")
    ] = None,
    meta: Annotated[str | None, typer.Option(metavar="FILE", help="Attributes by keyword: .toml or .json.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="Keyword=Value", help="One attribute; again for more; values parted by \\."),
    ] = None,
    uid: Annotated[
        str,
        typer.Option(metavar="random|content|ROOT", help="Where UIDs come from; also StudyInstanceUID=...,others=..."),
    ] = "random",
    now: Annotated[
        str | None, typer.Option(metavar="ISO", help="Date and time to write, for bytes that can be made again.")
    ] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Threads that write.")] = None,
    overwrite: options.Overwrite = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and write nothing.")] = False,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Do not read back and compare.")] = False,
    no_sync: Annotated[bool, typer.Option("--no-sync", help="Do not wait for the disk.")] = False,
) -> None:
    """Write an array as a DICOM series, read it back and compare.

    Geometry comes from the file where it has one; an option overrides it. Nothing appears at OUT before everything
    is written and checked.
    """
    arguments: dict[str, Any] = {
        "kind": kind or _ask_for_kind(),
        **geometry_of(
            spacing=spacing,
            origin=origin,
            direction=direction,
            affine=affine,
            space=space,
            axes=axes,
            time_point=time_point,
        ),
        "values": values,
        "nan": nan,
        "clip": clip,
        "metadata": metadata_of(meta, settings or ()),
        "uid": uid_of(uid),
        "now": now_of(now),
    }
    output: Output = context.obj
    if dry_run:
        _plan(source, out, arguments, overwrite=overwrite, output=output)
        return
    import dicomseries as dcs

    with progress_bar(output) as progress:
        receipt = dcs.write(
            source,
            out,
            **arguments,
            workers=workers,
            overwrite=overwrite,
            verify=not no_verify,
            sync=not no_sync,
            progress=progress,
        )
    output.result(_worded(str(receipt)), _advised(receipt.to_dict()))


def _plan(source: str, out: str, arguments: dict[str, Any], *, overwrite: bool, output: Output) -> None:
    """Print what would be written; a target that would be refused is refused now."""
    import dicomseries as dcs
    from dicomseries.sinks.directory import check_target

    check_target(Path(out).absolute(), overwrite=overwrite)
    with progress_bar(output) as progress:
        plan = dcs.plan(source, **arguments, progress=progress)
    output.answer(_worded(str(plan)), _advised(plan.to_dict()))


def _worded(report: str) -> str:
    """Return a report whose advice speaks of options; lines with names of files stay as they are."""
    lines = report.splitlines()
    return "\n".join(in_options(line) if line.startswith(("advice", "not verified")) else line for line in lines)


def _advised(record: dict[str, Any]) -> dict[str, Any]:
    return {key: [*map(in_options, value)] if key == "advice" else value for key, value in record.items()}


def _ask_for_kind() -> str:
    from dicomseries.iod import KINDS

    raise CommandLineError(
        code="kind-missing",
        where="--kind",
        given="no --kind",
        expected="\n".join(["one of", *(f"{kind.name:<3} {kind.summary}" for kind in KINDS)]),
        remedy="Say what the numbers are, e.g. --kind ct: only you know it.",
    )
