"""The run of a whole result: its parts, checked, written and published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dicomseries import measurements, pictures
from dicomseries.api.measure import measure as measure_segments
from dicomseries.api.picture import picture as draw_picture
from dicomseries.api.whole_result.result_parts import (
    InputPart,
    description_of,
    entropy_of,
    reject_series_uids,
)
from dicomseries.api.write import written
from dicomseries.errors import DicomSeriesError, OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import WriteKeywords, WriteOptions, checked_options
from dicomseries.progress_bar import ProgressReport
from dicomseries.reading import Series
from dicomseries.reports import MeasurementReceipt, Receipt, ResultPart
from dicomseries.viewing import PRESETS
from dicomseries.writing import (
    Job,
    LocalTarget,
    WriteRequest,
    check_opened,
    open_write,
    plan_opened,
)

__all__ = ["ResultRun", "check_parts", "publish_parts"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultRun:
    """A checked call: its parts and what they have in common."""

    parts: list[InputPart]
    measuring: dict[str, Any] | None
    drawing: dict[str, Any] | None
    base: str
    model: Mapping[str, str] | None
    metadata: dict[str, Any]
    compression: Any
    shared: dict[str, Any]
    resources: dict[str, Any]
    entropy: bytes | None
    source: Series | None = None
    report: ProgressReport | None = None
    first_number: int = 0

    @property
    def drawn(self) -> list[InputPart]:
        """The parts that are drawn: the masks, else each map."""
        if self.drawing is None:
            return []
        masks = [part for part in self.parts if part.folder == "segmentation"]
        return masks or [part for part in self.parts if part.folder.startswith("map-")]

    @property
    def series_count(self) -> int:
        """Number of parts; key slices may be more series, and come last."""
        return len(self.parts) + (self.measuring is not None) + len(self.drawn)

    def keywords(self, part: InputPart, number: int) -> WriteKeywords:
        """Return the options of `write` for a part."""
        keywords: Any = {
            **self.shared,
            **self.resources,
            **part.options,
            **self.common(part.name, part.folder, number),
            "model": self.model,
            "like": self.source,
        }
        if part.folder.startswith("image-"):
            keywords["compression"] = self.compression
        options: WriteKeywords = keywords
        return options

    def common(self, name: str, folder: str, number: int) -> dict[str, Any]:
        """Return description, identity and progress of a part."""
        metadata = dict(self.metadata)
        if self.first_number:
            metadata["SeriesNumber"] = self.first_number + number
        return {
            "description": description_of(self.base, name),
            "metadata": metadata,
            "entropy": entropy_of(self.entropy, folder),
            "progress": self.report,
        }


def check_parts(result: ResultRun, uid: Any) -> None:
    """Reject wrong options of all parts, before anything is opened."""
    reject_series_uids(uid)
    _check_followers(result)
    faults: list[DicomSeriesError] = []
    for part in result.parts:
        keywords: Any = {**result.keywords(part, 0), "like": "source"}
        try:
            checked_options(WriteOptions, keywords, verb="write_result")
        except DicomSeriesError as error:
            faults += error.faults
    if faults:
        raise _together(faults)


def _check_followers(result: ResultRun) -> None:
    """Reject measurements and pictures that cannot be made."""
    folders = [part.folder for part in result.parts]
    if result.measuring is not None:
        if "segmentation" not in folders:
            raise OptionError(
                code="measure-without-masks",
                where="measure",
                given="`measure=` without `masks=`",
                expected="segments to measure",
                remedy="Pass `masks=`, or leave `measure=` out.",
            )
        description_of(result.base, "measurements")
        measurements.check_installed()
    if result.drawing is not None:
        if not result.drawn:
            raise OptionError(
                code="picture-without-result",
                where="picture",
                given="`picture=` with neither `masks=` nor `maps=`",
                expected="a result to draw",
                remedy="Pass `masks=` or `maps=`, or leave `picture=` out.",
            )
        _check_drawing(result.drawing)


def _together(faults: list[DicomSeriesError]) -> DicomSeriesError:
    """Return the faults of one class as one error; those of the first class."""
    first = type(faults[0])
    same = {str(fault): fault for fault in faults if isinstance(fault, first)}
    return first.together(list(same.values()))


def _check_drawing(options: Mapping[str, Any]) -> None:
    style = pictures.parse_style(**_style_of(options))
    pictures.parse_slices(options.get("slices"))
    if style.legend:
        pictures.check_pillow("the legend of a picture (`legend=`)")


def _style_of(options: Mapping[str, Any]) -> dict[str, Any]:
    others = {"slices", "time_point"}
    return {name: value for name, value in options.items() if name not in others}


def publish_parts(
    run: ResultRun, target: LocalTarget, *, overwrite: bool, sync: bool
) -> list[ResultPart]:
    """Write every part into one hidden folder, and show it."""
    planned = _planned(run)
    for _, jobs in planned:
        target.check_plans(jobs)
    with target.open_sink_of_objects(
        (), overwrite=overwrite, sync=sync, read_back=run.shared["verify"]
    ) as sink:
        inside = sink.folder_of_parts()
        parts: list[ResultPart] = []
        for number, (part, plan) in enumerate(zip(run.parts, planned, strict=True)):
            receipt: Receipt | MeasurementReceipt = written(
                _returning(plan),
                inside / part.folder,
                run.keywords(part, number),
                source=part.source,
            )
            parts.append(ResultPart(name=part.name, folder=part.folder, receipt=receipt))
        if run.measuring is not None:
            parts.append(_measured(run, inside, len(parts)))
        for part in run.drawn:
            parts.append(_drawn(run, inside, part, len(parts)))
        sink.commit()
    return parts


def _planned(run: ResultRun) -> list[tuple[WriteRequest, tuple[Job, ...]]]:
    """Open the inputs of all parts and check them, then read and plan each."""
    assert run.source is not None  # noqa: S101 - chosen before
    if run.drawing is not None:
        style = pictures.parse_style(**_style_of(run.drawing))
        pictures.window_of(style, PRESETS.get(run.source.modality, ()))
    opened = []
    for number, part in enumerate(run.parts):
        options = checked_options(WriteOptions, run.keywords(part, number), verb="write_result")
        opened.append(open_write(part.source, options))
    for write in opened:
        check_opened(write)
    return list(map(plan_opened, opened))


def _returning(
    plan: tuple[WriteRequest, tuple[Job, ...]],
) -> Callable[[WriteOptions], tuple[WriteRequest, tuple[Job, ...]]]:
    def planned(_: WriteOptions) -> tuple[WriteRequest, tuple[Job, ...]]:
        return plan

    return planned


def _measured(run: ResultRun, inside: Path, number: int) -> ResultPart:
    name = folder = "measurements"
    assert run.source is not None  # noqa: S101 - chosen before
    assert run.measuring is not None  # noqa: S101 - the caller asks
    receipt = measure_segments(
        inside / "segmentation",
        source=run.source,
        out=inside / folder,
        model=run.model,
        **run.shared,
        **run.common(name, folder, number),
        **run.measuring,
    )
    return ResultPart(name=name, folder=folder, receipt=receipt)


def _drawn(run: ResultRun, inside: Path, part: InputPart, number: int) -> ResultPart:
    assert run.source is not None  # noqa: S101 - chosen before
    assert run.drawing is not None  # noqa: S101 - the caller asks
    name, folder, options = "picture", "picture", dict(run.drawing)
    if part.folder != "segmentation":
        title = part.name.removeprefix("map ")
        name, folder = f"picture {title}", part.folder.replace("map-", "picture-")
        options.setdefault("title", title)
    receipt = draw_picture(
        inside / part.folder,
        run.source,
        inside / folder,
        compression=run.compression,
        **run.shared,
        **run.resources,
        **run.common(name, folder, number),
        **options,
    )
    return ResultPart(name=name, folder=folder, receipt=receipt)
