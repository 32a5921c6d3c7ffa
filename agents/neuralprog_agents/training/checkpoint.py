"""Checkpoints: safetensors files that are whole, ours and unchanged, or refused.

A file holds named arrays and, in its header, one JSON object: the kind of content, metadata, and
a SHA-256 over all of it. Equal content gives equal bytes (safetensors writes several entries of
a header in random order, so there is just one). Loading never executes anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.training.files import parse_json, plain, write_atomically
from neuralprog_agents.training.schema import check_alike, structured

FORMAT = "neuralprog"
"""The name of our entry in the header."""
VERSION = 1
_BITS = 128
"""Those of a random generator's state."""
_MOST_BYTES = 2**31

Tensors = dict[str, NDArray[Any]]
Expected = Mapping[str, tuple[str, tuple[int | None, ...]]]
"""For each array its dtype's name and its shape, None where any size will do."""


class CheckpointError(ValueError):
    """A file is not the checkpoint that was asked for; the message says why."""


@dataclass(frozen=True)
class Header:
    """Our entry of a file's header; the metadata are a text of JSON."""

    version: int
    kind: str
    metadata: str
    sha256: str


def save(
    path: Path, kind: str, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]
) -> str:
    """Write a checkpoint atomically; return the SHA-256 of its content.

    Its folder must exist; an older checkpoint there is replaced at the last moment. ``load`` asks
    for the kind again ("weights"). The tensors are numbers or bools of any shapes; the metadata are
    anything JSON can hold (counters, generator states, sizes).

    Raises:
        OSError: It could not be written (say, the disk is full); the old file is untouched.
    """
    from safetensors.numpy import save as encode

    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    text = json.dumps(dict(metadata), sort_keys=True, default=plain)
    digest = _digest(kind, arrays, text)
    header = {"version": VERSION, "kind": kind, "metadata": text, "sha256": digest}
    write_atomically(path, encode(arrays, metadata={FORMAT: json.dumps(header)}))
    return digest


def identity(config: Any, index: int) -> dict[str, Any]:
    """Return what a checkpoint must share with the restart that goes on from it, as JSON has it.

    That is its index and its config, but for how many restarts are made and where they are scored.
    """
    shared: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    for name in ("restarts", "test_lengths"):
        shared.pop(name, None)
    return {"index": index, **shared}


def resume(
    path: Path, kind: str, of: Mapping[str, Any], expect: Expected | None = None
) -> tuple[Tensors, dict[str, Any]] | None:
    """Return the arrays and metadata of a restart's checkpoint; None if there is none.

    The restart's ``identity`` was saved as the metadata's "of"; for ``kind`` and ``expect`` see
    ``load``.

    Raises:
        CheckpointError: See ``load``; or it belongs to another restart.
    """
    if not path.exists():
        return None
    tensors, metadata = load(path, kind, expect)
    if metadata.pop("of", None) != of:
        raise CheckpointError(
            f"{path} belongs to another restart or config: remove it to begin anew"
        )
    return tensors, metadata


def load(path: Path, kind: str, expect: Expected | None = None) -> tuple[Tensors, dict[str, Any]]:
    """Return the arrays and metadata of a checkpoint that was saved as this kind.

    ``expect`` has the arrays that it must hold, no fewer and no others; None takes what is there.

    Raises:
        CheckpointError: The file is missing, cut short, foreign, changed since it was written,
            of another kind or version, or its arrays are not the expected ones.
    """
    arrays, header = _read(Path(path))
    _check_header(path, header, kind)
    if _digest(kind, arrays, header.metadata) != header.sha256:
        raise CheckpointError(
            f"{path}: the content does not match its SHA-256: the file was damaged or changed "
            f"after it was written; restore it or train again"
        )
    if expect is not None:
        check_arrays(arrays, expect, str(path))
    try:
        metadata = structured(dict[str, Any], parse_json(header.metadata, "metadata", _BITS))
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from None
    return arrays, metadata


def sha256(path: Path) -> str:
    """Return the content hash that a checkpoint's header states.

    Raises:
        CheckpointError: The file is missing, cut short or foreign.
    """
    return _read(Path(path))[1].sha256


def _read(path: Path) -> tuple[Tensors, Header]:
    """Return the arrays of a safetensors file and our entry of its header."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such file")
    if path.stat().st_size > _MOST_BYTES:
        raise CheckpointError(f"{path}: too large: at most {_MOST_BYTES:,} bytes")
    try:
        with safe_open(path, framework="numpy") as file:
            header = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, AttributeError, KeyError) as error:
        raise CheckpointError(
            f"{path}: cut short or not a safetensors file ({error}); "
            f"a checkpoint of neuralprog is right here"
        ) from None
    return arrays, _entry(path, header)


def _entry(path: Path, header: Mapping[str, str]) -> Header:
    try:
        return structured(Header, parse_json(header.get(FORMAT, ""), FORMAT))
    except ValueError as error:
        raise CheckpointError(
            f"{path}: not written by neuralprog (its header has no valid entry {FORMAT!r}: {error})"
        ) from None


def _check_header(path: Path, header: Header, kind: str) -> None:
    if header.version != VERSION:
        raise CheckpointError(
            f"{path}: format version {header.version}, this neuralprog reads {VERSION}"
        )
    if header.kind != kind:
        raise CheckpointError(f"{path}: holds {header.kind!r}, expected {kind!r}")


def check_arrays(arrays: Tensors, expect: Expected, where: str = "weights") -> None:
    """Raise CheckpointError where arrays are not the expected ones."""
    if set(arrays) != set(expect):
        raise CheckpointError(
            f"{where}: holds the arrays {_listed(arrays)}, expected {_listed(expect)}"
        )
    for name, (dtype, shape) in expect.items():
        found = arrays[name]
        if found.dtype != np.dtype(dtype) or not _fits(found.shape, shape):
            raise CheckpointError(
                f"{where}: {name} is {found.dtype} of shape {found.shape}, "
                f"expected {dtype} of shape {shape}"
            )


def check_state(
    tensors: Tensors, metadata: Any, new: Mapping[str, Any], new_metadata: Mapping[str, Any]
) -> None:
    """Raise ValueError unless a learner's state is made as that of a new learner.

    Arrays have the same dtypes and sizes (any size, where the new one has none), metadata the same
    types; what a new learner does not have yet may be there.
    """
    check_alike(metadata, json.loads(json.dumps(new_metadata, default=plain)))
    like = {name: np.asarray(array) for name, array in new.items()}
    shapes = {name: tuple(size or None for size in array.shape) for name, array in like.items()}
    expect = {name: (array.dtype.name, shapes[name]) for name, array in like.items()}
    check_arrays({name: tensors[name] for name in expect}, expect, "the state")


def check_dtypes(arrays: Tensors, dtypes: Sequence[str]) -> None:
    """Raise CheckpointError where arrays have other dtypes."""
    for name, array in arrays.items():
        if array.dtype.name not in dtypes:
            raise CheckpointError(f"{name} is {array.dtype}, expected {' or '.join(dtypes)}")


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        size == asked or asked is None for size, asked in zip(shape, wanted, strict=True)
    )


def _listed(arrays: Mapping[str, Any]) -> str:
    return ", ".join(sorted(arrays)) or "(none)"


def _digest(kind: str, arrays: Tensors, text: str) -> str:
    """Hash the kind, the metadata's text, and every array with its name, dtype and shape."""
    head = [FORMAT, VERSION, kind, text]
    parts = hashlib.sha256(json.dumps(head).encode())
    for name in sorted(arrays):
        array = arrays[name]
        parts.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        parts.update(array.tobytes())
    return parts.hexdigest()
