"""From files to what an evaluation needs: a system's declaration, rows of data, and the door to the system itself.

Tables are CSV or Parquet with a header, or NPZ without objects; nothing that could run code is read. Where no declaration
is given, one is drawn from the data, and says so in its version. The system is opened by `reach.door` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Data, data_of
from hutong.engines.trust.reach.door import Door, source_of
from hutong.engines.trust.reach.tables import LARGEST, Table, table_of
from hutong.engines.trust.runs.records import system_of
from hutong.engines.trust.types import Column, Domain, System, refuse
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where everything lies, as given on a command line. label, groups: columns of CSV and Parquet tables.

    cassette: file that answers of an endpoint are recorded in; replay: they are taken from it and the endpoint is not asked.
    outputs: of its privacy mechanism, with and without one person (`membership.recorded`).
    """

    model: str
    data: str
    profile: str
    system: str | None = None
    train: str | None = None
    label: str = "label"
    groups: tuple[str, ...] = ()
    cassette: str | None = None
    replay: bool = False
    outputs: str | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "model": self.model,
            "data": self.data,
            "profile": self.profile,
            "system": self.system,
            "train": self.train,
            "label": self.label,
            "groups": list(self.groups),
            "cassette": self.cassette,
            "replay": self.replay,
            "outputs": self.outputs,
        }


def open_system(inputs: Inputs) -> System:
    """The declared system, or one drawn from the data (version "inferred": its bounds are only those seen)."""
    if inputs.system is not None:
        import yaml

        try:
            record = yaml.safe_load(_read(Path(inputs.system)))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            what = Text("The declaration is not YAML.", "系统声明不是YAML文件。")
            raise refuse("system.form", what, where="system") from error
        return system_of(record)
    table = read_table(Path(inputs.data))
    features, labels = _split(table, inputs)
    names = [n for n in table if n not in (inputs.label, *inputs.groups)] if not _ready(table) else None
    columns = [_inferred(names[i] if names else f"x{i}", features[:, i]) for i in range(features.shape[1])]
    return System(Path(inputs.model).stem, INFERRED, Domain("table", tuple(columns)), _ordered(labels))


def open_data(inputs: Inputs, system: System) -> Data:
    """The rows to evaluate on, with the training rows where they are given. Raises as `data_of` does."""
    table = read_table(Path(inputs.data))
    features, labels = _split(table, inputs, system)
    groups = _groups(table, inputs)
    train_features, train_labels = table.get("train_features"), table.get("train_labels")
    if inputs.train is not None:
        train_features, train_labels = _split(read_table(Path(inputs.train)), inputs, system)
    columns = {
        "features": features,
        "labels": labels,
        "groups": groups,
        "train_features": train_features,
        "train_labels": train_labels,
    }
    return data_of(columns, system)


def opener(path: Path, system: System) -> Door:
    """What opens the target: a model file, a table of answers (one row per row of the data), or a declared endpoint."""
    return Door(source_of(path), system)


def read_table(path: Path) -> Table:
    """Columns by name. `Invalid` data.form where the file cannot be read as a table."""
    return table_of(_read(path), path.suffix.lower(), path.name)


def _ready(table: Table) -> bool:
    return "features" in table and table["features"].ndim == 2


def _split(table: Table, inputs: Inputs, system: System | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows and labels of a table: arrays of these names, or columns by the names of the domain."""
    if _ready(table):
        return table["features"], _column(table, "labels")
    labels = _column(table, inputs.label)
    left_out = (inputs.label, *inputs.groups)
    names: Sequence[str] = [n for n in table if n not in left_out]
    if system is not None and system.domain.kind == "table":
        names = [c.name for c in system.domain.columns]
    features = [_column(table, name) for name in names]
    try:
        wide = np.column_stack([f.astype(np.float64) for f in features])
    except ValueError as error:
        what = Text("A column of input does not hold numbers.", "输入列包含非数值。")
        remedy = Text(
            "Name group columns with --group, or declare the inputs with --system.",
            "请用--group指明分组列，或用--system声明输入列。",
        )
        raise refuse("data.features", what, remedy, "data") from error
    return wide, labels


def _groups(table: Table, inputs: Inputs) -> Mapping[str, NDArray[Any]]:
    mark = "groups."
    found = {n.removeprefix(mark): v for n, v in table.items() if n.startswith(mark)}
    return {**found, **{name: _column(table, name) for name in inputs.groups}}


def _column(table: Table, name: str) -> NDArray[Any]:
    if name not in table:
        what = Text("The table has no column {c}.", "数据表没有{c}列。").format(c=name)
        raise refuse("data.column", what, where=name)
    return table[name]


def _inferred(name: str, values: NDArray[Any]) -> Column:
    seen = values.astype(np.float32).astype(np.float64)
    return Column(
        name,
        Fraction(float(seen.min())),
        Fraction(float(seen.max())),
        whole=bool(np.all(np.rint(seen) == seen)),
    )


def _ordered(labels: NDArray[Any]) -> tuple[str, ...]:
    """Numbers in their order, names in theirs."""
    return tuple(str(v) for v in np.unique(labels).tolist())


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise refuse("file.size", Text("The file is over 4 GiB.", "文件超过4 GiB。"), where=path.name)
        return path.read_bytes()
    except OSError as error:
        raise NotFound(
            Text("There is no file {f}.", "没有文件{f}。").format(f=path),
            rule="file.missing",
            remedy=Text("Give the path of a file that can be read.", "请提供可读取的文件路径。"),
            field=path.name,
        ) from error
