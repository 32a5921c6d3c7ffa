"""Values of LLVM as values of numba: types, and functions on them; vectors of the CPU, mostly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic, models, register_model


def lowered_type(name: str, lowered: Any) -> Any:
    """Return a new numba type of a name, for which an LLVM type stands."""

    class LoweredType(types.Type):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name=name)

    @register_model(LoweredType)
    class _Model(models.PrimitiveModel):  # type: ignore[misc]
        def __init__(self, manager: Any, kind: Any) -> None:
            super().__init__(manager, kind, lowered)

    return LoweredType()


def emitted(*kinds: Any, result: Any) -> Callable[[Callable[..., Any]], Any]:
    """Turn an emitter (builder, *values) -> value into a function for compiled code.

    It has one to four arguments, of the numba types ``kinds``; where it returns nothing, ``result``
    is ``types.none``.
    """

    def decorate(emit: Callable[..., Any]) -> Any:
        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            value = emit(builder, *arguments)
            return context.get_dummy_value() if result is types.none else value

        typed = result(*kinds), lower
        typer: Any = {
            1: lambda context, a: typed,
            2: lambda context, a, b: typed,
            3: lambda context, a, b, c: typed,
            4: lambda context, a, b, c, d: typed,
        }[len(kinds)]
        typer.__name__, typer.__doc__ = emit.__name__, emit.__doc__
        return intrinsic(typer)

    return decorate
