"""Take inventory: list the repositories that a run or a snapshot needs, and keep what they hold."""
