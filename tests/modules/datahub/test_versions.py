"""A version never changes: not by its label, not by its file, not on disk."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from datahub.department import ROWS, Department, parquet
from refusals import refused

from hutong.kernel import canonical
from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.operation import OPERATIONS
from hutong.kernel.permission import Role
from hutong.modules.datahub.lifecycle import VERSION
from hutong.modules.datahub.models import DatasetVersion, DataUse
from hutong.modules.datahub.tables import parquet_bytes, read_table
from hutong.platform import files
from hutong.platform.evidence import payload_of

OTHER = pa.table({"id": [1, 2, 4]})


def facts_of(version: Any) -> tuple[Any, ...]:
    version.refresh_from_db()
    return (version.label, version.file_sha256, version.manifest_sha256, version.rows, version.version)


@pytest.mark.parametrize("content", [parquet(ROWS), parquet(OTHER)], ids=["the same file", "a changed file"])
@pytest.mark.parametrize("label", ["1", "  1 "])
def test_a_label_is_given_once(department: Department, content: bytes, label: str) -> None:
    dataset = department.dataset()
    first = department.release(dataset, parquet(ROWS))
    before, file = facts_of(first), department.hub.store(content, "again.parquet")
    with refused(Conflict, "record.unique"):
        department.release_stored(dataset, file, label)
    assert facts_of(first) == before and dataset.versions.count() == 1
    # Another data set has labels of its own.
    assert department.release(department.dataset(), content, label).label == "1"


def test_a_correction_is_a_new_version_and_leaves_the_old_one(department: Department) -> None:
    dataset = department.dataset()
    first = department.release(dataset, parquet(ROWS))
    before = facts_of(first)
    second = department.release(dataset, parquet(OTHER), "2")
    assert facts_of(first) == before
    assert second.file_sha256 != first.file_sha256 and second.manifest_sha256 != first.manifest_sha256


def test_the_same_rows_have_one_digest_from_csv_and_from_any_parquet(department: Department) -> None:
    dataset = department.dataset()
    csv = b"id,word\n1,a\n2,b\n"
    table = pa.table({"id": [1, 2], "word": ["a", "b"]}).replace_schema_metadata({"author": "x"})
    contents = [csv, csv.replace(b"\n", b"\r\n"), parquet(table), parquet(table, compression="gzip")]
    made = [department.release(dataset, c, str(i)) for i, c in enumerate(contents)]
    assert len({v.file_sha256 for v in made}) == 1 and len({v.manifest_sha256 for v in made}) == 1


def test_the_ledger_binds_upload_version_and_manifest(department: Department) -> None:
    upload = department.hub.store(b"a\n1\n", "rows.csv", "text/csv")
    version = department.release_stored(department.dataset(), upload)
    event = department.hub.last()
    noted = payload_of(event.seq)["noted"]
    assert noted == {"manifest_sha256": canonical.digest(version.manifest), "rows": 1}
    assert upload in event.entry and version.file_sha256 in event.entry
    assert version.manifest["file_sha256"] == version.file_sha256


def test_no_operation_changes_a_version(department: Department) -> None:
    on_versions = {o.name for o in OPERATIONS.values() if o.subject and o.subject.kind is DatasetVersion}
    assert on_versions == {"datahub.grant.request"} and VERSION.transitions == ()


def overwrite(sha256: str) -> None:
    place = files.path_of(sha256)
    place.chmod(0o640)
    place.write_bytes(parquet(OTHER))


def test_a_version_changed_on_disk_is_not_read(department: Department) -> None:
    """The digest that a passport carries is of the rows that were read, or nothing was read."""
    version = department.published()
    grant = department.grant(version, department.applicant())
    overwrite(version.file_sha256)
    with refused(Invalid, "file.corrupt", "file"):
        department.read(grant)
    grant.refresh_from_db()
    assert grant.used == 0 and not DataUse.objects.exists()


def test_an_upload_changed_on_disk_is_not_released(department: Department) -> None:
    dataset, upload = department.dataset(), department.hub.store(parquet(ROWS))
    overwrite(upload)
    with refused(Invalid, "file.corrupt", "file"):
        department.release_stored(dataset, upload)


def test_a_file_that_was_never_uploaded_is_not_released(department: Department) -> None:
    dataset = department.dataset()
    for digest in ("0" * 64, "../../etc/passwd", "x"):
        with refused(NotFound, "file.unknown", "file"):
            department.release_stored(dataset, digest)


def test_only_the_officer_of_the_owner_releases_and_publishes(department: Department) -> None:
    dataset, file = department.dataset(), department.hub.store(parquet(ROWS))
    stranger = department.hub.actor(Role.DATA_OFFICER, department.hub.organisation())
    auditor = department.hub.actor(Role.AUDITOR)
    given = {"dataset": dataset, "label": "1", "file": file}
    with refused(NotFound, "record.unknown", "dataset"):
        department.hub.do(stranger, "datahub.version.release", **given)
    with refused(Denied, "datahub:version:release"):
        department.hub.do(auditor, "datahub.version.release", **given)
    with refused(Conflict, "dataset.no_version"):
        department.hub.do(department.officer, "datahub.dataset.publish", dataset=dataset)
    department.release_stored(dataset, file)
    department.hub.do(department.officer, "datahub.dataset.publish", dataset=dataset)
    # Now everybody sees it, and still only its officer acts on it.
    for operation in ("datahub.version.release", "datahub.dataset.withdraw"):
        extra = {"label": "2", "file": file} if "release" in operation else {"reason": "Ours."}
        rule = OPERATIONS[operation].permission.name
        with refused(Denied, rule):
            department.hub.do(stranger, operation, dataset=dataset, **extra)


def test_a_withdrawn_data_set_gets_no_version(department: Department) -> None:
    version = department.published()
    dataset, file = version.dataset, department.hub.store(parquet(OTHER))
    department.hub.do(department.officer, "datahub.dataset.withdraw", dataset=dataset, reason="Errors.")
    with refused(Conflict, "needs.datahub.version.release", "state"):
        department.release_stored(dataset, file, "2")
    assert dataset.versions.count() == 1


def test_repeated_writing_gives_the_same_bytes() -> None:
    once = parquet_bytes(ROWS)
    assert once == parquet_bytes(ROWS) == parquet_bytes(read_table(once))
