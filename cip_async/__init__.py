"""cip-async: promotes container images from a staging registry to production mirrors."""
