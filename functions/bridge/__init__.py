"""The bridge between Amazon's Selling Partner API and a seller's own systems."""
