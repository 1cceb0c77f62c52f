"""The plans of all series of one write, which share study, space, values and window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dicomseries.codecs import syntax_of
from dicomseries.errors import OptionError
from dicomseries.metadata import Metadata
from dicomseries.plan import Column, Extent, SeriesDraft, SeriesPlan, plan_series
from dicomseries.sources import Volume
from dicomseries.standard.attribute import attribute
from dicomseries.uids import SeriesUids, series_uids
from dicomseries.values import Statistics, ValueMap
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.companion_references import cross_referenced
from dicomseries.writing.jobs.output_series import Form
from dicomseries.writing.jobs.split_names import parts_of
from dicomseries.writing.jobs.value_meaning import as_map

__all__ = ["Draft", "Job", "told_apart"]

_LONGEST_DESCRIPTION = 64
"""Characters of a LO (PS3.5 section 6.2)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """One series, and the volume whose voxels it holds.

    Parameters
    ----------
    volume : Volume
        Slices along the normal.
    plan : SeriesPlan
        What is written.
    encoded : bytes, optional
        The whole file, where it is made at once.
    labels : mapping of int to int, optional
        SegmentNumber to label, where the voxels are labels.
    """

    volume: Volume
    plan: SeriesPlan
    encoded: bytes | None = None
    labels: Mapping[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """What is known of a write before the values are.

    Parameters
    ----------
    volume : Volume
        Slices along the normal.
    request : WriteRequest
        What was asked.
    forms : tuple of Form
        The ways the array is written.
    extent : Extent
        Volumes, slices, times.
    columns : tuple of Column
        The user's attributes of each volume or slice.
    """

    volume: Volume
    request: WriteRequest
    forms: tuple[Form, ...]
    extent: Extent
    columns: tuple[Column, ...]

    @property
    def is_split(self) -> bool:
        """Whether each volume becomes a series of its own."""
        return self.request.options.split and self.extent.is_timed

    def jobs(
        self, value_maps: Sequence[ValueMap], statistics: Statistics, entropy: bytes
    ) -> tuple[Job, ...]:
        """Return every series with its plan: of each volume if split, in each form.

        Parameters
        ----------
        value_maps : sequence of ValueMap
            One for each form.
        statistics : Statistics
            Of all slices of all volumes, so that all series get one window.
        entropy : bytes
            What the UIDs are made from.
        """
        volumes: list[int | None] = [*range(self.extent.volumes)] if self.is_split else [None]
        self._refuse_one_uid(len(volumes) * len(self.forms))
        lineage = self.request.lineage
        uids = series_uids(self.request.uid, entropy)
        metadata = self.request.metadata
        if lineage is not None:
            uids = lineage.identified(uids, self.request.uid)
            metadata = lineage.numbered(metadata, uids)
        jobs: list[Job] = []
        files = 0
        for index in volumes:
            plans: list[SeriesPlan] = []
            for form, value_map in zip(self.forms, value_maps, strict=True):
                number = len(jobs) + len(plans)
                own = uids.sibling(number, files) if number else uids
                said = self._metadata(metadata, index, form, number)
                plan = self._plan(
                    index, form, said, uids=own, value_map=value_map, statistics=statistics
                )
                if lineage is not None:
                    lineage.check_new(own, len(plan))
                plans.append(plan)
                files += len(plan)
            volume = self.volume if index is None else self.volume.at(index)
            jobs += (Job(volume=volume, plan=plan) for plan in cross_referenced(plans))
        return tuple(jobs)

    def _plan(
        self,
        index: int | None,
        form: Form,
        metadata: Metadata,
        *,
        uids: SeriesUids,
        value_map: ValueMap,
        statistics: Statistics,
    ) -> SeriesPlan:
        draft = SeriesDraft(
            kind=form.kind,
            grid=self.volume.grid,
            samples=self.volume.samples,
            metadata=metadata,
            moment=self.request.options.now,
            extent=self.extent,
            columns=self._columns(form),
            only_volume=index,
            transfer_syntax_uid=syntax_of(self.request.options.compression).uid,
        )
        plan = plan_series(draft, uids, _part(value_map, index, self.extent), statistics)
        if self.request.lineage is not None:
            plan = self.request.lineage.added(plan, index)
        part = "" if index is None else parts_of(self.extent, self.columns).folder(index)
        folder = "-".join(name for name in (part, form.folder) if name)
        return replace(
            plan, folder=folder, advice=(*form.advice, *self.request.advice, *plan.advice)
        )

    def _columns(self, form: Form) -> tuple[Column, ...]:
        """Return what the source says of its slices, where this form has a place for it, and what the user says."""
        if self.request.lineage is None:
            return self.columns
        rows = {name: row for row in form.kind.all_rows for name in (row.keyword, row.given_as)}
        taken = [
            one
            for one in self.request.lineage.columns
            if not form.kind.is_multi_frame or one.keyword in rows
        ]
        # What the kind says of every slice by itself is not taken from some slices only.
        whole = (one for one in taken if None not in one.values or one.keyword not in rows)
        return (*whole, *self.columns)

    def _metadata(self, metadata: Metadata, index: int | None, form: Form, number: int) -> Metadata:
        part = "" if index is None else parts_of(self.extent, self.columns).text(index)
        if form.kind.pixels.floats and (len(self.forms) > 1 or form.kind != self.request.kind):
            metadata = as_map(metadata)
        if self.request.lineage is not None and form.kind != self.request.kind:
            metadata = metadata.without(*self.request.lineage.unfit(metadata))
        return told_apart(
            metadata, number, ", ".join(text for text in (part, form.description) if text)
        )

    def _refuse_one_uid(self, count: int) -> None:
        if count > 1 and "SeriesInstanceUID" in dict(self.request.uid.given):
            raise OptionError(
                code="uid-of-several-series",
                where="uid['SeriesInstanceUID']",
                given=f"one UID for {count} series",
                expected="none: each series has a UID of its own",
                remedy="Leave SeriesInstanceUID out; StudyInstanceUID and FrameOfReferenceUID are those of all.",
            )


def told_apart(metadata: Metadata, number: int, added: str) -> Metadata:
    """Return the user's metadata for one of several series of a write: a SeriesNumber and SeriesDescription of its own.

    Parameters
    ----------
    metadata : Metadata
        What the user says of all of them.
    number : int
        Which one, from 0.
    added : str
        What makes it different, behind the description; left out where it would not fit.

    Examples
    --------
    >>> told_apart(Metadata(), 1, "time 2 of 3").get("SeriesDescription").values
    ('time 2 of 3',)
    """
    if number:
        given = metadata.get("SeriesNumber")
        first = int(str(given.values[0])) if given is not None and not given.is_empty else 1
        metadata = metadata.having(attribute("SeriesNumber", str(first + number)))
    said = metadata.get("SeriesDescription")
    own = str(said.values[0]) if said is not None and not said.is_empty else ""
    text = f"{own} ({added})" if own else added
    if not added or len(text) > _LONGEST_DESCRIPTION:
        return metadata
    return metadata.having(attribute("SeriesDescription", text))


def _part(value_map: ValueMap, index: int | None, extent: Extent) -> ValueMap:
    """Return the value map of one volume: its own slopes, where they differ from slice to slice."""
    if value_map.slopes is None or index is None:
        return value_map
    return value_map.between(index * extent.slices, (index + 1) * extent.slices)
