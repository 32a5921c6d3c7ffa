"""Sixteen float32 lanes as one value of numba, lowered to an LLVM vector.

LLVM maps the type to whatever the CPU has (one AVX-512 register, two of AVX, four of SSE or
NEON). Lanes are examples of a batch. Memory is reached through plain pointers that count in
floats; sixteen floats are a "row". No fast-math flag is set anywhere: a product and a sum may
fuse (fmuladd), but nothing is reordered and a NaN survives every operation. LLVM has no
exponential, logarithm or sine of a vector without a library of its own, so they are series here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import factorial, log, pi
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin

from neuralprog_agents.training.simd import emitted, lowered_type

LANES = 16
Vector = Any
"""Annotation only: sixteen float32 lanes."""
Pointer = Any
"""Annotation only: a pointer to float32, or to int64 in tables."""

_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_INTS = ir.VectorType(ir.IntType(32), LANES)


vector = lowered_type("float32x16", _FLOATS)
"""The numba type of sixteen float32 lanes."""
floats = types.CPointer(types.float32)


# ---- building blocks of the emitted code -------------------------------------------------


def _number(value: float) -> ir.Constant:
    return ir.Constant(_FLOATS, [value] * LANES)


def _integer(value: int) -> ir.Constant:
    return ir.Constant(_INTS, [value] * LANES)


def _call(builder: Any, name: str, *arguments: Any) -> Any:
    kind = ir.FunctionType(_FLOATS, [_FLOATS] * len(arguments))
    name = f"llvm.{name}.v{LANES}f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return _call(builder, "fmuladd", a, b, c)


def _horner(builder: Any, x: Any, coefficients: Sequence[float]) -> Any:
    """Σ_k coefficients[k] x^k."""
    result = _number(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = _fma(builder, result, x, _number(coefficient))
    return result


def _clamp(builder: Any, x: Any, low: Any, high: Any) -> Any:
    """Both comparisons are false for NaN, which therefore stays."""
    x = builder.select(builder.fcmp_ordered("<", x, low), low, x)
    return builder.select(builder.fcmp_ordered(">", x, high), high, x)


def _rows(builder: Any, pointer: Any, index: Any) -> Any:
    return builder.bitcast(builder.gep(pointer, [index]), _FLOATS.as_pointer())


def _shuffle(builder: Any, a: Any, b: Any, lanes: Sequence[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(_INTS, list(lanes)))


# ---- operators ---------------------------------------------------------------------------


def _define_operator(symbol: Callable[..., Any], method: str, arity: int) -> None:
    class Template(ConcreteTemplate):  # type: ignore[misc]
        cases = (vector(*[vector] * arity),)

    infer_global(symbol)(Template)

    @lower_builtin(symbol, *[vector] * arity)
    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, method)(*arguments)


for _symbol, _method, _arity in (
    (operator.add, "fadd", 2),
    (operator.sub, "fsub", 2),
    (operator.mul, "fmul", 2),
    (operator.truediv, "fdiv", 2),
    (operator.neg, "fneg", 1),
):
    _define_operator(_symbol, _method, _arity)


# ---- intrinsics: functions of compiled code ----------------------------------------------


@emitted(floats, types.intp, result=vector)
def load(builder: Any, p: Any, i: Any) -> Any:
    """The row that starts at p[i]."""
    return builder.load(_rows(builder, p, i), align=4)


@emitted(floats, types.intp, vector, result=types.none)
def store(builder: Any, p: Any, i: Any, x: Any) -> Any:
    """Write the row that starts at p[i]."""
    builder.store(x, _rows(builder, p, i), align=4)


@emitted(types.float32, result=vector)
def spread(builder: Any, x: Any) -> Any:
    """One number in all lanes."""
    single = builder.insert_element(
        ir.Constant(_FLOATS, ir.Undefined), x, ir.Constant(ir.IntType(32), 0)
    )
    return _shuffle(builder, single, single, [0] * LANES)


@emitted(vector, vector, vector, result=vector)
def fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """The fused a·b + c."""
    return _fma(builder, a, b, c)


@emitted(vector, vector, vector, vector, result=vector)
def above(builder: Any, x: Any, y: Any, a: Any, b: Any) -> Any:
    """In each lane a where x > y, else b."""
    return builder.select(builder.fcmp_ordered(">", x, y), a, b)


@emitted(vector, vector, result=vector)
def crop(builder: Any, x: Any, bound: Any) -> Any:
    """The value x cropped to [-bound, bound]."""
    return _clamp(builder, x, builder.fneg(bound), bound)


@emitted(vector, result=vector)
def root(builder: Any, x: Any) -> Any:
    """The square root."""
    return _call(builder, "sqrt", x)


@emitted(vector, result=types.float32)
def total(builder: Any, x: Any) -> Any:
    """The sum of the lanes, as a tree: always in the same order."""
    for half in (8, 4, 2, 1):
        x = builder.fadd(x, _shuffle(builder, x, x, [(i + half) % LANES for i in range(LANES)]))
    return builder.extract_element(x, ir.Constant(ir.IntType(32), 0))


@emitted(vector, result=types.boolean)
def nonzero(builder: Any, x: Any) -> Any:
    """Whether any lane differs from 0; a NaN does."""
    lanes = builder.fcmp_unordered("!=", x, _number(0.0))
    bits = builder.bitcast(lanes, ir.IntType(LANES))
    return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))


@emitted(vector, result=vector)
def exp2(builder: Any, x: Any) -> Any:
    """Power of two for x in ±126: 2^n 2^f, n the nearest integer, 2^f by Taylor."""
    x = _clamp(builder, x, _number(-126.0), _number(126.0))
    round_off = _number(1.5 * 2.0**23)  # adding it leaves n in the lowest bits
    shifted = builder.fadd(x, round_off)
    f = builder.fsub(x, builder.fsub(shifted, round_off))
    power = _horner(builder, f, [log(2) ** k / factorial(k) for k in range(7)])
    exponent = builder.shl(builder.bitcast(shifted, _INTS), _integer(23))
    return builder.bitcast(builder.add(builder.bitcast(power, _INTS), exponent), _FLOATS)


@emitted(vector, result=vector)
def logarithm(builder: Any, x: Any) -> Any:
    """Logarithm of a normal x > 0: n ln 2 + 2 artanh((m-1)/(m+1)), m in [1/√2, √2)."""
    bits = builder.bitcast(x, _INTS)
    half = _integer(0x3F3504F3)  # the bits of 1/√2
    n = builder.ashr(builder.sub(bits, half), _integer(23))
    m = builder.bitcast(builder.sub(bits, builder.shl(n, _integer(23))), _FLOATS)
    s = builder.fdiv(builder.fsub(m, _number(1.0)), builder.fadd(m, _number(1.0)))
    series = _horner(builder, builder.fmul(s, s), [2 / k for k in (1, 3, 5, 7, 9)])
    result = _fma(builder, builder.sitofp(n, _FLOATS), _number(log(2)), builder.fmul(s, series))
    return _fma(builder, x, _number(0.0), result)  # keeps a NaN visible


def _half_turn(builder: Any, x: Any, first: int) -> Any:
    """Taylor series in (πx)² of sin(πx)/πx (first = 1) or cos(πx) (first = 0), |x| <= 1/2."""
    square = builder.fmul(x, x)
    powers = range(first, first + 14, 2)
    terms = [(-1) ** (k // 2) * pi ** (k - first) / factorial(k) for k in powers]
    return _horner(builder, square, terms)


@emitted(vector, result=vector)
def cosine(builder: Any, x: Any) -> Any:
    """Cosine of 2πx for |x| <= 1/2, by the double angle: 1 - 2 sin²(πx)."""
    sine = builder.fmul(builder.fmul(x, _number(pi)), _half_turn(builder, x, 1))
    return _fma(builder, builder.fmul(_number(-2.0), sine), sine, _number(1.0))


@emitted(vector, result=vector)
def sine(builder: Any, x: Any) -> Any:
    """Sine of 2πx for |x| <= 1/2: 2 sin(πx) cos(πx)."""
    half = builder.fmul(builder.fmul(x, _number(2 * pi)), _half_turn(builder, x, 1))
    return builder.fmul(half, _half_turn(builder, x, 0))


@emitted(floats, floats, types.intp, result=types.none)
def transpose(builder: Any, source: Any, target: Any, stride: Any) -> Any:
    """Write sixteen rows with lanes first: target[lane·stride + i] = source[16·i + lane]."""
    index = ir.IntType(64)
    rows = [
        builder.load(_rows(builder, source, ir.Constant(index, i * LANES)), align=4)
        for i in range(LANES)
    ]
    low = [lane // 2 + LANES * (lane % 2) for lane in range(LANES)]
    high = [lane + LANES // 2 for lane in low]
    for _ in range(4):  # four perfect shuffles of the whole 16 x 16 block
        pairs = [(rows[i], rows[i + 8]) for i in range(8)]
        rows = [_shuffle(builder, *pair, lanes) for pair in pairs for lanes in (low, high)]
    for lane, row in enumerate(rows):
        place = builder.mul(stride, ir.Constant(index, lane))
        builder.store(row, _rows(builder, target, place), align=4)


# ---- pointers ----------------------------------------------------------------------------


@intrinsic
def at(context: Any, p: Any, i: Any) -> Any:
    """The pointer to p[i]."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return p(p, types.intp), lower


@intrinsic
def pointer(context: Any, array: Any) -> Any:
    """The pointer to the first element of a contiguous array."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(array)(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), lower


@njit(error_model="numpy")
def clear(p: Pointer, rows: int) -> None:
    """Set rows to zero."""
    for k in range(0, rows * LANES, LANES):
        store(p, k, spread(0.0))


@njit(error_model="numpy")
def store4(p: Pointer, i: int, a: Vector, b: Vector, c: Vector, d: Vector) -> None:
    """Write four rows from p[i] on."""
    store(p, i, a)
    store(p, i + LANES, b)
    store(p, i + 2 * LANES, c)
    store(p, i + 3 * LANES, d)
