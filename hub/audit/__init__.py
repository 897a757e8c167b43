"""The audit: who did what, written with the change, sealed into a hash chain, verified, kept, and sent to others."""
