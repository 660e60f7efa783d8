"""Results of a run to totals, an exit code, text and JSON. Nothing here prints, reads a clock or touches a file."""
