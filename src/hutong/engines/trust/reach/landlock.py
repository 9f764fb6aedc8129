"""A wall of the Linux kernel around a process's files and sockets: Landlock (Linux 5.13; man page landlock(7)).

It needs no privilege and no library; where the kernel has none, `restrict` says so and nothing changes.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

_CREATE, _ADD, _SELF = 444, 445, 446
_NO_NEW_PRIVS = 38
EXECUTE, READ_FILE, READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
READ = READ_FILE | READ_FOLDER
# Rights the kernel knows, by version of its interface: file rights, network rights, scopes.
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_FILES_NEW = (1 << 16) - 1
_NET, _SCOPES = 0b11, 0b11


def restrict(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """From now on: read below `readable`, read and write below `writable`, nothing else, no TCP (Linux 6.7), for
    this process and all it starts. False where the kernel offers no Landlock."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = int(libc.syscall(_CREATE, None, 0, 1))
    if version < 1:
        return False
    files = _FILES.get(version, _FILES_NEW)
    head = struct.pack("Q", files)
    if version >= 4:
        head += struct.pack("Q", _NET)
    if version >= 6:
        head += struct.pack("Q", _SCOPES)
    ruleset = int(libc.syscall(_CREATE, head, len(head), 0))
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow(libc, ruleset, path, READ)
        for path in writable:
            _allow(libc, ruleset, path, files & ~EXECUTE)
        if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return int(libc.syscall(_SELF, ruleset, 0)) == 0
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = rights if os.path.isdir(path) else rights & ~READ_FOLDER
        libc.syscall(_ADD, ruleset, 1, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)
