"""`Inheritance`: parts of the source in a derived series."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field, replace

from dicomseries.derivation.diffusion_index import counted_by_acquisition
from dicomseries.derivation.source.source_meaning import Meaning
from dicomseries.derivation.source.source_references import PlaneReferences
from dicomseries.errors import OptionError
from dicomseries.iod import Leaf, VaryingGroup
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.plan import Column, SeriesPlan
from dicomseries.standard.attributes.attribute import attribute, tag_of
from dicomseries.uids import SeriesUids, UidPolicy

__all__ = ["Inheritance"]

_LARGEST_IS = 2**31 - 1
"""PS3.5 section 6.2."""

_NEW_NUMBERS = 10**6
"""Results of one source with different SeriesNumbers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inheritance:
    """Everything that a derived series takes over, beside the metadata.

    Parameters
    ----------
    study_uid : str
        The source's, legal or not: the result belongs to it. Empty for a new study.
    frame_of_reference_uid : str
        The source's; empty for a new one.
    columns : tuple of Column
        Attributes of the slices that were taken over, and references of classic results.
    groups : tuple of VaryingGroup or Leaf
        Of multi-frame results: references, and functional groups that differ from frame to frame.
    group_columns : tuple of Column
        Values of `groups`.
    meaning : Meaning, optional
        Meaning of the source's numbers.
    of_values : frozenset of str
        Attributes taken over that hold only while the new values are the source's quantity.
    stated : frozenset of str
        Attributes that the user gives.
    decisions : tuple of (str, str, str)
        Attribute, value in the source, and its fate with the reason.
    advice : tuple of str
        Sentences for the user.
    planes : PlaneReferences, optional
        Source images in the planes of a Segmentation's slices.
    verbatim : frozenset of str
        Attributes that hold values of the source.
    ties : frozenset of str
        Those among them that stay although they break a rule.
    source_number : int
        SeriesNumber of the source; 0 if it has none.
    source_uids : mapping of str to str
        UIDs of the source, and their attributes: series and files of a result take none of them.
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
    def content(self) -> tuple[object, ...]:
        """Everything of the source in the files, beside the metadata.

        Results of different sources share no UID.
        """
        return (
            self.study_uid,
            self.frame_of_reference_uid,
            self.columns,
            self.groups,
            self.group_columns,
            () if self.planes is None else self.planes.instance_uids,
            self.source_number,
        )

    def uids_in_study(self, uids: SeriesUids, policy: UidPolicy) -> SeriesUids:
        """Return UIDs in study and space of the source.

        Raises
        ------
        OptionError
            If the user gives a UID of the source, or another study or space than the source's.
        """
        faults: list[OptionError] = []
        for keyword, uid in policy.given:
            fault = self._fault_of_uid(keyword, uid)
            if fault is not None:
                faults.append(fault)
        if faults:
            raise OptionError.together(faults)
        frame = self.frame_of_reference_uid or uids.frame_of_reference
        return replace(uids, study=self.study_uid or uids.study, frame_of_reference=frame)

    def _fault_of_uid(self, keyword: str, uid: str) -> OptionError | None:
        """Return the fault of a UID that the user gives."""
        source_uid = ""
        if keyword == "StudyInstanceUID":
            source_uid = self.study_uid
        elif keyword == "FrameOfReferenceUID":
            source_uid = self.frame_of_reference_uid
        if uid == source_uid:
            return None
        where = f"uid[{keyword!r}]"
        if uid in self.source_uids:
            remedy = f"Leave {keyword} out, and a new one is made."
            return _uid_of_source(where, uid, self.source_uids[uid], remedy)
        if not source_uid:
            return None
        elsewhere = ", or pass `same_space=False`" if keyword == "FrameOfReferenceUID" else ""
        return OptionError(
            code="uid-not-of-source",
            where=where,
            given=f"{uid!r} beside `like=`",
            expected=f"the source's, {source_uid}",
            remedy=f"Leave {keyword} out{elsewhere}.",
        )

    def check_new_uids(self, uids: SeriesUids, files: int) -> None:
        """Reject UIDs of a result that its source has.

        The entropy may be that of the source.

        Raises
        ------
        OptionError
            If the series or one of its files has a UID of the source.
        """
        for uid in (uids.series, *map(uids.instance, range(files))):
            if uid in self.source_uids:
                where = "entropy"
                remedy = (
                    "Pass another `entropy=`: each result needs bytes that no series was made from."
                )
                raise _uid_of_source(where, uid, self.source_uids[uid], remedy)

    def with_series_number(self, metadata: Metadata, uids: SeriesUids) -> Metadata:
        """Return the metadata with a SeriesNumber.

        The number of the source, followed by six digits from SeriesInstanceUID (IS, PS3.5 section
        6.2): 3 becomes 3482913. If that is beyond IS, a number from SeriesInstanceUID alone.
        """
        if metadata.get("SeriesNumber") is not None:
            return metadata
        digest = int.from_bytes(hashlib.sha256(uids.series.encode()).digest()[:8], "big")
        number = abs(self.source_number) * _NEW_NUMBERS + 1 + digest % (_NEW_NUMBERS - 1)
        if number > _LARGEST_IS:
            number = _NEW_NUMBERS + digest % (_LARGEST_IS - 2 * _NEW_NUMBERS)
        return metadata.having(attribute("SeriesNumber", str(number)))

    def unfit_keywords(self, metadata: Metadata) -> tuple[str, ...]:
        """Return attributes of one kind that another cannot have.

        These are the type of image, and empty ones.
        """
        keywords: list[str] = []
        for element in metadata.attributes:
            if element.keyword not in self.verbatim:
                continue
            if element.keyword == "ImageType" or element.is_empty:
                keywords.append(element.keyword)
        return tuple(keywords)

    def added_to(self, plan: SeriesPlan, only_volume: int | None) -> SeriesPlan:
        """Return the plan with references of its frames, and decisions."""
        plan = replace(plan, decisions=self.decisions, advice=(*self.advice, *plan.advice))
        if not plan.is_multi_frame or not self.groups:
            return plan
        columns = list(self.group_columns)
        if only_volume is not None:
            slices = plan.extent.slices
            columns = [column.of_volume(only_volume, slices=slices) for column in columns]
        known = {group.keyword for group in plan.per_frame} | _shared_groups(plan)
        added = (group for group in self.groups if group.keyword not in known)  # the user's win
        groups = sorted((*plan.per_frame, *added), key=lambda group: tag_of(group.keyword))
        plan = replace(plan, per_frame=tuple(groups), columns=(*plan.columns, *columns))
        if any(group.keyword == "MRDiffusionSequence" for group in groups):
            return counted_by_acquisition(plan)
        return plan


def _shared_groups(plan: SeriesPlan) -> set[str]:
    """Return the shared functional groups of a plan."""
    keywords: set[str] = set()
    for element in plan.shared:
        if element.keyword == "SharedFunctionalGroupsSequence":
            for item in element.values:
                if isinstance(item, tuple):
                    keywords.update(group.keyword for group in item)
    return keywords


def _uid_of_source(where: str, uid: str, owner: str, remedy: str) -> OptionError:
    return OptionError(
        code="uid-of-source",
        where=where,
        given=f"{uid!r}, which is the {owner} of the source",
        expected="a UID that no image or series has yet (PS3.5 section 9)",
        remedy=remedy,
    )
