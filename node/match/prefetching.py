"""Prefetches memory into the processor's cache, from inside a compiled loop.

Rules this module upholds:

- It never waits and never faults: an unmapped address is skipped.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


def _prefetch(_context: Any, array: Any, _index: Any) -> Any:  # noqa: ANN401  (Numba's protocol of typing)
    """Requests the cache line of `array[index]` (of its first column), without waiting."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        kind = signature.args[0]
        view = make_array(kind)(context, builder, arguments[0])  # type: ignore[no-untyped-call]
        place = [arguments[1]] + [context.get_constant(types.intp, 0)] * (kind.ndim - 1)
        pointer = cgutils.get_item_pointer(  # type: ignore[no-untyped-call]
            context, builder, kind, view, place, wraparound=False
        )
        byte_pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte_pointer, number, number, number]),
            "llvm.prefetch.p0",
        )
        # To be read, from the second-level cache, as data.
        builder.call(function, [builder.bitcast(pointer, byte_pointer), number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), emit


prefetch: Any = intrinsic(_prefetch)
