"""`PictureStyle`: how a result is drawn on its source."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from dicomseries.drawing import COLOUR_MAPS
from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["PictureStyle", "parse_style"]

_LONGEST_TITLE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureStyle:
    """How a result is drawn on its source.

    Parameters
    ----------
    window : tuple of float, str or None
        Centre and width in real values of the source, the name of a usual window, or that of the
        source.
    fill : float, optional
        Opacity of the colours, 0 (none) to 1; None for that of the kind of result.
    outline : bool
        Whether the outermost voxels of each segment have its full colour.
    value_range : tuple of float, optional
        Real values of the result at the ends of the colour map.
    color_map : str
        Name of the colour map.
    legend : bool
        Whether a legend is drawn beside the image.
    title : str
        First line of the legend; made from the result if empty.

    Raises
    ------
    OptionError
        For all wrong values at once.

    Examples
    --------
    >>> PictureStyle(fill=0.5).outline
    True
    """

    window: tuple[float, float] | str | None = None
    fill: float | None = None
    outline: bool = True
    value_range: tuple[float, float] | None = None
    color_map: str = "hot-iron"
    legend: bool = True
    title: str = ""

    def __post_init__(self) -> None:
        faults: list[OptionError] = []
        for name, (is_right, expected, remedy) in _CHECKS.items():
            if not is_right(getattr(self, name)):
                faults.append(_fault(name, getattr(self, name), expected, remedy))
        if not faults and self.fill == 0 and not self.outline:
            remedy = "Pass a `fill=` above 0, or leave `outline=` out."
            faults.append(_fault("fill", self.fill, "a fill or an outline to draw", remedy))
        if faults:
            raise OptionError.together(faults)


def parse_style(
    *,
    window: Any = None,
    value_range: Any = None,
    title: Any = None,
    **others: Any,
) -> PictureStyle:
    """Return the style that options of `picture` ask for.

    Raises
    ------
    OptionError
        For all wrong values at once.

    Examples
    --------
    >>> parse_style(window=[40, 400]).window
    (40.0, 400.0)
    """
    return PictureStyle(
        window=_pair(window),
        value_range=_pair(value_range),
        title="" if title is None else title,
        **others,
    )


def _pair(values: Any) -> Any:
    """Return two numbers as a tuple; anything else as it is."""
    if not _is_pair(values):
        return values
    first, second = values
    return float(first), float(second)


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool | str | bytes) and math.isfinite(value)
    except (TypeError, OverflowError):
        return False


def _is_pair(values: Any) -> bool:
    is_sequence = isinstance(values, Sequence) and not isinstance(values, str | bytes)
    return is_sequence and len(values) == 2 and all(map(_is_number, values))


def _is_window(window: Any) -> bool:
    return isinstance(window, str | None) or (_is_pair(window) and window[1] > 0)


def _is_range(values: Any) -> bool:
    return values is None or (_is_pair(values) and values[0] < values[1])


def _is_opacity(fill: Any) -> bool:
    return fill is None or (_is_number(fill) and 0 <= fill <= 1)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_map(name: Any) -> bool:
    return isinstance(name, str) and name in COLOUR_MAPS


def _is_title(title: Any) -> bool:
    return isinstance(title, str) and title.isprintable() and len(title) <= _LONGEST_TITLE


_CHECKS: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "window": (
        _is_window,
        "centre and width (above 0) in real values, or the name of a window",
        "Pass such as `window=(40, 400)`.",
    ),
    "fill": (_is_opacity, "an opacity from 0 to 1", "Pass such as `fill=0.35`."),
    "outline": (_is_flag, "True or False", "Pass `outline=False`, or leave it out."),
    "value_range": (
        _is_range,
        "two real values, the lower one first",
        "Pass such as `value_range=(0, 3)`.",
    ),
    "color_map": (_is_map, f"one of {', '.join(COLOUR_MAPS)}", "Choose one of them."),
    "legend": (_is_flag, "True or False", "Pass `legend=False`, or leave it out."),
    "title": (_is_title, f"a line of at most {_LONGEST_TITLE} characters", "Shorten the title."),
}


def _fault(name: str, given: Any, expected: str, remedy: str) -> OptionError:
    code = f"{name.replace('_', '-')}-of-picture"
    return OptionError(code=code, where=name, given=repr(given), expected=expected, remedy=remedy)
