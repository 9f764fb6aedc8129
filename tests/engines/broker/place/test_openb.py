"""The openb importer: columns, models, and a named line for every bad row."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.engines.broker.traces.openb import Openb, read_openb
from hutong.kernel.errors import Invalid, NotFound

from . import cases

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,32000,1024,2,T4\nn1,64000,2048,0,\n"
TASKS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\nt0,1000,10,1,500,T4|V100\nt1,1000,10,0,0,\nt2,1,1,1,1000,V100\n"


def read(tmp_path: Path, nodes: str = NODES, tasks: str = TASKS) -> Openb:
    for name, text in (("nodes.csv", nodes), ("tasks.csv", tasks)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return read_openb(tmp_path / "nodes.csv", tmp_path / "tasks.csv")


def test_columns_become_arrays(tmp_path: Path) -> None:
    made = read(tmp_path)
    assert (
        made.nodes.models == ("T4",) and made.nodes.model.tolist() == [0, -1] and made.nodes.gpu_milli == 2000
    )
    assert made.tasks.gpu_milli.tolist() == [500, 0, 1000]


def test_a_model_the_cluster_has_not_got_shuts_every_node_out(tmp_path: Path) -> None:
    accepts = read(tmp_path).tasks.accepts.tolist()
    assert accepts[0] & 1 and accepts[1] == 0 and accepts[2] != 0 and not accepts[2] & 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ("t3,x,1,0,0,", "cpu_milli"),
        ("t3,1,1,,0,", "num_gpu"),
        ("t3,-1,1,0,0,", "tasks"),
        ("t3,1,1,2,500,", "tasks"),
        ("t3,1,1,9,1000,", "tasks"),
        ("t3,1,1,1,0,", "tasks"),
        ("t3,1,1,1,1001,", "tasks"),
        ("t3,nan,1,0,0,", "cpu_milli"),
    ],
)
def test_a_bad_row_is_refused_by_name(tmp_path: Path, bad: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(tmp_path, tasks=TASKS + bad + "\n")
    assert refused.value.field == field and (
        "line 5" in refused.value.what.en or "t3" in refused.value.what.en
    )


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        read(tmp_path, nodes=NODES.replace("model", "kind"))
    assert refused.value.field == "model"
    with pytest.raises(NotFound):
        read_openb(tmp_path / "none.csv", tmp_path / "tasks.csv")


def test_the_five_column_files_are_read_too(tmp_path: Path) -> None:
    made = read(tmp_path, tasks="name,cpu_milli,memory_mib,num_gpu,gpu_milli\nt0,1,1,1,1000\n")
    assert made.tasks.accepts.tolist() == [0]


def test_the_published_cluster_has_6212_gpus() -> None:
    made = cases.trace("default")
    assert made.nodes.gpu_milli == 6_212_000 and len(made.tasks) == 8152
