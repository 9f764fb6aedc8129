"""The department of parties as a Django app."""

from hutong.platform.module import ModuleConfig


class Config(ModuleConfig):
    name = "hutong.modules.parties"
    label = "parties"
