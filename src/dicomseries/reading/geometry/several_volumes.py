"""Everything that tells the volumes of a series apart, of files or frames.

Imported only where a series has several slices at a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.arrangement import Arrangement
from dicomseries.reading.geometry.axis_layout import lay_out_volumes
from dicomseries.reading.geometry.vendor_facts import (
    asl_contexts_of_files,
    diffusion_of_files,
    parts_of_files,
)
from dicomseries.reading.geometry.volume_clocks import (
    Clock,
    Repetition,
    clocks_of_files,
    clocks_of_frames,
    repetition_of_files,
    repetition_of_frames,
)
from dicomseries.reading.geometry.volume_facts import (
    VolumeFact,
    diffusion_of_frames,
    facts_of_files,
    facts_of_frames,
)
from dicomseries.reading.geometry.volume_keys import Key, file_keys, frame_keys
from dicomseries.reading.parse.functional_groups import FunctionalGroups
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem
from dicomseries.volume_axes import VolumeLayout

__all__ = ["FactsOfVolumes", "about_files", "about_frames"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactsOfVolumes:
    """What separates volumes, names them, and tells when they were taken.

    Parameters
    ----------
    keys : tuple of Key
        Attributes that may separate the volumes, the best first.
    facts : tuple of VolumeFact
        What may be an axis, the outer one first.
    clocks : tuple of Clock
        The best first.
    repetition : Repetition or None
        RepetitionTime.
    is_compared : bool
        Whether contradictions of clocks are reported.
    """

    keys: tuple[Key, ...]
    facts: tuple[VolumeFact, ...]
    clocks: tuple[Clock, ...]
    repetition: Repetition | None
    is_compared: bool = True

    def lay_out(
        self, arrangement: Arrangement
    ) -> tuple[Arrangement, VolumeLayout, tuple[Problem, ...]]:
        """Return the volumes in the order of their axes, these, and warnings."""
        return lay_out_volumes(
            arrangement,
            self.facts,
            self.clocks,
            self.repetition,
            is_compared=self.is_compared,
        )


def about_files(instances: Sequence[Instance], clocks: Sequence[Floats]) -> FactsOfVolumes:
    """Return the facts about files of one frame; `clocks` are further times in seconds."""
    diffusion = diffusion_of_files(instances)
    parts, asl_contexts = parts_of_files(instances), asl_contexts_of_files(instances)
    return FactsOfVolumes(
        keys=file_keys(instances, diffusion, parts, asl_contexts),
        facts=facts_of_files(instances, diffusion, parts, asl_contexts),
        clocks=clocks_of_files(instances, clocks),
        repetition=repetition_of_files(instances),
        is_compared=instances[0].text("Modality") == "MR",
    )


def about_frames(files: Sequence[FunctionalGroups], frames: Indices | None) -> FactsOfVolumes:
    """Return the facts about frames of multi-frame files; `frames` are those to sort."""
    chosen: Indices | slice = slice(None) if frames is None else frames
    diffusion = diffusion_of_frames(files)
    keys, facts = frame_keys(files, diffusion), facts_of_frames(files, diffusion)
    clocks = clocks_of_frames(files)
    return FactsOfVolumes(
        keys=tuple(replace(key, values=key.values[chosen]) for key in keys),
        facts=tuple(replace(fact, values=fact.values[chosen]) for fact in facts),
        clocks=tuple(replace(clock, seconds=clock.seconds[chosen]) for clock in clocks),
        repetition=repetition_of_frames(files),
    )
