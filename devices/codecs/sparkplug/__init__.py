"""Sparkplug B 3.0 (Eclipse): what edge nodes publish below spBv1.0, and how their sessions go on."""
