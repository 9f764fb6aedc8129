"""The department of datahub as a Django app."""

from hutong.platform.module import ModuleConfig


class Config(ModuleConfig):
    name = "hutong.modules.datahub"
    label = "datahub"
