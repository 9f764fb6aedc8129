"""The department of compute as a Django app."""

from hutong.platform.module import ModuleConfig


class Config(ModuleConfig):
    name = "hutong.modules.compute"
    label = "compute"

    def ready(self) -> None:
        super().ready()
        from hutong.modules.compute.broker.turn import turn
        from hutong.platform import jobs

        jobs.every_turn(turn)
