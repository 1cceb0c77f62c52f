"""Words of the command line about time and what differs from volume to volume → arguments of the façade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.parse_arguments import mapping_of

__all__ = ["gradients_of", "per_volume_of", "times_of"]

_PLACED = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Files that say themselves how their axes lie in space."""


def times_of(text: str | None) -> float | tuple[float, ...] | None:
    """Return the step, or the time of each volume, in seconds.

    Raises
    ------
    CommandLineError
        If there is something else than numbers between the commas.

    Examples
    --------
    >>> times_of("2.5"), times_of("0,2.5,7"), times_of(None)
    (2.5, (0.0, 2.5, 7.0), None)
    """
    if text is None:
        return None
    try:
        times = tuple(float(word) for word in text.split(","))
    except ValueError as fault:
        raise CommandLineError(
            code="times-malformed",
            where="--times",
            given=text,
            expected="the seconds from one volume to the next, or the time of each with commas between",
            remedy="Write for example --times 2.5, or --times 0,2.5,5.1 without blanks.",
        ) from fault
    return times if "," in text else times[0]


def per_volume_of(file: str | None, gradients: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the attributes of ``--per-volume FILE`` with those of ``--bvals`` and ``--bvecs``; None if there are none.

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
    if file is None:
        return None if gradients is None else dict(gradients)
    attributes = dict(mapping_of("--per-volume", file))
    twice = sorted({*attributes} & {*(gradients or {})})
    if twice:
        raise CommandLineError(
            code="attribute-given-twice",
            where=f"--per-volume {file}",
            given=f"{', '.join(twice)}, beside --bvals and --bvecs",
            expected="each attribute once",
            remedy="Take it out of the file, or leave --bvals and --bvecs out.",
        )
    return {**attributes, **(gradients or {})}


def gradients_of(
    source: str, bvals: str | None, bvecs: str | None, geometry: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what FSL's two files say of each volume; None if neither is given.

    Directions lie along the axes of the image in its file, so the input is opened as it is: a file that is placed in
    space without the names of ``--axes``, an array with the names that its geometry speaks of.

    Raises
    ------
    CommandLineError
        If only one of the two files is named.
    SourceError
        If they cannot be read, or do not fit the input.

    Examples
    --------
    >>> gradients_of("a.npy", None, None, {}) is None
    True
    """
    if bvals is None and bvecs is None:
        return None
    if bvals is None or bvecs is None:
        raise _one_without_the_other("--bvals" if bvecs is None else "--bvecs")
    import dicomseries as dcs
    from dicomseries.sources import diffusion_gradients

    own = {"axes"} if source.lower().endswith(_PLACED) else set()
    known = {
        name: value for name, value in geometry.items() if name not in {*own, "time_point", "times"}
    }
    volume = dcs.open_volume(source, **known)
    found = diffusion_gradients(bvals, bvecs, volume.grid, volumes=volume.volumes or 1)
    chosen = geometry.get("time_point")
    # What is no index of a volume is refused where the input is opened for writing.
    part = slice(None) if chosen is None else slice(chosen, chosen + 1)
    return {keyword: values[part] for keyword, values in found.items()}


def _one_without_the_other(given: str) -> CommandLineError:
    missing = "--bvecs" if given == "--bvals" else "--bvals"
    return CommandLineError(
        code="gradients-incomplete",
        where=given,
        given=f"{given} without {missing}",
        expected="both files, as FSL keeps them: b-values, and directions along the axes of the image",
        remedy=f"Add {missing} FILE; weightings without a direction go into --per-volume as DiffusionBValue.",
    )
