"""Sixteen float32 lanes as one value of numba, lowered to an LLVM vector.

LLVM maps the type to whatever the CPU has (one AVX-512 register, two of AVX, four of SSE or
NEON). Lanes are examples of a batch. Memory is reached through plain pointers: ``p`` counts
in floats, and a "row" is sixteen of them. No fast-math flag is set anywhere: products and
sums may fuse (fmuladd), but nothing is reordered and NaN survives every operation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import factorial, log, pi
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 16
Vector = Any
"""Annotation only: sixteen float32 lanes."""
Pointer = Any
"""Annotation only: a pointer to float32 (or to int64 for tables)."""

_VEC = ir.VectorType(ir.FloatType(), LANES)
_INT = ir.VectorType(ir.IntType(32), LANES)
_SHUFFLE = ir.VectorType(ir.IntType(32), LANES)


class VectorType(types.Type):
    """The numba type of sixteen float32 lanes."""

    def __init__(self) -> None:
        super().__init__(name="float32x16")


vector = VectorType()
floats = types.CPointer(types.float32)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VEC)


def _constant(value: float) -> ir.Constant:
    return ir.Constant(_VEC, [value] * LANES)


def _integer(value: int) -> ir.Constant:
    return ir.Constant(_INT, [value] * LANES)


def _call(builder: Any, name: str, *arguments: Any) -> Any:
    kind = ir.FunctionType(_VEC, [_VEC] * len(arguments))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f32")
    return builder.call(function, arguments)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return _call(builder, "fmuladd", a, b, c)


def _horner(builder: Any, x: Any, coefficients: list[float]) -> Any:
    """Σ_k coefficients[k] x^k."""
    result = _constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = _fma(builder, result, x, _constant(coefficient))
    return result


# ---- operators ---------------------------------------------------------------------------


def _define_operator(symbol: Callable[..., Any], method: str, arity: int) -> None:
    class Template(ConcreteTemplate):
        cases = [types.VectorOp] if False else [vector(*[vector] * arity)]  # noqa: RUF012

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


def _define(emit: Callable[..., Any], *kinds: Any, result: Any = vector) -> Any:
    """An intrinsic of fixed signature from a function (builder, *values) -> value."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return emit(builder, *arguments)

    names = ", ".join(f"a{i}" for i in range(len(kinds)))
    scope: dict[str, Any] = {"signature": result(*kinds), "lower": lower}
    exec(f"def typer(context, {names}): return signature, lower", scope)
    return intrinsic(scope["typer"])
