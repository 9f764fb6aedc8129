"""The department of suggestions as a Django app."""

from hutong.platform.module import ModuleConfig


class Config(ModuleConfig):
    name = "hutong.modules.suggestions"
    label = "suggestions"
