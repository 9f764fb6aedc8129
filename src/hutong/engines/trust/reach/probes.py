"""What a hostile file might try, to be run inside the jail: `run_jailed("...probes:<name>", argument)`.

An operator can see with them which walls hold on a machine. Each takes the argument as bytes, returns a JSON value if it succeeded.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

FORBIDDEN = ("open_socket", "start_program", "fork", "write", "make_folder", "rename", "kill")


def open_socket(argument: bytes) -> bool:
    with socket.socket() as one:
        return one.fileno() >= 0


def start_program(argument: bytes) -> int:
    return subprocess.run([sys.executable, "-c", "pass"], check=False).returncode


def fork(argument: bytes) -> int:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def write(argument: bytes) -> int:
    return Path(argument.decode()).write_text("x")


def make_folder(argument: bytes) -> bool:
    Path(argument.decode()).mkdir()
    return True


def rename(argument: bytes) -> bool:
    os.rename(sys.executable, argument)
    return True


def kill(argument: bytes) -> bool:
    os.kill(os.getppid(), 0)
    return True


def read(argument: bytes) -> int:
    return len(Path(argument.decode()).read_bytes())


def connect_natively(argument: bytes) -> int:
    """Connect to that port of 127.0.0.1 as C code would, past every hook of Python. 0 if connected, else -1."""
    libc = ctypes.CDLL(None)
    place = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(int(argument)), bytes([127, 0, 0, 1]))
    return int(libc.connect(libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0), place, len(place)))


def eat_memory(argument: bytes) -> int:
    return len(bytearray(2**34))


def burn_time(argument: bytes) -> None:
    while True:
        pass


def sleep(argument: bytes) -> None:
    time.sleep(60)


def die(argument: bytes) -> None:
    os.abort()


def fill_disk(argument: bytes) -> int:
    return Path("full").write_bytes(b"x" * 2**24)


def surroundings(argument: bytes) -> dict[str, object]:
    """Environment by name, the folder, its files."""
    return {"environment": sorted(os.environ), "folder": Path.cwd().name, "files": os.listdir(".")}


def print_a_lie(argument: bytes) -> str:
    os.write(1, b'{"result": "lie", "walls": {}}')
    print('{"result": "lie", "walls": {}}', flush=True)
    return "truth"
