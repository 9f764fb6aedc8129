"""Inner loops: compiled by numba where it is installed, the same Python otherwise. Both decide alike, to the last bit."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """The function, compiled at its first call where numba is installed. Fast-math stays off: sums keep their order.

    The plain function stays reachable as ``kernel.py_func`` in both cases. HUTONG_COMPILE=0 leaves it at that: a small hub
    has decided before a compiler has started.
    """
    if find_spec("numba") is None or os.environ.get("HUTONG_COMPILE") == "0":
        kernel.py_func = kernel  # type: ignore[attr-defined]
        return kernel
    made: Kernel = import_module("numba").njit(cache=True, fastmath=False)(kernel)
    return made
