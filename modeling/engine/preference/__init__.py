"""Rewards: what makes one answer better than another."""
