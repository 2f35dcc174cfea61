"""HDF5 files that reach outside themselves, or hold less than they claim: refused unread."""

from __future__ import annotations

from collections.abc import Iterator

import h5py

from fastism.errors import ModelError

LARGE = 2**26
_EXPANSION = 1000
"""Compression makes weights a little smaller; zeros alone compress a thousandfold."""


def check_hdf5(file: h5py.File, what: str) -> None:
    """Raise ModelError, beginning with ``what``, for links to other files and false sizes."""
    for name, why in _wrong(file, set()):
        raise ModelError(
            what, where=f"its member {name!r}", why=why, attempt="save the model again"
        )


def numbers(file: h5py.File) -> int:
    """How many numbers the datasets of a file hold."""
    sizes: list[int] = []
    file.visititems(lambda _, m: sizes.append(m.size or 0) if isinstance(m, h5py.Dataset) else None)
    return sum(sizes)


def _wrong(group: h5py.Group, seen: set[int]) -> Iterator[tuple[str, str]]:
    seen.add(h5py.h5o.get_info(group.id).addr)
    for key in group:
        name = f"{group.name.rstrip('/')}/{key}"
        link = group.get(key, getlink=True)
        if not isinstance(link, h5py.HardLink):
            yield name, "it is a link, and may lead to another file"
            continue
        member = group[key]
        if isinstance(member, h5py.Group):
            if h5py.h5o.get_info(member.id).addr in seen:
                yield name, "it is a group that was met before, and may never end"
            else:
                yield from _wrong(member, seen)
        elif isinstance(member, h5py.Dataset):
            if member.shape is None:
                yield name, "it holds nothing, not even a number"
            elif member.external or member.is_virtual:
                yield name, "its numbers are in another file"
            elif member.nbytes > max(LARGE, _EXPANSION * member.id.get_storage_size()):
                yield name, f"it claims {member.nbytes:,} bytes and stores next to none"
