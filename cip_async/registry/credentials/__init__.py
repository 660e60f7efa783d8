"""Who we are to each registry: where credentials come from, and the tokens that they buy."""
