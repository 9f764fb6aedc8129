"""The department of compute as a Django app."""

from hutong.platform.module import ModuleConfig


class Config(ModuleConfig):
    name = "hutong.modules.compute"
    label = "compute"
