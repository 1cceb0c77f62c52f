"""One of the stacks of a series of several orientations: `read(stack=)`."""

from __future__ import annotations

from dataclasses import replace

from dicomseries.errors import OptionError
from dicomseries.reading.order.frame_order import place_frames
from dicomseries.reading.order.slice_order import place_files
from dicomseries.reading.series_folders import Series, described_series

__all__ = ["chosen_stack"]


def chosen_stack(series: Series, name: str) -> Series:
    """Return the slices of one stack as a series.

    Parameters
    ----------
    series : Series
        Of several orientations, sizes or pixel spacings.
    name : str
        Of one of its stacks, in any case.

    Raises
    ------
    OptionError
        If there is no such stack.
    """
    word = str(name).strip().casefold()
    matching = [stack for stack in series.stacks if stack.name.casefold() == word]
    if not matching:
        raise _unknown_stack(series, name)
    members = matching[0].members
    if series.frame_set is None:
        placement = place_files([series.instances[index] for index in members])
    else:
        placement = place_frames(series.instances, members)
    of_placement = {problem.code for problem in placement.problems}
    warnings = []
    for problem in series.problems:
        if problem.level == "warning" and problem.code not in of_placement:
            warnings.append(problem)
    stack = described_series(series.series_uid, placement, warnings)
    return replace(stack, part=series.part, objects=series.objects)


def _unknown_stack(series: Series, name: str) -> OptionError:
    if not series.stacks:
        return OptionError(
            code="stack-unknown",
            where="stack",
            given=f"{name!r} for a series without stacks: {series}",
            expected="a series whose slices have several orientations, sizes or pixel spacings",
            remedy="Leave `stack=` out.",
        )
    return OptionError(
        code="stack-unknown",
        where="stack",
        given=repr(name),
        expected=f"one of {', '.join(map(str, series.stacks))}",
        remedy=f"Pass one of these names, such as `stack={series.stacks[0].name!r}`.",
    )
