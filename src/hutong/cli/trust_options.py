"""Options that several trust verbs share, and the inputs that they add up to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text

if TYPE_CHECKING:
    from hutong.engines.trust.runs import Inputs

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Data = Annotated[
    Path | None, typer.Option("--data", help="rows with labels: CSV or Parquet with a header, or NPZ")
]
Profile = Annotated[str | None, typer.Option("--profile", help="id of a shipped profile, or a YAML file")]
System = Annotated[Path | None, typer.Option("--system", help="declaration of the system (YAML)")]
Train = Annotated[
    Path | None, typer.Option("--train", help="rows the model was trained on, same form as --data")
]
Label = Annotated[str, typer.Option("--label", help="column of the true label")]
Group = Annotated[
    list[str] | None, typer.Option("--group", help="column of a group of persons; repeat for more")
]
Engine = Annotated[str, typer.Option("--engine", help="local, ray or slurm: the report is the same")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="processes, or jobs of a Slurm array")]


def inputs_of(
    model: Path | None,
    data: Path | None,
    profile: str | None,
    system: Path | None,
    train: Path | None,
    label: str,
    group: list[str] | None,
) -> Inputs:
    """The inputs, by absolute paths, so that a run can go on from anywhere. `Invalid` cli.missing names what lacks."""
    from hutong.engines.trust.runs import Inputs

    for name, value in (("model", model), ("data", data), ("profile", profile)):
        if value is None:
            raise Invalid(
                Text("--{n} is missing.", "缺少--{n}。").format(n=name),
                rule="cli.missing",
                remedy=Text("See `hutong trust run --help`.", "参见 `hutong trust run --help`。"),
                field=name,
            )
    assert model is not None and data is not None and profile is not None
    return Inputs(
        model=str(model.absolute()),
        data=str(data.absolute()),
        profile=str(Path(profile).absolute()) if Path(profile).is_file() else profile,
        system=None if system is None else str(system.absolute()),
        train=None if train is None else str(train.absolute()),
        label=label,
        groups=tuple(group or ()),
    )


def same_inputs(planned: Inputs, given: Inputs) -> None:
    if planned != given:
        differ = [k for k, v in given.as_json().items() if planned.as_json()[k] != v]
        raise Conflict(
            Text("The plan in this folder was made for another {f}.", "该目录中的计划对应的{f}不同。").format(
                f=", ".join(differ)
            ),
            rule="run.other_inputs",
            remedy=Text("Choose another folder with --out.", "请用--out另选目录。"),
            field=differ[0],
        )
