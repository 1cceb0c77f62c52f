"""``dicomseries read``: a series becomes a file of another format."""

from __future__ import annotations

from typing import Annotated

import typer

from dicomseries.cli import options

__all__ = ["read", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        short_help="A series becomes .npy .npz .nii .nrrd ...",
        epilog=options.examples(
            "dicomseries read out/ volume.npz",
            "dicomseries read scans/ brain.nii.gz --series 1.2.840.99999.1",
            "dicomseries read out/ stored.npy --stored --overwrite",
        ),
    )(read)


def read(
    context: typer.Context,
    series: Annotated[str, typer.Argument(metavar="SERIES", help="Folder or file of the series.")],
    out: Annotated[
        str,
        typer.Argument(metavar="OUT", help="FILE.{npy,npz,nii,nii.gz,nrrd,mha,zarr,tif}: the ending is the format."),
    ],
    *,
    uid: options.Series = None,
    stored: Annotated[bool, typer.Option("--stored", help="The integers in the files, before the rescale.")] = False,
    overwrite: options.Overwrite = False,
) -> None:
    """Read a series and save it, with its geometry, as NumPy, NIfTI, NRRD, MetaImage, OME-Zarr or TIFF.

    .npz has the arrays "array" (slices, rows, columns) and "affine_lps"; .npy has no geometry.
    """
    from dicomseries.sinks import volume_files

    form = volume_files.find_format(out)
    volume_files.check_free(out, overwrite=overwrite)
    import dicomseries as dcs

    volume = dcs.read(series, series=uid, values="stored" if stored else "real")
    array = volume.array
    volume_files.save(out, array, volume.grid, volumes=volume.volumes, times_s=volume.times_s, overwrite=overwrite)
    record = {
        "out": out,
        "format": form.SUFFIXES[0].lstrip("."),
        "shape": array.shape,
        "dtype": str(array.dtype),
        "spacing_mm": volume.grid.spacing_mm,
        "origin_lps": volume.grid.origin_lps,
        "direction_lps": volume.grid.direction_lps,
        "slope": volume.slope,
        "intercept": volume.intercept,
    }
    size = " x ".join(map(str, array.shape))
    text = f"{out}: {size} {array.dtype}, spacing {volume.grid.spacing_mm} mm"
    scale = f"\nreal = {volume.slope} * stored + {volume.intercept}" if volume.is_scaled else ""
    context.obj.result(text + scale, record)
