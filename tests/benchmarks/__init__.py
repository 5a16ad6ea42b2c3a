"""Sizes and times that a change may not spoil unnoticed."""
