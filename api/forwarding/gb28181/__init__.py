"""The hub as a platform below others (级联, GB/T 28181): registers, shows what was granted, tells alarms; no media."""
