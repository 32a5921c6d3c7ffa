"""Sixty-four bytes as one value of numba, lowered to an LLVM vector: a lane is an example.

LLVM maps the type to whatever the CPU has (one AVX-512 register, two of AVX2, four of SSE or
NEON). Masks are vectors too, 255 in the lanes that are meant and 0 in the others. Memory is
one-dimensional, contiguous arrays of uint8; sixty-four bytes of it are a "row".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from neuralprog_agents.training.simd import emitted, lowered_type

LANES = 64
MOST_MEMORY, MOST_STEPS, MOST_REGISTERS = 128, 255, 6
"""The largest M, T and R that fit the bytes and the sets of bits."""
Lanes = Any
"""Annotation only: sixty-four bytes."""

_I1, _I8, _I16, _I64 = (ir.IntType(bits) for bits in (1, 8, 16, 64))
_BYTES = ir.VectorType(_I8, LANES)
_ZERO = ir.Constant(_BYTES, None)


lanes = lowered_type("uint8x64", _BYTES)
"""The numba type of sixty-four bytes."""


def _define(
    name: str, text: str, arity: int, emit: Callable[..., Any], result: Any = lanes
) -> Callable[..., Any]:
    """Return a function of compiled code on ``arity`` vectors."""
    emit.__name__, emit.__doc__ = name, text
    compiled: Callable[..., Any] = emitted(*[lanes] * arity, result=result)(emit)
    return compiled


def _compare(symbol: str) -> Callable[..., Any]:
    return lambda b, x, y: b.sext(b.icmp_unsigned(symbol, x, y), _BYTES)


def _extreme(symbol: str) -> Callable[..., Any]:
    return lambda b, x, y: b.select(b.icmp_unsigned(symbol, x, y), x, y)


def _chosen(builder: Any, mask: Any) -> Any:
    """The mask as one bit a lane."""
    return builder.icmp_signed("<", mask, _ZERO)


def _sum(builder: Any, x: Any) -> Any:
    wide = ir.VectorType(_I16, LANES)
    kind = ir.FunctionType(_I16, [wide])
    name = f"llvm.vector.reduce.add.v{LANES}i16"
    reduce = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.zext(builder.call(reduce, [builder.zext(x, wide)]), _I64)


def _swap(builder: Any, x: Any) -> Any:
    order = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [i ^ 1 for i in range(LANES)])
    return builder.shuffle_vector(x, x, order)


add = _define("add", "The sum, modulo 256.", 2, lambda b, x, y: b.add(x, y))
sub = _define("sub", "The difference, modulo 256.", 2, lambda b, x, y: b.sub(x, y))
both = _define("both", "Bitwise and.", 2, lambda b, x, y: b.and_(x, y))
either = _define("either", "Bitwise or.", 2, lambda b, x, y: b.or_(x, y))
differ = _define("differ", "Bitwise exclusive or.", 2, lambda b, x, y: b.xor(x, y))
without = _define("without", "Bits of x not in y.", 2, lambda b, x, y: b.and_(x, b.not_(y)))
equal = _define("equal", "Mask of x = y.", 2, _compare("=="))
less = _define("less", "Mask of x < y.", 2, _compare("<"))
at_most = _define("at_most", "Mask of x ≤ y.", 2, _compare("<="))
lesser = _define("lesser", "The minimum.", 2, _extreme("<"))
greater = _define("greater", "The maximum.", 2, _extreme(">"))
neighbour = _define("neighbour", "Lane i ^ 1 of x in lane i.", 1, _swap)
choose = _define(
    "choose", "x where the mask says so, else y.", 3,
    lambda b, mask, x, y: b.select(_chosen(b, mask), x, y),
)  # fmt: skip
bits = _define(
    "bits", "A mask as one bit a lane, uint64.", 1,
    lambda b, mask: b.bitcast(_chosen(b, mask), _I64), types.uint64,
)  # fmt: skip
total = _define("total", "The sum of the lanes; below 65536.", 1, _sum, types.int64)


@emitted(types.int64, result=lanes)
def spread(builder: Any, x: Any) -> Any:
    """An integer's lowest byte in all lanes."""
    byte = builder.trunc(x, _I8)
    single = builder.insert_element(ir.Constant(_BYTES, ir.Undefined), byte, _I64(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    return builder.shuffle_vector(single, single, zeros)


def _row(context: Any, builder: Any, kind: Any, array: Any, i: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [i]), _BYTES.as_pointer())


@intrinsic
def load(context: Any, array: Any, i: Any) -> Any:
    """The row that starts at array[i]."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _row(context, builder, signature.args[0], *arguments)
        return builder.load(row, align=1)

    return lanes(array, types.intp), lower


@intrinsic
def store(context: Any, array: Any, i: Any, x: Any) -> Any:
    """Write the row that starts at array[i]."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _row(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], row, align=1)
        return context.get_dummy_value()

    return types.none(array, types.intp, lanes), lower


@emitted(types.uint64, result=types.int64)
def lowest(builder: Any, x: Any) -> Any:
    """The number of the lowest bit that is set in a uint64 that is not 0."""
    return builder.cttz(x, ir.Constant(_I1, 1))


@emitted(types.uint64, result=types.int64)
def count(builder: Any, x: Any) -> Any:
    """How many bits of a uint64 are set."""
    return builder.ctpop(x)
