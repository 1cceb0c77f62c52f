"""Attributes of each volume, from ``--per-volume`` and from FSL's files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.options import load_mapping

__all__ = ["gradients_of", "per_volume_of"]

_PLACED = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Files that state how their axes lie in space."""


def per_volume_of(file: str | None, gradients: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes from a file and from gradients.

    Raises
    ------
    CommandLineError
        If both name the same keyword.
    MetadataError
        If the file cannot be read.

    Examples
    --------
    >>> per_volume_of(None, {"DiffusionBValue": [0, 1000]})
    {'DiffusionBValue': [0, 1000]}
    """
    attributes = load_mapping("per_volume", file)
    twice = sorted(set(attributes) & set(gradients))
    if twice:
        raise CommandLineError(
            code="attribute-given-twice",
            where=f"--per-volume {file}",
            given=f"{', '.join(twice)}, beside --bvals and --bvecs",
            expected="each attribute once",
            remedy="Take it out of the file, or leave --bvals and --bvecs out.",
        )
    return {**attributes, **gradients}


def gradients_of(
    source: str, bvals: str | None, bvecs: str | None, geometry: Mapping[str, Any]
) -> dict[str, Any]:
    """Return each volume's diffusion weighting from FSL's files.

    Directions lie along the axes of the image in its file. So the input is opened as it is: a file
    that states its place without ``--axes``, an array with them.

    Parameters
    ----------
    source : str
        The input.
    bvals, bvecs : str or None
        Files of b-values and of directions.
    geometry : mapping
        Arguments of `open_volume` that were given.

    Raises
    ------
    CommandLineError
        If only one of the two files is named.
    SourceError
        If they cannot be read, or do not fit the input.

    Examples
    --------
    >>> gradients_of("a.npy", None, None, {})
    {}
    """
    if bvals is None and bvecs is None:
        return {}
    if bvecs is None:
        raise _incomplete(option="--bvals", missing="--bvecs")
    if bvals is None:
        raise _incomplete(option="--bvecs", missing="--bvals")
    import dicomseries as dcs
    from dicomseries.sources import diffusion_gradients

    not_used = {"time_point", "times"}
    if source.lower().endswith(_PLACED):
        not_used.add("axes")
    opening = {name: value for name, value in geometry.items() if name not in not_used}
    volume = dcs.open_volume(source, **opening)
    gradients = diffusion_gradients(bvals, bvecs, volume.grid, volumes=volume.volumes or 1)
    time_point = geometry.get("time_point")
    if time_point is None:
        return gradients
    # An index without a volume is rejected when the input is opened for writing.
    part = slice(time_point, time_point + 1)
    return {keyword: values[part] for keyword, values in gradients.items()}


def _incomplete(*, option: str, missing: str) -> CommandLineError:
    return CommandLineError(
        code="gradients-incomplete",
        where=option,
        given=f"{option} without {missing}",
        expected="both files of FSL: b-values, and directions along the axes of the image",
        remedy=f"Add {missing} FILE; weightings without a direction go into --per-volume as "
        "DiffusionBValue.",
    )
