"""The deployed app on the emulator, between the simulated Amazon and the real ERP."""
