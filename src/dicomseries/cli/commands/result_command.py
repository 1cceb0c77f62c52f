"""``dicomseries result``: all that was made from a series, in one command."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from dicomseries.cli import terminal
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.commands.write_command import command_options, model_of, spelled
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.free_memory import return_freed_memory
from dicomseries.cli.help_sections import Sectioned, examples
from dicomseries.cli.option_parameters import parameter, parameters
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output
from dicomseries.cli.parse_arguments import arguments_of, drawing_of, metadata_of
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.shared_options import drawing_options
from dicomseries.cli.storage_options import shown_words

__all__ = ["register", "result"]

_SOURCE = CommandArgument(
    metavar="SOURCE", help="Folder or URL of the series that everything was made from."
)
_OUT = CommandArgument(
    metavar="OUT",
    help="Folder to make (or a .zip or .tar), with a folder for each series; or an archive.",
)

_PARTS = "What was made"
_PICTURE = "Picture"
_OWN: dict[str, tuple[Any, Any, Any]] = {
    "masks": (
        CommandOption(
            metavar="FILE|FOLDER",
            help="Label map, folder of masks named by structure, or .seg.nrrd, as in write.",
            group=_PARTS,
        ),
        str,
        None,
    ),
    "maps": (
        CommandOption(
            "--map",
            metavar="NAME=FILE:UNIT",
            help="A map of numbers and its UCUM unit, 1 for none: ADC=adc.nii.gz:mm2/s; again for"
            " more.",
            group=_PARTS,
        ),
        list[str],
        None,
    ),
    "images": (
        CommandOption(
            "--image",
            metavar="NAME=FILE",
            help="An image of the kind of SOURCE, such as a denoised one; again for more.",
            group=_PARTS,
        ),
        list[str],
        None,
    ),
    "measure": (
        CommandOption(
            "--measure",
            help="Write volume, mean and other numbers of each segment as a report.",
            group=_PARTS,
        ),
        bool,
        False,
    ),
    "numbers": (
        CommandOption(
            metavar="FILE",
            help="Further numbers of segments for the report: .toml or .json.",
            group=_PARTS,
        ),
        str,
        None,
    ),
    "picture": (
        CommandOption(
            "--picture",
            help="Draw the masks (without masks the maps) on SOURCE.",
            group=_PARTS,
        ),
        bool,
        False,
    ),
    **drawing_options(_PICTURE),
}
_OF_WRITE = (
    "segments",
    "segmentation_type",
    "threshold",
    "axes",
    "series",
    "derivation",
    "description",
    "model",
    "model_version",
    "model_manufacturer",
    "metadata",
    "settings",
    "leave_out",
    "uid",
    "now",
    "compression",
    "workers",
    "memory",
    "overwrite",
    "verify",
    "sync",
    "dicomdir",
    "report",
    "storage_options",
)
"""Options that are those of ``dicomseries write``."""


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        cls=Sectioned,
        short_help="Masks, maps, numbers and picture of a run, as one.",
        epilog=examples(
            "dicomseries result ct/ out/ --masks segmentations/ --measure --picture"
            " --model-name TotalSegmentator --model-version 2.4",
            "dicomseries result dwi/ out/ --map ADC=adc.nii.gz:mm2/s --picture --preset brain",
            "dicomseries result ct/ out/ --masks labels.nii.gz --segments organs.toml --image"
            " Denoised=denoised.nii.gz",
        ),
    )(result)


def result(*, context: click.Context, source: str, out: str, **words: Any) -> None:
    """Write all that was made from a series into its study, together or not at all.

    A Segmentation, maps, images, a report of numbers and a picture: each a series in its folder
    below OUT, read back and compared. Nothing appears at OUT before everything is there.
    """
    import dicomseries as dcs
    from dicomseries.sinks import check_free, save_bytes

    output: Output = context.obj
    arguments = arguments_of({name: words[name] for name in _OF_WRITE if name in words})
    arguments["model"] = model_of(words) or None
    settings, left_out = words["settings"] or (), words["leave_out"] or ()
    arguments["metadata"] = metadata_of(words["metadata"], settings, left_out)
    if words["report"] is not None:
        check_free(words["report"])
    if words["masks"] is None:
        return_freed_memory()
    with progress_bar(output) as progress:
        receipt = dcs.write_result(
            source,
            out,
            masks=words["masks"],
            maps=_maps(words["maps"] or ()),
            images=_named_files("--image", words["images"] or ()),
            measure=_measuring(words),
            picture=_drawing(words),
            **arguments,
            progress=progress,
        )
    if words["report"] is not None:
        command = shlex.join(["dicomseries", *shown_words(output.words)])
        save_bytes(words["report"], receipt.to_html(command=command).encode())
    record = receipt.to_dict()
    record["parts"] = list(map(spelled, record["parts"]))
    text = "\n".join(map(on_command_line, receipt.lines()))
    if terminal.is_terminal():
        facts = [(name, on_command_line(value)) for name, value in receipt.facts()]
        text = terminal.facts_table(facts)
    output.result(text, record)


def _signature() -> inspect.Signature:
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=click.Context)
    entries = [context, parameter("source", _SOURCE, str), parameter("out", _OUT, str)]
    entries += [parameter(name, *entry) for name, entry in _OWN.items()]
    options = command_options()
    entries += parameters({name: options[name] for name in _OF_WRITE})
    return inspect.Signature(entries)


result.__dict__["__signature__"] = _signature()


def _named_files(flag: str, words: Sequence[str]) -> dict[str, str] | None:
    """Return the files of NAME=FILE by name."""
    files: dict[str, str] = {}
    for word in words:
        name, equals, file = word.partition("=")
        if not (equals and name.strip() and file) or name.strip() in files:
            raise CommandLineError(
                code="part-malformed",
                where=flag,
                given=word,
                expected="NAME=FILE, each name once",
                remedy=f"Write for example {flag} {_EXAMPLES[flag]}.",
            )
        files[name.strip()] = file
    return files or None


_EXAMPLES = {"--map": "ADC=adc.nii.gz:mm2/s", "--image": "Denoised=denoised.nii.gz"}


def _maps(words: Sequence[str]) -> dict[str, tuple[str, str]] | None:
    """Return file and unit of NAME=FILE:UNIT by name."""
    maps: dict[str, tuple[str, str]] = {}
    for name, text in (_named_files("--map", words) or {}).items():
        file, unit = _file_and_unit(text)
        if not unit:
            raise CommandLineError(
                code="unit-of-map-missing",
                where="--map",
                given=f"{name}={text}",
                expected="NAME=FILE:UNIT with the UCUM code of the values: only you know it",
                remedy=f"Write for example --map {name}={text}:mm2/s, or :1 for no unit.",
            )
        maps[name] = (file, unit)
    return maps or None


def _file_and_unit(text: str) -> tuple[str, str]:
    """Return the file and unit of FILE:UNIT.

    Colons of FILE.h5::DATASET and of a drive belong to the file.
    """
    file, dataset_mark, rest = text.rpartition("::")
    if Path(text).exists():
        return text, ""
    if dataset_mark:
        dataset, _, unit = rest.partition(":")
        return f"{file}::{dataset}", unit
    file, _, unit = text.rpartition(":")
    if len(file) < 2:
        return text, ""
    return file, unit


def _measuring(words: Mapping[str, Any]) -> bool | dict[str, Any]:
    """Return whether to measure, or its options."""
    if words["numbers"] is None:
        return bool(words["measure"])
    return {"numbers": words["numbers"]}


def _drawing(words: Mapping[str, Any]) -> bool | dict[str, Any]:
    """Return whether to draw, or its options."""
    return drawing_of(words) or bool(words["picture"])
