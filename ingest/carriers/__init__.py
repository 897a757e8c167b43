"""Where the platforms of carriers and clouds push what devices say: checks, holding, who was heard."""
