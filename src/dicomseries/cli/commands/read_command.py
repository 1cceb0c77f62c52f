"""``dicomseries read``: a series becomes a file of another format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import click

from dicomseries.cli import shared_options, terminal
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output
from dicomseries.cli.parse_arguments import entries_of_axes, slices_of
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import storage_options_of
from dicomseries.errors import OptionError, counted
from dicomseries.volume_axes import axis_words, record_of_volumes

if TYPE_CHECKING:  # numpy is not needed to say how the command is called
    from dicomseries.api import SeriesVolume

__all__ = ["read", "register"]


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        short_help="Read a series into a file: .npy .npz .nii .nrrd ...",
        epilog=examples(
            "dicomseries read out/ volume.npz",
            "dicomseries read scans/ brain.nii.gz --series 1.2.840.99999.1",
            "dicomseries read out/ stored.npy --stored --overwrite",
            "dicomseries read functional/ first.nii.gz --time-point 0",
            "dicomseries read echoes/ second.nii.gz --pick echo=1",
            "dicomseries read chest/ lungs.nrrd --slices 100:300:2",
            "dicomseries read seg/ liver.nii.gz --segment Liver --onto ct/",
            "dicomseries read dose/ dose.nrrd --onto ct/ --resample linear",
            "dicomseries read scout/ axial.nii.gz --stack axial",
            "dicomseries read tilted/ head.nii.gz --even linear",
        ),
    )(read)


def read(
    context: click.Context,
    series: Annotated[
        str, CommandArgument(metavar="SERIES", help="Folder, file or URL of the series.")
    ],
    out: Annotated[
        str,
        CommandArgument(
            metavar="OUT",
            help="FILE.{npy,npz,nii,nii.gz,nrrd,mha,zarr,tif}: the ending is the format.",
        ),
    ],
    *,
    uid: shared_options.Series = None,
    time_point: shared_options.TimePoint = None,
    pick: Annotated[
        list[str] | None,
        CommandOption(
            "--pick",
            metavar="AXIS=ENTRY",
            help="Only this entry of an axis of volumes, by index or name: echo=0, time=-1. More"
            " than once for several axes.",
        ),
    ] = None,
    slices: Annotated[
        str | None,
        CommandOption(
            metavar="A:B[:C]",
            help="Only the slices from A up to B, every C-th: 100:200, 0:400:4, -10:, 7."
            "  [default: all]",
        ),
    ] = None,
    stack: Annotated[
        str | None,
        CommandOption(
            "--stack",
            metavar="NAME",
            help="Only the slices of this orientation: axial, coronal, sagittal, oblique 1; list"
            " shows the names.",
        ),
    ] = None,
    even: Annotated[
        str | None,
        CommandOption(
            "--even",
            metavar="HOW",
            help="Put uneven, missing or tilted slices on an even grid: nearest or linear.",
        ),
    ] = None,
    onto: Annotated[
        str | None,
        CommandOption(
            "--onto",
            metavar="SOURCE",
            help="Put the voxels on the grid of this series, or of an image file: slices that the"
            " series lacks are background. Voxels must coincide.",
        ),
    ] = None,
    resample: Annotated[
        str | None,
        CommandOption(
            "--resample",
            metavar="HOW",
            help="With --onto: nearest or linear, where voxels do not coincide. Labels need"
            " nearest.",
        ),
    ] = None,
    fill: Annotated[
        float | None,
        CommandOption(
            "--fill",
            metavar="VALUE",
            help="With --onto or --even: value of voxels that the series does not have."
            "  [default: 0 for segments, nan for floats, PixelPaddingValue]",
        ),
    ] = None,
    same_space: Annotated[
        bool,
        CommandOption(
            "--same-space",
            help="With --onto: the positions agree, although the frames of reference differ.",
        ),
    ] = False,
    segment: Annotated[
        str | None,
        CommandOption(
            "--segment",
            metavar="NAME",
            help="Only this segment of a segmentation, as 0 and 1: its label or number.",
        ),
    ] = None,
    stored: Annotated[
        bool, CommandOption("--stored", help="The integers in the files, before the rescale.")
    ] = False,
    workers: shared_options.Workers = None,
    overwrite: shared_options.Overwrite = False,
    preview: shared_options.Preview = False,
    storage_options: shared_options.StorageOptions = None,
) -> None:
    """Read a series and save it as NumPy, NIfTI, NRRD, MetaImage, OME-Zarr or TIFF.

    Several volumes of one series are the first axis of the array: time points, or echoes, parts
    and others by name, which "list" shows. b-values and directions of diffusion are saved beside
    .nii as FSL's .bval and .bvec; a segmentation is saved as its labels, or as a volume for each
    segment if they overlap. .npz has the arrays "array", "affine_lps" and, if the times of the
    volumes are known, "times_s"; .npy has no geometry. Geometry that the series does not state is
    not in the file; .nii then has voxels of 1 without a unit, and no orientation.
    """
    from dicomseries.sinks import check_free, find_format

    form = find_format(out)
    check_free(out, overwrite=overwrite)
    import dicomseries as dcs

    output: Output = context.obj
    with progress_bar(output) as progress:
        volume: SeriesVolume = dcs.read(
            series,
            series=uid,
            values="stored" if stored else "real",
            slices=None if slices is None else slices_of(slices),
            stack=stack,
            even=cast("Any", even),
            onto=onto,
            resample=cast("Any", resample),
            fill=fill,
            same_space=same_space,
            workers=workers,
            progress=progress,
            storage_options=storage_options_of(storage_options),
        )
    if segment is not None:
        volume = volume.segment(_segment(segment, volume))
    if pick:
        volume = volume.pick(**entries_of_axes(pick))
    if time_point is not None:
        volume = _one_volume(volume, time_point, series)
    volume.save(out, overwrite=overwrite)
    record = {"out": out, "format": form.SUFFIXES[0].lstrip("."), **_record(volume), "onto": onto}
    text = f"{out}: {_text(volume)}"
    if preview:
        text += terminal.preview(volume)
    output.result(text, record)


def _record(volume: SeriesVolume) -> dict[str, Any]:
    """Return the facts of a volume, for programs."""
    from dicomseries import drawing

    segments = {}
    for number, segment in volume.segments.items():
        segments[str(number)] = segment.label
    return {
        "shape": volume.shape,
        "dtype": str(volume.dtype),
        "volumes": volume.volumes or 1,
        "times_s": volume.times_s,
        **_volume_record(volume),
        **drawing.numbers_of_grid(volume.grid),
        "slope": volume.slope,
        "intercept": volume.intercept,
        "segments": segments,
        "notes": list(volume.notes),
    }


def _text(volume: SeriesVolume) -> str:
    """Return size, spacing and rescale of a volume."""
    from dicomseries import drawing

    spacing = drawing.spacing_words(volume.grid)
    if None not in (drawing.numbers_of_grid(volume.grid)["spacing_mm"] or (None,)):
        spacing = f"{volume.grid.spacing_mm} mm"
    text = f"{_size(volume)} {volume.dtype}, spacing {spacing}"
    if volume.is_scaled:
        text += f"\nreal = {volume.slope} * stored + {volume.intercept}"
    return text


def _segment(text: str, volume: SeriesVolume) -> int | str:
    """Return a label if the volume has it, else a number."""
    labels = [segment.label for segment in volume.segments.values()]
    return int(text) if text.isdecimal() and text not in labels else text


def _volume_record(volume: SeriesVolume) -> dict[str, Any]:
    b_values, gradients = volume.b_values, volume.gradients
    return record_of_volumes(
        volume.volume_axes,
        None if b_values is None else b_values.tolist(),
        None if gradients is None else gradients.tolist(),
    )


def _size(volume: SeriesVolume) -> str:
    """Return the shape with volumes and slices named."""
    if volume.volumes is None:
        return " x ".join(map(str, volume.shape))
    word = "volumes" if volume.grid.statement.has_place or volume.slices > 1 else "frames"
    size = f"{volume.volumes} {word} of {' x '.join(map(str, volume.shape[1:]))}"
    names = [axis.name for axis in volume.volume_axes]
    if names in (["time"], ["volume"]):
        return size
    return f"{size} ({axis_words(volume.volume_axes)})"


def _one_volume(volume: SeriesVolume, index: int, where: str) -> SeriesVolume:
    count = volume.volumes or 1
    if 0 <= index < count:
        return volume.at(index)
    raise OptionError(
        code="time-point-outside",
        where=f"--time-point {index}",
        given=f"{where} with {counted(count, 'volume')}",
        expected=f"0 to {count - 1}",
        remedy="Choose a volume that is there, or leave --time-point out for all.",
    )
