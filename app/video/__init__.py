"""The process that reads streams of cameras, decodes them and looks at them: it may die, and the hub goes on."""
