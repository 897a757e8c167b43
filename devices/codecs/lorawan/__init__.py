"""What sensors on LoRaWAN send in their uplinks: formats of vendors, as tables."""
