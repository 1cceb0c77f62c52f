"""``dicomseries write``: an array becomes a series."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from dicomseries.cli import terminal
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine
from dicomseries.cli.decision_table import decision_table, terminal_width
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.free_memory import return_freed_memory
from dicomseries.cli.help_sections import KINDS, HelpAll, examples, kinds, sectioned
from dicomseries.cli.option_parameters import parameter, parameters
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output
from dicomseries.cli.parse_arguments import arguments_of, is_given, metadata_of
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import shown_words
from dicomseries.cli.volume_options import gradients_of, per_volume_of
from dicomseries.errors import counted
from dicomseries.options import Option, WriteOptions, options_of

if TYPE_CHECKING:
    from dicomseries.reports import Receipt
    from dicomseries.slice_planes import SlicePlanes
    from dicomseries.sources import Volume

__all__ = [
    "COMMON",
    "command_options",
    "model_of",
    "receipt_text",
    "register",
    "signature",
    "spelled",
    "write",
]

COMMON = (
    "kind",
    "like",
    "spacing",
    "affine",
    "values",
    "segments",
    "settings",
    "metadata",
    "description",
    "compression",
    "overwrite",
    "dry_run",
    "report",
)
"""Options that `--help` shows; `--help-all` shows all."""

_MOST_OTHERS = 3
"""Further series of one write that are shown one by one."""

_OPENING = (
    "spacing",
    "origin",
    "direction",
    "affine",
    "space",
    "positions",
    "axes",
    "time_point",
    "part",
    "storage_options",
)
"""Options of `open_volume` that the report opens the input with."""

_SOURCE_SERIES, _VOLUMES, _IDENTITY, _WRITING = (
    options_of("write")[name].group for name in ("like", "per_volume", "metadata", "workers")
)

_ON_COMMAND_LINE_ONLY: dict[str, dict[str, Option]] = {
    "model": {
        "model_version": Option(
            help="Its version.", metavar="TEXT", group=_SOURCE_SERIES, only_for="like"
        ),
        "model_manufacturer": Option(
            help="Its manufacturer.", metavar="TEXT", group=_SOURCE_SERIES, only_for="like"
        ),
    },
    "per_volume": {
        "bvals": Option(help="b-values in s/mm2, in FSL's format.", metavar="FILE", group=_VOLUMES),
        "bvecs": Option(
            help="Gradient directions along the axes of the image, in FSL's format.",
            metavar="FILE",
            group=_VOLUMES,
        ),
    },
    "bids": {
        "settings": Option(
            help="One attribute; repeat for more. Separate several values with \\.",
            metavar="Keyword=Value",
            group=_IDENTITY,
            words=list[str],
            flag="--set",
        ),
        "leave_out": Option(
            help="Do not take this attribute over from the source; again for more.",
            metavar="KEYWORD",
            group=_IDENTITY,
            words=list[str],
            only_for="like",
        ),
    },
    "resume": {
        "dry_run": Option(help="Print the plan and write nothing.", group=_WRITING, words=bool),
    },
    "sync": {
        "preview": Option(
            help="Show the middle slice, on a terminal with colour; nothing in a pipe.", words=bool
        ),
        "report": Option(
            help="A page about what was written: planes, values and their errors, findings, the"
            " command.",
            metavar="FILE.html",
            group=_WRITING,
        ),
    },
}
"""Options that Python does not have, by the option that they follow in `--help`."""

_SOURCE = CommandArgument(
    metavar="INPUT",
    help="File with the array; FILE.h5::DATASET for HDF5. Or masks: files, or their folder.",
)
_OUT = CommandArgument(
    metavar="OUT",
    help="Folder, .zip or .tar to make; or a URL: s3://…, or an archive, dicom://… or https://….",
)


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        cls=sectioned(*COMMON),
        short_help="Write an array as a DICOM series, and verify it.",
        epilog=KINDS
        + examples(
            "dicomseries write volume.npy out/ --kind ct --spacing 0.7 0.7 2.5",
            "dicomseries write brain.nii.gz out/ --kind mr --set PatientID=42",
            "dicomseries write labels.nii.gz out/ --kind segmentation --segments organs.toml",
            "dicomseries write masks/ out/ --kind segmentation --like scan/ --model-name Net",
            "dicomseries write liver.nii.gz tumor.nii.gz out/ --kind seg --segments tumor=Mass",
            "dicomseries write dose.h5::dose out/ --kind sc --spacing 4 4 4"
            " --values max-error=0.01",
            "dicomseries write map.nii.gz out/ --kind parametricmap --units mm2/s --companion",
            "dicomseries write dwi.nii.gz out/ --kind mr --bvals dwi.bval --bvecs dwi.bvec",
            "dicomseries write bold.nii.gz out/ --kind mr --times 2.5 --split time",
            "dicomseries write denoised.npy out/ --like scan/ --derivation smoothing"
            " --description Denoised",
            "dicomseries write ct.mha out/ --kind ct --compress jpegls",
            "dicomseries write mask.mha out/ --kind sc --meta patient.toml --dry-run",
        ),
    )(write)


def command_options(declaration: Any = WriteOptions) -> dict[str, Option]:
    """Return every option of the command, ordered as in `--help`."""
    options: dict[str, Option] = {}
    for name, option in options_of("write", declaration).items():
        options[name] = option
        options |= _ON_COMMAND_LINE_ONLY.get(name, {})
    return options


def signature(options: Mapping[str, Option]) -> inspect.Signature:
    """Return the signature that the command's parameters are made from."""
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=click.Context)
    source, out = parameter("sources", _SOURCE, list[str]), parameter("out", _OUT, str)
    help_all = inspect.Parameter(
        "help_all", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=HelpAll
    )
    return inspect.Signature([context, source, out, *parameters(options), help_all])


def write(*, context: click.Context, sources: list[str], out: str, **words: Any) -> None:
    """Write an array as a DICOM series, read it back and compare.

    Geometry comes from the file where it has one; an option overrides it. Nothing appears at OUT
    before everything is written and checked. An array that was made from a series (--like) needs
    no geometry if it has its shape.
    """
    _reject_without_source(words)
    source: str | list[str] = sources[0] if len(sources) == 1 else sources
    _reject_several(sources, words)
    arguments = _arguments(sources[0], words)
    output: Output = context.obj
    if words["dry_run"]:
        _print_plan(source, out, arguments, output)
        return
    import dicomseries as dcs
    from dicomseries.executors import connected
    from dicomseries.sinks import check_free

    if words["report"] is not None:
        check_free(words["report"])
    if not _makes_segmentation(arguments):
        return_freed_memory()
    address = arguments.pop("executor", None)
    with connected(address) as client, progress_bar(output) as progress:
        receipt = dcs.write(source, out, **arguments, executor=client, progress=progress)
    if words["report"] is not None:
        placed = replace(receipt, out=_place_of(receipt, out))
        _save_report(words["report"], placed, source, arguments, output)
    text = receipt_text(receipt)
    if words["preview"] and not output.json:
        access = arguments.get("storage_options")
        place = _place_of(receipt, out)
        volume = dcs.read(place, series=receipt.series_uid, storage_options=access)
        text += terminal.preview(volume)
    output.result(text, spelled(receipt.to_dict()))


def _place_of(receipt: Receipt, out: str) -> str:
    """Return where a series can be read: its folder, or its URL in an archive."""
    if receipt.delivery is None:
        return receipt.out
    from dicomseries.network import url_of_series

    return url_of_series(out, receipt.study_uid, receipt.series_uid)


def _makes_segmentation(arguments: Mapping[str, Any]) -> bool:
    """Return whether the kind that was named is Segmentation."""
    from dicomseries.iod import find_kind

    kind = arguments.get("kind")
    return kind is not None and find_kind(kind).name == "Segmentation"


def _reject_several(sources: Sequence[str], words: Mapping[str, Any]) -> None:
    """Reject several inputs of another kind than Segmentation."""
    if len(sources) < 2:
        return
    from dicomseries.iod import find_kind

    kind = None if words["kind"] is None else find_kind(words["kind"]).name
    if kind == "Segmentation":
        return
    raise CommandLineError(
        code="masks-of-another-kind",
        where="INPUT",
        given=f"{len(sources)} inputs, {' '.join(sources[:3])}{' …' if len(sources) > 3 else ''}",
        expected="one input; several files are the masks of --kind segmentation",
        remedy="Add --kind segmentation for masks, or write each input by itself. Put options"
        " behind OUT, with their values.",
    )


# The parameters of the command are made from its signature; it is called by keyword.
write.__dict__["__signature__"] = signature(command_options())


def _reject_without_source(words: Mapping[str, Any]) -> None:
    """Reject options about a source series if there is none."""
    if words["like"] is not None:
        return
    for name, option in command_options().items():
        if option.only_for != "like" or not is_given(words[name], option):
            continue
        flag = option.flag_of(name)
        if "/" in flag:
            flag = flag.split("/")[not words[name]]
        raise CommandLineError(
            code="option-without-like",
            where=flag,
            given=f"{flag} without --like",
            expected="the series that the array comes from",
            remedy=f"Add --like SERIES, or leave {flag} out.",
        )


def _arguments(source: str, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of `write`."""
    arguments = arguments_of(words)
    if "kind" not in arguments and "like" not in arguments:
        raise _kind_missing()
    model = model_of(words)
    if model:
        arguments["model"] = model
    settings, left_out = words["settings"] or (), words["leave_out"] or ()
    if settings or left_out:
        arguments["metadata"] = metadata_of(words["metadata"], settings, left_out)
    gradients = gradients_of(
        source,
        words["bvals"],
        words["bvecs"],
        {name: arguments[name] for name in _OPENING if name in arguments},
    )
    if gradients:
        arguments["per_volume"] = per_volume_of(words["per_volume"], gradients)
    return arguments


def model_of(words: Mapping[str, Any]) -> dict[str, str]:
    """Return the algorithm that took part."""
    parts = {
        "name": words["model"],
        "version": words["model_version"],
        "manufacturer": words["model_manufacturer"],
    }
    model = {part: text for part, text in parts.items() if text is not None}
    if model and "name" not in model:
        part, text = next(iter(model.items()))
        raise CommandLineError(
            code="model-without-name",
            where=f"--model-{part}",
            given=f"--model-{part} {text}, and no --model-name",
            expected="the name of the algorithm, with version and manufacturer if they are known",
            remedy=f"Add --model-name NAME, or leave --model-{part} out.",
        )
    return model


def _kind_missing() -> CommandLineError:
    return CommandLineError(
        code="kind-missing",
        where="--kind",
        given="no --kind",
        expected="\n".join(["one of", *kinds()]),
        remedy="Say what the numbers are, e.g. --kind ct: only you know it. Or name the series they"
        " come from: --like.",
    )


def _print_plan(
    source: str | list[str], out: str, arguments: dict[str, Any], output: Output
) -> None:
    """Print the plan, after a check of the target."""
    import dicomseries as dcs
    from dicomseries.writing import target_at

    target = target_at(
        out, arguments.get("storage_options"), dicomdir=arguments.get("dicomdir", False)
    )
    target.check(overwrite=arguments.get("overwrite", False), resume=False)
    known = options_of("plan").keys() - {"executor"}
    arguments = {name: value for name, value in arguments.items() if name in known}
    with progress_bar(output) as progress:
        plan = dcs.plan(source, **arguments, progress=progress)
    output.answer("\n\n".join(_plan_text(plan)), spelled(plan.to_dict()))


def _plan_text(plan: Any) -> Iterator[str]:
    """Yield the first series of each kind, others as lines."""
    kinds_shown: set[str] = set()
    others: list[str] = []
    for series in plan.every:
        if series.kind not in kinds_shown:
            kinds_shown.add(series.kind)
            yield "\n".join(map(on_command_line, series.lines()))
            continue
        files = counted(len(series), "file")
        size = f"{series.total_bytes:,} bytes"
        if series.is_encapsulated:
            size = f"at most {size}"
        others.append(
            f"{series.kind} series {series.uids.series}: {files}, {size} in {series.folder}"
        )
    if others:
        yield "\n".join(["and with the same attributes", *others])
    decisions = next((series.decisions for series in plan.every if series.decisions), ())
    if decisions:
        yield decision_table(decisions, terminal_width())


def receipt_text(receipt: Any) -> str:
    """Return a receipt as a table, or as lines in a pipe."""
    if not terminal.is_terminal():
        return "\n".join(map(on_command_line, receipt.lines()))
    blocks = []
    for series in (receipt, *receipt.others[:_MOST_OTHERS]):
        facts = [(name, on_command_line(text)) for name, text in series.facts()]
        blocks.append(terminal.facts_table(facts))
    more = len(receipt.others) - _MOST_OTHERS
    if more > 0:
        blocks.append(f"… and {more} more series in {receipt.others[-1].out}")
    return "\n\n".join(blocks)


def spelled(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a plan or receipt, options respelled."""
    record = dict(record)
    if "advice" in record:
        record["advice"] = list(map(on_command_line, record["advice"]))
    if "others" in record:
        record["others"] = list(map(spelled, record["others"]))
    if "decisions" in record:
        decisions = []
        for decision in record["decisions"]:
            decisions.append(decision | {"outcome": on_command_line(decision["outcome"])})
        record["decisions"] = decisions
    return record


def _save_report(
    path: str, receipt: Any, source: str | list[str], arguments: dict[str, Any], output: Output
) -> None:
    """Write the page; labels have no errors."""
    from dicomseries.api import report_page
    from dicomseries.sinks import save_bytes

    opened = None
    if receipt.kind != "Segmentation" and isinstance(source, str):
        opened = _opened_again(source, receipt, arguments)
    page = report_page(
        receipt,
        opened,
        command=shlex.join(["dicomseries", *shown_words(output.words)]),
        clip=arguments.get("clip"),
        storage_options=arguments.get("storage_options"),
    )
    save_bytes(path, page.encode())


def _on_planes(volume: Volume, planes: SlicePlanes) -> Volume:
    """Return the input of a report on the planes of the source, if it has their shape."""
    from dataclasses import replace

    if volume.grid.shape != planes.shape:
        return volume
    return replace(volume, grid=planes)


def _opened_again(source: str, receipt: Any, arguments: dict[str, Any]) -> Any:
    """Return the input of a report, on the grid of what was written."""
    from dicomseries.slice_planes import SlicePlanes
    from dicomseries.sources import open_on_planes, open_picture

    geometry = {name: arguments.get(name) for name in _OPENING}
    grid, is_placed = receipt.grid, receipt.grid.statement.has_place
    if isinstance(grid, SlicePlanes) and "like" in arguments:
        return _on_planes(open_picture(source, **geometry), grid)
    has_spacing = geometry["spacing"] is not None or geometry["affine"] is not None
    if is_placed and "like" in arguments and not has_spacing:
        geometry["spacing"] = grid.spacing_mm
        geometry["origin"] = grid.origin_lps
        geometry["direction"] = grid.direction_lps
    if not is_placed:
        return open_picture(source, **geometry)
    return open_on_planes(source, **geometry)
