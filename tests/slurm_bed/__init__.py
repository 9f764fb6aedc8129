"""A test bed of real Slurm centres on the loopback: controllers, nodes with fake chips, accounting, one private key.

from slurm_bed import Bed, Shape, missing
with Bed(folder, Shape(names=("haidian",))) as bed:
    print(bed.centres["haidian"].run("sinfo"))
"""

from slurm_bed.bed import Bed
from slurm_bed.centre import Centre
from slurm_bed.configuration import Shape
from slurm_bed.daemons import BedFailed, missing

__all__ = ["Bed", "BedFailed", "Centre", "Shape", "missing"]
