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
Cassette = Annotated[
    Path | None, typer.Option("--cassette", help="file in which answers of an endpoint are recorded")
]
Replay = Annotated[bool, typer.Option("--replay", help="take the answers from --cassette and ask nothing")]
Outputs = Annotated[
    Path | None,
    typer.Option("--outputs", help="outputs of its privacy mechanism with and without one person (NPZ)"),
]
Declare = Annotated[
    Path | None,
    typer.Option(
        "--declare", help="why categories do not apply (JSON list of ground, reason, digest, record)"
    ),
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
    cassette: Path | None = None,
    replay: bool = False,
    outputs: Path | None = None,
) -> Inputs:
    """The inputs, by absolute paths, so that a run can go on from anywhere. `Invalid` cli.missing names what lacks.

    A service that answers in words brings its questions in its declaration and takes no rows.
    """
    from hutong.engines.trust.content.opening import is_generative
    from hutong.engines.trust.runs import Inputs

    needed = [("model", model), ("profile", profile), ("cassette", cassette if replay else "-")]
    if model is None or not is_generative(model):
        needed.insert(1, ("data", data))
    for name, value in needed:
        if value is None:
            raise Invalid(
                Text("--{n} is missing.", "缺少--{n}。").format(n=name),
                rule="cli.missing",
                remedy=Text("See `hutong trust run --help`.", "参见 `hutong trust run --help`。"),
                field=name,
            )
    assert model is not None and profile is not None
    return Inputs(
        model=str(model.absolute()),
        data="" if data is None else str(data.absolute()),
        profile=str(Path(profile).absolute()) if Path(profile).is_file() else profile,
        system=None if system is None else str(system.absolute()),
        train=None if train is None else str(train.absolute()),
        label=label,
        groups=tuple(group or ()),
        cassette=None if cassette is None else str(cassette.absolute()),
        replay=replay,
        outputs=None if outputs is None else str(outputs.absolute()),
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
