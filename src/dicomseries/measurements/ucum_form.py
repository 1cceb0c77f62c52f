"""Form of UCUM codes."""

from __future__ import annotations

import re

__all__ = ["ucum_fault"]

_ANNOTATION = r"\{[!-z|~]*\}"
_ATOM = r"(?:10[*^]|%|'{1,2}|\[[!-Z\\^-z|~]+\]|[A-Za-z_]|(?<=[A-Za-z_])[']|\d+(?=[A-Za-z\[]))+"
_COMPONENT = rf"(?:(?:(?:{_ATOM}|\d+)(?:[+-]?\d+)?)(?:{_ANNOTATION})?|{_ANNOTATION})"
_FORM = re.compile(rf"/?(?:{_COMPONENT}|\()(?:{_COMPONENT}|[()./])*")
_OPERATORS = re.compile(r"[./]{2}|[./]$|\([./)]|[.(]\)")

_MISTAKEN = {
    "": "1",
    "HU": "[hnsf'U]",
    "SUV": "g/ml{SUVbw}",
    "a.u.": "[arb'U]",
    "au": "[arb'U]",
    "cc": "cm3",
    "cm^2": "cm2",
    "cm^3": "cm3",
    "degree": "deg",
    "degrees": "deg",
    "mm^2": "mm2",
    "mm^3": "mm3",
    "mmHg": "mm[Hg]",
    "msec": "ms",
    "none": "1",
    "percent": "%",
    "pixels": "{pixels}",
    "ratio": "{ratio}",
    "sec": "s",
    "voxels": "{voxels}",
    "°": "deg",
    "°C": "Cel",
    "µm": "um",
    "μm": "um",
}
"""Usual texts that are no UCUM codes → the code of that unit."""

_LONGEST = 64


def ucum_fault(code: object) -> str:
    """Return what is expected instead of a code; empty if it has UCUM's form.

    The form alone is checked, and usual mistakes: whether an atom exists is not.

    Notes
    -----
    The Unified Code for Units of Measure, sections 5 to 13.

    Examples
    --------
    >>> [ucum_fault(code) for code in ("kPa", "10-3.mm2/s", "g/ml{SUVbw}", "[hnsf'U]", "1")]
    ['', '', '', '', '']
    >>> ucum_fault("HU"), ucum_fault("mm 2")
    ("the UCUM code [hnsf'U]", 'a UCUM code such as kPa, mm2/s or 1')
    """
    if isinstance(code, str) and code.strip() in _MISTAKEN:
        return f"the UCUM code {_MISTAKEN[code.strip()]}"
    has_form = (
        isinstance(code, str)
        and len(code) <= _LONGEST
        and _FORM.fullmatch(code) is not None
        and not _OPERATORS.search(code)
        and code.count("(") == code.count(")")
    )
    return "" if has_form else "a UCUM code such as kPa, mm2/s or 1"
