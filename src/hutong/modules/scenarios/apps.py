"""The department of scenarios as a Django app."""

from hutong.platform.module import ModuleConfig


class Config(ModuleConfig):
    name = "hutong.modules.scenarios"
    label = "scenarios"
