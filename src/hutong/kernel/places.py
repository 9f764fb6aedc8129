"""Where things that travel with the code lie on disk, from a checkout as from an installed wheel."""

from __future__ import annotations

from pathlib import Path

import hutong


def plans_directory() -> Path:
    """The directory of the plans that come with Hutong (``beijing-2023-2025.yaml`` and its like).

    A wheel carries them as ``hutong/plans``; a checkout, and so an editable install, has them at the top of the
    repository beside ``src``. Raises `FileNotFoundError` when neither is there: the installation is damaged.
    """
    package = Path(hutong.__file__).resolve().parent
    for place in (package / "plans", package.parent.parent / "plans"):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"no plans beside {package}")
