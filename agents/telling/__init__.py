"""How each tool's result is told: its evidence, and the planner's sentences about it."""
