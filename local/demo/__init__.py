"""`make demo`: customers order on the simulated Amazon, the bridge does the rest, the truth is read elsewhere."""
