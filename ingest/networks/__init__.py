"""Networks that publish what their devices say at a broker: ChirpStack, The Things Stack, edge nodes of Sparkplug B."""
