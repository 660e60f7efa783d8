"""Listing strategies: what a repository holds, read to its end or not at all."""
