"""`Rule` and `Section`: what becomes of an attribute of the source, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["VERBATIM", "Action", "Rule", "Section", "When"]

Action = Literal["keep", "keep forever", "new", "change", "drop", "add", "owned", "judge"]
"""What becomes of an attribute:

================  ============================================================================================
``keep``          handed on as it is where the rule's condition holds, else dropped
``keep forever``  handed on as it is, whatever was done to the pixels
``new``           the result has one of its own
``change``        made from the source's value
``drop``          it would speak of pixels, or of a file, that are gone
``add``           the result says it of its own relation to the source
``owned``         follows from the new array, its grid and its values
``judge``         kept, new or dropped by how the new values relate to the source's (`value_rules`)
================  ============================================================================================
"""

When = Literal["always", "same space", "same grid", "same slice", "unfiltered"]
"""Where a kept attribute is still true:

==============  ==============================================================================================
``always``      in every result
``same space``  in the source's frame of reference
``same grid``   where rows, columns and slices are the source's
``same slice``  in slices that lie in the plane of a source slice
``unfiltered``  where no filter was applied to the values
==============  ==============================================================================================
"""

VERBATIM = frozenset({"patient", "study", "patient study", "clinical trial"})
"""Entities above the series: all files of a study must say the same of them (PS3.3 section A.1.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What becomes of an attribute.

    Parameters
    ----------
    action : Action
        What is done.
    entity : str
        Information entity or theme it belongs to.
    why : str
        The reason, as it follows a colon.
    when : When
        Where a kept attribute is still true.

    Examples
    --------
    >>> Rule(action="keep", entity="patient", why="it is the same patient").is_kept
    True
    """

    action: Action
    entity: str
    why: str
    when: When = "always"

    @property
    def is_kept(self) -> bool:
        """Whether the source's value is handed on."""
        return self.action in {"keep", "keep forever"}

    @property
    def is_verbatim(self) -> bool:
        """Whether it is kept and equal in all series of the study, so that even empty values are handed on."""
        return self.is_kept and self.entity in VERBATIM


@dataclass(frozen=True, slots=True)
class Section:
    """Attributes with one rule.

    Parameters
    ----------
    entity : str
        Information entity or theme.
    action : Action
        What is done.
    why : str
        The reason, as it follows a colon.
    text : str
        The keywords, separated by white space.
    when : When
        Where kept attributes are still true.

    Examples
    --------
    >>> Section("patient", "keep", "it is the same patient", "PatientName PatientID").keywords
    ('PatientName', 'PatientID')
    """

    entity: str
    action: Action
    why: str
    text: str
    when: When = "always"

    @property
    def keywords(self) -> tuple[str, ...]:
        """The keywords one by one."""
        return tuple(self.text.split())

    @property
    def rule(self) -> Rule:
        """The rule they all have."""
        return Rule(action=self.action, entity=self.entity, why=self.why, when=self.when)
