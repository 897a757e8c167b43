"""How well findings agree with what people saw in clips."""
