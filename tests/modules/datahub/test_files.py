"""What may become a version: CSV and Parquet as people have them; everything else is refused with a reason."""

from __future__ import annotations

import decimal
import io
import pickle
import random
from datetime import datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datahub.department import ROWS, Department, parquet
from django.test import Client
from refusals import refused

from hutong.kernel import canonical
from hutong.kernel.errors import Invalid
from hutong.modules.datahub import tables
from hutong.modules.datahub.models import DatasetVersion
from hutong.platform import files

PEOPLE = "姓名,年龄\n张三,30\n李四,41\n"


def stored(version: Any) -> pa.Table:
    return pq.read_table(io.BytesIO(files.read(version.file_sha256)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_chinese_csv_reads_the_same_in_each_encoding(department: Department, encoding: str) -> None:
    version = department.release(department.dataset(), PEOPLE.encode(encoding), name="人员.csv")
    assert stored(version).to_pydict() == {"姓名": ["张三", "李四"], "年龄": [30, 41]}
    plain = department.release(department.dataset(), PEOPLE.encode())
    assert version.file_sha256 == plain.file_sha256 and version.manifest == plain.manifest


def test_gb18030_with_a_byte_order_mark_and_four_byte_characters(department: Department) -> None:
    content = ("\ufeff" + PEOPLE.replace("张三", "张𠮷")).encode("gb18030")
    table = stored(department.release(department.dataset(), content))
    assert table.column_names == ["姓名", "年龄"] and table["姓名"].to_pylist() == ["张𠮷", "李四"]


def test_a_formula_stays_the_text_that_it_is(department: Department) -> None:
    cells = ["=1+1", '=HYPERLINK("http://x.example","y")', "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3"]
    rows = "".join('"{}",1\n'.format(c.replace('"', '""')) for c in cells)
    version = department.release(department.dataset(), f"=word,n\n{rows}".encode())
    assert stored(version).to_pydict() == {"=word": cells, "n": [1] * 5}
    assert sorted(value for value, _ in version.manifest["columns"][0]["counts"]) == sorted(cells)


def test_300_columns_and_one_row(department: Department) -> None:
    names = [f"c{i}" for i in range(300)]
    content = f"{','.join(names)}\n{','.join(map(str, range(300)))}\n".encode()
    version = department.release(department.dataset(), content)
    assert [c["name"] for c in version.manifest["columns"]] == names and version.rows == 1
    assert stored(version).to_pylist() == [{n: i for i, n in enumerate(names)}]
    grant = department.request(department.published(content), department.applicant())
    assert grant.columns == names


REFUSED: list[tuple[str, bytes, str]] = [
    ("no bytes", b"", "table.unreadable"),
    ("heading only", b"a,b\n", "table.empty"),
    ("blank lines only", b"a\n\n\n", "table.empty"),
    ("no rows in Parquet", parquet(ROWS.slice(0, 0)), "table.empty"),
    ("no columns in Parquet", parquet(pa.table({})), "table.empty"),
    ("name twice", b"a,b,a\n1,2,3\n", "table.names"),
    ("name twice but for a blank", b"a, a\n1,2\n", "table.names"),
    ("name twice in two normal forms", "\u00e9,e\u0301\n1,2\n".encode(), "table.names"),
    ("name twice in Parquet", parquet(pa.Table.from_arrays([pa.array([1])] * 2, names=["a", "a"])), "table.names"),
    ("no name", b"a,\n1,2\n", "table.names"),
    ("hidden character in a name", "a\u200bb,c\n1,2\n".encode(), "text.zero_width"),
    ("reversed name", "a\u202eb,c\n1,2\n".encode(), "text.bidi"),
    ("row too long", b"a,b\n1,2,3\n", "table.unreadable"),
    ("open quote", b'a,b\n"1,2\n', "table.unreadable"),
    ("UTF-16", PEOPLE.encode("utf-16"), "table.encoding"),
    ("noise", bytes(range(128, 256)) * 9, "table.encoding"),
    ("Parquet's name only", b"PAR1", "table.unreadable"),
    ("Parquet's name and noise", b"PAR1" + bytes(range(256)) * 4 + b"PAR1", "table.unreadable"),
    ("Parquet cut short", parquet(ROWS)[:-9], "table.unreadable"),
    ("Parquet without its end", parquet(ROWS)[: len(parquet(ROWS)) // 2], "table.unreadable"),
    ("text that is no text", parquet(pa.table({"a": pa.array([b"\xff\xfe"]).view(pa.string())})), "table.unreadable"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "rule"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_is_no_table_is_refused(department: Department, content: bytes, rule: str) -> None:
    dataset, file = department.dataset(), department.hub.store(content, "rows.csv", "text/csv")
    with refused(Invalid, rule, "file"):
        department.release_stored(dataset, file)
    assert not DatasetVersion.objects.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_named_parquet_does_not_enter_the_store(department: Department, protocol: int) -> None:
    content = pickle.dumps({"rows": [1, 2, 3]}, protocol=protocol)
    with refused(Invalid, "model.pickle", "file"):
        department.hub.store(content, "rows.parquet", "application/vnd.apache.parquet")
    assert not files.StoredFile.objects.exists()


def test_a_pickle_in_ascii_is_at_most_lines_of_text(department: Department) -> None:
    """Protocol 0 has no mark of its own. It is never opened as a pickle: as CSV it is refused or stays text."""
    content = pickle.dumps(["x"], protocol=0)
    version = department.release(department.dataset(), content, name="rows.parquet")
    assert stored(version).column(0).to_pylist() == content.decode().splitlines()[1:]


NOON = datetime(2026, 9, 1, 12)
COLUMNS: dict[str, pa.Array] = {
    "all empty": pa.nulls(3),
    "lists": pa.array([[1.5], [2.5, 3.5], None]),
    "embeddings": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2)),
    "objects": pa.array([{"a": 1}, {"a": 2}, None]),
    "maps": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
    "coded words": pa.array(["a", "b", "a"]).dictionary_encode(),
    "long text": pa.array(["a", "b", None], pa.large_string()),
    "text views": pa.array(["a", "b", None], pa.string_view()),
    "half floats": pa.array([1.0, 2.0, None], pa.float32()).cast(pa.float16()),
    "not finite": pa.array([float("nan"), float("inf"), 1.0]),
    "money": pa.array([decimal.Decimal("1.20"), None, decimal.Decimal("-3.00")]),
    "durations": pa.array([1, 2, None], pa.duration("s")),
    "nanoseconds": pa.array([1, 2, None], pa.timestamp("ns")),
    "far years": pa.array([2**40, -(2**40), None], pa.timestamp("s")),
    "zoned": pa.array([NOON, NOON, None], pa.timestamp("us", "Asia/Shanghai")),
    "times": pa.array([time(1), time(2), None]),
    "bytes": pa.array([b"\x00\xff", b"", None]),
    "largest": pa.array([2**64 - 1, 0, None], pa.uint64()),
    "yes and no": pa.array([True, False, None]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_type_is_released_described_and_shown(department: Department, name: str) -> None:
    """The manifest speaks of the stored file: its types are those that a reader of the version meets."""
    version = department.published(parquet(pa.table({name: COLUMNS[name], "id": [1, 2, 3]})))
    (column, _), table = version.manifest["columns"], stored(version)
    assert column["type"] == str(table.schema.field(name).type)
    assert column["empty"] == table[name].null_count
    assert version.manifest_sha256 == canonical.digest(version.manifest)
    assert Client().get(f"/datahub/version/{version.code}").status_code == 200


def test_a_manifest_counts_what_is_in_the_columns(department: Department) -> None:
    content = b"word,n,x\nb,2,0.5\na,-7,nan\n,2,\nb,,inf\n"
    version = department.release(department.dataset(), content)
    word, n, x = version.manifest["columns"]
    # Arrow reads an empty cell of a text column as a text of no characters; it is empty all the same.
    assert (word["empty"], n["empty"], x["empty"]) == (1, 1, 2)
    assert (n["least"], n["largest"], n["different"]) == ("-7", "2", 2)
    assert n["counts"] == [["-7", 1], ["2", 2], [None, 1]] and x["not_finite"] == 1
    assert ["b", 2] in word["counts"]


def test_a_name_with_blanks_around_it_can_be_asked_for(department: Department) -> None:
    """A heading such as "age, income" is common, and an input is stripped: both must speak of one name."""
    version = department.published(b"age, income\t\n1,2\n")
    grant = department.request(version, department.applicant(), columns=["income"])
    assert grant.columns == ["income"]


def test_damaged_parquet_is_a_table_or_a_refusal_and_nothing_else(department: Department) -> None:
    whole = parquet(pa.table({"a": list(range(50)), "b": [f"v{i}" for i in range(50)]}))
    dice, refusals = random.Random(7), 0
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(dice.choice([1, 1, 2, 5])):
            content[dice.randrange(4, len(content))] = dice.randrange(256)
        try:
            table = tables.read_table(bytes(content))
            tables.manifest(table, "0" * 64)
        except Invalid as refusal:
            refusals += 1
            assert refusal.field == "file" and refusal.rule.startswith(("table.", "text."))
    assert 100 < refusals < 400
