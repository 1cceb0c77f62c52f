"""What `read` returns: a volume with its series, and what is derived from it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, Unpack, cast

import numpy as np
import numpy.typing as npt

from dicomseries import reading, regridding, sinks
from dicomseries.api.write import Derivation
from dicomseries.errors import DicomSeriesWarning
from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import WriteKeywords, check_names, with_options
from dicomseries.sources import LazyArray, MaskSource, Volume, arguments_of, array_frames, unit_of

if TYPE_CHECKING:
    from dicomseries.api.background_view import View

__all__ = ["LazySeriesVolume", "SeriesVolume"]

_GEOMETRY = {"spacing", "origin", "direction", "affine", "positions"}
_INVERTED = (
    "The series is MONOCHROME1: its low values are bright. The file does not state that, and "
    "viewers show it with black for white. Invert the values to look at them."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SeriesVolume(Volume):
    """A volume that was read from a series: an array with attributes.

    Parameters
    ----------
    path : str, or tuple of str or Dataset
        Folder or file of the series, or URL; its files, or datasets, if these were read.
    tags : SeriesTags
        The attributes, a mapping: ``tags["Modality"]``.
    series : str, optional
        SeriesInstanceUID, if there are several; ``"UID/part"`` if one of them has several parts
        (`Series.choice`).
    is_part : bool
        Whether some slices were read, and not all of the series; or its voxels on another grid.
    segments : mapping of int to SegmentDescription
        Label, codes, colour and algorithm of each segment by number, in the order of a volume axis
        of segments; empty for other series.
    voxels : {"values", "labels", "masks", "fractions"}
        Meaning of the voxels: values of an image or map; segment numbers of a label map; 0 and 1,
        or 0 to 1, of one segment or of one volume for each segment.
    notes : tuple of str
        What was assumed or left out, as the warnings said; and what ``read(onto=)`` changed, which
        `write` repeats in the receipt's advice.

    Examples
    --------
    >>> from dicomseries.api import read
    >>> from pydicom.data import get_testdata_file
    >>> volume = read(get_testdata_file("CT_small.dcm"))
    >>> volume
    SeriesVolume of shape (1, 128, 128), int32
      series       CT (1 file)
      spacing      0.661468, 0.661468, 5 mm (x, y, z)
      orientation  LPS: columns R→L, rows A→P, slices I→S
    >>> volume.tags["Modality"], np.mean(volume).round(1)
    ('CT', np.float64(-119.1))
    """

    tags: reading.SeriesTags
    path: reading.SeriesFiles = ""
    series: str | None = None
    is_part: bool = False
    segments: Mapping[int, reading.SegmentDescription] = field(default_factory=dict)
    voxels: reading.VoxelMeaning = "values"
    is_lazy: ClassVar[bool] = False
    """Whether `array` reads from the files when it is indexed."""

    @property
    def array(self) -> npt.NDArray[Any]:
        """The voxels in memory, shape ([volumes, ]slices, rows, columns[, 3])."""
        return self._loaded()

    @property
    def slice_times_s(self) -> tuple[float, ...] | None:
        """When each slice was taken within its volume (slice timing), in seconds.

        After the first one, of the first volume; None where that is not known.
        """
        return reading.slice_times_s(self.tags, self.grid)

    def at(self, index: int) -> Self:
        """Return one of the volumes, without the axis of volumes.

        Raises
        ------
        IndexError
            If there is no such volume.
        """
        volume = Volume.at(self, index)
        if self.voxels in {"masks", "fractions"} and self.volumes is not None:
            number, description = list(self.segments.items())[index]
            return replace(volume, segments={number: description})
        return volume

    def segment(self, segment: int | str) -> Self:
        """Return one segment of a segmentation, on the same grid.

        The same for a label map, for segments that overlap and for fractions.

        Parameters
        ----------
        segment : int or str
            SegmentNumber or SegmentLabel.

        Returns
        -------
        SeriesVolume
            One volume of 0 and 1 (uint8), or of fractions from 0 to 1 (float64); lazy if this one
            is.

        Raises
        ------
        OptionError
            If there is no such segment, or several have this label.

        Notes
        -----
        PS3.3 section C.8.20.2.

        Examples
        --------
        >>> import tempfile
        >>> from dicomseries.api import read, write
        >>> labels = np.zeros((2, 3, 4), "uint8")
        >>> labels[1, 2], labels[0, 0] = 1, 2
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     names = {1: "Liver", 2: "Spleen"}
        ...     receipt = write(
        ...         labels, folder + "/seg", kind="Segmentation", spacing=(1, 1, 2), segments=names
        ...     )
        ...     volume = read(folder + "/seg")
        >>> volume.segment("Liver").array.sum(), volume.segments[2].label
        (np.uint64(4), 'Spleen')
        """
        number = reading.segment_number(self.segments, segment)
        if self.volumes is not None and self.voxels != "labels":
            return self.at(list(self.segments).index(number))
        chosen = {number: self.segments[number]}
        if self.voxels != "labels":
            return self
        slabs = reading.frames_of_segment(self.slabs, number)
        if not self.is_lazy:
            slabs = array_frames(slabs.read(0, slabs.shape[0]))
        return replace(self, slabs=slabs, segments=chosen, voxels="masks")

    @with_options("derive")
    def derive(self, array: MaskSource, **options: Unpack[WriteKeywords]) -> Derivation:
        """Return a derived array, ready to be written.

        Parameters
        ----------
        array : array, path or Volume
            The result. Without geometry arguments an array of this volume's shape has its grid.
        **options
            Options of `dicomseries.write`: ``derivation="smoothing"``, ``description="Denoised"``,
            ``model={"name": ...}``, ``kind=``, ``spacing=``, ``same_space=False`` and all others.

        Returns
        -------
        Derivation
            With ``write(out)`` and ``plan()``.

        Notes
        -----
        PS3.3 sections C.7.6.1.1.3 (derivation) and C.12.4.

        Examples
        --------
        >>> from dicomseries.api import read
        >>> from pydicom.data import get_testdata_file
        >>> volume = read(get_testdata_file("CT_small.dcm"))
        >>> derived = volume.derive(volume.array // 2, derivation="smoothing", description="Halved")
        >>> derived.plan().kind
        'CT'
        """
        check_names("derive", options)
        source_series: WriteKeywords = {"like": self.path, "series": self.series}
        if not isinstance(array, Volume) and getattr(array, "shape", None) == self.shape:
            time_axis = "" if self.volumes is None else "t"
            source_series["axes"] = f"{time_axis}zyx{'c' if self.samples > 1 else ''}"
            is_placed = self.grid.statement.has_place and self.grid.statement.thickness != "missing"
            if self.is_part and is_placed and not _GEOMETRY & options.keys():
                source_series = cast("WriteKeywords", source_series | arguments_of(self.grid))
        return Derivation(array=array, options=source_series | options)

    def resample(self, method: regridding.Method = "linear", *, fill: float | None = None) -> Self:
        """Return irregular slices on a right-angled, even grid.

        Uneven or missing slices and those of a tilted gantry; a regular volume stays as it is.

        Parameters
        ----------
        method : {"linear", "nearest"}
            Interpolate, in the plane where slices shift sideways and along the normal between
            them, or take the nearest voxel.
        fill : float, optional
            Value of voxels beside the slices, and of missing slices, which are interpolated without
            it. By default NaN for floats, and PixelPaddingValue for whole numbers.

        Returns
        -------
        SeriesVolume
            Floats if interpolated; lazy if this one is. ``.notes`` says what was done.

        Raises
        ------
        GeometryError
            If the slices have several orientations, or no position.
        OptionError
            If `fill` is needed, `method` is neither of the two, or segments are to be interpolated.

        Notes
        -----
        PS3.3 section C.7.6.2.

        Examples
        --------
        >>> from dicomseries.api import read
        >>> from pydicom.data import get_testdata_file
        >>> read(get_testdata_file("CT_small.dcm")).resample().grid.spacing_mm
        (0.661468, 0.661468, 5.0)
        """
        if self.is_regular:
            return self
        volume = regridding.even_volume(
            self, method, fill, voxels=self.voxels, is_real=not self.is_scaled
        )
        slabs = volume.slabs
        if not self.is_lazy:
            slabs = array_frames(slabs.read(0, slabs.shape[0]))
        notes = (*self.notes, *volume.grid.statement.notes)
        return replace(self, slabs=slabs, grid=volume.grid, is_part=True, notes=notes)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Save the voxels and their geometry as one file of another format.

        As ``dicomseries read SERIES FILE`` does. The file appears complete or not at all.

        Parameters
        ----------
        path : path-like
            Its ending is the format: .npy, .npz, .nii, .nii.gz, .nrrd, .mha, .zarr, .tif. Several
            volumes are the first axis; .npy has no geometry. Attributes are not in the file.
            Beside .nii and .nii.gz, b-values and gradients are FSL's ``.bval`` and ``.bvec``.
        overwrite : bool
            Replace a file of this name.

        Raises
        ------
        OptionError
            If no format has this ending, or it cannot hold the dtype.
        TargetError
            If the name is taken, or its folder is missing.
        MissingPackageError
            If the format's package is not installed.
        WriteError
            If the system cannot write; nothing is left behind.

        Warns
        -----
        DicomSeriesWarning
            If low values are bright (MONOCHROME1), which the file cannot state, or if it needs a
            slice thickness where none is stated.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from dicomseries.api import read
        >>> from pydicom.data import get_testdata_file
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     read(get_testdata_file("CT_small.dcm")).save(Path(folder, "ct.npz"))
        ...     np.load(Path(folder, "ct.npz"))["spacing_mm"]
        array([0.661468, 0.661468, 5.      ])
        """
        sinks.find_format(path)
        sinks.check_free(path, overwrite=overwrite)
        voxels = self._voxels()
        beside = sinks.fsl_files(os.fspath(path), voxels)
        for name in beside:
            sinks.check_free(name, overwrite=overwrite)
        if self.tags.shared.get("PhotometricInterpretation") == "MONOCHROME1":
            warnings.warn(_INVERTED, DicomSeriesWarning, stacklevel=2)
        if not os.fspath(path).lower().endswith(".npy"):  # which has no geometry at all
            self._warn_of_thickness(os.fspath(path))
        sinks.save_volume(path, voxels, overwrite=overwrite)
        for name, text in beside.items():
            sinks.save_bytes(name, text.encode("ascii"), overwrite=overwrite)

    def to_sitk(self) -> Any:
        """Return the volume as an image of SimpleITK, in LPS mm.

        Returns
        -------
        SimpleITK.Image
            The numbers of `array`; colour is a vector pixel. Several volumes are a fourth
            dimension, its spacing in seconds if the steps are even, else 1. Without stated geometry
            spacing is 1 and origin 0, as in a new image.

        Raises
        ------
        MissingPackageError
            If SimpleITK is not installed.
        OptionError
            If SimpleITK has no such dtype.

        Warns
        -----
        DicomSeriesWarning
            If one slice has no stated thickness: the image has 1 mm.

        Examples
        --------
        >>> from dicomseries.api import read
        >>> from pydicom.data import get_testdata_file
        >>> image = read(get_testdata_file("CT_small.dcm")).to_sitk()
        >>> image.GetSize(), image.GetSpacing()
        ((128, 128, 1), (0.661468, 0.661468, 5.0))
        """
        self._warn_of_thickness("the image")
        return sinks.itk_image(self._voxels(), "to_sitk")

    def to_nibabel(self) -> Any:
        """Return the volume as a NIfTI image of nibabel, in RAS mm.

        Returns
        -------
        nibabel.Nifti1Image
            The numbers of `array` with axes (columns, rows, slices[, volumes]), colour as RGB24.
            ``affine``, sform and qform are the scanner's coordinates; even steps of time are the
            fourth zoom, in seconds. Without stated geometry the codes of both are 0.

        Raises
        ------
        MissingPackageError
            If nibabel is not installed.
        OptionError
            If NIfTI has no such dtype, or no such colours.

        Warns
        -----
        DicomSeriesWarning
            If one slice has no stated thickness: the image has 1 mm.

        Examples
        --------
        >>> from dicomseries.api import read
        >>> from pydicom.data import get_testdata_file
        >>> image = read(get_testdata_file("CT_small.dcm")).to_nibabel()
        >>> image.shape, image.affine[:2, 3].round(2).tolist()
        ((128, 128, 1), [158.14, 179.04])
        """
        self._warn_of_thickness("the image")
        return sinks.nifti_image(self._voxels(), "to_nibabel")

    def to_xarray(self) -> Any:
        """Return the volume as a DataArray of xarray; a lazy one stays lazy.

        Returns
        -------
        xarray.DataArray
            Dimensions ([t, ]z, y, x[, rgb]); named axes of volumes in place of t, such as (echo, t,
            z, y, x), with their values. Coordinates are LPS mm where rows, columns and slices run
            along the axes of the patient. Otherwise each axis has three, whose sums are the
            positions: ``L_x + L_y + L_z`` to the left, and so for P and S. ``t`` is in seconds.
            ``attrs["units"]`` is the unit of the values, where the series states one. `write` takes
            the array back, whole or cut.

        Raises
        ------
        MissingPackageError
            If xarray is not installed; or dask, for a lazy volume.

        Examples
        --------
        >>> from dicomseries.api import read
        >>> from pydicom.data import get_testdata_file
        >>> labelled = read(get_testdata_file("CT_small.dcm")).to_xarray()
        >>> labelled.dims, labelled.x[:2].values.round(2).tolist()
        (('z', 'y', 'x'), [-158.14, -157.47])
        """
        attributes: dict[str, Any] = {}
        unit = unit_of(self.tags.shared)
        if unit:
            attributes["units"] = unit
        if self.is_scaled:  # the names of the CF conventions, which xarray knows
            attributes |= {"scale_factor": self.slope, "add_offset": self.intercept}
        array = self.to_dask() if self.is_lazy else self.array
        return sinks.data_array(self._voxels(array), attributes, "to_xarray")

    def _voxels(self, array: Any = None) -> sinks.Voxels:
        return sinks.Voxels.of(
            np.asarray(self) if array is None else array,
            self.grid,
            volumes=self.volumes,
            times_s=self.times_s,
        ).with_volumes(self.volume_axes, self.b_values, self.gradients)

    def _warn_of_thickness(self, target: str) -> None:
        statement = self.grid.statement
        if self.slices > 1 or not statement.has_place or statement.thickness != "missing":
            return
        message = (
            f"The series has one slice and states no thickness: {target} has 1 mm, since it cannot "
            "leave it out. Set the spacing of the slices if you know it."
        )
        warnings.warn(message, DicomSeriesWarning, stacklevel=3)

    def view(
        self,
        viewer: Literal["niivue", "dcmview", "ohif"] | None = None,
        *,
        ohif_dist: str | None = None,
        open_browser: bool | None = None,
        height: int = 640,
    ) -> View:
        """Show the series in a browser, served by a thread.

        The call returns at once.

        Parameters
        ----------
        viewer : {"niivue", "dcmview", "ohif"}, optional
            Another viewer; the quick look if not given.
        ohif_dist : str, optional
            Folder of an unpacked distribution of OHIF, for ``viewer="ohif"``.
        open_browser : bool, optional
            Whether to open the browser; if not given, in a program but not in a notebook.
        height : int
            Of the frame in a notebook, in pixels.

        Returns
        -------
        View
            With ``address``, for a browser on this machine, and ``close()``; ``wait()`` waits for
            Ctrl-C. As the last value of a notebook's cell it appears in a frame; the notebook keeps
            the address, no image. It ends with ``close()``, as a context manager, or with the
            interpreter: a program without further work calls ``wait()``.

        Raises
        ------
        OptionError
            If there is no such viewer, or the series is at a URL.
        MissingPackageError
            If the viewer is not installed.
        ReadError
            If the files are no longer there.

        Notes
        -----
        Served on loopback at an address with a secret, as by ``dicomseries view``, from the files.
        A notebook on another machine shows an empty frame.

        Examples
        --------
        >>> from dicomseries.api import read
        >>> from pydicom.data import get_testdata_file
        >>> with read(get_testdata_file("CT_small.dcm")).view(open_browser=False) as view:
        ...     print(view.address.startswith("http://127.0.0.1:"))
        True
        """
        from dicomseries.api import background_view  # noqa: PLC0415 - only where a series is shown

        return background_view.view(
            self.path,
            series=self.series,
            viewer=viewer,
            ohif_dist=ohif_dist,
            open_browser=open_browser,
            height=height,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LazySeriesVolume(SeriesVolume):
    """A volume of ``read(path, lazy=True)``, whose voxels stay in the files."""

    is_lazy: ClassVar[bool] = True

    @property
    def array(self) -> LazyArray:  # type: ignore[override] # numpy's interface, as far as indexing
        """The voxels, read when indexed, shape ([volumes, ]slices, rows, columns[, 3])."""
        return LazyArray(self.slabs, self.shape)
