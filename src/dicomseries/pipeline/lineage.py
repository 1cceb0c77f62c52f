"""`Lineage`: what a derived series takes over from the one it comes from, as the stages take it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from dicomseries.iod import VaryingGroup
from dicomseries.metadata import Metadata
from dicomseries.plan import Column, SeriesPlan
from dicomseries.standard.attribute import tag_of
from dicomseries.uids import SeriesUids

__all__ = ["Lineage"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lineage:
    """What comes from the source, beside the metadata.

    Parameters
    ----------
    study_uid : str
        The source's, legal or not: the result belongs to it. Empty for a study of its own.
    frame_of_reference_uid : str
        The source's; empty for one of its own.
    columns : tuple of Column
        What differs from slice to slice: facts of the slices taken over, and references of classic results.
    groups : tuple of VaryingGroup
        References of multi-frame results.
    group_columns : tuple of Column
        What fills the holes of `groups`.
    is_hounsfield : bool
        Whether RescaleType HU is the source's word and not the user's.
    decisions : tuple of (str, str, str)
        Attribute, value in the source, and what becomes of it and why.
    advice : tuple of str
        What the user should know.
    images : tuple of Dataset
        The source's headers, for what refers to them by itself.
    verbatim : frozenset of str
        Attributes that hold values of the source, legal or not.
    """

    study_uid: str
    frame_of_reference_uid: str = ""
    columns: tuple[Column, ...] = ()
    groups: tuple[VaryingGroup, ...] = ()
    group_columns: tuple[Column, ...] = ()
    is_hounsfield: bool = False
    decisions: tuple[tuple[str, str, str], ...] = ()
    advice: tuple[str, ...] = ()
    images: tuple[Dataset, ...] = ()
    verbatim: frozenset[str] = frozenset()

    @property
    def said(self) -> tuple[object, ...]:
        """What of the source stands in the files beside the metadata: results of other sources share no UID."""
        images = tuple(str(image.get("SOPInstanceUID", "")) for image in self.images)
        return (self.study_uid, self.frame_of_reference_uid, self.columns, self.groups, self.group_columns, images)

    def identified(self, uids: SeriesUids) -> SeriesUids:
        """Return the UIDs of a new series in the study and the space of the source."""
        frame = self.frame_of_reference_uid or uids.frame_of_reference
        return replace(uids, study=self.study_uid or uids.study, frame_of_reference=frame)

    def unfit(self, metadata: Metadata) -> tuple[str, ...]:
        """Return what was taken over for one kind and is not true of another: the kind of image, and what is empty."""
        taken = (one for one in metadata.attributes if one.keyword in self.verbatim)
        return tuple(one.keyword for one in taken if one.keyword == "ImageType" or one.is_empty)

    def added(self, plan: SeriesPlan, only_volume: int | None) -> SeriesPlan:
        """Return the plan with the references of its frames, and the decisions behind its attributes."""
        plan = replace(plan, decisions=self.decisions, advice=(*self.advice, *plan.advice))
        if not plan.is_multi_frame or not self.groups:
            return plan
        slices = plan.extent.slices
        own = [one if only_volume is None else one.of_volume(only_volume, slices=slices) for one in self.group_columns]
        groups = tuple(sorted((*plan.per_frame, *self.groups), key=lambda one: tag_of(one.keyword)))
        return replace(plan, per_frame=groups, columns=(*plan.columns, *own))
