"""Carries out a plan: blobs, then image manifests, then tags, in every destination repository."""
