"""The evidence ledger: every committed operation is one leaf of an RFC 9162 Merkle log."""
