"""Decide what becomes of every edge, before anything is written: values in, values out."""
