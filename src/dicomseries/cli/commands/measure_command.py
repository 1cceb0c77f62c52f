"""``dicomseries measure``: numbers of segments, as a report and a table."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import click

from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.commands.write_command import command_options, model_of
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.help_sections import Sectioned, examples
from dicomseries.cli.option_parameters import parameter, parameters
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output, table
from dicomseries.cli.parse_arguments import arguments_of, metadata_of
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.terminal import printable

__all__ = ["measure", "register"]

_SEGMENTATION = CommandArgument(
    metavar="SEG", help="Folder or file of the Segmentation; with --read, of a report."
)
_OUT = CommandArgument(
    metavar="[OUT]",
    help="Folder, .zip or .tar of the report to make, or a URL.  [default: numbers only]",
)

_NUMBERS = "Numbers"
_TABLE = "Table"
_REPORT = "Report"
_OWN: dict[str, tuple[Any, Any, Any]] = {
    "source": (
        CommandOption(
            metavar="SERIES",
            help="Folder of the series to measure in; of several, the one that SEG refers to.",
        ),
        str,
        None,
    ),
    "source_series": (
        CommandOption(metavar="UID", help="SeriesInstanceUID of the source, if it must be named."),
        str,
        None,
    ),
    "threshold": (
        CommandOption(
            metavar="0..1",
            help="For a fractional SEG: the least fraction that counts as the segment.",
            group=_NUMBERS,
        ),
        float,
        None,
    ),
    "resample": (
        CommandOption(
            metavar="nearest",
            help="For labels on another grid: take the label nearest to each voxel of the source.",
            group=_NUMBERS,
        ),
        str,
        None,
    ),
    "percentiles": (
        CommandOption(
            metavar="P,P...",
            help="Percentiles, from 0 to 100; none for no percentiles.  [default: 10,50,90]",
            group=_NUMBERS,
        ),
        str,
        None,
    ),
    "numbers": (
        CommandOption(
            metavar="FILE",
            help='Further numbers, in TOML or JSON: Liver.Elasticity = [3.2, "kPa"].',
            group=_NUMBERS,
        ),
        str,
        None,
    ),
    "units": (
        CommandOption(
            metavar="UCUM",
            help="Unit of the source's values, if it states none: ms, mm2/s, 1.",
            group=_NUMBERS,
        ),
        str,
        None,
    ),
    "csv": (
        CommandOption(
            "--csv",
            metavar="FILE",
            help="Write the table as CSV, too; - prints it.",
            group=_TABLE,
        ),
        str,
        None,
    ),
    "reads": (
        CommandOption(
            "--read",
            help="Measure nothing: SEG is a report (SR by TID 1500, of any maker), whose numbers "
            "are shown.",
            group=_TABLE,
        ),
        bool,
        False,
    ),
}
_OF_WRITE = (
    "series",
    "time_point",
    "model",
    "model_version",
    "model_manufacturer",
    "description",
    "metadata",
    "settings",
    "leave_out",
    "uid",
    "now",
    "overwrite",
    "verify",
    "sync",
    "storage_options",
)
"""Options that are those of ``dicomseries write``."""

_CHANGED: dict[str, dict[str, Any]] = {
    "series": {"help": "SeriesInstanceUID of SEG, where the folder has several.", "group": ""},
    "time_point": {"help": "Volume of the source to measure, from 0.", "group": _NUMBERS},
    "model": {"help": "Algorithm or network behind the numbers.", "group": _REPORT},
    "model_version": {"group": _REPORT},
    "model_manufacturer": {"group": _REPORT},
    "description": {
        "help": "SeriesDescription of the report.  [default: Measurements]",
        "group": _REPORT,
    },
    "metadata": {"group": _REPORT},
    "settings": {"group": _REPORT},
    "leave_out": {"group": _REPORT},
    "uid": {"group": _REPORT},
    "now": {"group": _REPORT},
}
"""Fields of them that differ here."""

_COLUMNS = ("label", "measurement", "value", "unit")


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        cls=Sectioned,
        short_help="Measure segments in their source: report, CSV, JSON.",
        epilog=examples(
            "dicomseries measure seg/ --source ct/",
            "dicomseries measure seg/ --source ct/ report/ --csv numbers.csv",
            "dicomseries measure seg/ --source pet/ report/ --percentiles 50,95 "
            "--numbers radiomics.toml",
            "dicomseries measure report/ --read --csv -",
        ),
    )(measure)


def measure(*, context: click.Context, segmentation: str, out: str | None, **words: Any) -> None:
    """Measure each segment: volume, mean, standard deviation, minimum, maximum, percentiles.

    The numbers are those of the source's real values, in their unit. OUT gets a structured report
    by TID 1500 in the study of the source, which is read back and compared; without OUT the numbers
    are shown, and nothing is written.
    """
    output: Output = context.obj
    _reject_wrong_words(out, words)
    arguments = arguments_of({name: words[name] for name in _OF_WRITE if name in words})
    if words["csv"] not in {None, "-"}:
        from dicomseries.sinks import check_free

        check_free(words["csv"], overwrite=words["overwrite"])
    if words["reads"]:
        _read(segmentation, arguments, words, output)
        return
    arguments["metadata"] = metadata_of(
        words["metadata"], words["settings"] or (), words["leave_out"] or ()
    )
    model = model_of(words)
    if model:
        arguments["model"] = model
    for name in ("source_series", "threshold", "resample", "numbers", "units"):
        if words[name] is not None:
            arguments[name] = words[name]
    if words["percentiles"] is not None:
        arguments["percentiles"] = _percentiles(words["percentiles"])
    import dicomseries as dcs

    with progress_bar(output) as progress:
        receipt = dcs.measure(
            segmentation, source=words["source"], out=out, progress=progress, **arguments
        )
    _save_csv(receipt.table, words)
    facts = [line for line in receipt.lines() if line not in receipt.table.lines()]
    shown = [facts[0], _text(receipt.table, words), *facts[1:]]
    record = receipt.to_dict()
    record["advice"] = list(map(on_command_line, receipt.advice))
    lines = list(map(on_command_line, shown))
    if words["csv"] == "-":
        output.answer(_text(receipt.table, words), record)
        return
    output.result("\n".join(lines), record)


def _read(report: str, arguments: dict[str, Any], words: dict[str, Any], output: Output) -> None:
    import dicomseries as dcs

    known = {name: arguments[name] for name in ("series", "storage_options") if name in arguments}
    numbers = dcs.read_measurements(report, **known)
    _save_csv(numbers, words)
    output.answer(_text(numbers, words), {"measurements": numbers.to_dict()})


def _reject_wrong_words(out: str | None, words: dict[str, Any]) -> None:
    """Reject a call without a source, or of a reader with options of a writer."""
    if words["reads"] and (words["source"] or out):
        raise CommandLineError(
            code="report-is-read",
            where="--read",
            given="--source or OUT beside --read",
            expected="a report alone",
            remedy="Leave --read out to measure, or --source and OUT to read a report.",
        )
    if not words["reads"] and not words["source"]:
        raise CommandLineError(
            code="source-missing",
            where="--source",
            given="none",
            expected="the series that SEG was made from, to measure in",
            remedy="Add --source FOLDER; or --read, if SEG is a report.",
        )


def _percentiles(text: str) -> tuple[float, ...]:
    """Return the numbers of ``10,50,90``.

    Examples
    --------
    >>> _percentiles("2.5, 50"), _percentiles("none")
    ((2.5, 50.0), ())
    """
    if text.strip() == "none":
        return ()
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise CommandLineError(
            code="percentiles-malformed",
            where="--percentiles",
            given=text,
            expected="numbers from 0 to 100, separated by commas",
            remedy="Write --percentiles 10,50,90, or --percentiles none.",
        ) from None


def _save_csv(numbers: Any, words: dict[str, Any]) -> None:
    if words["csv"] in {None, "-"}:
        return
    from dicomseries.sinks import save_bytes

    save_bytes(words["csv"], numbers.to_csv().encode(), overwrite=words["overwrite"])


def _text(numbers: Any, words: dict[str, Any]) -> str:
    if words["csv"] == "-":
        return str(numbers.to_csv()).rstrip("\n")
    rows = []
    for row in numbers:
        unit = "" if row.unit is None else row.unit.value
        rows.append((printable(row.label or "?"), printable(row.name), row.value, unit))
    return table(_COLUMNS, rows)


def _signature() -> inspect.Signature:
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=click.Context)
    entries = [context, parameter("segmentation", _SEGMENTATION, str)]
    entries.append(parameter("out", _OUT, str, None))
    entries += [parameter(name, *entry) for name, entry in _OWN.items()]
    options = command_options()
    of_write = {name: replace(options[name], **_CHANGED.get(name, {})) for name in _OF_WRITE}
    entries += parameters(of_write)
    return inspect.Signature(entries)


measure.__dict__["__signature__"] = _signature()
