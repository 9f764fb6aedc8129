"""The map of centres as tiles: one for each province, with the worst state of the centres there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from hutong.kernel.text import Text
from hutong.modules.compute.show.map import Province, Site, in_provinces, provinces
from hutong.modules.compute.show.words import count, counted, span
from hutong.platform.component_maps import Tile, TileMap
from hutong.platform.components import State, Tone, say

NOTE = Text(
    "A scheme: tiles stand near their neighbours, without scale or boundaries. In each tile: the chips that can be had "
    "now, and a band filled by those at work. ● offered, ▲ draining, ✘ suspended, ◆ silent.",
    "示意图：方块仅表示相对位置，不表示比例与界线。方块中为当前可用芯片数，色带为在用比例。●在用　▲排空　✘暂停　◆失联。",
)


def state_of(site: Site) -> State:
    """The state of a centre as the map shows it; a silent centre needs someone, whatever else it is."""
    centre = site.centre
    if centre.silent_since is not None:
        return State(Text("Silent", "失联"), "needs", note=_since(centre.silent_since))
    words = type(centre).lifecycle.state(centre.state).label
    tones: dict[str, Tone] = {"active": "holds", "draining": "late", "suspended": "stopped"}
    return State(words, tones.get(centre.state, "closed"))


def _since(at: datetime) -> Text:
    said = span(round((timezone.now() - at).total_seconds() * 1000))
    return Text("for {s}", "已{s}").format(s=said)


# What a tile of several centres shows: the worst of their states.
_WORST: tuple[Tone, ...] = ("needs", "stopped", "late", "holds")


def tiles(found: Sequence[Site]) -> TileMap:
    """Every province, with the centres there."""
    placed = in_provinces(found)
    drawn = tuple(_tile(p, placed.get(p.code, [])) for p in provinces())
    names = [p.name for p in provinces() if p.code in placed]
    summary = Text(
        "Centres by province: {w}. The list below says the same.", "各省份算力中心：{w}。下方列表内容相同。"
    ).format(w=Text(", ".join(n.en for n in names) or "none", "、".join(n.zh for n in names) or "暂无"))
    return TileMap(drawn, summary, NOTE)


def _tile(province: Province, there: Sequence[Site]) -> Tile:
    if not there:
        words = Text("{p}: no centre", "{p}：无算力中心").format(p=province.name)
        return Tile(province.mark, province.column, province.row, words)
    states = [state_of(s) for s in there]
    tone: Tone = next((t for t in _WORST if any(s.tone == t for s in states)), "closed")
    chips, busy, free = (sum(getattr(s, k) for s in there) for k in ("chips", "busy", "free"))
    said = (
        ", ".join(say(s.words, "en").lower() for s in states),
        "、".join(say(s.words, "zh") for s in states),
    )
    words = Text("{p}: {n} ({s}), {f} of {c} chips free", "{p}：{n}（{s}），共{c}芯片，空闲{f}").format(
        p=province.name,
        n=counted(len(there), "centre", "家算力中心"),
        s=Text(*said),
        f=count(free),
        c=count(chips),
    )
    url = f"/compute/?region={province.code}#centres"
    return Tile(province.mark, province.column, province.row, words, chips, busy, free, tone, url)
