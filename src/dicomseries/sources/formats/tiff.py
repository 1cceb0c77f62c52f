"""TIFF files: pages as slices, ImageJ's and OME's resolution.

The only module that imports `tifffile` here.
"""

from __future__ import annotations

import math
import operator
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError, install_remedy, missing_package
from dicomseries.geometry import Grid, Vector
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.length_units import mm_per_unit
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.stated_geometry import lengths_only
from dicomseries.sources.arguments.volume_times import step_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.files.mapped_files import map_file
from dicomseries.sources.frames.files.unpacked_size import check_packing
from dicomseries.sources.frames.frame_reader import FrameReader
from dicomseries.sources.optional_packages import guarded
from dicomseries.sources.volume import Volume
from dicomseries.sources.written_volumes import with_written_volumes

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "tiff"
"""Extra that installs tifffile and the decoders of imagecodecs."""

_EXPECTED = "a TIFF file whose compression is known here"
_REMEDY = "Check that the file is whole. Its compression may need imagecodecs: " + install_remedy(
    ["imagecodecs"], extra="tiff"
)
_NUMBERS_ARE_LIGHT = {1, 2, 6}
"""MINISBLACK, RGB, and YCBCR, which decoders turn into RGB where JPEG has made it."""

_COMPRESSIONS = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate", 32773: "packbits"}
"""By the number of the tag Compression; of others no limit is known."""


class _Form(NamedTuple):
    """Sizes in a TIFF directory, and its offset's place."""

    first: int
    offset: int
    number: int
    entry: int


_FORMS = {42: _Form(4, 4, 2, 12), 43: _Form(8, 8, 8, 20)}
"""By version: TIFF, and BigTIFF."""

_LETTERS = {"S": "c", "Q": "z", "I": "z"}


def matches(source: object) -> bool:
    """Return whether `source` is a ``.tif`` or ``.tiff`` file.

    Examples
    --------
    >>> matches(Location(Path("a.ome.TIF"))), matches(Location(Path("a.mha")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(".tif", ".tiff")


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    """Return the first series of a TIFF file.

    Voxels that lie raw in one piece are mapped, else read page by page.

    The grid is the one this package wrote beside an exported series; else the spacing is taken from
    ImageJ's or OME's metadata if it has all three lengths in a unit of length. A mere print
    resolution (dots per inch) is not taken for a voxel size. TIFF itself knows no orientation.
    Times are ImageJ's ``finterval`` or OME's ``TimeIncrement``.

    Raises
    ------
    MissingPackageError
        If tifffile is not installed.
    SourceError
        If the file cannot be read, or its axes are others than t, z, y, x and colour.
    OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.tif"
    ...     metadata = {"spacing": 2.5, "unit": "mm", "axes": "ZYX"}
    ...     tifffile.imwrite(path, np.zeros((3, 4, 5), "uint16"), imagej=True, resolution=(2, 2),
    ...         metadata=metadata)
    ...     open_volume(Location(path), SourceArguments()).grid.spacing_mm
    (0.5, 0.5, 2.5)
    """
    where = arguments.where
    _check_pages(source.path, where)
    file = _open_file(source.path, where)
    try:
        with guarded(where, _EXPECTED, _REMEDY):
            series = _only_series(file, where)
            written = dict((file.shaped_metadata or [{}])[0])
            grid = _grid(file, written)
            step, unit = _step(file)
        axes = array_axes(series.shape, arguments, _letters(series.axes))
        check_dtype(series.dtype, where)
        frames = _open_voxels(file, series, axes, where)
    except BaseException:
        file.close()
        raise

    def times(volumes: int) -> npt.ArrayLike | None:
        stated: npt.ArrayLike | None = written.get("times_s")
        return stated or step_times(step, unit, volumes, where=where)

    volume = build_volume(frames, axes, arguments, lambda: grid, source_times=times)
    return with_written_volumes(volume, written, arguments)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class _Pages:
    """Pages that are decoded one by one, one thread at a time."""

    series: Any
    axes: ArrayAxes
    where: str
    lock: Any

    def frames(self) -> FrameReader:
        return FrameReader(
            shape=self.axes.frames_shape,
            dtype=np.dtype(self.series.dtype),
            read=self.read,
            where=self.where,
        )

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        shape = self.axes.frames_shape
        if start >= min(stop, shape[0]):
            return np.empty((0, *shape[1:]), self.series.dtype)
        return self.axes.gather(start, stop, self._take)

    def _take(self, index: tuple[slice, ...]) -> npt.NDArray[Any]:
        inside = self._axes_inside_a_page()
        outer, inner = index[:-inside], index[-inside:]
        ranges = [range(part.start, part.stop) for part in outer]
        numbers = np.zeros((), int)
        if ranges:
            numbers = np.ravel_multi_index(np.ix_(*ranges), self.axes.shape[:-inside])
        pages = np.stack([self._page(number)[inner] for number in numbers.ravel().tolist()])
        return pages.reshape(*map(len, ranges), *pages.shape[1:])

    def _axes_inside_a_page(self) -> int:
        """Return how many trailing axes of the series one page holds."""
        pages = len(self.series.pages)
        inside = len(self.axes.shape)
        while inside > 1 and math.prod(self.axes.shape[:-inside]) < pages:
            inside -= 1
        return inside

    def _page(self, number: int) -> npt.NDArray[Any]:
        shape = self.axes.shape[-self._axes_inside_a_page() :]
        with guarded(f"{self.where}, page {number}", _EXPECTED, _REMEDY), self.lock:
            page = self.series.pages[number]
            _check_packing(page, f"{self.where}, page {number}")
            return np.asarray(page.asarray()).reshape(shape)


def _check_packing(page: Any, where: str) -> None:
    """Reject a page whose pieces cannot hold its pixels; an empty piece is zeros in some files."""
    first, size = page.keyframe, page.parent.filehandle.size
    places = zip(page.dataoffsets, page.databytecounts, strict=False)
    counts = [max(0, min(count, size - offset)) for offset, count in places]
    compression = _COMPRESSIONS.get(int(first.compression), "other")
    check_packing(
        "other" if 0 in page.databytecounts else compression,
        where=where,
        packed_bytes=sum(counts),
        unpacked_bytes=first.size * first.bitspersample // 8,
        piece_bytes=first.nbytes,
    )


def _check_pages(path: Path, where: str) -> None:
    """Reject pages that lead back into themselves, or are larger than their file.

    tifffile follows any chain of pages, and reads any number of entries (TIFF 6.0 section 2).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
        form = _FORMS.get(int.from_bytes(head[2:4], order))
        if form is None:
            return
        place = int.from_bytes(head[form.first : form.first + form.offset], order)
        visited: set[int] = set()
        while place:
            file.seek(min(place, size))
            entries = int.from_bytes(file.read(form.number), order)
            end = place + form.number + form.entry * entries
            if place in visited or end + form.offset > size or not entries:
                raise SourceError(
                    code="file-damaged",
                    where=where,
                    given=f"a page at byte {place} of {size}, with {entries} entries",
                    expected="pages that follow each other and end inside of the file",
                    remedy="Copy or export the file again.",
                )
            visited.add(place)
            file.seek(end)
            place = int.from_bytes(file.read(form.offset), order)


def _open_file(path: Path, where: str) -> Any:
    try:
        import tifffile
    except ImportError as error:
        raise missing_package(extra="tiff", where=where) from error
    with guarded(where, _EXPECTED, _REMEDY):
        return tifffile.TiffFile(path)


def _only_series(file: Any, where: str) -> Any:
    """Return the one image of a file; pages left out in silence would be lost slices."""
    series = file.series
    if len(series) != 1:
        shapes = ", ".join(str(image.shape) for image in series[:3])
        if len(series) > 3:
            shapes += ", …"
        raise SourceError(
            code="dataset-unclear",
            where=where,
            given=f"{len(series)} images of the shapes {shapes}",
            expected="one image, of which every page has the same size and type",
            remedy="Pass the array itself, e.g. tifffile.imread(path, key=slice(None)) for all "
            "pages, or series=0.",
        )
    photometric = series[0].keyframe.photometric
    if int(photometric) not in _NUMBERS_ARE_LIGHT:
        raise SourceError(
            code="photometric-unsupported",
            where=where,
            given=f"photometric interpretation {photometric.name}",
            expected="MINISBLACK or RGB: numbers that mean brightness as DICOM's MONOCHROME2 and "
            "RGB do",
            remedy="Convert it first, e.g. with Pillow: Image.open(path).convert('RGB'), or pass "
            "the "
            "array itself.",
        )
    return series[0]


def _letters(names: str) -> str | None:
    """Return the letters of tifffile's axes; plain pages (Q, I) are slices."""
    letters = "".join(_LETTERS.get(name, name.lower()) for name in names)
    if set(letters) <= set("tzyxc") and len(set(letters)) == len(letters):
        return letters
    return None


def _open_voxels(file: Any, series: Any, axes: ArrayAxes, where: str) -> FrameReader:
    with guarded(where, _EXPECTED, _REMEDY):
        offset = series.dataoffset
    if offset is not None and not file.is_mdgel:
        dtype = np.dtype(series.dtype).newbyteorder(file.byteorder)
        array = map_file(Path(file.filehandle.path), dtype, series.shape, offset=offset)
        file.close()
        return array.frames(axes)
    pages = _Pages(series, axes, where, threading.Lock())
    weakref.finalize(pages, file.close)
    return pages.frames()


def _grid(file: Any, written: Mapping[str, Any]) -> Grid | None:
    """Return the grid that this package wrote as JSON, else that of ImageJ's or OME's lengths."""
    affine = written.get("affine_lps")
    if affine is not None:
        return Grid.from_affine((1, 1, 1), affine, space="LPS")
    spacing = _spacing_imagej(file) or _spacing_ome(file)
    if spacing is None:
        return None
    statement = lengths_only("ImageJ's or OME's metadata")
    return Grid(shape=(1, 1, 1), spacing_mm=spacing, statement=statement)


def _spacing_imagej(file: Any) -> Vector | None:
    metadata = file.imagej_metadata or {}
    if not metadata.get("unit"):
        return None
    tags = file.pages[0].tags
    lengths = [_pixel_length(tags, name) for name in ("XResolution", "YResolution")]
    lengths.append(abs(float(metadata.get("spacing", 0))))
    return _in_mm(lengths, [metadata["unit"]] * 3)


def _pixel_length(tags: Any, name: str) -> float:
    """Return the length of a pixel from its resolution, pixels per unit; 0 if there is none."""
    if name not in tags:
        return 0.0
    pixels, unit = tags[name].value
    return float(unit / (pixels or math.inf))


def _spacing_ome(file: Any) -> Vector | None:
    pixels = _pixels_ome(file)
    if pixels is None:
        return None
    lengths = [float(pixels.get(f"PhysicalSize{letter}", 0)) for letter in "XYZ"]
    # PhysicalSizeXUnit: the default of the OME schema is µm.
    return _in_mm(lengths, [pixels.get(f"PhysicalSize{letter}Unit", "µm") for letter in "XYZ"])


def _in_mm(lengths: list[float], units: list[str]) -> Vector | None:
    """Return lengths in mm, None if one is missing or in a unit of something else."""
    factors = [mm_per_unit(unit) or 0.0 for unit in units]
    x, y, z = map(operator.mul, lengths, factors)
    if min(x, y, z) <= 0:
        return None
    return x, y, z


def _step(file: Any) -> tuple[float, str | None]:
    """Return the time from one frame to the next and its unit; 0 if none is stated."""
    imagej = file.imagej_metadata or {}
    if "finterval" in imagej:
        return float(imagej["finterval"]), str(imagej.get("tunit", "s"))
    pixels = _pixels_ome(file)
    if pixels is None:
        return 0.0, None
    step = pixels.get("TimeIncrement")
    if step is None:
        return 0.0, None
    # TimeIncrementUnit: the default of the OME schema is s.
    return float(step), pixels.get("TimeIncrementUnit", "s")


def _pixels_ome(file: Any) -> ET.Element | None:
    if not file.is_ome or not file.ome_metadata:
        return None
    # expat bounds the expansion of entities
    return ET.fromstring(file.ome_metadata).find(".//{*}Pixels")  # noqa: S314
