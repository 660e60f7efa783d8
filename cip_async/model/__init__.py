"""The nouns of a promotion, one a file: frozen values without I/O."""
