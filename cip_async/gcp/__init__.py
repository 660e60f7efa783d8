"""Google credentials and those of Google's APIs that are no registry."""
