"""Which positions are edited: every way in which sites may be given, as intervals of one width."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.ir.module import Sites
from fastism.runtime.arguments import require_count

IntArray = npt.NDArray[np.int64]

WAYS = "a slice, a mask of the positions, whole numbers, or (start, stop) pairs of one width"


def parse_sites(sites: Any, length: int, width: int | None = None) -> Sites:
    """The intervals of ``width`` positions (1 unless said) that are edited, one at a time.

    sites: None for every interval inside ``[0, length)``; a slice for those inside
    ``[start, stop)``, ``step`` apart; booleans (length,) for those all of whose positions are True;
    whole numbers, a range or a list, for where they start; (start, stop) pairs for the intervals
    themselves, whose width need not be said.

    Raises InputError where nothing is left, widths differ, or a site is not inside ``[0, length)``.
    """
    if isinstance(sites, Sites):
        sites = np.stack([sites.array, sites.array + sites.width], axis=1)
    require_count("width", width, optional=True)
    if width is not None and width > length:
        raise InputError(f"a site cannot be {width} positions wide", why=f"the input has {length}")
    if sites is None or isinstance(sites, slice):
        starts = _in_slice(sites or slice(None), length, width or 1)
    else:
        given = _array(sites)
        if given.dtype == np.bool_:
            starts = _in_mask(given, length, width or 1)
        elif given.ndim == 2:
            starts, width = given[:, 0], _one_width(given, width)
        else:
            starts = given
    width = width or 1
    if not len(starts):
        raise InputError("there are no sites to edit")
    outside = np.flatnonzero((starts < 0) | (starts + width > length))
    if len(outside):
        start = int(starts[outside[0]])
        raise InputError(f"the site [{start}, {start + width}) is not inside [0, {length})")
    return Sites(tuple(starts.tolist()), width)


def _array(sites: Any) -> npt.NDArray[Any]:
    """Booleans (L,), or whole numbers (S,) or (S, 2)."""
    try:
        given = np.asarray(sites if isinstance(sites, np.ndarray) else list(sites))
    except (TypeError, ValueError):
        given = np.empty((), object)
    if given.shape == (0,):
        return np.zeros(0, np.int64)
    if given.dtype == np.bool_ and given.ndim == 1:
        return given
    whole = np.issubdtype(given.dtype, np.integer)
    if not whole or not (given.ndim == 1 or given.shape[1:] == (2,)):
        raise InputError(f"sites={sites!r} cannot be read as sites", why=f"they must be {WAYS}")
    return given.astype(np.int64)


def _in_slice(region: slice, length: int, width: int) -> IntArray:
    for bound in (region.start, region.stop, region.step):
        if bound is not None and not isinstance(bound, int):
            raise InputError(f"{region} is not of whole numbers")
    for bound in (region.start, region.stop):
        if bound is not None and not -length <= bound <= length:
            start, stop = ("" if end is None else end for end in (region.start, region.stop))
            what = f"the slice {start}:{stop} of sites reaches out of the input"
            raise InputError(what, why=f"it has {length} positions")
    if region.step is not None and region.step < 1:
        raise InputError(
            f"{region} does not run forwards", attempt="a list of starts, for another order"
        )
    start, stop, step = region.indices(length)
    return np.arange(start, stop - width + 1, step, dtype=np.int64)


def _in_mask(mask: npt.NDArray[np.bool_], length: int, width: int) -> IntArray:
    if len(mask) != length:
        raise InputError(f"the mask of sites has {len(mask)} entries, and the input {length}")
    return np.flatnonzero(np.lib.stride_tricks.sliding_window_view(mask, width).all(axis=-1))


def _one_width(pairs: IntArray, said: int | None) -> int:
    widths = sorted({int(width) for width in pairs[:, 1] - pairs[:, 0]})
    if len(widths) != 1:
        raise InputError(f"sites must all be of one width; got widths {widths}")
    if widths[0] < 1:
        raise InputError(f"the site [{pairs[0, 0]}, {pairs[0, 1]}) holds no position")
    if said not in (None, widths[0]):
        raise InputError(f"the sites are {widths[0]} wide, and width={said} was given")
    return widths[0]
