"""Compares destinations with what is wanted there: edges by their listings, images down to the last blob."""
