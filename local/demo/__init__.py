"""`make demo`: customers order on the simulated Amazon, the deployed bridge does the rest, and the truth is read elsewhere."""
