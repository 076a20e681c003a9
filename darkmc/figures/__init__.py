"""Pictures, drawn from files that runs wrote; they compute nothing."""
