"""YAML to promoter manifests and back."""
