"""Content-addressed file store: a file is named by its SHA-256 and lands in quarantine first.

Bytes lie under ``HUTONG_HOME/files/ab/cd/…``; an arriving file is written to ``quarantine``, fsynced, inspected
(size, zip bombs, path traps, pickles) and only then moved into place. What is refused never leaves quarantine.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import IO, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.text import Text

CHUNK = 1 << 20
PICKLE_MAGIC = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))


class StoredFile(models.Model):
    """One stored content: its digest, size and declared type."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    stored_at = models.DateTimeField()

    class Meta:
        app_label = "platform"
        ordering: ClassVar[list[str]] = ["-stored_at"]


def _place(sha256: str) -> Path:
    return Path(settings.HUTONG_HOME) / "files" / sha256[:2] / sha256[2:4] / sha256


def _refuse(what: Text, rule: str, remedy: Text) -> Invalid:
    return Invalid(what, rule=rule, remedy=remedy, field="file")


def _inspect_zip(path: Path) -> None:
    limit, ratio = settings.HUTONG_UPLOAD_LIMIT * 4, 200
    with zipfile.ZipFile(path) as archive:
        total = 0
        for member in archive.infolist():
            name = member.filename.replace("\\", "/")
            if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
                raise _refuse(
                    Text("The archive holds a path that leaves its folder.", "压缩包含有越出目录的路径。"),
                    "file.path_trap",
                    Text("Pack the files again with plain relative names.", "请使用普通相对路径重新打包。"),
                )
            total += member.file_size
            if total > limit or member.file_size > ratio * max(member.compress_size, 1024):
                raise _refuse(
                    Text("The archive unpacks to far more than it weighs.", "压缩包解压后体积异常膨胀。"),
                    "file.zip_bomb",
                    Text("Upload the files unpacked or in smaller parts.", "请解压后上传或分批上传。"),
                )


def inspect(path: Path) -> None:
    """Refuse what the hub must never keep: pickles, zip bombs, archives whose names leave their folder."""
    with path.open("rb") as stream:
        head = stream.read(4)
    if head[:2] in PICKLE_MAGIC:
        raise _refuse(
            Text("This is a pickle: opening it would run code.", "该文件为 pickle 格式，打开即执行代码。"),
            "model.pickle",
            Text(
                "Export the model as ONNX, safetensors or skops.",
                "请以 ONNX、safetensors 或 skops 格式导出。",
            ),
        )
    if head == b"PK\x03\x04":
        _inspect_zip(path)


def store(stream: IO[bytes], *, name: str, media_type: str) -> StoredFile:
    """Take a file in: limit, digest, quarantine, inspection, final place. Storing the same bytes twice is one file."""
    quarantine = Path(settings.HUTONG_HOME) / "quarantine"
    quarantine.mkdir(parents=True, exist_ok=True)
    arriving = quarantine / f"{os.getpid()}-{os.urandom(8).hex()}"
    digest, size = hashlib.sha256(), 0
    try:
        with arriving.open("wb") as target:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > settings.HUTONG_UPLOAD_LIMIT:
                    raise _refuse(
                        Text("The file is larger than {n} MiB.", "文件超过 {n} MiB。").format(
                            n=settings.HUTONG_UPLOAD_LIMIT >> 20
                        ),
                        "file.too_large",
                        Text(
                            "Split it, or register it as a dataset version.",
                            "请拆分文件，或登记为数据集版本。",
                        ),
                    )
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        inspect(arriving)
        return _settle(arriving, digest.hexdigest(), size, name, media_type)
    finally:
        arriving.unlink(missing_ok=True)


def _settle(arriving: Path, sha256: str, size: int, name: str, media_type: str) -> StoredFile:
    place = _place(sha256)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(arriving, place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        place.chmod(0o440)
    stored, _ = StoredFile.objects.get_or_create(
        sha256=sha256,
        defaults={
            "size": size,
            "media_type": media_type[:100],
            "name": Path(name).name[:200],
            "stored_at": timezone.now(),
        },
    )
    return stored


def path_of(sha256: str) -> Path:
    """Where the bytes lie; `NotFound` when the store has none of that digest."""
    place = _place(sha256)
    if len(sha256) != 64 or not place.is_file():
        raise NotFound(
            Text("There is no file {d} in the store.", "文件库中没有 {d}。").format(d=sha256[:12] or "?"),
            rule="file.unknown",
            remedy=Text("Upload the file first, then name its digest.", "请先上传文件，再引用其摘要。"),
            field="file",
        )
    return place


def read(sha256: str) -> bytes:
    """The bytes, checked against their name: a file that was changed on disk is refused."""
    content = path_of(sha256).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _refuse(
            Text("The stored file {d} no longer matches its digest.", "库存文件 {d} 与其摘要不符。").format(
                d=sha256[:12]
            ),
            "file.corrupt",
            Text(
                "Restore the file store from a backup; the ledger names the true digest.",
                "请从备份恢复文件库；账本记有真实摘要。",
            ),
        )
    return content
