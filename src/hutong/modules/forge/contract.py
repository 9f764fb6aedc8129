"""The door of the forge."""

from hutong.modules.forge.models import Artefact
from hutong.modules.forge.queries import ArtefactView, artefact_by_model

__all__ = ["Artefact", "ArtefactView", "artefact_by_model"]
