"""The Merkle tree against a naive recursion of RFC 9162 and against pymerkle."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.kernel import merkle
from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.merkle import Frontier, Prover, Verdict
from hutong.kernel.tiles import StoredTiles

LEAVES = [merkle.leaf_hash(str(i).encode()) for i in range(70_000)]


# The oracle: RFC 9162 sections 2.1.1, 2.1.3.1 and 2.1.4.1, word by word.


def k_of(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    if not d:
        return sha256(b"").digest()
    if len(d) == 1:
        return d[0]
    k = k_of(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = k_of(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], b: bool) -> list[bytes]:
    if m == len(d):
        return [] if b else [mth(d)]
    k = k_of(len(d))
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


class Tiles:
    """Full and partial tiles of a list of leaves, counting what is fetched."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.levels = [leaves]
        while len(self.levels[-1]) >= 256:
            below = self.levels[-1]
            self.levels.append([mth(below[i : i + 256]) for i in range(0, len(below) - 255, 256)])
        self.fetched: list[tuple[int, int]] = []

    def tile(self, level: int, index: int) -> bytes:
        self.fetched.append((level, index))
        hashes = self.levels[level][256 * index : 256 * index + 256]
        assert hashes, "a tile that does not exist was asked for"
        return b"".join(hashes)


BIG = Tiles(LEAVES)


def test_hashes_are_those_of_the_rfc() -> None:
    # RFC 6962 reference vectors: the empty tree and the leaf of the empty entry.
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    known = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58))]
    known.append(bytes(range(0x60, 0x70)))
    hashes = [merkle.leaf_hash(e) for e in known]
    assert merkle.root(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.integers(0, 300))
def test_root_and_frontier_are_the_recursion(n: int) -> None:
    expected = mth(LEAVES[:n])
    assert merkle.root(LEAVES[:n]) == expected
    assert Frontier().extend(LEAVES[:n]).root() == expected


@given(st.lists(st.integers(0, 90), max_size=6))
def test_a_frontier_grows_in_any_batches_and_survives_its_text(batches: list[int]) -> None:
    frontier, at = Frontier(), 0
    for n in batches:
        frontier = Frontier.loads(frontier.extend(LEAVES[at : at + n]).dumps())
        at += n
    one_by_one = Frontier()
    for leaf in LEAVES[:at]:
        one_by_one = one_by_one.append(leaf)
    assert frontier == one_by_one
    assert frontier.size == at and frontier.root() == mth(LEAVES[:at])


@pytest.mark.parametrize(
    "text",
    ["x", "[]", '{"size":1,"hashes":[]}', '{"size":1,"hashes":["00"]}', '{"size":true,"hashes":[]}', "null"],
)
def test_a_damaged_frontier_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Frontier.loads(text)


def test_the_empty_text_is_the_empty_frontier() -> None:
    assert Frontier.loads("") == Frontier()


@given(st.data())
def test_inclusion_is_path_of_the_rfc_and_verifies(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 300))
    m = data.draw(st.integers(0, n - 1))
    proof = merkle.inclusion_proof(m, LEAVES[:n])
    assert list(proof) == path(m, LEAVES[:n])
    assert merkle.verify_inclusion(LEAVES[m], m, n, proof, mth(LEAVES[:n])) == Verdict(True, "ok")


@given(st.data())
def test_consistency_is_proof_of_the_rfc_and_verifies(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 300))
    m = data.draw(st.integers(1, n))
    proof = merkle.consistency_proof(m, LEAVES[:n])
    assert list(proof) == subproof(m, LEAVES[:n], True)
    assert merkle.verify_consistency(m, n, mth(LEAVES[:m]), mth(LEAVES[:n]), proof)


def test_every_small_tree_every_claim() -> None:
    """Sizes to 17: a proof is accepted for its own claim, and for no other index or size with its true root."""
    roots = [mth(LEAVES[:n]) for n in range(19)]
    for n in range(1, 18):
        for m in range(n):
            proof = merkle.inclusion_proof(m, LEAVES[:n])
            for claim in range(19):
                verdict = merkle.verify_inclusion(LEAVES[m], claim, n, proof, roots[n])
                assert verdict.ok == (claim == m)
                other = merkle.verify_inclusion(LEAVES[m], m, claim, proof, roots[claim])
                assert other.ok == (claim == n)


def test_every_small_growth_every_claim() -> None:
    roots = [mth(LEAVES[:n]) for n in range(19)]
    for n in range(1, 18):
        for m in range(1, n + 1):
            proof = merkle.consistency_proof(m, LEAVES[:n])
            for claim in range(19):
                for a, b in ((claim, n), (m, claim)):
                    verdict = merkle.verify_consistency(a, b, roots[a], roots[b], proof)
                    assert verdict.ok == (
                        list(proof) == subproof(a, LEAVES[:b], True) if 0 < a <= b else False
                    )


@given(st.data())
def test_any_mutation_of_a_proof_is_a_verdict(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 64))
    m = data.draw(st.integers(0, n - 1))
    old = data.draw(st.integers(1, n - 1))
    for proof, check in (
        (
            merkle.inclusion_proof(m, LEAVES[:n]),
            lambda p: merkle.verify_inclusion(LEAVES[m], m, n, p, mth(LEAVES[:n])),
        ),
        (
            merkle.consistency_proof(old, LEAVES[:n]),
            lambda p: merkle.verify_consistency(old, n, mth(LEAVES[:old]), mth(LEAVES[:n]), p),
        ),
    ):
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = 1 << data.draw(st.integers(0, 7))
        flipped = bytes([proof[at][0] ^ bit]) + proof[at][1:]
        for bad in (
            (*proof[:at], flipped, *proof[at + 1 :]),
            proof[:at] + proof[at + 1 :],
            (*proof, proof[at]),
            (proof[at], *proof),
            (*proof[:at], proof[at][:31], *proof[at + 1 :]),
            (*proof[:at], b"", *proof[at + 1 :]),
        ):
            assert not check(bad)
        assert check(proof)


NASTY: list[Any] = [
    None,
    -1,
    0,
    1,
    5,
    True,
    2**64,
    2**70,
    1.0,
    "5",
    b"",
    b"\x00" * 31,
    LEAVES[0],
    [],
    [1],
    "ab",
    [b""],
    {},
]


@given(st.lists(st.sampled_from(NASTY) | st.integers(), min_size=5, max_size=5))
def test_nonsense_is_a_verdict_never_an_exception(arguments: list[Any]) -> None:
    for verdict in (merkle.verify_inclusion(*arguments), merkle.verify_consistency(*arguments)):
        assert isinstance(verdict, Verdict)
        assert verdict.ok == (verdict.reason == "ok")


def test_degenerate_claims_have_their_own_reasons() -> None:
    one, root7 = LEAVES[0], mth(LEAVES[:7])
    inclusion, consistency = merkle.verify_inclusion, merkle.verify_consistency
    proof = merkle.consistency_proof(3, LEAVES[:7])
    assert inclusion(one, 0, 1, (), one).ok
    assert inclusion(one, 0, 0, (), merkle.EMPTY_ROOT).reason == "empty_log"
    assert inclusion(one, 7, 7, (), root7).reason == "index_beyond_size"
    assert inclusion(one, 0, 2**64, (), root7).reason == "size_not_uint64"
    assert inclusion(one, True, 7, (), root7).reason == "size_not_uint64"
    assert inclusion(one[:31], 0, 7, (), root7).reason == "hash_malformed"
    assert inclusion(one, 0, 7, (), root7).reason == "proof_too_short"
    assert inclusion(one, 0, 1, (one,), one).reason == "proof_too_long"
    assert inclusion(one, 2**63, 2**64 - 1, [one] * 129, root7).reason == "proof_malformed"
    assert inclusion(one, 2**63, 2**64 - 1, [one] * 65, root7).reason == "proof_too_long"
    assert consistency(7, 3, root7, mth(LEAVES[:3]), proof).reason == "sizes_swapped"
    assert consistency(0, 7, merkle.EMPTY_ROOT, root7, ()).reason == "empty_log"
    assert consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, ()).ok
    assert not consistency(0, 0, root7, root7, ()).ok
    assert consistency(7, 7, root7, root7, ()).ok
    assert consistency(7, 7, root7, root7, proof).reason == "proof_too_long"
    assert consistency(7, 7, one, root7, ()).reason == "root_differs"
    assert consistency(3, 7, one, root7, proof).reason == "old_root_differs"
    assert consistency(3, 7, mth(LEAVES[:3]), one, proof).reason == "root_differs"
    assert consistency(3, 7, mth(LEAVES[:3]), root7, ()).reason == "proof_too_short"


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(Invalid):
        merkle.inclusion_proof(index, LEAVES[:size])


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5)])
def test_there_is_no_proof_between_impossible_sizes(old: int, new: int) -> None:
    with pytest.raises(Invalid):
        merkle.consistency_proof(old, LEAVES[:new])


@settings(max_examples=60)
@given(st.data())
def test_proofs_from_tiles_verify_and_need_few_tiles(data: st.DataObject) -> None:
    edges = st.sampled_from([1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 70_000])
    n = data.draw(st.integers(1, 70_000) | edges)
    m = data.draw(st.integers(0, n - 1))
    old = data.draw(st.integers(1, n) | edges.filter(lambda e: e <= n))
    prover = Prover(BIG)
    root = prover.root(n)
    BIG.fetched.clear()
    assert merkle.verify_inclusion(LEAVES[m], m, n, merkle.prove_inclusion(BIG, m, n), root)
    # Along the path one tile a level; on the right edge one more a level.
    assert len(set(BIG.fetched)) == len(BIG.fetched) <= 6
    BIG.fetched.clear()
    proof = merkle.prove_consistency(BIG, old, n)
    assert len(set(BIG.fetched)) == len(BIG.fetched) <= 6
    assert merkle.verify_consistency(old, n, prover.root(old), root, proof)


@settings(max_examples=30)
@given(st.integers(1, 1_400), st.data())
def test_proofs_from_tiles_are_those_from_leaves(n: int, data: st.DataObject) -> None:
    m = data.draw(st.integers(0, n - 1))
    assert merkle.prove_inclusion(BIG, m, n) == tuple(path(m, LEAVES[:n]))
    assert merkle.prove_consistency(BIG, m + 1, n) == tuple(subproof(m + 1, LEAVES[:n], True))
    assert Prover(BIG).root(n) == mth(LEAVES[:n])


def test_a_prover_that_keeps_few_tiles_still_proves() -> None:
    prover = Prover(BIG, capacity=2)
    root = prover.root(70_000)
    for m in range(0, 70_000, 997):
        assert merkle.verify_inclusion(LEAVES[m], m, 70_000, prover.inclusion(m, 70_000), root)


def test_a_missing_tile_is_named() -> None:
    class Gap(Tiles):
        def tile(self, level: int, index: int) -> bytes:
            return (
                super().tile(level, index)[:-32] if (level, index) == (0, 1) else super().tile(level, index)
            )

    with pytest.raises(NotFound) as refusal:
        merkle.prove_inclusion(Gap(LEAVES[:600]), 300, 600)
    assert "0/1" in refusal.value.what.en


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=6))
def test_each_full_tile_is_completed_once(sizes: list[int]) -> None:
    sizes = sorted(sizes)
    written: list[tuple[int, int]] = []
    at = 0
    for size in sizes:
        written.extend(merkle.completed_tiles(at, size))
        at = size
    full = [(level, i) for level in range(3) for i in range(at >> 8 * (level + 1))]
    assert sorted(written) == sorted(full) and len(set(written)) == len(written)


def test_completed_tiles_of_a_great_leap() -> None:
    assert list(merkle.completed_tiles(65_535, 65_536)) == [(0, 255), (1, 0)]
    assert list(merkle.completed_tiles(0, 255)) == []


def test_a_store_of_leaves_and_full_tiles_proves() -> None:
    stored: dict[tuple[int, int], bytes] = {}
    size, leaves = 0, LEAVES
    tiles = StoredTiles(lambda a, b: leaves[a : min(b, size)], lambda level, i: stored.get((level, i)))
    for grown in (100, 300, 65_500, 66_000, 70_000):
        old, size = size, grown
        for level, index in merkle.completed_tiles(old, size):
            stored[level, index] = tiles.tile(level, index)
        root = Frontier().extend(leaves[:size]).root()
        assert Prover(tiles).root(size) == root
        for m in (0, 99, size // 2, size - 1):
            assert merkle.verify_inclusion(leaves[m], m, size, merkle.prove_inclusion(tiles, m, size), root)
    assert len(stored) == 70_000 // 256 + 1 and all(len(t) == 8192 for t in stored.values())
    assert merkle.tile_root(stored[1, 0]) == mth(LEAVES[:65_536])


def test_only_a_full_tile_has_a_hash_above() -> None:
    with pytest.raises(Invalid):
        merkle.tile_root(b"".join(LEAVES[:255]))


@settings(max_examples=30)
@given(st.integers(1, 80), st.data())
def test_pymerkle_agrees(n: int, data: st.DataObject) -> None:
    pymerkle = pytest.importorskip("pymerkle")
    peer = pymerkle.InmemoryTree(algorithm="sha256")
    for i in range(n):
        peer.append_entry(str(i).encode())
    assert peer.get_root() == merkle.root(LEAVES[:n])
    m = data.draw(st.integers(0, n - 1))
    theirs = peer.prove_inclusion(m + 1, n).serialize()
    # pymerkle puts the leaf first.
    assert [bytes.fromhex(h) for h in theirs["path"]][1:] == list(merkle.inclusion_proof(m, LEAVES[:n]))
