"""Extension of griffe: signatures and choices on the API page.

`write` takes its options as ``**keywords``, declared in `dicomseries.options`; the page shows each
with its default. A choice of numpydoc, ``{"LPS", "RAS"}``, becomes ``"LPS" or "RAS"``, as griffe
takes the first word of it for the default.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

from dicomseries.options import options_of

WITH_OPTIONS = "dicomseries.api.write.write"
CHOICE = re.compile(r"^(?P<before>[\w*, ]+ : .*?)\{(?P<words>[^}\n]+)\}", re.MULTILINE)
TYPES = re.compile(r"(?<= : )(?:[A-Za-z]+, )+[A-Za-z]+ or [A-Za-z]+(?=$|,)", re.MULTILINE)
"""``array, path or Volume``, of which griffe makes a tuple."""


class OptionSignatures(griffe.Extension):
    """Fill in the options of `write`, and spell choices without braces."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of any object."""
        if obj.docstring is not None:
            obj.docstring.value = without_braces(obj.docstring.value)

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Change the parameters of `write`."""
        if func.path != WITH_OPTIONS:
            return
        del func.parameters["keywords"]
        for name, option in options_of("write").items():
            func.parameters.add(
                griffe.Parameter(
                    name,
                    kind=griffe.ParameterKind.keyword_only,
                    default=repr(option.default),
                )
            )


def without_braces(text: str) -> str:
    """Return a docstring with its choices and its lists of types spelled out.

    Examples
    --------
    >>> without_braces('space : {"LPS", "RAS"}, optional')
    'space : "LPS" or "RAS", optional'
    >>> without_braces("source : array, path or Volume")
    'source : array or path or Volume'
    """
    spelled = CHOICE.sub(
        lambda match: match["before"] + " or ".join(re.split(r",\s*", match["words"])), text
    )
    spelled = spelled.replace(" : path-like\n", " : str or os.PathLike\n")
    return TYPES.sub(lambda match: match[0].replace(", ", " or "), spelled)
