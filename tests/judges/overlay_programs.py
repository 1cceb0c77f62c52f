"""The table of programs that lay a result over its source; each is started once."""

from __future__ import annotations

import json
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from judges.browser import package_version
from judges.node import image_voxels, node_program
from judges.ohif import Ohif, ohif, ohif_version
from judges.outcomes import PLACE_MM
from judges.overlays import Overlay, overlay_from_page, overlay_outcome, placed_on
from judges.presence import absent
from judges.readers import read_highdicom_volume, read_with_simpleitk
from judges.results import WrittenResult
from judges.seen import Seen

__all__ = ["OVERLAY_PROGRAMS", "OverlayProgram", "lay_in_ohif", "overlay_outcomes"]

Lay = Callable[[list[WrittenResult]], list[list[Overlay]]]
"""Takes the results of one source; returns overlays of each, none where it is rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayProgram:
    """A program: its name, task, version and start."""

    name: str
    asked: str
    version: Callable[[], str]
    start: Callable[[], AbstractContextManager[Lay]]


@contextmanager
def planes_and_slices() -> Iterator[Lay]:
    """Start a browser with OHIF."""
    with ohif() as viewer:
        yield partial(lay_in_ohif, viewer)


def lay_in_ohif(viewer: Ohif, results: list[WrittenResult]) -> list[list[Overlay]]:
    """Lay results over their source in an open viewer."""
    source = results[0]
    uids = [each.series_uid for each in results]
    _, *images = viewer.overlays(source.source_folder.parent, source.source_uid, uids)
    overlays = {head["series"]: overlay_from_page(head, voxels) for head, voxels in images}
    return [overlays[uid] for uid in uids]


@contextmanager
def adapters() -> Iterator[Lay]:
    """Start node with the adapters of Cornerstone3D."""
    with node_program("adapters") as ask:

        def lay(results: list[WrittenResult]) -> list[list[Overlay]]:
            files = sorted(results[0].source_folder.glob("*.dcm"))
            paths = [str(each.path) for each in results]
            images = ask({"source": list(map(str, files)), "results": paths})["images"]
            return [overlay_from_page(image, image_voxels(image)) for image in images]

        yield lay


@contextmanager
def of_highdicom() -> Iterator[Lay]:
    """Read with highdicom; nothing needs to be started."""
    if find_spec("highdicom") is None:
        absent("highdicom", "run `make check`, which installs it")

    def lay(results: list[WrittenResult]) -> list[list[Overlay]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own deprecations
            source = read_highdicom_volume(results[0].source_folder)
            return [_by_highdicom(each.path, source) for each in results]

    yield lay


def _by_highdicom(path: Path, source: Any) -> list[Overlay]:
    import highdicom

    if pydicom.dcmread(path, specific_tags=["Modality"]).Modality != "SEG":
        volume = highdicom.imread(path).get_volume(dtype=np.float64)
        return [Overlay(values={0: _matched(volume, source)}, affine_lps=_columns_first(source))]
    segmentation = highdicom.seg.segread(path)
    items = [item for item in segmentation.SegmentSequence if item.SegmentNumber > 0]
    numbers = [int(item.SegmentNumber) for item in items]
    segments = segmentation.get_volume(segment_numbers=numbers, dtype=np.float64)
    matched = _matched(segments, source)
    colour = highdicom.color.CIELabColor.from_dicom_value
    return [
        Overlay(
            values={number: matched[..., at] for at, number in enumerate(numbers)},
            affine_lps=_columns_first(source),
            names={int(item.SegmentNumber): item.SegmentLabel for item in items},
            colours={
                int(item.SegmentNumber): colour(item.RecommendedDisplayCIELabValue).to_rgb()
                for item in items
            },
        )
    ]


def _matched(volume: Any, source: Any) -> npt.NDArray[np.float64]:
    """Return the voxels on the grid of the source.

    `match_geometry` keeps what lies behind the source's last row and column.
    """
    matched = volume.match_geometry(source)
    assert np.allclose(matched.affine, source.affine, atol=PLACE_MM)
    slices, rows, columns = source.shape
    array: npt.NDArray[np.float64] = matched.array[:slices, :rows, :columns]
    return array


def _columns_first(volume: Any) -> npt.NDArray[np.float64]:
    """Return the affine of a volume whose indices are (slice, row, column)."""
    affine: npt.NDArray[np.float64] = volume.affine[:, [2, 1, 0, 3]]
    return affine


@contextmanager
def of_dcmqi() -> Iterator[Lay]:
    """Convert with dcmqi and read with ITK: a process for each file."""
    if find_spec("dcmqi") is None:
        absent("dcmqi", "run `make check`, which installs it")

    def lay(results: list[WrittenResult]) -> list[list[Overlay]]:
        source = read_with_simpleitk(results[0].source_folder)
        return [_by_dcmqi(each.path, source) for each in results]

    yield lay


def _by_dcmqi(path: Path, source: Seen) -> list[Overlay]:
    import dcmqi

    dataset = pydicom.dcmread(path, specific_tags=["Modality", "SegmentationType"])
    is_map = dataset.Modality != "SEG"
    program = "paramap2itkimage" if is_map else "segimage2itkimage"
    with tempfile.TemporaryDirectory() as name:
        options = ["--inputDICOM", path, "--outputDirectory", name, "--outputType", "nrrd"]
        command = [Path(dcmqi.__file__).parent / "bin" / program, *options]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        if done.returncode:
            return []
        images = [(file.stem, _image(file)) for file in sorted(Path(name).glob("*.nrrd"))]
        meta = json.loads((Path(name) / "meta.json").read_text(encoding="utf-8"))
    placed = {stem: placed_on(source, image) for stem, image in images}
    if is_map:
        values = {0: next(iter(placed.values()))}
        return [Overlay(values=values, affine_lps=source.affine_lps)]
    is_fractional = dataset.get("SegmentationType") == "FRACTIONAL"
    segments, values = [], {}
    for group, items in enumerate(meta["segmentAttributes"], 1):
        voxels = placed[str(group)]
        for item in items:
            number = item["labelID"]
            values[number] = voxels if is_fractional else (voxels == number).astype(np.float64)
            segments.append(item)
    return [
        Overlay(
            values=values,
            affine_lps=source.affine_lps,
            names={item["labelID"]: item["SegmentLabel"] for item in segments},
            colours={item["labelID"]: item["recommendedDisplayRGBValue"] for item in segments},
        )
    ]


def _image(file: Path) -> Seen:
    import SimpleITK as sitk

    image = sitk.ReadImage(str(file))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return Seen(array=sitk.GetArrayFromImage(image), affine_lps=affine)


OVERLAY_PROGRAMS = (
    OverlayProgram(
        name="OHIF",
        asked="results added to their source, in its three planes (MPR) and slice by slice",
        version=ohif_version,
        start=planes_and_slices,
    ),
    OverlayProgram(
        name="@cornerstonejs/adapters",
        asked="`createFromDICOMSegBuffer` and `generateToolState` with the images of the source: "
        "what web viewers with Cornerstone3D read results with",
        version=partial(package_version, "@cornerstonejs/adapters"),
        start=adapters,
    ),
    OverlayProgram(
        name="dcmqi",
        asked="`segimage2itkimage` and `paramap2itkimage`, as in 3D Slicer; their images on the "
        "source as SimpleITK reads it",
        version=partial(version, "dcmqi"),
        start=of_dcmqi,
    ),
    OverlayProgram(
        name="highdicom",
        asked="`get_volume` and `match_geometry` with the volume of the source",
        version=partial(version, "highdicom"),
        start=of_highdicom,
    ),
)
"""In the order of the documentation's columns."""


def overlay_outcomes(lay: Lay, results: Iterable[WrittenResult]) -> dict[str, str]:
    """Return the outcome of an open program for every result, by name."""
    found = {}
    by_source = sorted(results, key=lambda each: str(each.source_folder))
    for _, group in groupby(by_source, key=lambda each: each.source_folder):
        of_source = list(group)
        for written, overlays in zip(of_source, lay(of_source), strict=True):
            found[written.result.name] = overlay_outcome(overlays, written.result)
    return found
