"""A tree of accounts in a real slurmctld with usage of our choice, and the ranks that `sshare` gives it.

Accounts come from `sacctmgr load`. Usage cannot be set by a command, so the controller is stopped, the raw usage of every
user association is written into its state file ``assoc_usage``, and the controller starts again and ranks by it. Numbers of
the file: version (16 bits), time (64 bits), then per association id (32), usage as text, an empty text, wall time (32).
"""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hutong.engines.broker.order import Tree

# Decay this slow leaves all quotients of usage alone; none at all is refused by the plugin.
LINES = ("PriorityType=priority/multifactor", "PriorityDecayHalfLife=10000-0", "PriorityCalcPeriod=00:01")


@dataclass
class Node:
    """An account, or with `user` one user in it."""

    name: str
    shares: int
    usage: int = 0
    user: bool = False
    children: list[Node] = field(default_factory=list)


def random_tree(name: str, luck: random.Random) -> Node:
    """Two or three levels of accounts with users at every level; users tie, stand at zero usage and at zero shares."""
    numbers = iter(range(1000))

    def users(account: str) -> Iterator[Node]:
        for _ in range(luck.randint(1, 4)):
            usage = luck.choice((0, 1000, 5000, luck.randrange(1, 10**9)))
            yield Node(f"{account}u{next(numbers)}", luck.choice((0, 1, 1, 2, 7)), usage, True)
        # Without this every account could tie at no usage; accounts that tie are a case of their own.
        yield Node(f"{account}u{next(numbers)}", luck.randint(1, 9), luck.randrange(10**6, 10**9), True)

    def account(named: str, depth: int) -> Node:
        made = Node(named, luck.randint(1, 20))
        if depth < luck.randint(1, 3):
            made.children += [account(f"{named}x{i}", depth + 1) for i in range(luck.randint(1, 3))]
        made.children += users(named)
        return made

    return account(name, 0)


def flattened(top: list[Node]) -> tuple[list[Node], Tree, np.ndarray[Any, np.dtype[np.int64]]]:
    """Nodes parents first, as our tree, and their own usage."""
    nodes: list[Node] = []
    parent: list[int] = []
    todo = [(node, -1) for node in top]
    while todo:
        node, above = todo.pop(0)
        todo += [(child, len(nodes)) for child in node.children]
        nodes.append(node)
        parent.append(above)
    tree = Tree(
        np.array(parent, dtype=np.int64),
        np.array([n.shares for n in nodes]),
        np.array([n.user for n in nodes]),
    )
    return nodes, tree, np.array([n.usage for n in nodes], dtype=np.int64)


def written(cluster: str, top: list[Node]) -> str:
    """The file that `sacctmgr load` reads."""
    lines = [
        f"Cluster - '{cluster}'",
        "Parent - 'root'",
        "User - 'root':DefaultAccount='root':AdminLevel='Administrator'",
    ]
    levels = [("root", top)]
    while levels:
        name, nodes = levels.pop(0)
        lines.append(f"Parent - '{name}'")
        for node in nodes:
            if node.user:
                lines.append(f"User - '{node.name}':DefaultAccount='{name}':Fairshare={node.shares}")
            else:
                lines.append(
                    f"Account - '{node.name}':Description='x':Organization='x':Fairshare={node.shares}"
                )
                levels.append((node.name, node.children))
    return "\n".join([*lines, ""])


def load(bed: Any, centre: Any, top: list[Node]) -> None:
    """Accounts into the books, usage into the controller's state, and the controller up again."""
    file = bed.folder / "accounts.cfg"
    file.write_text(written(centre.name, top))
    centre.run("sacctmgr", "--immediate", "load", f"file={file}", timeout=300.0)
    shown = centre.run(
        "sacctmgr", "--noheader", "--parsable2", "show", "assoc", "format=id,user"
    ).splitlines()
    number = {user: int(n) for n, user in (line.split("|") for line in shown) if user}
    centre.controller.terminate()
    centre.controller.wait(30)
    state = centre.folder / "state" / "assoc_usage"
    body = b"".join(
        struct.pack(">I", number[n.name]) + _text(f"{n.usage}.000000") + _text("") + struct.pack(">I", 0)
        for n in flattened(top)[0]
        if n.user
    )
    state.write_bytes(state.read_bytes()[:10] + body)
    centre.start_controller()


def _text(words: str) -> bytes:
    raw = words.encode() + b"\0" if words else b""
    return struct.pack(">I", len(raw)) + raw


def shown(centre: Any, users: int, patience: float = 100.0) -> dict[str, tuple[float, float]]:
    """User -> (FairShare, LevelFS) as `sshare --long` says, once every user has been ranked."""
    ends = time.monotonic() + patience
    while True:
        said = centre.run("sshare", "--long", "--all", "--parsable2", "--noheader", check=False)
        rows = [line.split("|") for line in said.splitlines()]
        made = {r[1]: (float(r[7]), float(r[8])) for r in rows if len(r) > 8 and r[1] and r[1] != "root"}
        if len(made) == users and all(fair > 0 for fair, _ in made.values()):
            return made
        if time.monotonic() > ends:
            raise TimeoutError(f"sshare does not rank all {users} users: {said[:500]}")
        time.sleep(0.5)


def ranks(fair_share: dict[str, tuple[float, float]]) -> dict[str, int]:
    """Competition ranks from FairShare, equal values sharing the better."""
    values = sorted((fair for fair, _ in fair_share.values()), reverse=True)
    return {name: values.index(fair) + 1 for name, (fair, _) in fair_share.items()}
