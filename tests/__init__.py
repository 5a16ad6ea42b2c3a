"""Tests, by what they need: nothing (unit), Amazon's models (contract), servers (integration, e2e)."""
