"""The department of compute as a Django app."""

from importlib import import_module

from hutong.platform.module import ModuleConfig

# Further rooms that declare something: the program of people's own commands, the pages made by hand.
ROOMS = ("command", "show.addresses")


class Config(ModuleConfig):
    name = "hutong.modules.compute"
    label = "compute"

    def ready(self) -> None:
        super().ready()
        for room in ROOMS:
            import_module(f"{self.name}.{room}")
        from hutong.modules.compute.broker.turn import turn
        from hutong.platform import jobs

        jobs.every_turn(turn)
