"""``dicomseries picture``: a result drawn on its source."""

from __future__ import annotations

import inspect
from typing import Any

import click

from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.commands.write_command import command_options, receipt_text, spelled
from dicomseries.cli.free_memory import return_freed_memory
from dicomseries.cli.help_sections import Sectioned, examples
from dicomseries.cli.option_parameters import parameter, parameters
from dicomseries.cli.output import Output
from dicomseries.cli.parse_arguments import arguments_of, drawing_of, metadata_of
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.shared_options import drawing_options

__all__ = ["picture", "register"]

_RESULT = CommandArgument(
    metavar="RESULT", help="Folder of the Segmentation, or of another result."
)
_OUT = CommandArgument(
    metavar="OUT", help="Folder, .zip or .tar to make; or a URL, of an archive, too."
)

_DRAWING = "Drawing"
_OWN: dict[str, tuple[Any, Any, Any]] = {
    "source": (
        CommandOption(metavar="SERIES", help="Folder of the series that RESULT was made from."),
        str,
        inspect.Parameter.empty,
    ),
    **drawing_options(_DRAWING),
    "fill": (
        CommandOption(
            metavar="0..1",
            help="Opacity of the colours.  [default: 0.35 for segments, 0.5 for numbers]",
            group=_DRAWING,
        ),
        float,
        None,
    ),
    "no_outline": (
        CommandOption("--no-outline", help="No outlines.", group=_DRAWING),
        bool,
        False,
    ),
    "value_range": (
        CommandOption(
            metavar="LO HI",
            help="Values at the ends of the colour map.  [default: the window of RESULT]",
            group=_DRAWING,
        ),
        tuple[float, float],
        None,
    ),
    "color_map": (
        CommandOption(
            metavar="NAME",
            help="hot-iron, viridis, or blue-red for values below and above a middle."
            "  [default: hot-iron]",
            group=_DRAWING,
        ),
        str,
        None,
    ),
    "no_legend": (
        CommandOption("--no-legend", help="Only the images, without names.", group=_DRAWING),
        bool,
        False,
    ),
    "title": (
        CommandOption(
            metavar="TEXT",
            help="First line of the legend; name no patient.",
            group=_DRAWING,
        ),
        str,
        None,
    ),
    "result_series": (
        CommandOption(metavar="UID", help="SeriesInstanceUID of RESULT, where there are several."),
        str,
        None,
    ),
}
_OF_WRITE = (
    "series",
    "time_point",
    "description",
    "metadata",
    "settings",
    "leave_out",
    "uid",
    "now",
    "compression",
    "workers",
    "memory",
    "overwrite",
    "resume",
    "verify",
    "sync",
    "storage_options",
)
"""Options that are those of ``dicomseries write``."""


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        cls=Sectioned,
        short_help="Draw a result on its source, for every PACS.",
        epilog=examples(
            "dicomseries picture seg/ --source ct/ picture/",
            "dicomseries picture seg/ --source ct/ picture/ --slices key --preset lung",
            "dicomseries picture adc/ --source dwi/ picture/ --value-range 0 0.003 --title ADC",
        ),
    )(picture)


def picture(*, context: click.Context, result: str, out: str, source: str, **words: Any) -> None:
    """Draw a result on its source: RGB images with a legend beside them, in the same study.

    A Segmentation has the colours of its segments, other results a colour map with its scale. The
    images keep their place; names of segments are part of them, patient data never are.
    """
    import dicomseries as dcs

    output: Output = context.obj
    arguments = arguments_of({name: words[name] for name in _OF_WRITE if name in words})
    settings, left_out = words["settings"] or (), words["leave_out"] or ()
    arguments["metadata"] = metadata_of(words["metadata"], settings, left_out)
    for name in ("fill", "value_range", "color_map", "title", "result_series"):
        if words[name] is not None:
            arguments[name] = words[name]
    arguments |= drawing_of(words)
    return_freed_memory()
    with progress_bar(output) as progress:
        receipt = dcs.picture(
            result,
            source,
            out,
            **arguments,
            outline=not words["no_outline"],
            legend=not words["no_legend"],
            progress=progress,
        )
    output.result(receipt_text(receipt), spelled(receipt.to_dict()))


def _signature() -> inspect.Signature:
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=click.Context)
    entries = [context, parameter("result", _RESULT, str), parameter("out", _OUT, str)]
    entries += [parameter(name, *entry) for name, entry in _OWN.items()]
    options = command_options()
    entries += parameters({name: options[name] for name in _OF_WRITE})
    return inspect.Signature(entries)


picture.__dict__["__signature__"] = _signature()
