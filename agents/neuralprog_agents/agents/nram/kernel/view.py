"""How compiled code reads a ``Plan``: by name, behind one pointer.

As a tuple the plan would be copied, field by field, in every call.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, lower_getattr_generic

from neuralprog_agents.agents.nram.kernel.plan import Plan
from neuralprog_agents.training.simd import lowered_type

plan_type = lowered_type("plan", ir.IntType(64).as_pointer())
"""The numba type of a pointer to the fields of a plan."""


@infer_getattr
class _PlanAttributes(AttributeTemplate):  # type: ignore[misc]
    key = type(plan_type)

    def generic_resolve(self, plan: Any, name: str) -> Any:
        return types.int64 if name in Plan._fields else None


@lower_getattr_generic(type(plan_type))
def _field(context: Any, builder: Any, kind: Any, plan: Any, name: str) -> Any:
    place = ir.Constant(ir.IntType(64), Plan._fields.index(name))
    return builder.load(builder.gep(plan, [place]))


@intrinsic
def view(context: Any, pointer: Any) -> Any:
    """The plan behind a pointer to int64."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return arguments[0]

    return plan_type(pointer), lower
