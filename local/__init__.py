"""The whole system on one machine: emulator, Amazon simulator, a real ERP."""
