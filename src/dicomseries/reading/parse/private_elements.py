"""Elements of private creators."""

from __future__ import annotations

from dicomseries.reading.parse.functional_groups import as_numbers
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import Element, ParseError, items_of

__all__ = ["is_from_ge", "private_element", "private_items", "private_numbers"]


_FIRST_BLOCK = 0x10
_GE_ACQUISITION = 0x00190010


def is_from_ge(instance: Instance) -> bool:
    """Return whether a file has GE's private block of the acquisition, as the first one."""
    creator = instance.element(_GE_ACQUISITION)
    return creator is not None and creator.raw.startswith(b"GEMS_ACQU_01")


def private_element(
    instance: Instance, group: int, creator: str, offset: int, *, is_block_known: bool = False
) -> Element | None:
    """Return an element of a private block; None if absent.

    Parameters
    ----------
    instance : Instance
        The file.
    group : int
        Odd number of the group.
    creator : str
        Private creator of the block.
    offset : int
        Last two digits of the element's number.
    is_block_known : bool
        Whether the maker uses the first block, also where de-identification has removed the
        creator.

    Notes
    -----
    PS3.5 section 7.8.1.
    """
    name = creator.encode("ascii")
    first, last = group << 16 | 0x10, group << 16 | 0xFF
    for tag in instance.base:
        if not first <= tag <= last:
            continue
        element = instance.element(tag)
        if element is None or element.raw.strip(b" \0") != name:
            continue
        member = instance.element(group << 16 | (tag & 0xFF) << 8 | offset)
        if member is not None:
            return member
    if is_block_known and instance.element(group << 16 | _FIRST_BLOCK) is None:
        return instance.element(group << 16 | _FIRST_BLOCK << 8 | offset)
    return None


def private_numbers(
    instance: Instance,
    group: int,
    creator: str,
    offset: int,
    vr: str,
    *,
    is_block_known: bool = False,
) -> tuple[float, ...]:
    """Return the numbers of a private element; () if absent or not numeric.

    `vr` is that of the maker: in the file it may be UN.
    """
    element = private_element(instance, group, creator, offset, is_block_known=is_block_known)
    if element is None:
        return ()
    return as_numbers(vr, element.raw, instance.byte_order)


def private_items(
    instance: Instance, group: int, creator: str, offset: int
) -> tuple[dict[int, Element], ...]:
    """Return the items of a private sequence; () if absent or damaged."""
    element = private_element(instance, group, creator, offset)
    if element is None:
        return ()
    order = instance.byte_order
    if element.vr == "UN":  # in Implicit VR Little Endian (PS3.5 section 6.2.2 note 2)
        element, order = Element("SQ", element.raw, implicit=True), "<"
    try:
        return items_of(element, order)
    except ParseError:
        return ()
