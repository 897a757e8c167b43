"""What happens in the scene: fire, smoke, water, objects, motion; areas and counts, never persons."""
