"""What came from what, as a drawing and in words."""

from __future__ import annotations

from dataclasses import dataclass

from hutong.kernel.text import Text
from hutong.platform import drawing
from hutong.platform.components.words import Words


@dataclass(frozen=True, slots=True)
class LineageNode:
    name: str
    label: Words
    kind: Words = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What came from what: edges point from the source to what was made of it. Without cycles."""

    nodes: tuple[LineageNode, ...]
    edges: tuple[tuple[str, str], ...]
    label: Words = Text("Lineage", "来源谱系")

    @property
    def layout(self) -> drawing.Layout:
        return drawing.layout([node.name for node in self.nodes], self.edges)

    @property
    def placed(self) -> list[tuple[LineageNode, drawing.Place]]:
        places = self.layout.places
        return [(node, places[node.name]) for node in self.nodes]

    def sources_of(self, name: str) -> list[LineageNode]:
        above = {source for source, made in self.edges if made == name}
        return [node for node in self.nodes if node.name in above]

    @property
    def sentences(self) -> list[tuple[LineageNode, list[LineageNode]]]:
        """The same in words: each node with what it was made from."""
        return [(node, self.sources_of(node.name)) for node in self.nodes]
