"""The space of a NIfTI header: qform_code and sform_code.

NIfTI-1 standard, "ORIENTATION AND LOCATION".
"""

from __future__ import annotations

from typing import Any

from dicomseries.geometry_statement import UNSTATED, SpaceName, Statement

__all__ = ["nifti_statement"]

_SPACES: dict[int, tuple[SpaceName, str]] = {
    1: ("scanner", "the scanner's space"),
    2: ("aligned", "the space of another image"),
    3: ("template", "Talairach space"),
    4: ("template", "MNI 152 space"),
    5: ("template", "the space of a template"),
}
"""Code of sform or qform -> the kind of space, and its name."""

_WITHOUT_CODES = {"AnalyzeHeader", "Spm99AnalyzeHeader", "Spm2AnalyzeHeader"}
"""Headers of nibabel without any orientation: nibabel gives a convention for them."""

_NO_ORIENTATION = (
    "The file states no orientation (qform_code and sform_code are 0): nibabel's convention is "
    "taken; left and right may be exchanged, and the origin is a placeholder. Pass `affine=` with "
    "`space=`, or `spacing=`, `origin=` and `direction=`."
)


def nifti_statement(image: Any) -> Statement:
    """Return the statement of a nibabel image.

    Parameters
    ----------
    image : nibabel image
        Of any class that has an affine. nibabel takes the sform where its code is above 0, else the
        qform.

    Returns
    -------
    Statement
        ``UNSTATED`` where both codes are 0 and the voxel sizes are the 1 of a new header.

    Examples
    --------
    >>> import nibabel, numpy as np
    >>> image = nibabel.Nifti1Image(np.zeros((5, 4, 3), "int16"), np.diag([1, 1, 2, 1]))
    >>> nifti_statement(image).space
    'aligned'
    """
    header = image.header
    name, code = _code(header)
    if code is None:
        return Statement()
    if code == 0:
        return _without_orientation(header)
    space, words = _SPACES.get(code, ("template", f"an unknown space (code {code})"))
    source = f"{name} {code}: {words}"
    if space != "template":
        return Statement(space=space, source=source)
    note = (
        f"The positions are those of {words} ({name} is {code}), not of a scanner: the series is "
        "not "
        "in the space of the patient's own images."
    )
    return Statement(space=space, source=source, notes=(note,))


def _code(header: Any) -> tuple[str, int | None]:
    """Return name and value of the valid space code."""
    if type(header).__name__ in _WITHOUT_CODES:
        return "sform_code", 0
    try:
        codes = {name: int(header[name]) for name in ("sform_code", "qform_code")}
    except (KeyError, ValueError, IndexError, TypeError):
        return "", None
    return next(((name, code) for name, code in codes.items() if code > 0), ("sform_code", 0))


def _without_orientation(header: Any) -> Statement:
    lengths = list(map(float, header.get_zooms()[:3]))
    if set(lengths) <= {1.0}:
        return UNSTATED
    source = "qform_code and sform_code 0: no orientation"
    return Statement(origin="assumed", direction="assumed", source=source, notes=(_NO_ORIENTATION,))
