"""From a centre's record to the adapter of its engine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from hutong.modules.compute import connections
from hutong.modules.compute.adapters import Adapter
from hutong.modules.compute.models import Attempt, Centre


def adapter_of(centre: Centre) -> Adapter:
    """The adapter of the centre's engine. `NotFound` where its connection is no longer in the hub's file."""
    about = connections.known(centre.connection)
    chips = sum(n for _, n in centre.pools.order_by("id").values_list("chip", "chips"))
    return _made(
        centre.code, json.dumps(about, sort_keys=True, default=str), chips, str(settings.HUTONG_HOME)
    )


@lru_cache(maxsize=64)
def _made(code: str, about: str, chips: int, home: str) -> Adapter:
    given = json.loads(about)
    spool = Path(given.get("spool") or Path(home) / "centres" / code)
    return MAKERS[given["engine"]](code, given, spool, chips)


def _local(code: str, given: Mapping[str, Any], spool: Path, chips: int) -> Adapter:
    from hutong.modules.compute.adapters.local import LocalCentre

    centre = LocalCentre(code, spool, chips=chips or 1)
    centre.prepare()
    return centre


def _slurm(code: str, given: Mapping[str, Any], spool: Path, chips: int) -> Adapter:
    from hutong.modules.compute.adapters.slurm import SlurmCentre
    from hutong.modules.compute.adapters.slurm_programs import SlurmPrograms

    told = {k: given[k] for k in ("partition", "models", "export") if k in given}
    extra = tuple(given.get("extra", ()))
    return SlurmCentre(code, SlurmPrograms(code, Path(given["conf"]), extra=extra, **told), spool)


def _slurmrest(code: str, given: Mapping[str, Any], spool: Path, chips: int) -> Adapter:
    from hutong.modules.compute.adapters.slurm import SlurmCentre
    from hutong.modules.compute.adapters.slurm_rest import SlurmRest

    told = {k: given[k] for k in ("user", "partition", "models") if k in given}
    socket = Path(given["socket"]) if "socket" in given else None
    return SlurmCentre(code, SlurmRest(code, given["url"], token=_token(given), socket=socket, **told), spool)


def _ray(code: str, given: Mapping[str, Any], spool: Path, chips: int) -> Adapter:
    from hutong.modules.compute.adapters.ray import RayCentre

    told = {k: given[k] for k in ("model", "resource") if k in given}
    return RayCentre(code, given["url"], spool, token=_token(given), **told)


def _kubernetes(code: str, given: Mapping[str, Any], spool: Path, chips: int) -> Adapter:
    from hutong.modules.compute.adapters.kubernetes import KubernetesCentre

    told = {k: given[k] for k in ("namespace", "image", "resource", "models") if k in given}
    return KubernetesCentre(code, given["url"], token=_token(given), **told)


def _token(given: Mapping[str, Any]) -> str | None:
    """The token, from the variable of the environment that the connection names: it stands in no file."""
    return os.environ.get(given["token_env"]) if "token_env" in given else None


MAKERS = {
    "local": _local,
    "slurm": _slurm,
    "slurmrest": _slurmrest,
    "ray": _ray,
    "kubernetes": _kubernetes,
}


def join(centre: Centre) -> None:
    """Make the centre's spool, once, when it joins: later a spool that is not there is a centre that is silent."""
    adapter = adapter_of(centre)
    prepare = getattr(adapter, "prepare", None)
    if prepare is not None:
        prepare()


def name_of(attempt: Attempt) -> Any:
    """The attempt as a centre knows it: its row is its fence."""
    from hutong.modules.compute.adapters import Attempt as Sent

    return Sent(attempt.job.code, f"a{attempt.pk}", attempt.pk)
