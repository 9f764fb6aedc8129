"""Reference pages drawn from the registries; a test holds the files in docs/reference equal to these."""

from __future__ import annotations

from hutong.kernel.operation import OPERATIONS, Operation
from hutong.kernel.permission import (
    POLICY,
    ROLE_LABELS,
    Among,
    Both,
    Either,
    Everything,
    Not,
    Own,
    Role,
    Rule,
    Self,
    Where,
)

HEAD = "<!-- Drawn from the declarations by `hutong reference`. Do not edit. -->\n\n"


def pages() -> dict[str, str]:
    """File name → text."""
    return {"operations.md": operations_page(), "permissions.md": permissions_page()}


def operations_page() -> str:
    """Every operation with its inputs, by department."""
    lines = [HEAD + "# Operations\n"]
    scopes = dict.fromkeys(o.scope for o in OPERATIONS.values())
    for scope in scopes:
        lines.append(f"\n## {scope}\n")
        for operation in (o for o in OPERATIONS.values() if o.scope == scope):
            lines.append(_operation(operation))
    return "\n".join(lines).rstrip() + "\n"


def _operation(operation: Operation) -> str:
    by = " (by the hub itself)" if operation.hidden else ""
    rows = [f"### {operation.name}\n", f"{operation.title.en} · {operation.title.zh}{by}. {operation.doc}\n"]
    if operation.transition is not None:
        move = operation.transition
        rows.append(f"State: {' / '.join(move.sources)} → {move.target}.\n")
    if operation.parameters:
        rows += ["| input | what | required |", "|---|---|---|"]
        for p in operation.parameters:
            kind = getattr(p.kind, "__name__", str(p.kind))
            listed = f"list of {kind}" if p.many else kind
            rows.append(
                f"| `{p.name}` | {p.label.en} · {p.label.zh} ({listed}) | {'yes' if p.required else 'no'} |"
            )
    return "\n".join(rows) + "\n"


def permissions_page() -> str:
    """The matrix: permission by role. Empty means: not allowed."""
    roles = list(Role)
    lines = [
        HEAD + "# Permission matrix\n",
        "✔ any record · own: of the organisation the role is held for · self: the person's own · cond: under a condition\n",
    ]
    lines += [
        "| permission | public | " + " | ".join(ROLE_LABELS[r].en for r in roles) + " |",
        "|---" * (len(roles) + 2) + "|",
    ]
    for permission, rules in sorted(POLICY.items(), key=lambda item: item[0].name):
        cells = [_cell(rules, role) for role in (None, *roles)]
        lines.append(f"| `{permission.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(rules: tuple[Rule, ...], role: Role | None) -> str:
    return " ".join(dict.fromkeys(_where(r.where) for r in rules if r.role is role))


def _where(where: Where) -> str:
    match where:
        case Everything():
            return "✔"
        case Own():
            return "own"
        case Self():
            return "self"
        case Among() | Both() | Either() | Not():
            return "cond"
