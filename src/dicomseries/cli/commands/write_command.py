"""``dicomseries write``: an array becomes a series."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from dicomseries.cli import shared_options, terminal
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.free_memory import give_back_what_is_free
from dicomseries.cli.help_sections import KINDS, Sectioned, kinds
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output
from dicomseries.cli.parse_arguments import geometry_of, mapping_of, metadata_of, now_of, uid_of
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.source_options import decision_table, lineage_of, terminal_width
from dicomseries.cli.storage_options import shown_words, storage_options_of
from dicomseries.cli.volume_options import gradients_of, per_volume_of, times_of
from dicomseries.errors import counted

__all__ = ["register", "write"]

_VALUES = "Values"
_SOURCE = "The series it comes from"
_LABELS = "Labels (--kind segmentation)"
_IDENTITY = "Attributes and identity"
_WRITING = "Writing"

_MOST_OTHERS = 3
"""Further series of one write that are shown one by one."""

_OPENING = (
    "spacing",
    "origin",
    "direction",
    "affine",
    "space",
    "axes",
    "time_point",
    "storage_options",
)
"""Arguments that say how a source is opened."""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        cls=Sectioned,
        short_help="Write an array as a DICOM series, and verify it.",
        epilog=KINDS
        + shared_options.examples(
            "dicomseries write volume.npy out/ --kind ct --spacing 0.7 0.7 2.5",
            "dicomseries write brain.nii.gz out/ --kind mr --set PatientID=42",
            "dicomseries write dose.h5::dose out/ --kind sc --spacing 4 4 4 --values max-error=0.01",
            "dicomseries write map.nii.gz out/ --kind parametricmap --units mm2/s --companion",
            "dicomseries write dwi.nii.gz out/ --kind mr --bvals dwi.bval --bvecs dwi.bvec",
            "dicomseries write bold.nii.gz out/ --kind mr --times 2.5 --split time",
            "dicomseries write labels.nii.gz out/ --kind segmentation --segments organs.toml",
            "dicomseries write denoised.npy out/ --like scan/ --derivation smoothing --description Denoised",
            "dicomseries write ct.mha out/ --kind ct --compress jpegls",
            "dicomseries write mask.mha out/ --kind sc --meta patient.toml --dry-run",
        ),
    )(write)


def write(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="File with the array; FILE.h5::DATASET for HDF5.")
    ],
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="Folder to make; its parents are made too. Or a URL: s3://bucket/prefix.",
        ),
    ],
    *,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="What the numbers are; one of the kinds below.  [default: that of the series it comes from]",
            rich_help_panel=_VALUES,
        ),
    ] = "",
    values: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="How values are stored: auto, exact, lossless (floats bit for bit), rescale, max-error=E, digits=N; "
            "rescale,per-slice or max-error=E,per-slice for a slope a slice (PT).",
            rich_help_panel=_VALUES,
        ),
    ] = "auto",
    nan: Annotated[
        float | None,
        typer.Option(
            metavar="VALUE", help="Store this where a voxel is not finite.", rich_help_panel=_VALUES
        ),
    ] = None,
    clip: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LO HI",
            help="Clip to this range; the receipt counts them.",
            rich_help_panel=_VALUES,
        ),
    ] = None,
    value_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LO HI",
            help="All values lie between these: floats are then read once. One beyond is refused.",
            rich_help_panel=_VALUES,
        ),
    ] = None,
    units: Annotated[
        str | None,
        typer.Option(
            metavar="UCUM", help="Unit of the values: mm2/s, Bq/ml, ms, 1.", rich_help_panel=_VALUES
        ),
    ] = None,
    companion: Annotated[
        bool,
        typer.Option(
            "--companion",
            help="Write floats twice: lossless in OUT/map, and in 16 bits, for display, in OUT/display.",
            rich_help_panel=_VALUES,
        ),
    ] = False,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="SERIES",
            help="Folder of the series that the array was made from: what stays true is taken over from it, and it is "
            "referred to slice by slice.",
            rich_help_panel=_SOURCE,
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            metavar="UID",
            help="Its SeriesInstanceUID, where the folder has several.",
            rich_help_panel=_SOURCE,
        ),
    ] = None,
    derivation: Annotated[
        str | None,
        typer.Option(
            metavar="CODE|NAME",
            help="What was done: smoothing, 113087, MIP, or a code of your own as VALUE,SCHEME,MEANING.",
            rich_help_panel=_SOURCE,
        ),
    ] = None,
    description: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="SeriesDescription of the result.", rich_help_panel=_SOURCE
        ),
    ] = None,
    model_name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Algorithm or network that made the array.",
            rich_help_panel=_SOURCE,
        ),
    ] = None,
    model_version: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Its version.", rich_help_panel=_SOURCE)
    ] = None,
    model_manufacturer: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Who made it.", rich_help_panel=_SOURCE)
    ] = None,
    keep_private: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CREATOR",
            help="Take over this creator's private attributes too; again for more.",
            rich_help_panel=_SOURCE,
        ),
    ] = None,
    same_space: Annotated[
        bool | None,
        typer.Option(
            "--same-space/--another-space",
            help="Whether the array is in the space of the source. An array in template space (MNI) needs one of "
            "them; in another space it gets a new frame of reference.",
            rich_help_panel=_SOURCE,
            show_default=False,
        ),
    ] = None,
    spacing: shared_options.Spacing = None,
    origin: shared_options.Origin = None,
    direction: shared_options.Direction = None,
    affine: shared_options.Affine = None,
    space: shared_options.Space = None,
    axes: shared_options.Axes = None,
    orient: shared_options.Orient = None,
    times: Annotated[
        str | None,
        typer.Option(
            metavar="S|S,S,...",
            help="Seconds from volume to volume, or the time of each.  [default: what the file says]",
            rich_help_panel=shared_options.VOLUMES,
        ),
    ] = None,
    time_point: shared_options.TimePoint = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="time",
            help="A series for each volume instead of one for all, in OUT/time-0001 (echo-0001 by EchoTime) and so on.",
            rich_help_panel=shared_options.VOLUMES,
        ),
    ] = None,
    per_volume: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Attributes with a list of values, one a volume or a slice: .toml or .json.",
            rich_help_panel=shared_options.VOLUMES,
        ),
    ] = None,
    bvals: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="b-values in s/mm2, as FSL keeps them.",
            rich_help_panel=shared_options.VOLUMES,
        ),
    ] = None,
    bvecs: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Gradient directions along the axes of the image, as FSL keeps them.",
            rich_help_panel=shared_options.VOLUMES,
        ),
    ] = None,
    segments: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="What each label means: .toml or .json.", rich_help_panel=_LABELS
        ),
    ] = None,
    segmentation_type: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE",
            help="binary (a bit for each voxel and segment) or labelmap (the labels).  [default: binary]",
            rich_help_panel=_LABELS,
        ),
    ] = None,
    meta: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Attributes by keyword: .toml or .json.", rich_help_panel=_IDENTITY
        ),
    ] = None,
    bids: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="BIDS sidecar (.json beside a NIfTI file); its seconds become milliseconds.",
            rich_help_panel=_IDENTITY,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="Keyword=Value",
            help="One attribute; repeat for more. Separate several values with \\.",
            rich_help_panel=_IDENTITY,
        ),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEYWORD",
            help="Do not take this attribute over from the source; again for more.",
            rich_help_panel=_IDENTITY,
        ),
    ] = None,
    uid: Annotated[
        str,
        typer.Option(
            metavar="random|content|ROOT",
            help="Where UIDs come from; also StudyInstanceUID=...,others=...",
            rich_help_panel=_IDENTITY,
        ),
    ] = "random",
    now: Annotated[
        str | None,
        typer.Option(
            metavar="ISO",
            help="Date and time to write, for bytes that can be made again.",
            rich_help_panel=_IDENTITY,
        ),
    ] = None,
    compress: Annotated[
        str | None,
        typer.Option(
            metavar="CODEC",
            help="Compress pixels without loss: rle, jpegls, j2k, htj2k, jxl.  [default: none]",
            rich_help_panel=_WRITING,
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Threads that write.", rich_help_panel=_WRITING)
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory for what is read at once, such as 200MB or 2GiB.  [default: a quarter of what is free, 512MiB "
            "at most]",
            rich_help_panel=_WRITING,
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Let the workers of this Dask scheduler write, e.g. tcp://host:8786; they see the same files.",
            rich_help_panel=_WRITING,
        ),
    ] = None,
    overwrite: shared_options.Overwrite = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the same write, if it was killed (kill -9, power).",
            rich_help_panel=_WRITING,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the plan and write nothing.", rich_help_panel=_WRITING
        ),
    ] = False,
    no_verify: Annotated[
        bool,
        typer.Option("--no-verify", help="Do not read back and compare.", rich_help_panel=_WRITING),
    ] = False,
    no_sync: Annotated[
        bool, typer.Option("--no-sync", help="Do not wait for the disk.", rich_help_panel=_WRITING)
    ] = False,
    preview: shared_options.Preview = False,
    report: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.html",
            help="A page about what was written: planes, values and their errors, findings, the command.",
            rich_help_panel=_WRITING,
        ),
    ] = None,
    storage_options: shared_options.StorageOptions = None,
) -> None:
    """Write an array as a DICOM series, read it back and compare.

    Geometry comes from the file where it has one; an option overrides it. Nothing appears at OUT before everything
    is written and checked. An array that was made from a series (--like) needs no geometry if it has its shape.
    """
    geometry = geometry_of(
        spacing=spacing,
        origin=origin,
        direction=direction,
        affine=affine,
        space=space,
        axes=axes,
        time_point=time_point,
    )
    lineage = lineage_of(
        like,
        {
            "--series": series,
            "--derivation": derivation,
            "--description": description,
            "--model-name": model_name,
            "--model-version": model_version,
            "--model-manufacturer": model_manufacturer,
            "--keep-private": keep_private,
            "--leave-out": leave_out,
            "--same-space": same_space is True,
            "--another-space": same_space is False,
        },
    )
    access = storage_options_of(storage_options)
    arguments: dict[str, Any] = {
        "kind": kind or (None if lineage else _ask_for_kind()),
        **geometry,
        "orient": orient,
        "times": times_of(times),
        **lineage,
        "values": values,
        "nan": nan,
        "clip": clip,
        "value_range": value_range,
        "units": units,
        "metadata": metadata_of(meta, settings or (), leave_out or ()),
        "bids": None if bids is None else mapping_of("--bids", bids),
        "per_volume": per_volume_of(
            per_volume, gradients_of(source, bvals, bvecs, geometry | {"storage_options": access})
        ),
        "split": split,
        "companion": companion,
        "compression": compress,
        "segments": None if segments is None else mapping_of("--segments", segments),
        "segmentation_type": segmentation_type,
        "uid": uid_of(uid),
        "now": now_of(now),
        "memory": memory,
        "storage_options": access,
    }
    output: Output = context.obj
    if dry_run:
        _plan(source, out, arguments, overwrite=overwrite, output=output)
        return
    import dicomseries as dcs
    from dicomseries.executors import connected

    if report is not None:
        from dicomseries.sinks import check_free

        check_free(report)

    give_back_what_is_free()
    with connected(dask) as client, progress_bar(output) as progress:
        receipt = dcs.write(
            source,
            out,
            **arguments,
            workers=workers,
            executor=client,
            overwrite=overwrite,
            resume=resume,
            verify=not no_verify,
            sync=not no_sync,
            progress=progress,
        )
    if report is not None:
        _save_report(report, receipt, source, arguments, output)
    picture = ""
    if preview and not output.json:
        picture = terminal.preview(
            dcs.read(receipt.out, series=receipt.series_uid, storage_options=access)
        )
    output.result(_told(receipt) + picture, _advised(receipt.to_dict()))


def _save_report(
    report: str, receipt: Any, source: str, arguments: dict[str, Any], output: Output
) -> None:
    """Write the page; a source that states no place (--like, pictures) stands where it was written."""
    from dicomseries.api import report_page
    from dicomseries.sinks import save_bytes
    from dicomseries.sources import open_picture, open_volume

    geometry = {name: arguments[name] for name in _OPENING}
    grid, is_placed = receipt.grid, receipt.grid.statement.has_place
    if (
        is_placed
        and "like" in arguments
        and all(geometry[name] is None for name in ("spacing", "affine"))
    ):
        geometry |= {
            "spacing": grid.spacing_mm,
            "origin": grid.origin_lps,
            "direction": grid.direction_lps,
        }
    command = shlex.join(["dicomseries", *shown_words(output.words)])
    page = report_page(
        receipt,
        (open_volume if is_placed else open_picture)(source, **geometry),
        command=command,
        clip=arguments["clip"],
        storage_options=arguments["storage_options"],
    )
    save_bytes(report, page.encode())


def _told(receipt: Any) -> str:
    """Return a receipt for people: a table on a terminal, lines in a pipe."""
    if not terminal.is_terminal():
        return "\n".join(map(on_command_line, receipt.lines()))
    told = [receipt.facts(), *(one.facts() for one in receipt.others[:_MOST_OTHERS])]
    left = len(receipt.every) - len(told)
    tables = [
        terminal.facts_table((name, on_command_line(text)) for name, text in facts)
        for facts in told
    ]
    return "\n\n".join(
        [*tables, *([f"… and {left} more series in {receipt.others[-1].out}"] if left else [])]
    )


def _plan(
    source: str, out: str, arguments: dict[str, Any], *, overwrite: bool, output: Output
) -> None:
    """Print what would be written; a target that would be refused is refused now."""
    import dicomseries as dcs
    from dicomseries.writing import target_at

    target_at(out, arguments["storage_options"]).check(overwrite=overwrite, resume=False)
    with progress_bar(output) as progress:
        plan = dcs.plan(source, **arguments, progress=progress)
    output.answer("\n\n".join(_planned(plan)), _advised(plan.to_dict()))


def _planned(plan: Any) -> Iterator[str]:
    """Yield the first series of each kind in full, and a line for each of the others, which differ in little."""
    kinds: set[str] = set()
    others: list[str] = []
    for one in plan.every:
        if one.kind not in kinds:
            yield "\n".join(map(on_command_line, one.lines()))
        else:
            files = counted(len(one), "file")
            most = "at most " * one.is_encapsulated
            others.append(
                f"{one.kind} series {one.uids.series}: {files}, {most}{one.total_bytes:,} bytes in {one.folder}"
            )
        kinds.add(one.kind)
    if others:
        yield "\n".join(["and with the same attributes", *others])
    decisions = next((one.decisions for one in plan.every if one.decisions), ())
    if decisions:
        yield decision_table(decisions, terminal_width())


def _advised(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a plan or receipt, and of the others in it, with advice that speaks of options."""
    more = {key: list(map(change, record[key])) for key, change in _WORDED.items() if key in record}
    return record | more


def _decided(decision: dict[str, str]) -> dict[str, str]:
    return decision | {"outcome": on_command_line(decision["outcome"])}


_WORDED: dict[str, Any] = {"advice": on_command_line, "decisions": _decided, "others": _advised}


def _ask_for_kind() -> str:
    raise CommandLineError(
        code="kind-missing",
        where="--kind",
        given="no --kind",
        expected="\n".join(["one of", *kinds()]),
        remedy="Say what the numbers are, e.g. --kind ct: only you know it. Or name the series they come from: --like.",
    )
