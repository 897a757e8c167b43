"""How cameras are: online and sound or not, from every source together, with history and rates (在线率, 完好率)."""
