"""Every option of `write`, `plan` and `derive`, declared once.

One block for each option. The signatures, their documentation, the command line, the reference
pages and the digest for ``uid="content"`` are made from these blocks. Checks and conversions are
the functions of `dicomseries.options.option_checks`. ``dicomseries write --help`` reads this module
and imports nothing heavy.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import option_groups as groups
from dicomseries.options.option import declared, option
from dicomseries.progress_bar import ProgressReport

if TYPE_CHECKING:
    from dicomseries.codecs import Codec
    from dicomseries.derivation import Model
    from dicomseries.executors import Executor
    from dicomseries.orientation import Orient
    from dicomseries.reading import SeriesFiles
    from dicomseries.standard.attributes.attribute import Item
    from dicomseries.uids import UidPolicy
    from dicomseries.values import Policy

__all__ = ["WriteOptions"]

_GRID_COUNTS = "the voxels and their grid count, however they were stated"
_SAME_FILES = "the files are the same"
_of_writing = partial(option, group=groups.WRITING, not_in_content=_SAME_FILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """The checked options of one write, as `checked_options` returns them."""

    # ------------------------------------------------------------------------------------ values
    kind: str | None = option(
        accepts="str",
        text='Only you know what the numbers are. One file for each slice: ``"CT"``, ``"MR"``,'
        ' ``"PT"``, ``"SC"``; one file for all: ``"EnhancedCT"``, ``"EnhancedMR"``,'
        ' ``"MultiframeSC"``, ``"XRay3D"``, ``"ParametricMap"``, ``"Segmentation"``. With `like`,'
        " the kind of that series if not given.",
        group=groups.VALUES,
        help="What the numbers are; one of the kinds below.  [default: that of the series it comes"
        " from]",
        metavar="KIND",
    )
    values: Policy | None = option(
        default="auto",
        accepts="policy or str",
        text='``"auto"`` (Exact for integers, else Rescale), `Exact`, `Rescale`, `Digits`,'
        " `Lossless`.",
        group=groups.VALUES,
        help="How values are stored: auto, exact, lossless (floats bit for bit), rescale,"
        " max-error=E, digits=N; rescale,per-slice or max-error=E,per-slice for a slope of each"
        " slice (PT).  [default: auto]",
        metavar="POLICY",
    )
    nan: float | None = option(
        accepts="float, optional",
        text="Real value for NaN and infinities; without it they are rejected.",
        group=groups.VALUES,
        help="Store this where a voxel is not finite.",
        metavar="VALUE",
        words=float,
        only_for="numbers",
    )
    clip: tuple[float, float] | None = option(
        accepts="tuple of float, optional",
        text="Real values beyond (low, high) are set to the limit, and counted. For integers, a"
        " limit with a fraction counts as the next whole number inside.",
        group=groups.VALUES,
        help="Clip to this range; the receipt counts the clipped voxels.",
        metavar="LO HI",
        words=tuple[float, float],
        only_for="numbers",
    )
    value_range: tuple[float, float] | None = option(
        accepts="tuple of float, optional",
        text="Real values between which all voxels lie (after `clip`), if you know them: floats"
        " and wide integers are then read once, and the window follows from at most an eighth of"
        " them. A voxel beyond is rejected while writing.",
        group=groups.VALUES,
        help="All values lie between these: floats are then read once. A value beyond is rejected.",
        metavar="LO HI",
        words=tuple[float, float],
        only_for="numbers",
    )
    units: str | None = option(
        accepts="str, optional",
        text='UCUM code of the unit of the values, such as ``"mm2/s"``; written where the kind'
        " maps to real-world values.",
        group=groups.VALUES,
        help="Unit of the values: mm2/s, Bq/ml, ms, 1.",
        metavar="UCUM",
    )
    companion: bool = option(
        default=False,
        accepts="bool",
        text="Beside the lossless map of floats, write a classic series of 16 bits for display;"
        " they name each other.",
        group=groups.VALUES,
        help="Write floats twice: lossless in OUT/map, and in 16 bits, for display, in"
        " OUT/display.",
        words=bool,
        only_for="numbers",
    )
    # ----------------------------------------------------------------------------- source series
    like: SeriesFiles | None = option(
        accepts="path-like, Volume, Series, or iterable of paths or datasets, optional",
        text="The series that the array was made from: its folder or URL, the volume that `read`"
        " returned, a series of `scan`, its files, or pydicom datasets. Kind, grid, patient, study,"
        " frame of reference and other attributes that stay true are taken over, and its slices are"
        " referenced one by one.",
        group=groups.SOURCE_SERIES,
        help="Folder of the series that the array was made from: what stays true is taken over"
        " from it, and it is referred to slice by slice.",
        metavar="SERIES",
        not_in_content="its attributes and its UIDs count, not its path",
    )
    series: str | None = option(
        accepts="str, optional",
        text="SeriesInstanceUID in `like`, if there are several.",
        group=groups.SOURCE_SERIES,
        help="Its SeriesInstanceUID, where the folder has several.",
        metavar="UID",
        not_in_content="the attributes and the UIDs of that series count",
        only_for="like",
    )
    derivation: Item | None = option(
        accepts="str or sequence, optional",
        text="What was done: code, name or (value, scheme, meaning) of CID 7203, such as"
        ' ``"113087"`` or ``"smoothing"``.',
        group=groups.SOURCE_SERIES,
        help="What was done: smoothing, 113087, MIP, or a code of your own as"
        " VALUE,SCHEME,MEANING.",
        metavar="CODE|NAME",
        only_for="like",
    )
    description: str | None = option(
        accepts="str, optional",
        text="SeriesDescription of the result.",
        group=groups.SOURCE_SERIES,
        help="SeriesDescription of the result.",
        metavar="TEXT",
        only_for="like",
    )
    model: Model | None = option(
        accepts="mapping, optional",
        text="An algorithm that took part: ``name``, ``version``, ``manufacturer``.",
        group=groups.SOURCE_SERIES,
        help="Algorithm or network that made the array.",
        metavar="NAME",
        flag="--model-name",
        only_for="like",
    )
    keep_private: tuple[str, ...] = option(
        default=(),
        accepts="sequence of str",
        text="Creators of private attributes that are taken over from `like`.",
        group=groups.SOURCE_SERIES,
        help="Take over this creator's private attributes too; again for more.",
        metavar="CREATOR",
        words=list[str],
        only_for="like",
    )
    same_space: bool | None = option(
        accepts="bool, optional",
        text="Whether the array lies in the space of `like`. If not given, it is assumed to,"
        " unless its file states a template space (MNI, Talairach), which is rejected. False gives"
        " the result a new frame of reference.",
        group=groups.SOURCE_SERIES,
        help="Whether the array is in the space of the source. An array in template space (MNI)"
        " needs one of them; in another space it gets a new frame of reference.",
        words=bool,
        flag="--same-space/--another-space",
        only_for="like",
    )
    # ---------------------------------------------------------------------------------- geometry
    spacing: Sequence[float] | None = option(
        accepts="sequence of float, optional",
        text='mm along x (columns), y (rows), z (slices), as in ITK. Kinds ``"SC"`` and'
        ' ``"MultiframeSC"`` can do without, and then state neither spacing nor position.',
        group=groups.GEOMETRY,
        help="Voxel size in mm: along columns, rows, slices (ITK's order). SC and MultiframeSC can"
        " do without.",
        metavar="X Y Z",
        words=tuple[float, float, float],
        not_in_content=_GRID_COUNTS,
    )
    origin: Sequence[float] | None = option(
        accepts="sequence of float, optional",
        text="LPS mm of the centre of the first voxel, as in ITK.",
        group=groups.GEOMETRY,
        help="Centre of the first voxel, LPS mm.  [default: 0 0 0]",
        metavar="X Y Z",
        words=tuple[float, float, float],
        not_in_content=_GRID_COUNTS,
    )
    direction: Any = option(
        accepts="array_like, optional",
        text="Nine direction cosines, or six as in ImageOrientationPatient.",
        group=groups.GEOMETRY,
        help="6 cosines as ImageOrientationPatient has them, or 9 as ITK prints them.",
        metavar="N...",
        not_in_content=_GRID_COUNTS,
    )
    affine: Any = option(
        accepts="array_like, optional",
        text="4×4, from (column, row, slice) indices to mm; with `space`.",
        group=groups.GEOMETRY,
        help="4x4 matrix from (column, row, slice) to mm: .npy, .txt or .json.",
        metavar="FILE",
        not_in_content=_GRID_COUNTS,
    )
    space: str | None = option(
        accepts='{"LPS", "RAS"}, optional',
        text="The frame of `affine`.",
        group=groups.GEOMETRY,
        help="The frame in which --affine ends.",
        metavar="LPS|RAS",
        not_in_content=_GRID_COUNTS,
    )
    positions: Any = option(
        accepts="array_like or path, optional",
        text="Places of slices that are not even: LPS mm of the first voxel of each, shape"
        " (slices, 3), instead of `origin`; or a distance along the normal for each. `spacing`"
        " then has the thickness of the slices as z. Also a .npy, .csv, .txt or .json file.",
        group=groups.GEOMETRY,
        help="Place of each slice if uneven: .npy, .csv, .txt or .json with x y z (LPS mm of the"
        " first voxel) or a distance along the normal a line; or the distances themselves, with"
        " commas. The third number of --spacing is then the thickness.",
        metavar="FILE|MM,MM,...",
        not_in_content=_GRID_COUNTS,
    )
    axes: str | None = option(
        accepts="str, optional",
        text='Names of the axes of the array, e.g. ``"zyx"`` (default), ``"xyz"`` (nibabel),'
        ' ``"zyxc"`` (colour), ``"tzyx"``. Of a segmentation, ``c`` counts masks: ``"czyx"``.',
        group=groups.GEOMETRY,
        help="Names of the array's axes, any order of t z y x c: tzyx, xyzt, zyxc; czyx for"
        " channels that are masks.",
        metavar="zyx",
        not_in_content=_GRID_COUNTS,
    )
    orient: Orient | None = option(
        accepts='{"as-is", "upright", "axial", "coronal", "sagittal"}, optional',
        text='Order in which whole axes are stored; nothing is interpolated. ``"upright"`` keeps'
        " the slices, and rows and columns run the usual way; a plane may make other slices. If"
        ' not given: the grid of `like` if the voxels are the same, ``"upright"`` for images that'
        ' state directions (NIfTI, SimpleITK, NRRD), ``"as-is"`` for arrays.',
        group=groups.GEOMETRY,
        help="Order in which whole axes are stored: as-is, upright, axial, coronal, sagittal."
        "  [default: the grid of the series it comes from where the voxels are the same, upright"
        " for images with directions, else as-is]",
        metavar="CHOICE",
        not_in_content=_GRID_COUNTS,
    )
    # ----------------------------------------------------------------------------------- volumes
    times: Any = option(
        accepts="float or sequence of float, optional",
        text="Seconds from each volume to the next, or of each volume after the first; those of"
        " the file if not given.",
        group=groups.VOLUMES,
        help="Seconds from volume to volume, or the time of each.  [default: what the file says]",
        metavar="S|S,S,...",
        not_in_content="the times of the volumes count, however they were stated",
    )
    time_point: int | None = option(
        accepts="int, optional",
        text="Index of the only volume to write of an array with an axis t; all of them if not"
        " given.",
        group=groups.VOLUMES,
        help="Only this one of several volumes, from 0.  [default: all]",
        metavar="N",
        words=int,
        not_in_content="the voxels that are written count",
    )
    part: str | None = option(
        accepts='{"magnitude", "phase", "real", "imaginary"}, optional',
        text="Which part of complex numbers to write. Of MR it is named by ComplexImageComponent;"
        " the phase is in radians.",
        group=groups.VALUES,
        help="Part of complex numbers: magnitude, phase (radians), real or imaginary.",
        metavar="PART",
        not_in_content="the voxels that are written count",
    )
    split: bool = option(
        accepts='{"time"}, optional',
        text="One series for each volume, each in its folder, instead of all in one.",
        group=groups.VOLUMES,
        help="A series for each volume instead of one for all, in OUT/time-0001 (echo-0001 by"
        " EchoTime) and so on.",
        metavar="time",
    )
    per_volume: Mapping[str, Any] = option(
        accepts="mapping or path, optional",
        text="Attributes by keyword with a list of values, one for each volume or slice: b-values,"
        " echo times.",
        group=groups.VOLUMES,
        help="Attributes with a list of values, one for each volume or slice: .toml or .json.",
        metavar="FILE",
        only_for="numbers",
    )
    # ------------------------------------------------------------------------------------ labels
    segments: Any = option(
        accepts="mapping, list or path, optional",
        text="Meaning of the labels of a segmentation: label, or name of a mask, → name or fields;"
        " of channels their index. A list names the labels 1, 2, 3 …, or each mask; None leaves a"
        " mask out. Also nnU-Net's ``dataset.json``. Known names become codes.",
        group=groups.LABELS,
        help="What each label or mask means: 1=Liver, liver=Liver (again, or with commas, for"
        " more), or a .toml or .json file (also nnU-Net's dataset.json).",
        metavar="FILE|N=NAME",
        words=list[str],
        only_for="labels",
    )
    segmentation_type: str = option(
        accepts='{"binary", "labelmap", "fractional"}, optional',
        text='How a segmentation is stored; ``"binary"`` if not given. ``"fractional"`` keeps parts'
        " or probabilities from 0 to 1, to 1/255.",
        group=groups.LABELS,
        help="binary (a bit for each voxel and segment), labelmap (the labels) or fractional"
        " (values from 0 to 1).  [default: binary]",
        metavar="TYPE",
        only_for="labels",
    )
    threshold: float | None = option(
        accepts="float, optional",
        text="Least value of a voxel inside of a mask, for probabilities; SegmentDescription says"
        " it.",
        group=groups.LABELS,
        help="Of probabilities: voxels of at least this value are inside.",
        metavar="VALUE",
        words=float,
        not_in_content="the masks and the descriptions of their segments count",
        only_for="labels",
    )
    # ------------------------------------------------------------------- attributes and identity
    metadata: Mapping[str, Any] = option(
        accepts="mapping or path, optional",
        text='Attributes by DICOM keyword (a private one as ``"(0099,1001) CREATOR"``), or a'
        " pydicom Dataset; or a TOML or JSON file of them. None leaves out what `like` holds;"
        " without `like` the attribute is empty.",
        group=groups.IDENTITY,
        help="Attributes by keyword: .toml or .json.",
        metavar="FILE",
        flag="--meta",
    )
    bids: Mapping[str, Any] | None = option(
        accepts="mapping or path, optional",
        text="A BIDS sidecar (the .json beside a NIfTI file). Names and units are converted:"
        " seconds to milliseconds. `metadata` wins; keys without a place in DICOM are named in the"
        " advice.",
        group=groups.IDENTITY,
        help="BIDS sidecar (.json beside a NIfTI file); its seconds become milliseconds.",
        metavar="FILE",
    )
    uid: UidPolicy = option(
        default="random",
        accepts="str or mapping",
        text='``"random"``, ``"content"``, your UID root, or given UIDs.',
        group=groups.IDENTITY,
        help="Where UIDs come from; also StudyInstanceUID=...,others=...  [default: random]",
        metavar="random|content|ROOT",
    )
    now: dt.datetime | None = option(
        accepts="datetime, optional",
        text="Date and time of the series; that of the clock if not given, but none with"
        ' ``uid="content"``, which leaves dates to `metadata`.',
        group=groups.IDENTITY,
        help="Date and time to write, for bytes that can be made again.",
        metavar="ISO",
    )
    entropy: bytes | None = option(
        accepts="bytes, optional",
        text="Random bytes for the UIDs; with `now` it makes a write repeatable to the byte.",
        group=groups.IDENTITY,
        not_in_content="UIDs are made from it instead of from the content",
    )
    # ----------------------------------------------------------------------------------- writing
    compression: Codec | None = option(
        accepts="codec or str, optional",
        text='Lossless: `Rle`, `JpegLs`, `Jpeg2000`, `Htj2k`, `JpegXl`, or ``"rle"``, ``"jpegls"``,'
        ' ``"j2k"``, ``"htj2k"``, ``"jxl"``; none if not given.',
        group=groups.WRITING,
        help="Compress pixels without loss: rle, jpegls, j2k, htj2k, jxl.  [default: none]",
        metavar="CODEC",
        flag="--compress",
    )
    workers: int | None = _of_writing(
        accepts="int, optional",
        text="Threads; one for each processor if not given. The files do not depend on it.",
        help="Threads that write.",
        metavar="N",
        words=int,
    )
    memory: int = _of_writing(
        accepts="int or str, optional",
        text='For the slabs of all threads: bytes, or ``"200 MB"``, ``"2GiB"``. A quarter of the'
        " free memory, at most 512 MiB, if not given. Chunks that are too deep for it are read up"
        " to four times, or copied once to the folder for temporary files; `advice` says so.",
        help="Memory for what is read at once, such as 200MB or 2GiB.  [default: a quarter of what"
        " is free, 512MiB at most]",
        metavar="SIZE",
    )
    executor: Executor = _of_writing(
        accepts="distributed.Client, optional",
        text="A Dask cluster that works instead of threads: its workers have this package and see"
        " the same files.",
        help="Let the workers of this Dask scheduler write, e.g. tcp://host:8786; they see the same"
        " files.",
        metavar="ADDRESS",
        flag="--dask",
    )
    overwrite: bool = _of_writing(
        default=False,
        accepts="bool",
        text="Replace a folder or archive of DICOM files.",
        help="Replace what is there, once the new one is complete.",
        words=bool,
        is_for_plan=False,
    )
    resume: bool = _of_writing(
        default=False,
        accepts="bool",
        text="Continue a write to `out` that was killed, given the same input and options: its"
        " complete files are kept, and the result is the same as without the kill. If there is"
        " none, begin anew.",
        help="Continue the same write, if it was killed (kill -9, power).",
        words=bool,
        is_for_plan=False,
    )
    verify: bool = _of_writing(
        default=True,
        accepts="bool",
        text="Read every file back, by other code than wrote it, and compare before anything"
        " appears.",
        help="Do not read back and compare.",
        words=bool,
        flag="--no-verify",
        is_for_plan=False,
    )
    sync: bool = _of_writing(
        default=True,
        accepts="bool",
        text="Make the files durable (fsync) before they appear.",
        help="Do not wait for the disk.",
        words=bool,
        flag="--no-sync",
        is_for_plan=False,
    )
    dicomdir: bool = _of_writing(
        default=False,
        accepts="bool",
        text="Make a DICOM File-set, as on a CD: a DICOMDIR at the root, and the names of files"
        " that it demands. In a folder, ``.zip`` or ``.tar``.",
        help="Add a DICOMDIR, and name the files for it, as on a CD.",
        words=bool,
        is_for_plan=False,
    )
    progress: ProgressReport | None = _of_writing(
        accepts="bool or callable, optional",
        text="True shows a bar on stderr, on a terminal or in a notebook. A callable is called as"
        ' ``progress(done, total, what)``, with slices and ``"reading"``, ``"copying"`` or'
        ' ``"writing"``.',
    )
    storage_options: Mapping[str, Any] | None = option(
        accepts="mapping, optional",
        text="Options of fsspec, for URLs; by default its configuration and the environment. They"
        " are never written to a file.",
        group=groups.URLS,
        help="For URLs: an option of fsspec, as text or JSON; repeat for more. Keep secret keys in"
        " the environment or a profile instead: other users can see the command line, and shells"
        " store it.",
        metavar="KEY=VALUE",
        words=list[str],
        not_in_content=_SAME_FILES,
    )

    @property
    def geometry(self) -> dict[str, Any]:
        """The arguments of `open_volume`."""
        return {name: getattr(self, name) for name in groups.OPENING}

    def content(self) -> dict[str, Any]:
        """Return the options that count for content UIDs."""
        options = declared(type(self)).items()
        return {name: getattr(self, name) for name, option in options if not option.not_in_content}
