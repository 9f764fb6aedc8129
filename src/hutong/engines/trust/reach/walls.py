"""The walls that a child raises around itself before it reads a foreign byte; none needs privileges.

Each wall says whether it holds on this machine, so that a report can say what protected the reader: limits of the kernel on
time, memory, file size and processes; a network namespace of its own; Landlock around the files; and an audit hook
(PEP 578) that stops sockets, programs and foreign writes from Python code. The hook alone does not bind native code.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from dataclasses import dataclass
from typing import Any

from hutong.engines.trust.reach.landlock import restrict

_NEW_NET, _NEW_USER = 0x40000000, 0x10000000
_STOPPED = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.",
    "ctypes.",
    "os.kill",
    "signal.pthread_kill",
    "urllib.",
    "shutil.",
)
_CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.truncate",
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Blocked(BaseException):
    """The child tried what it may not do. Not an `Exception`: no reader may swallow it."""


@dataclass(frozen=True, slots=True)
class Walls:
    """network: "namespace" (kernel) or "hook" (Python code only). files: "landlock" (kernel: nothing but Python's own files
    can be read, nothing but the folder written) or "hook" (Python code only, writes only)."""

    network: str
    files: str

    def as_json(self) -> dict[str, object]:
        return {"network": self.network, "files": self.files}


def limit(cpu_s: int, memory: int, file_size: int) -> None:
    """Kernel limits of this process: CPU seconds, bytes of address space, bytes of a file, no new process, no core."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    # Counts threads too; root is exempt, hence the hook on top.
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def raise_walls(folder: str) -> Walls:
    """Cut the network and all files but Python's own (to read) and `folder`. Cannot be undone in this process."""
    network = "namespace" if _cut_network() else "hook"
    readable = {sys.prefix, sys.base_prefix, "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"}
    readable |= {p for p in sys.path if p} | {"/dev/urandom", "/proc/self", "/etc/ld.so.cache"}
    files = "landlock" if restrict(sorted(readable), [folder, "/dev/null"]) else "hook"
    sys.addaudithook(_Hook(folder))
    return Walls(network, files)


def _cut_network() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return any(int(libc.unshare(flags)) == 0 for flags in (_NEW_NET, _NEW_USER | _NEW_NET))


class _Hook:
    def __init__(self, folder: str) -> None:
        self._inside = (os.path.join(os.path.realpath(folder), ""), os.devnull)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self._opened(*arguments)
            return
        changes = event in _CHANGES and not self._is_inside(arguments[0])
        if changes or event.startswith(_STOPPED):
            raise Blocked(event)

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        wanted = bool(flags & _WRITES) if isinstance(flags, int) else any(c in str(mode) for c in "wax+")
        if wanted and not isinstance(path, int) and not self._is_inside(path):
            raise Blocked("open for writing")

    def _is_inside(self, path: Any) -> bool:
        try:
            return os.path.realpath(os.fsdecode(path)).startswith(self._inside)
        except (TypeError, ValueError):
            return False
