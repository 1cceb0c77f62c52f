"""The logger `dicomseries`: stages of `write`, `read` and `check`, without data of patients.

INFO has the stages, DEBUG their numbers, and WARNING the advice of receipts. Records hold numbers
and our own words: no attribute, no name, no date and no path, as logs are kept and sent by programs
that may not see them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from dicomseries.errors import template_of

__all__ = ["LOGGER", "log_advice", "without_texts"]

LOGGER = logging.getLogger("dicomseries")
"""Silent until the program that imports us configures logging."""
LOGGER.addHandler(logging.NullHandler())

_HIDDEN = "…"
_SHORTEST = 2
_QUOTED = re.compile(r"'[^']*[^\W\d_][^']*'|\"[^\"]*[^\W\d_][^\"]*\":?")
_KEY = re.compile(r'"\w+":')
_BRACKETS = re.compile(r"\([^()]*(?:[^\W\d_]|\d{4})[^()]*\)")
_OF_SOURCE = re.compile(r"(\bsource\b[^:`]*: ).*?(?=\. [A-Z]|$)", re.DOTALL)
_NUMBER = re.compile(r"\b\d+(?:\.\d+){3,}\b|\b\d{6,}(?:\.\d+)?\b|\b\d{4}-\d\d-\d\d\b")
_FILE = r"\S*\.(?:nii|nrrd|mh[ad]|npy|npz|h5|zarr|dcm|tiff?|json|toml)\b\S*"
_PATH = re.compile(rf"\S*(?:[^\W\d_]{{3,}}|[.~])[/\\]\S+|{_FILE}")
_CODE = re.compile(r"(`[^`]*`)")


def log_advice(advice: Iterable[str], texts: Iterable[str]) -> None:
    """Log advice at WARNING, one line each, without texts of the user.

    Parameters
    ----------
    advice : iterable of str
        Advice of a receipt.
    texts : iterable of str
        Texts that must not be logged: values of attributes, paths.

    Examples
    --------
    >>> log_advice(["PatientName of the source (Doe) is left out."], ["Doe"])
    """
    private = tuple(texts)
    for sentence in advice:
        LOGGER.warning("advice: %s", without_texts(sentence, private))


def without_texts(sentence: str, texts: Iterable[str] = ()) -> str:
    """Return a sentence as one line, with an ellipsis for what may be a text of the user.

    Hidden are `texts`, and everything that is in quotes or brackets, follows "source:", or looks
    like a date, an identifier or a path.

    Examples
    --------
    >>> without_texts("SeriesTime of the source (20240131 1201) contradicts Doe.", ["Doe"])
    'SeriesTime of the source (…) contradicts ….'
    >>> without_texts("StudyID differs within the source: A7, B7. The result has none.")
    'StudyID differs within the source: …. The result has none.'
    >>> without_texts("Give `clip=(-1, 3)`, not 'Doe'.")
    "Give `clip=(-1, 3)`, not '…'."
    """
    line = _one_line(template_of(sentence))
    for text in sorted({*map(_one_line, texts)}, key=len, reverse=True):
        if len(text) >= _SHORTEST and text in line:
            line = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", _HIDDEN, line)
    line = _OF_SOURCE.sub(rf"\1{_HIDDEN}", line)
    parts = _CODE.split(line)
    for index, part in enumerate(parts):
        shown = part
        if not part.startswith("`"):
            shown = _PATH.sub(_HIDDEN, _BRACKETS.sub(_hidden_between, part))
        parts[index] = _NUMBER.sub(_HIDDEN, _QUOTED.sub(_hidden_between, shown))
    return "".join(parts)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _hidden_between(match: re.Match[str]) -> str:
    text = match[0]
    if _KEY.fullmatch(text):
        return text
    if text.endswith(":"):
        return f'"{_HIDDEN}":'
    return f"{text[0]}{_HIDDEN}{text[-1]}"
