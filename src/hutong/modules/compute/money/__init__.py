"""The books: chip-time, charges, claims of centres, vouchers. The sums are the engine's."""
