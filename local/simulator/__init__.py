"""Amazon as the bridge meets it: SP-API and Login with Amazon, simulated by seed and with state."""
