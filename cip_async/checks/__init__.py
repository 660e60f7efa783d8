"""Checks on a plan before it is carried out; each is a small class that takes a subject and returns findings."""
