"""The department of ethics as a Django app."""

from hutong.platform.module import ModuleConfig


class Config(ModuleConfig):
    name = "hutong.modules.ethics"
    label = "ethics"
