"""A BIDS dataset as jobs, with what becomes none and why."""

from __future__ import annotations

import fnmatch
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from dicomseries.batch.batch_job import BatchJob, JobList
from dicomseries.batch.bids.bids_kinds import LABELS, kind_of
from dicomseries.batch.bids.bids_masks import ConvertedImage, NotConverted, mask_options
from dicomseries.batch.bids.bids_names import BidsName, parse_name
from dicomseries.batch.bids.bids_participants import Participants
from dicomseries.batch.bids.bids_sidecars import FilesAbout
from dicomseries.batch.job_file import job_list
from dicomseries.errors import DicomSeriesError, SourceError, counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import sidecar_of
from dicomseries.sources import open_volume

__all__ = ["bids_jobs"]

_IMAGES = (".nii", ".nii.gz")
_BESIDE = frozenset({".json", ".tsv", ".tsv.gz", ".bval", ".bvec", ".txt", ".md", ".html"})
_NUMBERS = {"anat": 100, "fmap": 200, "dwi": 300, "func": 400, "perf": 500, "pet": 600}
"""Folder → SeriesNumber before its first image; others come later."""
_OTHERS = 700
_OF_THE_STUDY = (
    "PatientSex",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientBirthDate",
    "PatientName",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""Attributes that all series of a study have in common."""
_SAME_S = 0.001
_LONGEST = 64


@dataclass(slots=True, kw_only=True)
class _Dataset:
    """Jobs and left-out files of one dataset, gathered image by image."""

    root: Path
    out: Path
    images: list[ConvertedImage] = field(default_factory=list)
    masks: list[BatchJob] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    ignored: tuple[str, ...] = ()

    def leave_out(self, path: Path, reason: str) -> None:
        """Note a file that becomes no job."""
        self.left_out.append((path.relative_to(self.root).as_posix(), reason))


def bids_jobs(
    root: str | os.PathLike[str], out: str | os.PathLike[str], defaults: Mapping[str, Any]
) -> tuple[JobList, list[tuple[str, str]]]:
    """Return the jobs of a BIDS dataset, and the files that become none.

    Parameters
    ----------
    root : path-like
        Of the dataset.
    out : path-like
        Folder of the series; each lies where its image lies in the dataset.
    defaults : mapping
        Options of `write` for all jobs.

    Returns
    -------
    jobs : JobList
    left_out : list of (str, str)
        Path below the root, and the reason.

    Raises
    ------
    SourceError
        If there is no subject, or a table cannot be read.
    """
    dataset = _Dataset(root=Path(root).absolute(), out=Path(out).absolute())
    subjects = sorted(dataset.root.glob("sub-*/"))
    if not any(subject.is_dir() for subject in subjects):
        raise SourceError(
            code="bids-no-subject",
            where=os.fspath(root),
            given="a folder without sub-* folders",
            expected="the root of a BIDS dataset",
            remedy="Give the folder that holds dataset_description.json and sub-01.",
        )
    dataset.ignored = _ignored(dataset.root)
    about = FilesAbout(root=dataset.root)
    participants = Participants(dataset.root)
    for subject in subjects:
        _add_subject(dataset, subject, about, participants)
    for derivative in _derivatives(dataset.root):
        _add_masks(dataset, derivative)
    lines = [image.job.line for image in dataset.images] + [job.line for job in dataset.masks]
    places = [image.job.place for image in dataset.images] + [job.place for job in dataset.masks]
    listed = job_list(lines, defaults)
    jobs = [replace(job, place=places[job.number - 1]) for job in listed.jobs]
    return replace(listed, name=os.fspath(root), jobs=tuple(jobs)), dataset.left_out


def _ignored(root: Path) -> tuple[str, ...]:
    """Return the patterns of .bidsignore."""
    file = root / ".bidsignore"
    if not file.is_file():
        return ()
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _derivatives(root: Path) -> Iterator[Path]:
    for folder in sorted((root / "derivatives").glob("*/")):
        if folder.is_dir() and any(folder.glob("sub-*/")):
            yield folder


# --- images ---------------------------------------------------------------------------------------


def _add_subject(
    dataset: _Dataset, subject: Path, about: FilesAbout, participants: Participants
) -> None:
    """Add the images of a subject, study by study."""
    by_study: dict[str, list[tuple[ConvertedImage, dict[str, Any]]]] = defaultdict(list)
    numbers: Counter[str] = Counter()
    others: Counter[Path] = Counter()
    has_sessions = len([path for path in subject.glob("ses-*/") if path.is_dir()]) > 1
    for path in sorted(subject.rglob("*")):
        name = parse_name(path.name)
        if path.is_dir() or _is_ignored(dataset, path) or _is_beside(path):
            continue
        if name is None or name.ending not in _IMAGES:
            others[path.parent] += 1
            continue
        try:
            image, stated = _image(dataset, path, name, about)
        except NotConverted as reason:
            dataset.leave_out(path, str(reason))
            continue
        session = name.entities.get("ses", "")
        own = participants.attributes(name.entities["sub"], session, has_sessions=has_sessions)
        by_study[image.job.study].append((image, {**stated, **own}))
    for folder, count in others.items():
        dataset.leave_out(folder, f"{counted(count, 'file')} of other formats than NIfTI")
    for study in by_study.values():
        for image in _numbered(_of_one_study(study), numbers):
            dataset.images.append(image)


def _is_beside(path: Path) -> bool:
    """Return whether a file is about others, or hidden."""
    ending = "".join(path.suffixes[-2:])
    return path.name.startswith(".") or path.suffix in _BESIDE or ending in _BESIDE


def _is_ignored(dataset: _Dataset, path: Path) -> bool:
    relative = path.relative_to(dataset.root).as_posix()
    for pattern in dataset.ignored:
        if fnmatch.fnmatch(path.name, pattern):
            return True
        if fnmatch.fnmatch(relative, pattern.rstrip("/") + "*" * pattern.endswith("/")):
            return True
    return False


def _image(
    dataset: _Dataset, path: Path, name: BidsName, about: FilesAbout
) -> tuple[ConvertedImage, dict[str, Any]]:
    """Return an image as a job, and what its sidecar says of the study.

    Raises
    ------
    NotConverted
        If it is not converted.
    """
    kind, reason = kind_of(name)
    if not kind:
        raise NotConverted(reason)
    if not path.is_file():
        text = "its content is not here: get it first (git-annex, DataLad)"
        raise NotConverted(text)
    if "sub" not in name.entities:
        text = "its name has no subject"
        raise NotConverted(text)
    relative = path.relative_to(dataset.root)
    try:
        sidecar, files = about.sidecar(path)
        options, more = _options_of_volumes(path, name, sidecar, about)
    except DicomSeriesError as error:
        raise NotConverted(str(error)) from error
    if sidecar:
        options["bids"] = str(files[0]) if len(files) == 1 else sidecar
    study = f"sub-{name.entities['sub']}"
    metadata = {"PatientID": study, "SeriesDescription": name.description[:_LONGEST]}
    if "ses" in name.entities:
        study += f"/ses-{name.entities['ses']}"
    job = BatchJob(
        place=relative.as_posix(),
        number=1,
        source=str(path),
        out=str(dataset.out / relative.with_name(name.stem)),
        options={"kind": kind, "metadata": metadata, **options},
        study=study,
        **more,
    )
    stated = {key: sidecar[key] for key in _OF_THE_STUDY if key in sidecar}
    image = ConvertedImage(name=name, datatype=path.parent.name, job=job)
    return image, dict(sidecar_of(stated).attributes)


def _options_of_volumes(
    path: Path, name: BidsName, sidecar: Mapping[str, Any], about: FilesAbout
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return times of volumes, and the files of their weightings."""
    volume = open_volume(path)
    if volume.volumes in {None, 1}:
        return {}, {}
    if name.suffix == "dwi":
        files = {}
        for field_name, ending in (("bvals", ".bval"), ("bvecs", ".bvec")):
            nearest = about.applicable(path, ending)
            if not nearest:
                text = f"no {ending} file is about it"
                raise NotConverted(text)
            files[field_name] = str(nearest[-1])
        return {}, files
    timing = sidecar.get("VolumeTiming")
    if isinstance(timing, list) and len(timing) == volume.volumes:
        return {"times": timing}, {}
    step = sidecar.get("RepetitionTime")
    if name.suffix not in {"bold", "cbv", "asl"} or not isinstance(step, (int, float)):
        return {}, {}
    stated = volume.repetition_time_s
    if stated and abs(stated - step) > _SAME_S:
        text = f"RepetitionTime is {step:g} s in its sidecar, and {stated:g} s in its header"
        raise NotConverted(text)
    return {"times": step}, {}


def _of_one_study(
    study: Sequence[tuple[ConvertedImage, dict[str, Any]]],
) -> Iterator[ConvertedImage]:
    """Yield the images of a study with the attributes that they share.

    An attribute on which sidecars disagree is left empty in all.
    """
    shared: dict[str, Any] = {}
    for _, stated in study:
        for keyword, value in stated.items():
            if shared.setdefault(keyword, value) != value:
                shared[keyword] = None
    for image, _ in study:
        options = dict(image.job.options)
        options["metadata"] = {**shared, **options["metadata"]}
        yield replace(image, job=replace(image.job, options=options))


def _numbered(images: Iterator[ConvertedImage], numbers: Counter[str]) -> Iterator[ConvertedImage]:
    """Yield images, numbered within their study by SeriesNumber."""
    for image in images:
        key = image.datatype if image.datatype in _NUMBERS else ""
        numbers[image.job.study + key] += 1
        number = _NUMBERS.get(key, _OTHERS) + numbers[image.job.study + key]
        options = dict(image.job.options)
        options["metadata"] = {**options["metadata"], "SeriesNumber": number}
        yield replace(image, job=replace(image.job, options=options))


# --- label maps -----------------------------------------------------------------------------------


def _add_masks(dataset: _Dataset, derivative: Path) -> None:
    """Add the label maps of a dataset of derivatives."""
    about = FilesAbout(root=derivative)
    by_study: dict[str, list[ConvertedImage]] = defaultdict(list)
    for image in dataset.images:
        by_study[image.job.study].append(image)
    for path in sorted(derivative.glob("sub-*/**/*")):
        name = parse_name(path.name)
        if name is None or name.ending not in _IMAGES or _is_ignored(dataset, path):
            continue
        if name.suffix not in LABELS:
            dataset.leave_out(path, kind_of(name)[1] or "an image of derivatives")
            continue
        study = f"sub-{name.entities.get('sub', '')}"
        if "ses" in name.entities:
            study += f"/ses-{name.entities['ses']}"
        try:
            options = mask_options(path, name, about, by_study[study])
        except (NotConverted, DicomSeriesError) as reason:
            dataset.leave_out(path, str(reason))
            continue
        relative = path.relative_to(dataset.root)
        dataset.masks.append(
            BatchJob(
                place=relative.as_posix(),
                number=1,
                source=str(path),
                out=str(dataset.out / relative.with_name(name.stem)),
                options=options,
            )
        )
