"""Amazon's Selling Partner API: one thin client, and one file per API with the operations that are called."""
