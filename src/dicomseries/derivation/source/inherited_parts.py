"""`Lineage`: what a derived series takes over from the one it comes from, as the stages take it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dicomseries.derivation.source.diffusion_index import counted_by_acquisition
from dicomseries.derivation.source.source_meaning import Meaning
from dicomseries.derivation.source.source_references import PlaneReferences
from dicomseries.errors import OptionError
from dicomseries.iod import Leaf, VaryingGroup
from dicomseries.metadata import Metadata
from dicomseries.plan import Column, SeriesPlan
from dicomseries.standard.attribute import attribute, tag_of
from dicomseries.uids import SeriesUids, UidPolicy

__all__ = ["Lineage"]

_LARGEST_IS = 2**31 - 1
"""PS3.5 section 6.2."""

_NEW_NUMBERS = 10**6
"""Results of one source that SeriesNumber tells apart."""


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
    groups : tuple of VaryingGroup or Leaf
        Of multi-frame results: references, and functional groups that differ from frame to frame.
    group_columns : tuple of Column
        What fills the holes of `groups`.
    meaning : Meaning, optional
        What the source says of its numbers.
    of_values : frozenset of str
        Attributes taken over that hold only while the new values are the source's quantity.
    stated : frozenset of str
        Attributes that the user has given.
    decisions : tuple of (str, str, str)
        Attribute, value in the source, and what becomes of it and why.
    advice : tuple of str
        What the user should know.
    planes : PlaneReferences, optional
        Source images in the planes of a Segmentation's slices.
    verbatim : frozenset of str
        Attributes that hold values of the source.
    ties : frozenset of str
        Those among them that are kept although they break a rule.
    source_number : int
        SeriesNumber of the source; 0 where it has none.
    source_uids : mapping of str to str
        UIDs of the source, and what each is the UID of: a result takes none of them for its series and files.
    """

    study_uid: str
    frame_of_reference_uid: str = ""
    columns: tuple[Column, ...] = ()
    groups: tuple[VaryingGroup | Leaf, ...] = ()
    group_columns: tuple[Column, ...] = ()
    meaning: Meaning | None = None
    of_values: frozenset[str] = frozenset()
    stated: frozenset[str] = frozenset()
    decisions: tuple[tuple[str, str, str], ...] = ()
    advice: tuple[str, ...] = ()
    planes: PlaneReferences | None = None
    verbatim: frozenset[str] = frozenset()
    ties: frozenset[str] = frozenset()
    source_number: int = 0
    source_uids: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> tuple[object, ...]:
        """What of the source stands in the files beside the metadata: results of other sources share no UID."""
        images = () if self.planes is None else self.planes.instance_uids
        said = (
            self.study_uid,
            self.frame_of_reference_uid,
            self.columns,
            self.groups,
            self.group_columns,
            images,
        )
        return (*said, self.source_number)

    def identified(self, uids: SeriesUids, policy: UidPolicy) -> SeriesUids:
        """Return the UIDs of a new series in the study and the space of the source.

        Raises
        ------
        OptionError
            If the user gives a UID of the source, or another study or space than the source's.
        """
        faults = [
            fault
            for fault in (self._given_fault(*one) for one in policy.given)
            if fault is not None
        ]
        if faults:
            raise OptionError.together(faults)
        frame = self.frame_of_reference_uid or uids.frame_of_reference
        return replace(uids, study=self.study_uid or uids.study, frame_of_reference=frame)

    def _given_fault(self, keyword: str, uid: str) -> OptionError | None:
        """Return the fault of a UID that the user gives; None if the result can have it."""
        own = {
            "StudyInstanceUID": self.study_uid,
            "FrameOfReferenceUID": self.frame_of_reference_uid,
        }
        wanted = own.get(keyword, "")
        if uid == wanted:
            return None
        if uid in self.source_uids:
            return _taken(
                f"uid[{keyword!r}]",
                uid,
                self.source_uids[uid],
                f"Leave {keyword} out, and a new one is made.",
            )
        if not wanted:
            return None
        elsewhere = ", or pass `same_space=False`" if keyword == "FrameOfReferenceUID" else ""
        return OptionError(
            code="uid-not-of-source",
            where=f"uid[{keyword!r}]",
            given=f"{uid!r} beside `like=`",
            expected=f"the source's, {wanted}",
            remedy=f"Leave {keyword} out{elsewhere}.",
        )

    def check_new(self, uids: SeriesUids, files: int) -> None:
        """Reject UIDs of a result that its source has: entropy= may be that which the source was made from.

        Raises
        ------
        OptionError
            If the series or one of its files has a UID of the source.
        """
        for uid in (uids.series, *(uids.instance(index) for index in range(files))):
            if uid in self.source_uids:
                where = "entropy"
                remedy = (
                    "Pass another `entropy=`: each result needs bytes that no series was made from."
                )
                raise _taken(where, uid, self.source_uids[uid], remedy)

    def numbered(self, metadata: Metadata, uids: SeriesUids) -> Metadata:
        """Return the metadata with a SeriesNumber that tells results of one source apart, unless the user gives one.

        The number of the source, followed by six digits that follow from SeriesInstanceUID (IS, PS3.5 section 6.2):
        3 becomes 3482913. Where that is beyond IS, a number from SeriesInstanceUID alone.
        """
        if metadata.get("SeriesNumber") is not None:
            return metadata
        digest = int.from_bytes(hashlib.sha256(uids.series.encode()).digest()[:8], "big")
        number = abs(self.source_number) * _NEW_NUMBERS + 1 + digest % (_NEW_NUMBERS - 1)
        if number > _LARGEST_IS:
            number = _NEW_NUMBERS + digest % (_LARGEST_IS - 2 * _NEW_NUMBERS)
        return metadata.having(attribute("SeriesNumber", str(number)))

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
        own = [
            one if only_volume is None else one.of_volume(only_volume, slices=slices)
            for one in self.group_columns
        ]
        there = {one.keyword for one in plan.per_frame} | _shared_groups(plan)
        taken = (one for one in self.groups if one.keyword not in there)  # what the user gives wins
        groups = tuple(sorted((*plan.per_frame, *taken), key=lambda one: tag_of(one.keyword)))
        plan = replace(plan, per_frame=groups, columns=(*plan.columns, *own))
        return (
            counted_by_acquisition(plan)
            if "MRDiffusionSequence" in {one.keyword for one in groups}
            else plan
        )


def _shared_groups(plan: SeriesPlan) -> set[str]:
    """Return the functional groups that all frames of a plan share."""
    values = (one.values for one in plan.shared if one.keyword == "SharedFunctionalGroupsSequence")
    items = (item for own in values for item in own if isinstance(item, tuple))
    return {group.keyword for item in items for group in item}


def _taken(where: str, uid: str, owner: str, remedy: str) -> OptionError:
    return OptionError(
        code="uid-of-source",
        where=where,
        given=f"{uid!r}, which is the {owner} of the source",
        expected="a UID that no image or series has yet (PS3.5 section 9)",
        remedy=remedy,
    )
