"""``dicomseries derive``: ``write`` with the source series first."""

from __future__ import annotations

import inspect
from typing import Any

from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine
from dicomseries.cli.commands.write_command import COMMON, command_options, signature, write
from dicomseries.cli.help_sections import KINDS, examples, sectioned
from dicomseries.cli.option_parameters import parameter

__all__ = ["derive", "register"]

_SOURCE_SERIES = CommandArgument(
    metavar="SOURCE", help="Folder or URL of the series INPUT was made from."
)


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        cls=sectioned(*COMMON, "derivation", "model"),
        short_help="Write a result into the study of its source series.",
        epilog=KINDS
        + examples(
            "dicomseries derive scan/ denoised.npy out/ --derivation smoothing"
            " --description Denoised",
            "dicomseries derive scan/ denoised.npy out/ --dry-run",
            "dicomseries derive scan/ resampled.nii.gz out/ --derivation resampling",
            "dicomseries derive scan/ labels.nii.gz out/ --kind segmentation"
            " --model-name LesionNet",
            "dicomseries derive https://HOST/dicom-web/studies/1.2/series/1.3 result.npy"
            " https://HOST/dicom-web",
        ),
    )(derive)


def derive(**words: Any) -> None:
    """Write an array that was made from a series into its study: write INPUT OUT --like SOURCE.

    Kind, place, patient, study and what else is still true come from SOURCE; its slices are
    referred to by place. With --dry-run a table shows which of its attributes the result keeps,
    and why.
    """
    write(**words)


def _signature() -> inspect.Signature:
    """Return the signature of `write` with ``--like`` first."""
    options = {name: option for name, option in command_options().items() if name != "like"}
    context, *others = signature(options).parameters.values()
    return inspect.Signature([context, parameter("like", _SOURCE_SERIES, str), *others])


derive.__dict__["__signature__"] = _signature()
