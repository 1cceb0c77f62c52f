"""``dicomseries derive``: ``write`` with the series that the array comes from in the first place."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer

from dicomseries.cli import shared_options
from dicomseries.cli.commands.write_command import write
from dicomseries.cli.help_sections import KINDS, Sectioned

__all__ = ["derive", "register"]

_Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="Folder of the series that INPUT was made from.")
]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        cls=Sectioned,
        short_help="Write a result into the study of its source series.",
        epilog=KINDS
        + shared_options.examples(
            "dicomseries derive scan/ denoised.npy out/ --derivation smoothing --description Denoised",
            "dicomseries derive scan/ denoised.npy out/ --dry-run",
            "dicomseries derive scan/ resampled.nii.gz out/ --derivation resampling",
            "dicomseries derive scan/ labels.nii.gz out/ --kind segmentation --model-name LesionNet",
        ),
    )(derive)


def derive(**given: Any) -> None:
    """Write an array that was made from a series into its study: write INPUT OUT --like SOURCE.

    Kind, place, patient, study and what else is still true come from SOURCE; its slices are referred to by place. With
    --dry-run a table shows which of its attributes the result keeps, and why.
    """
    write(**given)


def _signature() -> inspect.Signature:
    """Return the signature of `write`, with the option ``--like`` as the first argument."""
    own = inspect.signature(write, eval_str=True).parameters
    source = own["like"].replace(default=inspect.Parameter.empty, annotation=_Source)
    context, *others = (one for name, one in own.items() if name != "like")
    ordered = [context, source, *others]
    return inspect.Signature([one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in ordered])


# typer makes the arguments and options of a command from its signature and calls it by keyword.
derive.__dict__["__signature__"] = _signature()
