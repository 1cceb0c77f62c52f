"""The table of readers; each is started once for all series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from judges.browser import browser, package_version
from judges.cases import Part
from judges.copies import copied_through_json
from judges.dcmtk import dcmtk_version, open_with_dcmtk
from judges.nifti import (
    read_with_dcm2niix,
    read_with_dicom2nifti,
    read_with_vtk_dicom,
    vtk_dicom_version,
)
from judges.node import itk_wasm
from judges.ohif import ohif, ohif_version
from judges.orthanc import orthanc, orthanc_version
from judges.orthanc_dicomweb import orthanc_dicomweb, orthanc_dicomweb_version
from judges.outcomes import CANNOT, CannotReadError, Meant, outcome
from judges.plane_outcomes import outcome_on_planes
from judges.readers import (
    read_with_gdcm_as_volume,
    read_with_highdicom,
    read_with_simpleitk,
)
from judges.seen import Seen

__all__ = ["PROGRAMS", "Program", "outcomes_of"]

NO_VOLUME = "not reconstructable"
"""How OHIF says of slices that it shows them one by one."""

Ask = Callable[[Path, Meant], str]
"""The outcome of the series in this folder (`judges.outcomes`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A reader: its name, task, version, start, and whether its version is pinned.

    `on_the_web` marks archives, copies through JSON and readers of web pages.
    """

    name: str
    asked: str
    version: Callable[[], str]
    start: Callable[[], AbstractContextManager[Ask]]
    pinned: bool = True
    on_the_web: bool = False


def viewing(open_series: Callable[[Path], list[Seen]]) -> Ask:
    """Return the task of a program that shows its content, once for each folder."""
    shown: dict[Path, list[Seen]] = {}

    def ask(folder: Path, meant: Meant) -> str:
        if folder not in shown:
            try:
                shown[folder] = open_series(folder)
            except CannotReadError:
                shown[folder] = []
        if not shown[folder]:
            return CANNOT
        judge = outcome if meant.planes is None else outcome_on_planes
        return judge(shown[folder], meant)

    return ask


def library(
    read: Callable[[Path], Seen | list[Seen]], *refusals: type[Exception]
) -> Callable[[], AbstractContextManager[Ask]]:
    """Return the start of a reader that is a library, with the errors of its rejections."""

    def open_series(folder: Path) -> list[Seen]:
        try:
            seen = read(folder)
        except refusals as error:
            raise CannotReadError(str(error)) from error
        return seen if isinstance(seen, list) else [seen]

    @contextmanager
    def start() -> Iterator[Ask]:
        yield viewing(open_series)

    return start


@contextmanager
def page(name: str) -> Iterator[Ask]:
    """Start a browser with a page of tests/interop/viewers."""
    with browser(name) as open_series:
        yield viewing(open_series)


@contextmanager
def planes_of_ohif() -> Iterator[Ask]:
    """Start a browser with OHIF."""
    with ohif() as open_series:

        def in_planes(folder: Path) -> list[Seen]:
            try:
                return open_series(folder)
            except CannotReadError as error:
                if NO_VOLUME not in str(error) or len(list(folder.glob("*.dcm"))) == 1:
                    raise
                return open_series(folder, layout="")

        yield viewing(in_planes)


@contextmanager
def wasm() -> Iterator[Ask]:
    """Start node with ITK in WebAssembly."""
    with itk_wasm() as open_series:
        yield viewing(open_series)


@contextmanager
def json_copies() -> Iterator[Ask]:
    """Copy with pydicom; nothing needs to be started."""
    yield copied_through_json


PROGRAMS = (
    Program(
        name="SimpleITK",
        asked="`ImageSeriesReader` with the names that GDCM sorts, `ReadImage` where they are one",
        version=partial(version, "SimpleITK"),
        start=library(read_with_simpleitk, RuntimeError),
    ),
    Program(
        name="dcm2niix",
        asked="every NIfTI file that it makes of the folder",
        version=partial(version, "dcm2niix"),
        start=library(read_with_dcm2niix),
    ),
    Program(
        name="vtk-dicom",
        asked="the NIfTI file that its `dicomtonifti` makes of the files",
        version=vtk_dicom_version,
        start=library(read_with_vtk_dicom),
        pinned=False,
    ),
    Program(
        name="dicom2nifti",
        asked="`dicom_series_to_nifti` without turning the axes",
        version=partial(version, "dicom2nifti"),
        start=library(read_with_dicom2nifti),
    ),
    Program(
        name="highdicom",
        asked="`get_volume_from_series`, `get_volume` of one file, with the segments combined",
        version=partial(version, "highdicom"),
        start=library(read_with_highdicom, ValueError, RuntimeError, AttributeError),
    ),
    Program(
        name="GDCM",
        asked="`IPPSorter` and `ImageReader`",
        version=partial(version, "python-gdcm"),
        start=library(read_with_gdcm_as_volume, ValueError),
    ),
    Program(
        name="dcmtk",
        asked="its renderer `dcm2pnm`: 16-bit pictures of all frames; it has no volumes",
        version=dcmtk_version,
        start=library(open_with_dcmtk),
        pinned=False,
    ),
    Program(
        name="Orthanc",
        on_the_web=True,
        asked="an archive: the files stored and fetched again, and the raw frames",
        version=orthanc_version,
        start=orthanc,
        pinned=False,
    ),
    Program(
        name="Orthanc DICOMweb",
        on_the_web=True,
        asked="its DICOMweb plugin: STOW, QIDO, and the files, metadata, frames and a picture "
        "by WADO",
        version=orthanc_dicomweb_version,
        start=orthanc_dicomweb,
        pinned=False,
    ),
    Program(
        name="pydicom JSON",
        on_the_web=True,
        asked="copies with pydicom: `to_json`, `from_json`, `save_as`, judged by dciodvfy",
        version=partial(version, "pydicom"),
        start=json_copies,
    ),
    Program(
        name="@itk-wasm/dicom",
        on_the_web=True,
        asked="`readImageDicomFileSeries` and `readSegmentation` with node: ITK as "
        "web pages have it",
        version=partial(package_version, "@itk-wasm/dicom"),
        start=wasm,
    ),
    Program(
        name="Cornerstone3D",
        on_the_web=True,
        asked="its volumes in a browser, split by time as OHIF does; segmentations as images",
        version=partial(package_version, "@cornerstonejs/core"),
        start=partial(page, "cornerstone3d"),
    ),
    Program(
        name="OHIF",
        on_the_web=True,
        asked="its three planes (MPR) in a browser, before the DICOMweb of `dicomseries serve`; "
        "slices without them one by one",
        version=ohif_version,
        start=planes_of_ohif,
    ),
    Program(
        name="NiiVue",
        on_the_web=True,
        asked="its images in a browser, made by its own dcm2niix",
        version=partial(package_version, "@niivue/niivue"),
        start=partial(page, "niivue"),
    ),
)
"""In the order of the documentation's columns."""


def outcomes_of(program: Program, written: Mapping[str, list[Part]]) -> dict[str, str]:
    """Return the outcome of one program for every case, by name."""
    outcomes = {}
    with program.start() as ask:
        for name, parts in written.items():
            words = [ask(part.folder, part.meant) for part in parts]
            outcomes[name] = " / ".join(dict.fromkeys(words))
    return outcomes
